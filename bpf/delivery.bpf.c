// SPDX-License-Identifier: GPL-2.0
/*
 * Matches what was sent with what was received: first in, first out, POSIX queues by priority, System V
 * messages by type. Two-sided: the receiver's hook may run before the sender's. So a queue keeps a ring of
 * what waits for its other half: messages sent, or receives that have come too early (never both, unless tags
 * choose among the messages).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "delivery.bpf.h"
#include "edge.bpf.h"
#include "framing.bpf.h"
#include "health.bpf.h"

#define MAX_QUEUES 131072
#define MAX_BACKLOGS 2048
#define SHORT 8   /* passages that a queue has room for by itself */
#define LONG 1024 /* once it has filled that */
#define QUEUE_CLOSED (1U << 31) /* is being deleted */
#define EARLY (1ULL << 63) /* types are positive */

/* What one process put in, or took out too early. */
struct passage {
	struct process_key process; /* pid 0: in the queue before we looked */
	__u64 tag;                  /* as in delivery_pass(); with EARLY, of a receive */
	__u64 ns;                   /* sends: when the call began; receives: when it ended */
	__u32 bytes;                /* not matched yet */
	__u32 messages;             /* 0: a gap, left by one that was taken from behind others */
};

enum queue_end {
	MANY_SENDERS = 1 << 0,
	MANY_RECEIVERS = 1 << 1,
	MANY_BOTH = MANY_SENDERS | MANY_RECEIVERS,
};

/* A move whose queue was locked for too long: for whoever has the lock next. */
enum late_state {
	LATE_FREE = 0,
	LATE_CLAIMED,
	LATE_READY,
};

struct late {
	__u32 state; /* enum late_state */
	__u32 receives;
	__u64 queue;
	struct process_key process;
	struct object_key object;
	__u64 entered_ns, tag, bytes;
};

#define LATE 64 /* for all queues */

struct queue {
	__u32 locked;
	__u32 holds_receives;
	__u32 head, used;
	__u32 is_long; /* the ring is in the backlogs */
	__u32 sender_aux, receiver_aux; /* of connected sockets: inode numbers, 0: not known */
	__u32 ends;    /* enum queue_end */
	__u32 mechanism;
	__u32 lates;   /* how many of them are ready */
	__u32 flows;   /* how many lead here, with QUEUE_CLOSED */
	__u64 number;  /* its own; 0: nobody has opened it yet */
	struct process_key sender, receiver; /* the first ones */
	struct object_key object; /* what was last received from */
	__u64 sent_ns, received_ns; /* when the last call ended, where overlaps matter */
	struct passage ring[SHORT];
};

struct backlog {
	struct passage ring[LONG];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_QUEUES);
	__type(key, __u64);
	__type(value, struct queue);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_BACKLOGS);
	__type(key, __u64);
	__type(value, struct backlog);
} backlogs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LATE);
	__type(key, __u32);
	__type(value, struct late);
} lates SEC(".maps");

static const struct queue empty_queue = {};
static const struct backlog empty_backlog = {};

__u32 overlaps_matter = 0;

/* A sender may lose its CPU for so long between the message and the hook. */
#define UNCLAIMED_NS 100000000ULL

/* How a message finds its other half. */
enum matching {
	BY_BYTES,    /* streams: as many bytes as were moved */
	BY_ORDER,    /* the oldest one */
	BY_TYPE,     /* the oldest one with the tag */
	BY_PRIORITY, /* the oldest one with the highest tag, or with the one that is known */
	BY_ALL,      /* a read of an eventfd takes whatever was added */
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
	__u64 left;     /* streams: bytes; else 1 until it is matched */
	__u64 matched_messages, matched_bytes; /* with OTHER, not yet counted */
	__u64 total;    /* messages matched */
	__u32 receives;
	__u32 matching;
	__u32 at, found; /* in the search of the ring */
};

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

#define LOCK_TRIES 64 /* two loops, one in the other: some 10 us in all */

static __always_inline bool queue_try_lock(__u32 *locked)
{
	return !*(volatile __u32 *)locked && !__sync_lock_test_and_set(locked, 1);
}

