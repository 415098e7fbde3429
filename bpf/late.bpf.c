// SPDX-License-Identifier: GPL-2.0
/*
 * See late.bpf.h.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "health.bpf.h"
#include "late.bpf.h"

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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LATE);
	__type(key, __u32);
	__type(value, struct late);
} lates SEC(".maps");

#define LOCK_TRIES 64 /* two loops, one in the other: some 10 us in all */

__noinline int queue_lock_soon(__u32 *locked)
{
	if (!locked)
		return 0;
	for (int tries = 0; tries < LOCK_TRIES; tries++)
		if (queue_try_lock(locked))
			return 1;
	return 0;
}

__noinline int queue_lock(__u32 *locked)
{
	if (!locked)
		return 0;
	for (int tries = 0; tries < LOCK_TRIES; tries++)
		if (queue_lock_soon(locked))
			return 1;
	return 0;
}

/* Leaves MOVE in entry INDEX of the lates if that is free, and says so. */
__noinline int leave_in(struct queue *queue, const struct move *move, __u32 index)
{
	struct late *late = bpf_map_lookup_elem(&lates, &index);

	if (!queue || !move || !late ||
		__sync_val_compare_and_swap(&late->state, LATE_FREE, LATE_CLAIMED) != LATE_FREE)
		return 0;
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

__noinline int leave_late(struct queue *queue, const struct move *move)
{
	for (__u32 i = 0; i < LATE; i++)
		if (leave_in(queue, move, i))
			return 1;
	health_count(HEALTH_MERGED_DELIVERIES);
	return 0;
}

/* Takes what is in entry INDEX if it is for QUEUE, and says so. */
__noinline int take_from(struct queue *queue, struct move *move, __u32 index)
{
	struct late *late = bpf_map_lookup_elem(&lates, &index);

	if (!queue || !move || !late || *(volatile __u32 *)&late->state != LATE_READY ||
		late->queue != move->queue)
		return 0;
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

__noinline int take_late(struct queue *queue, struct move *move)
{
	if (!queue)
		return 0;
	for (__u32 i = 0; i < LATE && *(volatile __u32 *)&queue->lates; i++)
		if (take_from(queue, move, i))
			return 1;
	return 0;
}
