/* SPDX-License-Identifier: GPL-2.0 */
/*
 * First in, first out: finds the other half of what was sent or received in a queue's ring.
 */
#ifndef IPCTRACE_MATCHING_BPF_H
#define IPCTRACE_MATCHING_BPF_H

#include "delivery.bpf.h"
#include "framing.bpf.h"
#include "passage.bpf.h"

static __always_inline enum matching matching_of(enum mechanism mechanism)
{
	switch (mechanism) {
	case MECH_EVENTFD:
		return BY_ALL;
	case MECH_MQUEUE:
		return BY_PRIORITY;
	case MECH_SYSV_MSG:
		return BY_TYPE;
	default:
		return framing_of(mechanism) == STREAM ? BY_BYTES : BY_ORDER;
	}
}

/* PROCESS is at an end of QUEUE. */
static __always_inline void note_end(struct queue *queue, const struct process_key *process, bool receives)
{
	struct process_key *first = receives ? &queue->receiver : &queue->sender;

	if (!first->pid)
		*first = *process;
	else if (!is_same(first, process))
		queue->ends |= receives ? MANY_RECEIVERS : MANY_SENDERS;
	if (queue->ends == MANY_BOTH)
		overlaps_matter = 1;
}

/*
 * The three steps of a move through a locked queue; the second is repeated until it returns 0, at most STEPS
 * times. One loop of as many turns would keep the verifier busy for a second. Global.
 */
int pass_begin(struct queue *queue, struct move *move);
int pass_step(struct queue *queue, struct move *move, __u32 step);
int pass_end(struct queue *queue, struct move *move);

#define STEP  64
#define STEPS (LONG / STEP)

static __always_inline void pass(struct queue *queue, struct move *move)
{
	if (pass_begin(queue, move))
		for (__u32 step = 0; step < STEPS; step++)
			if (!pass_step(queue, move, step))
				break;
	pass_end(queue, move);
}

/* The empty QUEUE, locked, holds FILL from before we looked: bytes on streams, else messages. Global. */
int ring_fill(struct queue *queue, __u64 fill);

/* QUEUE, of this number, is about to be deleted. Global. */
int ring_forget(const struct queue *queue, __u64 number);

#endif
