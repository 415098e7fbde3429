// SPDX-License-Identifier: GPL-2.0
/*
 * Matches what was sent with what was received: first in, first out, POSIX queues by priority, System V
 * messages by type. Two-sided: the receiver's hook may run before the sender's. So a queue keeps a ring of
 * what waits for its other half: messages sent, or receives that have come too early (never both, unless tags
 * choose among the messages).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "edge.bpf.h"
#include "health.bpf.h"
#include "matching.bpf.h"

#define MAX_BACKLOGS 2048

struct backlog {
	struct passage ring[LONG];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_BACKLOGS);
	__type(key, __u64);
	__type(value, struct backlog);
} backlogs SEC(".maps");

static const struct backlog empty_backlog = {};

__u32 overlaps_matter = 0;

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

static __always_inline void matched(const struct queue *queue, struct move *move,
	const struct process_key *other, __u64 messages, __u64 bytes)
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

static __always_inline void match_message(
	const struct queue *queue, struct move *move, struct passage *passage)
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

/*
 * A datagram that was sent long before the receiver slept for want of any has been dropped by the kernel. (Where
 * none is dropped the sender may have slept long for want of room.)
 */
static __always_inline bool is_lost(const struct queue *queue, const struct move *move,
				    const struct passage *passage)
{
	return move->receives && may_be_dropped(queue->mechanism) && move->tag && passage->ns != LONG_AGO &&
	       passage->ns + UNCLAIMED_NS < move->tag;
}

/* Matches with the passage at MOVE->at. */
static __always_inline void match(struct queue *queue, struct backlog *backlog, struct move *move)
{
	struct passage *passage = passage_at(queue, backlog, move->at);

	/*
	 * Sent long after the receive had ended: that one got what somebody sent whom we do not see. (Not
	 * long after, whoever sent it may not have come to its hook yet, and takes what this one leaves.)
	 */
	if ((!move->receives && move->entered_ns > passage->ns + UNCLAIMED_NS) || is_lost(queue, move, passage))
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

/* Global, as all that is looped over: the verifier looks at it once. Returns whether there may be more to
 * match. */
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
 * The reads of a process during one long write wait for its end as one. Returns false if there are none, or
 * more bytes than fit, which is of no write.
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
	/* Of datagrams that nobody has claimed, as with a sender on another host, the last few will do. */
	if (move->receives && move->matching != BY_BYTES && queue->used >= SHORT && queue->holds_receives && is_unclaimed(queue, backlog))
		drop_oldest(queue);
	if (queue->used >= SHORT && !backlog)
		backlog = lengthen(queue, move->queue);
	if (queue->used >= (backlog ? LONG : SHORT)) {
		if (!move->receives || move->matching == BY_BYTES) {
			merge(queue, backlog, move);
			return;
		}
		if (queue->sender.pid) /* else all of it comes from where we do not see */
			health_count(HEALTH_LOST_DELIVERIES);
		if (has_tags(move))
			return;
		drop_oldest(queue);
	}
	put(queue, backlog, move);
}

/* Where several processes send and several receive, the order of our hooks may not be that of the calls. */
static __always_inline bool overlaps(struct queue *queue, const struct move *move)
{
	__u64 now = bpf_ktime_get_ns(), *last = move->receives ? &queue->received_ns : &queue->sent_ns;
	bool overlaps = move->entered_ns < *last;

	*last = now;
	return overlaps;
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
static __always_inline bool find_ring(
	const struct queue *queue, const struct move *move, struct backlog **backlog)
{
	__u64 number = move->queue; /* before 6.2 (d1673304097c) maps take keys only from the stack */

	*backlog = queue->is_long ? bpf_map_lookup_elem(&backlogs, &number) : NULL;
	return !queue->is_long || *backlog;
}

__noinline int pass_begin(struct queue *queue, struct move *move)
{
	struct backlog *backlog;

	if (!queue || !move || !find_ring(queue, move, &backlog))
		return 0;
	if (!move->receives && !move->entered_ns)
		move->entered_ns = bpf_ktime_get_ns();
	move->matching = queue->matching;
	move->matched_messages = 0;
	move->matched_bytes = 0;
	move->total = 0;
	move->at = 0;
	move->found = 0;
	move->left = move->matching == BY_BYTES ? move->bytes : 1;
	if (move->receives)
		queue->object = move->object;
	note_end(queue, &move->process, move->receives);
	if (has_tags(move)) {
		tidy(queue, backlog);
		return queue->used != 0;
	}
	/* What the ring holds is of the other half: else there is nothing to match. */
	return queue->used && queue->holds_receives != move->receives;
}

__noinline int pass_step(struct queue *queue, struct move *move, __u32 step)
{
	struct backlog *backlog;

	if (!queue || !move || !find_ring(queue, move, &backlog))
		return 0;
	if (!has_tags(move)) {
		for (__u32 i = 0; i < STEP; i++)
			if (!match_oldest(queue, backlog, move))
				return 0;
		return 1;
	}
	for (__u32 i = 0; i < STEP; i++)
		if (!search_one(queue, backlog, move, step * STEP + i))
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

__noinline int ring_fill(struct queue *queue, __u64 fill)
{
	struct passage *first;
	bool is_stream;

	if (!queue || queue->used)
		return 0;
	first = &queue->ring[queue->head & (SHORT - 1)];
	is_stream = queue->matching == BY_BYTES;
	first->bytes = is_stream ? fill : 0;
	first->messages = is_stream ? 1 : fill;
	queue->used = 1;
	return 0;
}

__noinline int ring_forget(const struct queue *queue, __u64 number)
{
	if (queue && queue->is_long)
		bpf_map_delete_elem(&backlogs, &number);
	return 0;
}
