/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks on files: flock, and the locks of fcntl, by file.
 */
#ifndef IPCTRACE_FILE_LOCK_BPF_H
#define IPCTRACE_FILE_LOCK_BPF_H

#include "thread_state.h"

struct task_struct;

static __always_inline bool is_file_lock(enum operation operation)
{
	return operation == OP_FLOCK || operation == OP_FCNTL;
}

/* At entry: which file. Fills thread->call; a call that is none on a lock is taken out of it. */
int file_lock_enter(struct task_struct *task, struct thread *thread);

/* At exit, with a result that ends the call. */
int file_lock_exit(struct thread *thread, struct call *call, long result);

/* The thread ends inside the call: what it slept counts, the call does not. */
int file_lock_abandon(struct thread *thread, struct call *call);

/* The thread goes to sleep in its call: one waiter more, if it is one that waits. */
int file_lock_sleep(struct thread *thread);

/* The current thread wakes SLEEPER, which is in a call on a file's lock. */
int file_lock_wake(const struct thread *sleeper);

#endif