__noinline int queue_lock_soon(__u32 *locked)
{
	if (!locked)
		return 0;
	for (int tries = 0; tries < LOCK_TRIES; tries++)
		if (queue_try_lock(locked))
			return 1;
	return 0;
}

/*
 * bpf_spin_lock is not for all programs that we are. Hooks are not preempted, so whoever holds the lock is about
 * to release it. Returns false if it did not: a hypervisor may have taken its CPU away.
 */
__noinline int queue_lock(__u32 *locked)
{
	if (!locked)
		return 0;
	for (int tries = 0; tries < LOCK_TRIES; tries++)
		if (queue_lock_soon(locked))
			return 1;
	return 0;
}

static __always_inline void queue_unlock(struct queue *queue)
{
	__sync_lock_test_and_set(&queue->locked, 0);
}

static __always_inline struct passage *passage_at(struct queue *queue, struct backlog *backlog, __u32 index)
{
	if (backlog)
		return &backlog->ring[(queue->head + index) & (LONG - 1)];
	return &queue->ring[(queue->head + index) & (SHORT - 1)];
}

static __always_inline void drop_oldest(struct queue *queue)
{
	queue->head++;
	queue->used--;
}

static __always_inline bool has_tags(const struct move *move)
{
	return move->matching == BY_TYPE || move->matching == BY_PRIORITY;
}

static __always_inline bool is_same(const struct process_key *one, const struct process_key *other)
{
	return one->pid == other->pid && one->started_ms == other->started_ms;
}

/* Counts what was matched with one process at the other end. */
static __always_inline void count_matched(const struct queue *queue, struct move *move)
{
	struct edge_key key = {.from = move->process, .to = move->other, .object = queue->object};

	if (!move->matched_messages && !move->matched_bytes)
		return;
	if (move->receives) {
		key.from = move->other;
		key.to = move->process;
	}
	edge_add(&key, move->matched_messages, move->matched_bytes);
	move->total += move->matched_messages;
	move->matched_messages = 0;
	move->matched_bytes = 0;
}

static __always_inline void matched(const struct queue *queue, struct move *move, const struct process_key *other,
				    __u64 messages, __u64 bytes)
{
	if (!is_same(&move->other, other)) {
		count_matched(queue, move);
		move->other = *other;
	}
	move->matched_messages += messages;
	move->matched_bytes += bytes;
}

static __always_inline void match_bytes(const struct queue *queue, struct move *move, struct passage *passage)
{
	__u32 bytes = passage->bytes < move->left ? passage->bytes : move->left;
	__u64 messages = 0;

	passage->bytes -= bytes;
	move->left -= bytes;
	/* A message has been delivered with its last byte. */
	if (move->receives)
		messages = passage->bytes ? 0 : passage->messages;
	else if (!move->left)
		messages = 1;
	matched(queue, move, &passage->process, messages, bytes);
	if (!passage->bytes)
		passage->messages = 0;
}

static __always_inline void match_message(const struct queue *queue, struct move *move, struct passage *passage)
{
	matched(queue, move, &passage->process, 1, move->receives ? move->bytes : passage->bytes);
	passage->messages--;
	move->left = 0;
}

/* One write to an eventfd, 8 bytes, or several that were merged; the read goes on to the next. */
static __always_inline void match_all(const struct queue *queue, struct move *move, struct passage *passage)
{
	if (!move->receives) {
		match_message(queue, move, passage);
		return;
	}
	matched(queue, move, &passage->process, passage->messages, passage->messages * move->bytes);
	passage->messages = 0;
	move->found = 1;
}

/* A datagram that was sent long before the receiver slept for want of any has been dropped by the kernel. */
static __always_inline bool is_lost(const struct move *move, const struct passage *passage)
{
	return move->receives && move->matching == BY_ORDER && move->tag && passage->ns + UNCLAIMED_NS < move->tag;
}

