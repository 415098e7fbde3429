/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is mapped where.
 */
#ifndef IPCTRACE_AREA_BPF_H
#define IPCTRACE_AREA_BPF_H

struct task_struct;

/* The kernel address of the file that the current process maps at ADDRESS; 0: none, or not found: counted. */
__u64 area_file(struct task_struct *task, __u64 address);

/*
 * The area of the memory MM (a kernel address) at ADDRESS, as a kernel address, 0: none. *LAST is the last address
 * of it, or of the gap that ADDRESS is in, ~0 at the end and where the kernel keeps areas otherwise than we know
 * (before 6.1). Takes no lock.
 */
__u64 area_at(__u64 mm, __u64 address, __u64 *last);

#endif
