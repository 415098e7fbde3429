/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Futex calls: waits and wakes, by futex word.
 */
#ifndef IPCTRACE_FUTEX_BPF_H
#define IPCTRACE_FUTEX_BPF_H

#include "thread_state.h"

struct task_struct;

/* At entry: which word, which operation. Fills thread->call. */
int futex_enter(struct thread *thread);

/* At exit, with a result that ends the call. */
int futex_exit(struct thread *thread, struct call *call, long result);

/* The thread ends inside the call: what it slept counts, the call does not. */
int futex_abandon(struct thread *thread, struct call *call);

/* The thread goes to sleep in its call: one waiter more on the word, if it is a wait. */
int futex_sleep(struct thread *thread);

#endif