/* Matches with the passage at MOVE->at. */
static __always_inline void match(struct queue *queue, struct backlog *backlog, struct move *move)
{
	struct passage *passage = passage_at(queue, backlog, move->at);

	/*
	 * Sent long after the receive had ended: that one got what somebody sent whom we do not see. (Not long
	 * after, whoever sent it may not have come to its hook yet, and takes what this one leaves.)
	 */
	if (!move->receives && move->entered_ns > passage->ns + UNCLAIMED_NS)
		passage->messages = 0;
	else if (is_lost(move, passage))
		passage->messages = 0;
	else if (move->matching == BY_BYTES)
		match_bytes(queue, move, passage);
	else if (move->matching == BY_ALL)
		match_all(queue, move, passage);
	else
		match_message(queue, move, passage);
	if (!passage->messages && !move->at)
		drop_oldest(queue);
}

/* Global, as all that is looped over: the verifier looks at it once. Returns whether there may be more to match. */
__noinline int match_oldest(struct queue *queue, struct backlog *backlog, struct move *move)
{
	if (!queue || !move || !queue->used || !move->left)
		return 0;
	if (!passage_at(queue, backlog, 0)->messages) { /* a gap */
		drop_oldest(queue);
		return 1;
	}
	move->at = 0;
	match(queue, backlog, move);
	return 1;
}

static __always_inline bool is_better(const struct move *move, const struct passage *passage, __u64 best)
{
	__u64 tag = passage->tag & ~EARLY;

	if (!passage->messages || ((passage->tag & EARLY) != 0) == move->receives)
		return false;
	if (!tag) /* of those before we looked, which are older than all others, or not readable */
		return !move->found;
	if (move->tag)
		return !move->found && tag == move->tag;
	return !move->found || (move->matching == BY_PRIORITY && tag > best);
}

/* Looks at one passage of the ring; the best until now is at MOVE->at if there is one, MOVE->found. */
__noinline int search_one(struct queue *queue, struct backlog *backlog, struct move *move, __u32 index)
{
	__u64 best;

	if (!queue || !move || index >= queue->used)
		return 0;
	best = passage_at(queue, backlog, move->at)->tag;
	if (is_better(move, passage_at(queue, backlog, index), best)) {
		move->at = index;
		move->found = 1;
	}
	return 1;
}

/* Moves the ring to the backlogs. Returns where it is, NULL if there is no room. */
static __always_inline struct backlog *lengthen(struct queue *queue, __u64 number)
{
	struct backlog *backlog;

	bpf_map_update_elem(&backlogs, &number, &empty_backlog, BPF_ANY);
	backlog = bpf_map_lookup_elem(&backlogs, &number);
	if (!backlog)
		return NULL;
	for (__u32 i = 0; i < SHORT; i++)
		backlog->ring[(queue->head + i) & (LONG - 1)] = queue->ring[(queue->head + i) & (SHORT - 1)];
	queue->is_long = 1;
	return backlog;
}

/* There is no room: MOVE is added to the youngest passage, whose process will have sent it. */
static __always_inline void merge(struct queue *queue, struct backlog *backlog, const struct move *move)
{
	struct passage *youngest = passage_at(queue, backlog, queue->used - 1);

	if (!is_same(&youngest->process, &move->process) || youngest->tag != move->tag)
		health_count(HEALTH_MERGED_DELIVERIES);
	youngest->messages++;
	if (move->matching == BY_BYTES)
		youngest->bytes += move->left;
}

static __always_inline void put(struct queue *queue, struct backlog *backlog, const struct move *move)
{
	struct passage *passage = passage_at(queue, backlog, queue->used++);

	passage->process = move->process;
	passage->tag = move->receives ? move->tag | EARLY : move->tag;
	passage->ns = move->receives ? bpf_ktime_get_ns() : move->entered_ns;
	passage->bytes = move->matching == BY_BYTES ? move->left : move->bytes;
	passage->messages = 1;
	queue->holds_receives = move->receives; /* looked at where the order counts, not the tag */
}

/*
 * The reads of a process during one long write wait for its end as one. Returns false if there are none, or more
 * bytes than fit, which is of no write.
 */
static __always_inline bool prolong(struct queue *queue, struct backlog *backlog, const struct move *move)
{
	struct passage *youngest = passage_at(queue, backlog, queue->used - 1);
	__u32 bytes = youngest->bytes + (__u32)move->left;

	if (!queue->used || move->matching != BY_BYTES || !is_same(&youngest->process, &move->process) ||
	    bytes < youngest->bytes)
		return false;
	youngest->bytes = bytes;
	youngest->ns = bpf_ktime_get_ns();
	return true;
}

