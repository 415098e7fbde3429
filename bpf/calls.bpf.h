/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What other files may do to a thread's calls.
 */
#ifndef IPCTRACE_CALLS_BPF_H
#define IPCTRACE_CALLS_BPF_H

#include "thread_state.h"

struct task_struct;

/* The thread ends: its calls will never return. */
int calls_abandon(struct thread *thread);

/* Is TASK inside a system call that we trace? True also where that cannot be seen (before 5.15). */
int calls_is_in_one(struct task_struct *task);

#endif
