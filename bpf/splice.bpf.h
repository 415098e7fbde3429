/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that move data between two files without passing user memory. Such a call is one receive at
 * the input and one send at the output, where these are channels. struct call describes one end at a time
 * (the other one is call->far), so that what handles calls with one end handles each of the two.
 */
#ifndef IPCTRACE_SPLICE_BPF_H
#define IPCTRACE_SPLICE_BPF_H

#include "thread_state.h"

struct task_struct;

static __always_inline bool is_splice(enum operation operation)
{
	return operation >= OP_SPLICE && operation <= OP_SENDFILE;
}

/* At entry: which ends. Fills thread->call; its mechanism is MECH_NONE if neither is a channel. */
int splice_enter(struct task_struct *task, struct thread *thread);

/* At exit, with a result that ends the call. */
int splice_exit(struct thread *thread, struct call *call, long result);

/* The thread ends inside the call: what it slept counts, the call does not. */
int splice_abandon(struct thread *thread, struct call *call);

/* The thread goes to sleep in its call: the time is booked to the end that it waits for. */
int splice_sleep(struct thread *thread);

#endif
