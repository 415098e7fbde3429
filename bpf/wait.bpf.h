/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sleep by thread and object.
 */
#ifndef IPCTRACE_WAIT_BPF_H
#define IPCTRACE_WAIT_BPF_H

#include "thread_state.h"

struct task_struct;

/* Adds the sleep of CALL, which has ended, to its thread's wait on its object. */
int wait_add(struct task_struct *task, const struct thread *thread, const struct call *call);

#endif
