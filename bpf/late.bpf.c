// SPDX-License-Identifier: GPL-2.0
/*
 * See late.bpf.h.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "health.bpf.h"
#include "late.bpf.h"

enum late_state {
	LATE_FREE = 0,
	LATE_TAKEN,
};

/* A move whose queue was locked for too long: for whoever has the lock next. */
struct late {
	__u32 state; /* enum late_state */
	__u32 next;  /* in its queue's list: index plus 1, 0: none */
	__u32 receives;
	__u32 padding;
	struct process_key process;
	struct object_key object;
	__u64 entered_ns, tag, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LATES);
	__type(key, __u32);
	__type(value, struct late);
} lates SEC(".maps");

__u32 late_turn = 0;

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

/* Entry ONE_MORE - 1. */
static __always_inline struct late *late_at(__u32 one_more)
{
	__u32 index = one_more - 1;

	return bpf_map_lookup_elem(&lates, &index);
}

#define FREE_TRIES 8
#define PUSH_TRIES 64

static __always_inline __u32 find_free(void)
{
	for (int tries = 0; tries < FREE_TRIES; tries++) {
		__u32 one_more = __sync_fetch_and_add(&late_turn, 1) % LATES + 1;
		struct late *late = late_at(one_more);

		if (late && __sync_val_compare_and_swap(&late->state, LATE_FREE, LATE_TAKEN) == LATE_FREE)
			return one_more;
	}
	return 0;
}

static __always_inline bool push(struct queue *queue, struct late *late, __u32 one_more)
{
	for (int tries = 0; tries < PUSH_TRIES; tries++) {
		__u32 first = *(volatile __u32 *)&queue->newest_late;

		late->next = first;
		if (__sync_val_compare_and_swap(&queue->newest_late, first, one_more) == first)
			return true;
	}
	return false;
}

__noinline int leave_late(struct queue *queue, const struct move *move)
{
	__u32 one_more = find_free();
	struct late *late = late_at(one_more);

	if (!queue || !move)
		return 0;
	if (late && one_more) {
		late->receives = move->receives;
		late->process = move->process;
		late->object = move->object;
		late->entered_ns = move->entered_ns;
		if (!move->receives && !move->entered_ns)
			late->entered_ns = bpf_ktime_get_ns();
		late->tag = move->tag;
		late->bytes = move->bytes;
		if (push(queue, late, one_more))
			return 1;
		__sync_lock_test_and_set(&late->state, LATE_FREE);
	}
	return 0;
}

#define STEP 32

/* Turns some of the list from *NEWEST on round, to the list that begins with the oldest. Returns whether there are more. */
__noinline int turn_round(struct queue *queue, __u32 *newest)
{
	for (int i = 0; i < STEP && queue && newest && *newest; i++) {
		struct late *late = late_at(*newest);
		__u32 next;

		if (!late)
			return 0;
		next = late->next;
		late->next = queue->oldest_late;
		queue->oldest_late = *newest;
		*newest = next;
	}
	return newest && *newest;
}

__noinline int take_late(struct queue *queue, struct move *move)
{
	struct late *late;

	if (!queue || !move)
		return 0;
	if (!queue->oldest_late) {
		__u32 newest = __sync_lock_test_and_set(&queue->newest_late, 0);

		for (int i = 0; i < LATES / STEP; i++)
			if (!turn_round(queue, &newest))
				break;
	}
	late = late_at(queue->oldest_late);
	if (!queue->oldest_late || !late)
		return 0;
	queue->oldest_late = late->next;
	move->receives = late->receives;
	move->process = late->process;
	move->object = late->object;
	move->entered_ns = late->entered_ns;
	move->tag = late->tag;
	move->bytes = late->bytes;
	__sync_lock_test_and_set(&late->state, LATE_FREE);
	return 1;
}

/* Frees some of the list from *FIRST on; returns whether there are more. */
__noinline int free_lates(__u32 *first)
{
	for (int i = 0; i < STEP && first && *first; i++) {
		struct late *late = late_at(*first);

		if (!late)
			return 0;
		*first = late->next;
		__sync_lock_test_and_set(&late->state, LATE_FREE);
		health_count(HEALTH_LOST_DELIVERIES);
	}
	return first && *first;
}

__noinline int late_forget(struct queue *queue)
{
	__u32 first = queue ? __sync_lock_test_and_set(&queue->newest_late, 0) : 0;

	for (int i = 0; i < LATES / STEP && free_lates(&first); i++)
		;
	first = queue ? queue->oldest_late : 0;
	for (int i = 0; i < LATES / STEP && free_lates(&first); i++)
		;
	return 0;
}
