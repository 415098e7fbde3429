/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Witnesses: whoever is, or may be, at the other end of a target's channel. Of them only the calls on the targets'
 * channels are counted.
 */
#ifndef IPCTRACE_WITNESS_BPF_H
#define IPCTRACE_WITNESS_BPF_H

#include "tables.h"

struct task_struct;

/* TASK is a witness from now on, if it is not traced already; it may be inside a call. In target.bpf.c. */
int witness_mark(struct task_struct *task);

/* The same of all threads of process PID, when the loader looks for them next. In target.bpf.c. */
int witness_add(__u32 pid);

/*
 * The channel behind FILE, if it is one, is a target's from here on. WITH_FILL: what it holds has been sent by
 * whomever before. Global: the verifier looks at it once.
 */
int witness_share(__u64 file, __u32 with_fill);

/* Is the flow's channel a target's? Global. */
int witness_shares(const struct flow_key *key, __u64 file);

/* Is, or may be, one of the two directions of an object, whose description is given, a target's? Global. */
int witness_holds(const struct object_key *key, const struct object_value *object);

#endif
