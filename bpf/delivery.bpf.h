/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Matches what was sent with what was received, queue by queue.
 */
#ifndef IPCTRACE_DELIVERY_BPF_H
#define IPCTRACE_DELIVERY_BPF_H

#include "passage.bpf.h"

/* 1 once there is a queue with several processes at both ends: then receives need entered_ns, too. */
extern __u32 overlaps_matter;

/*
 * The queue QUEUE exists from here on, with KEY's process, whose flow is new, at its end. FILL: bytes on streams,
 * else messages, that are in it already. Returns whether there was room. Global: the verifier looks at it once.
 */
int delivery_open(const struct flow_key *key, __u64 queue, __u64 fill);

/* Is there a queue of this number? */
int delivery_exists(__u64 queue);

/* The queue that a flow which is deleted led to: it goes with the last one. Global. */
int delivery_close(__u64 queue);

/*
 * KEY's process has sent a message of BYTES to, or has received so much at once from, QUEUE by a call that began
 * at ENTERED_NS (0: sends: a moment ago; receives: not known). TAG: priority plus 1 (POSIX queues), type (System V);
 * of receives from other queues: when there was nothing in it, so that the call slept; 0: not known, or none. What
 * others have left meanwhile is passed, too, LATE_AT_ONCE; returns whether there may be more. Global.
 */
int delivery_pass(const struct flow_key *key, __u64 queue, __u64 entered_ns, __u64 bytes, __u64 tag);

/* Goes on with that. Global. */
int delivery_pass_lates(__u64 queue);

/* All of it. The loop is in the caller's frame: there is room for no other on the stack. */
static __always_inline void pass_message(const struct flow_key *key, __u64 queue, __u64 entered_ns, __u64 bytes,
					 __u64 tag)
{
	int more = delivery_pass(key, queue, entered_ns, bytes, tag);

	for (int turns = 0; more && turns < LATES / LATE_AT_ONCE; turns++)
		more = delivery_pass_lates(queue);
}

#endif
