/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Witnesses: whoever is, or may be, at the other end of a target's channel. Of them only the calls on the
 * targets' channels are counted.
 */
#ifndef IPCTRACE_WITNESS_BPF_H
#define IPCTRACE_WITNESS_BPF_H

#include "queue.bpf.h"

struct task_struct;

/* TASK is a witness from now on, if it is not traced already; it may be inside a call. In target.bpf.c. */
int witness_mark(struct task_struct *task);

/* The same of all threads of process PID, when the loader looks for them next. In target.bpf.c. */
int witness_add(__u32 pid);

/*
 * The channel behind FILE, if it is one, is a target's from here on. By an iterator, at the start: what it
 * holds has been sent before by whomever. Global: the verifier looks at it once.
 */
int witness_share(__u64 file, enum scratch scratch);

/* What may lead a process that is not traced to a target's channel. */
enum newcomers {
	NEWCOMERS_CONNECT = 1 << 0,
	NEWCOMERS_OPEN = 1 << 1,
};

extern __u32 newcomers; /* those that can be, as a target has such a channel */

/*
 * A process that is not traced has connected or opened FILE: is it, or will it be, a target's channel? Then
 * it is one from here on, before anything has been sent. Global.
 */
int witness_comes(__u64 file);

/* Is the flow's channel a target's? Global, for hooks. */
int witness_shares(const struct flow_key *key, __u64 file);

/*
 * Is, or may be, one of the two directions of an object, whose description is given, a target's? Global, for
 * iterators.
 */
int witness_holds(const struct object_key *object, const struct object_value *value);

#endif
