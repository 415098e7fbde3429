/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Membership in the target cgroup.
 */
#ifndef IPCTRACE_CGROUP_BPF_H
#define IPCTRACE_CGROUP_BPF_H

struct task_struct;

/* Is TASK in the target cgroup or in one below it? */
int cgroup_holds(struct task_struct *task);

#endif
