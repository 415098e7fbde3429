/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is mapped where.
 */
#ifndef IPCTRACE_AREA_BPF_H
#define IPCTRACE_AREA_BPF_H

struct task_struct;

/* The kernel address of the file that the current process maps at ADDRESS; 0: none, or not found (counted). */
__u64 area_file(struct task_struct *task, __u64 address);

#endif