static __always_inline bool is_unclaimed(struct queue *queue, struct backlog *backlog)
{
	return bpf_ktime_get_ns() > passage_at(queue, backlog, 0)->ns + UNCLAIMED_NS;
}

/* What is left of MOVE waits for its other half. */
static __always_inline void keep(struct queue *queue, struct backlog *backlog, const struct move *move)
{
	if (move->receives && prolong(queue, backlog, move))
		return;
	/* Of receives that nobody has claimed, as with a sender on another host, the last few will do. */
	if (move->receives && queue->used >= SHORT && queue->holds_receives && is_unclaimed(queue, backlog))
		drop_oldest(queue);
	if (queue->used >= SHORT && !backlog)
		backlog = lengthen(queue, move->queue);
	if (queue->used >= (backlog ? LONG : SHORT)) {
		if (!move->receives) {
			merge(queue, backlog, move);
			return;
		}
		health_count(HEALTH_MERGED_DELIVERIES);
		if (has_tags(move))
			return;
		drop_oldest(queue);
	}
	put(queue, backlog, move);
}

/* Too large for the stack. Nothing else runs on this CPU while a hook uses it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct move);
} moves SEC(".maps");

/* Where several processes send and several receive, the order of our hooks may not be that of the calls. */
static __always_inline bool overlaps(struct queue *queue, const struct move *move)
{
	__u64 now = bpf_ktime_get_ns(), *last = move->receives ? &queue->received_ns : &queue->sent_ns;
	bool overlaps = move->entered_ns < *last;

	*last = now;
	return overlaps;
}

static __always_inline void note_end(struct queue *queue, const struct move *move)
{
	struct process_key *first = move->receives ? &queue->receiver : &queue->sender;

	if (move->receives)
		queue->object = move->object;
	if (!first->pid)
		*first = move->process;
	else if (!is_same(first, &move->process))
		queue->ends |= move->receives ? MANY_RECEIVERS : MANY_SENDERS;
	if (queue->ends == MANY_BOTH)
		overlaps_matter = 1;
}

/* Makes room where the oldest is a gap, or a receive that nobody has claimed. */
static __always_inline void tidy(struct queue *queue, struct backlog *backlog)
{
	for (int i = 0; i < 4 && queue->used; i++) {
		const struct passage *oldest = passage_at(queue, backlog, 0);

		if (oldest->messages &&
		    (!(oldest->tag & EARLY) || bpf_ktime_get_ns() < oldest->ns + UNCLAIMED_NS))
			break;
		drop_oldest(queue);
	}
}

/* The part of QUEUE's ring that is not in the queue itself; where it is gone, nothing is matched. */
static __always_inline bool find_ring(const struct queue *queue, const struct move *move, struct backlog **backlog)
{
	__u64 number = move->queue; /* before 6.2 (d1673304097c) maps take keys only from the stack */

	*backlog = queue->is_long ? bpf_map_lookup_elem(&backlogs, &number) : NULL;
	return !queue->is_long || *backlog;
}

/*
 * The three steps of a move through a locked queue; the second is repeated until it returns 0, at most STEPS
 * times. One loop of as many turns would keep the verifier busy for a second.
 */
__noinline int pass_begin(struct queue *queue, struct move *move)
{
	struct backlog *backlog;

	if (!queue || !move || !find_ring(queue, move, &backlog))
		return 0;
	move->matching = matching_of(queue->mechanism);
	move->matched_messages = 0;
	move->matched_bytes = 0;
	move->total = 0;
	move->at = 0;
	move->found = 0;
	move->left = move->matching == BY_BYTES ? move->bytes : 1;
	note_end(queue, move);
	if (has_tags(move)) {
		tidy(queue, backlog);
		return queue->used != 0;
	}
	/* What the ring holds is of the other half: else there is nothing to match. */
	return queue->used && queue->holds_receives != move->receives;
}

#define STEP 32
#define STEPS (LONG / STEP)

