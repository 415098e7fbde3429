// SPDX-License-Identifier: GPL-2.0
/*
 * The queues, and the way of what is sent and received through them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "delivery.bpf.h"
#include "edge.bpf.h"
#include "health.bpf.h"
#include "late.bpf.h"
#include "matching.bpf.h"

#define MAX_QUEUES   131072
#define QUEUE_CLOSED (1U << 31) /* is being deleted */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_QUEUES);
	__type(key, __u64);
	__type(value, struct queue);
} queues SEC(".maps");

static const struct queue empty_queue = {};

/* Too large for the stack. Nothing else runs on this CPU while a hook uses it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct move);
} moves SEC(".maps");

/*
 * Passes MOVE, unless IS_LATE, and what others have left meanwhile, and unlocks QUEUE; or one of these does. What
 * is there already comes first. Returns whether there may be more.
 */
static __always_inline bool pass_all(struct queue *queue, struct move *move, bool is_late)
{
	if (!is_late && has_lates(queue))
		is_late = leave_late(queue, move);
	for (int i = 0; i < LATE_AT_ONCE; i++) {
		if (!is_late || take_late(queue, move))
			pass(queue, move);
		is_late = true;
		if (has_lates(queue))
			continue;
		queue_unlock(queue);
		if (!has_lates(queue) || !queue_try_lock(&queue->locked))
			return false;
	}
	queue_unlock(queue);
	return true;
}

/*
 * What most moves are, without the machinery that others need: what was sent goes to the end of a short ring of
 * such; a receive takes no more than the oldest message there. Returns 0, having done nothing, for others.
 */
static __always_inline bool pass_at_once(struct queue *queue, const struct flow_key *key, __u64 entered_ns,
					 __u64 bytes, __u64 tag)
{
	bool receives = key->direction == DIRECTION_RECEIVE, is_stream = queue->matching == BY_BYTES;
	struct passage *passage = &queue->ring[(receives ? queue->head : queue->head + queue->used) & (SHORT - 1)];
	struct edge_key edge = {};
	__u64 messages = 1;

	if ((!is_stream && queue->matching != BY_ORDER) || queue->is_long || queue->ends == MANY_BOTH ||
	    (queue->used && queue->holds_receives))
		return false;
	if (!receives) {
		if (queue->used >= SHORT)
			return false;
		note_end(queue, &key->process, false);
		passage->process = key->process;
		passage->tag = tag;
		passage->ns = entered_ns;
		passage->bytes = bytes;
		passage->messages = 1;
		queue->used++;
		queue->holds_receives = 0;
		return true;
	}
	/* With a tag a datagram may have been lost. */
	if (!queue->used || !passage->messages || (is_stream ? passage->bytes < bytes : tag != 0))
		return false;
	note_end(queue, &key->process, true);
	queue->object.object = key->object;
	queue->object.aux = key->aux;
	queue->object.mechanism = key->mechanism;
	edge.from = passage->process;
	edge.to = key->process;
	edge.object = queue->object;
	if (is_stream) {
		passage->bytes -= bytes;
		messages = passage->bytes ? 0 : passage->messages;
		passage->messages -= messages;
	} else {
		passage->messages--;
	}
	if (!passage->messages) {
		queue->head++;
		queue->used--;
	}
	edge_add(&edge, messages, bytes);
	return true;
}

__noinline int delivery_pass(const struct flow_key *key, __u64 number, __u64 entered_ns, __u64 bytes, __u64 tag)
{
	bool is_late = false, is_locked;
	__u32 zero = 0;
	struct queue *queue;
	struct move *move;

	if (!key)
		return 0;
	queue = bpf_map_lookup_elem(&queues, &number);
	move = bpf_map_lookup_elem(&moves, &zero);
	if (!queue || !move)
		return 0;
	is_locked = queue_try_lock(&queue->locked);
	if (is_locked && !has_lates(queue) && pass_at_once(queue, key, entered_ns, bytes, tag)) {
		queue_unlock(queue);
		if (!has_lates(queue) || !queue_try_lock(&queue->locked))
			return 0;
		is_late = true; /* there is only what others have left meanwhile */
	}
	move->queue = number;
	move->process = key->process;
	move->object.object = key->object;
	move->object.aux = key->aux;
	move->object.mechanism = key->mechanism;
	move->entered_ns = entered_ns;
	move->tag = tag;
	move->bytes = bytes;
	move->receives = key->direction == DIRECTION_RECEIVE;
	if (!is_locked && !queue_lock(&queue->locked)) {
		is_late = leave_late(queue, move);
		if (!is_late)
			health_count(HEALTH_LOST_DELIVERIES);
		if (!is_late || !queue_try_lock(&queue->locked))
			return 0;
	}
	return pass_all(queue, move, is_late);
}

__noinline int delivery_pass_lates(__u64 number)
{
	__u32 zero = 0;
	struct queue *queue = bpf_map_lookup_elem(&queues, &number);
	struct move *move = bpf_map_lookup_elem(&moves, &zero);

	if (!queue || !move || !has_lates(queue) || !queue_try_lock(&queue->locked))
		return 0;
	move->queue = number;
	return pass_all(queue, move, true);
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

	if (*aux == key->aux)
		return;
	if (!queue_lock(&queue->locked)) {
		health_count(HEALTH_AMBIGUOUS_DELIVERIES);
		return;
	}
	if (*aux)
		empty(queue);
	*aux = key->aux;
	queue_unlock(queue);
}

/*
 * One more flow leads to QUEUE, unless it is just being deleted, or another one has its place by now. Without
 * the lock, which may not be had in time: without its queue a flow's deliveries would be lost for good.
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
	queue->matching = matching_of(key->mechanism);
	if (is_of_pair(key->mechanism))
		renew(queue, key);
	if (fill && !queue->used && queue_lock(&queue->locked)) {
		ring_fill(queue, fill);
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
	late_forget(queue);
	ring_forget(queue, number);
	bpf_map_delete_elem(&queues, &number);
	return 0;
}

__hidden int delivery_exists(__u64 number)
{
	return number && bpf_map_lookup_elem(&queues, &number);
}
