/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that move data through a channel.
 */
#ifndef IPCTRACE_CHANNEL_BPF_H
#define IPCTRACE_CHANNEL_BPF_H

#include "thread_state.h"

struct task_struct;

/* At entry: which object, which direction, where to. Fills thread->call. */
int channel_enter(struct task_struct *task, struct thread *thread);

/*
 * For calls of the current thread that find their descriptors elsewhere: fills CALL, whose direction is set,
 * with the channel that FD is. Returns whether it is one. Global: the verifier looks at it once.
 */
int channel_find(struct call *call, __u32 fd);

/* At exit, with a result that ends the call. */
int channel_exit(struct thread *thread, struct call *call, long result);

/*
 * The same for a call of the current thread whose result is what it moved. Global, and calls are nested less
 * deep in it.
 */
int channel_moved(struct thread *thread, struct call *call, long result);

/* A socket has another peer now, or is about to: what is known of it is read anew. */
int channel_connected(const struct call *call);

/* The thread ends inside the call: what it slept counts, the call does not. */
int channel_abandon(struct thread *thread, struct call *call);

#endif