__noinline int pass_step(struct queue *queue, struct move *move, __u32 step)
{
	struct backlog *backlog;
	bool by_tag;

	if (!queue || !move || !find_ring(queue, move, &backlog))
		return 0;
	by_tag = has_tags(move);
	for (__u32 i = 0; i < STEP; i++)
		if (by_tag ? !search_one(queue, backlog, move, step * STEP + i) : !match_oldest(queue, backlog, move))
			return 0;
	return 1;
}

__noinline int pass_end(struct queue *queue, struct move *move)
{
	struct backlog *backlog;

	if (!queue || !move || !find_ring(queue, move, &backlog))
		return 0;
	if (has_tags(move) && move->found)
		match(queue, backlog, move);
	count_matched(queue, move);
	if (move->matching == BY_ALL && move->receives && move->found)
		move->left = 0;
	if (move->left)
		keep(queue, backlog, move);
	if (queue->ends == MANY_BOTH && overlaps(queue, move))
		__sync_fetch_and_add(&health_counts[HEALTH_AMBIGUOUS_DELIVERIES], move->total);
	return 0;
}

static __always_inline void pass(struct queue *queue, struct move *move)
{
	if (pass_begin(queue, move))
		for (__u32 step = 0; step < STEPS; step++)
			if (!pass_step(queue, move, step))
				break;
	pass_end(queue, move);
}

/* Leaves MOVE to whoever holds the lock. */
__noinline int leave_late(struct queue *queue, const struct move *move)
{
	if (!queue || !move)
		return 0;
	for (__u32 i = 0; i < LATE; i++) {
		__u32 index = i;
		struct late *late = bpf_map_lookup_elem(&lates, &index);

		if (!late || __sync_val_compare_and_swap(&late->state, LATE_FREE, LATE_CLAIMED) != LATE_FREE)
			continue;
		late->receives = move->receives;
		late->queue = move->queue;
		late->process = move->process;
		late->object = move->object;
		late->entered_ns = move->entered_ns;
		late->tag = move->tag;
		late->bytes = move->bytes;
		__sync_lock_test_and_set(&late->state, LATE_READY);
		__sync_fetch_and_add(&queue->lates, 1);
		return 1;
	}
	health_count(HEALTH_MERGED_DELIVERIES);
	return 0;
}

/* Fills MOVE with one that others have left, if there is one. QUEUE is locked. */
__noinline int take_late(struct queue *queue, struct move *move)
{
	if (!queue || !move)
		return 0;
	for (__u32 i = 0; i < LATE && *(volatile __u32 *)&queue->lates; i++) {
		__u32 index = i;
		struct late *late = bpf_map_lookup_elem(&lates, &index);

		if (!late || *(volatile __u32 *)&late->state != LATE_READY || late->queue != move->queue)
			continue;
		move->receives = late->receives;
		move->process = late->process;
		move->object = late->object;
		move->entered_ns = late->entered_ns;
		move->tag = late->tag;
		move->bytes = late->bytes;
		__sync_lock_test_and_set(&late->state, LATE_FREE);
		__sync_fetch_and_add(&queue->lates, -1);
		return 1;
	}
	return 0;
}

#define LATE_AT_ONCE 8

/* Passes MOVE, unless IS_LATE, and what others have left meanwhile, and unlocks QUEUE; or one of these does. */
static __always_inline void pass_all(struct queue *queue, struct move *move, bool is_late)
{
	for (int i = 0; i < LATE_AT_ONCE; i++) {
		if (!is_late || take_late(queue, move))
			pass(queue, move);
		is_late = true;
		if (*(volatile __u32 *)&queue->lates)
			continue;
		queue_unlock(queue);
		if (!*(volatile __u32 *)&queue->lates || !queue_try_lock(&queue->locked))
			return;
	}
	queue_unlock(queue);
}

