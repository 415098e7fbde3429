/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What waits in a queue for its other half, and what comes to look for its own: between delivery.bpf.c,
 * matching.bpf.c and late.bpf.c. "Global" functions are looked at once by the verifier.
 */
#ifndef IPCTRACE_PASSAGE_BPF_H
#define IPCTRACE_PASSAGE_BPF_H

#include "tables.h"

#define SHORT 8 /* passages that a queue has room for by itself */
#define LONG  1024 /* once it has filled that */
#define LATES 1024 /* moves left by those who could not get the lock that all queues together have room for */
#define LATE_AT_ONCE 16 /* one loop of as many turns as there are would keep the verifier busy */
#define EARLY (1ULL << 63) /* types are positive */

/*
 * A sender may lose its CPU for so long between the message and the hook, on a machine that is overloaded. (Longer,
 * too, if the kernel switches it out; if a hypervisor does the kernel knows nothing of it.)
 */
#define UNCLAIMED_NS 1000000000ULL

/* What one process put in, or took out too early. */
struct passage {
	struct process_key process; /* pid 0: in the queue before we looked */
	__u64 tag; /* as in delivery_pass(); with EARLY, of a receive */
	__u64 ns; /* sends: when the call began; receives: when it ended */
	__u32 bytes; /* not matched yet */
	__u32 messages; /* 0: a gap, left by one that was taken from behind others */
};

enum queue_end {
	MANY_SENDERS = 1 << 0,
	MANY_RECEIVERS = 1 << 1,
	MANY_BOTH = MANY_SENDERS | MANY_RECEIVERS,
};

struct queue {
	__u32 locked;
	__u32 holds_receives;
	__u32 head, used;
	__u32 is_long; /* the ring is in the backlogs */
	__u32 sender_aux, receiver_aux; /* of connected sockets: inode numbers, 0: not known */
	__u32 ends; /* enum queue_end */
	__u16 mechanism, matching; /* enum mechanism, enum matching */
	__u32 newest_late, oldest_late; /* lists, see late.bpf.c; the second one is of whoever has the lock */
	__u32 flows; /* how many lead here, with QUEUE_CLOSED */
	__u64 number; /* its own; 0: nobody has opened it yet */
	struct process_key sender, receiver; /* the first ones */
	struct object_key object; /* what was last received from */
	__u64 sent_ns, received_ns; /* when the last call ended, where overlaps matter */
	struct passage ring[SHORT];
};

/* How a message finds its other half. */
enum matching {
	BY_BYTES, /* streams: as many bytes as were moved */
	BY_ORDER, /* the oldest one */
	BY_TYPE, /* the oldest one with the tag */
	BY_PRIORITY, /* the oldest one with the highest tag, or with the one that is known */
	BY_ALL, /* a read of an eventfd takes whatever was added */
};

/* A message, or what one receive took, on its way through the ring. */
struct move {
	struct process_key process;
	struct process_key other; /* at the other end of what is not yet counted */
	__u64 queue;
	struct object_key object; /* receives: from where */
	__u64 entered_ns;
	__u64 tag;
	__u64 bytes;
	__u64 left; /* streams: bytes; else 1 until it is matched */
	__u64 matched_messages, matched_bytes; /* with OTHER, not yet counted */
	__u64 total; /* messages matched */
	__u32 receives;
	__u32 matching;
	__u32 at, found; /* in the search of the ring */
};

static __always_inline bool is_same(const struct process_key *one, const struct process_key *other)
{
	return one->pid == other->pid && one->started_ms == other->started_ms;
}

#endif