__noinline int delivery_pass(const struct flow_key *key, __u64 number, __u64 entered_ns, __u64 bytes, __u64 tag)
{
	bool is_late = false;
	__u32 zero = 0;
	struct queue *queue;
	struct move *move;

	if (!key)
		return 0;
	queue = bpf_map_lookup_elem(&queues, &number);
	move = bpf_map_lookup_elem(&moves, &zero);
	if (!queue || !move)
		return 0;
	move->queue = number;
	move->process = key->process;
	move->object.object = key->object;
	move->object.aux = key->aux;
	move->object.mechanism = key->mechanism;
	move->entered_ns = entered_ns;
	move->tag = tag;
	move->bytes = bytes;
	move->receives = key->direction == DIRECTION_RECEIVE;
	if (!queue_lock(&queue->locked)) {
		is_late = true;
		if (!leave_late(queue, move) || !queue_try_lock(&queue->locked))
			return 0;
	}
	pass_all(queue, move, is_late);
	return 0;
}

/* Is the queue of sockets that are connected to each other, and to no others? */
static __always_inline bool is_of_pair(enum mechanism mechanism)
{
	return mechanism == MECH_TCP || mechanism == MECH_UNIX_STREAM || mechanism == MECH_UNIX_SEQPACKET;
}

static __always_inline void empty(struct queue *queue)
{
	queue->head = 0;
	queue->used = 0;
	queue->sender_aux = 0;
	queue->receiver_aux = 0;
	queue->ends = 0;
	queue->sender.pid = 0;
	queue->receiver.pid = 0;
}

/* Addresses are used again: another socket than the one that had this end makes another queue of it. */
static __always_inline void renew(struct queue *queue, const struct flow_key *key)
{
	__u32 *aux = key->direction == DIRECTION_RECEIVE ? &queue->receiver_aux : &queue->sender_aux;

	if (*aux == key->aux || !queue_lock(&queue->locked))
		return;
	if (*aux)
		empty(queue);
	*aux = key->aux;
	queue_unlock(queue);
}

/*
 * One more flow leads to QUEUE, unless it is just being deleted, or another one has its place by now. Without the
 * lock, which may not be had in time: without its queue a flow's deliveries would be lost for good.
 */
static __always_inline bool add_flow(struct queue *queue, __u64 number)
{
	__u64 owner = __sync_val_compare_and_swap(&queue->number, 0, number);

	if (owner && owner != number)
		return false;
	return !(__sync_fetch_and_add(&queue->flows, 1) & QUEUE_CLOSED);
}

__noinline int delivery_open(const struct flow_key *key, __u64 number, __u64 fill)
{
	struct queue *queue;

	if (!key || !number)
		return 0;
	queue = bpf_map_lookup_elem(&queues, &number);
	if (!queue) {
		bpf_map_update_elem(&queues, &number, &empty_queue, BPF_NOEXIST);
		queue = bpf_map_lookup_elem(&queues, &number);
	}
	if (!queue) {
		health_count(HEALTH_MAP_FULL);
		return 0;
	}
	if (!add_flow(queue, number)) {
		health_count(HEALTH_AMBIGUOUS_DELIVERIES);
		return 0;
	}
	queue->mechanism = key->mechanism;
	if (is_of_pair(key->mechanism))
		renew(queue, key);
	if (fill && !queue->used && queue_lock(&queue->locked)) {
		bool is_stream = matching_of(key->mechanism) == BY_BYTES;

		queue->ring[queue->head & (SHORT - 1)].bytes = is_stream ? fill : 0;
		queue->ring[queue->head & (SHORT - 1)].messages = is_stream ? 1 : fill;
		queue->used = 1;
		queue_unlock(queue);
	}
	return 1;
}

/* Nobody is in the queue: the last flow that led there is not used any more, and there is no new one. */
__noinline int delivery_close(__u64 number)
{
	struct queue *queue = bpf_map_lookup_elem(&queues, &number);

	if (!queue || queue->number != number || __sync_fetch_and_add(&queue->flows, -1) != 1 ||
	    __sync_val_compare_and_swap(&queue->flows, 0, QUEUE_CLOSED))
		return 0;
	/* Whoever receives it after all receives it from one that we do not see. */
	if (queue->used && !queue->holds_receives)
		health_count(HEALTH_AMBIGUOUS_DELIVERIES);
	if (queue->is_long)
		bpf_map_delete_elem(&backlogs, &number);
	bpf_map_delete_elem(&queues, &number);
	return 0;
}

__hidden int delivery_exists(__u64 number)
{
	return number && bpf_map_lookup_elem(&queues, &number);
}
