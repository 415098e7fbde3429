/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lock of a queue, and the moves of those who could not get it in time.
 */
#ifndef IPCTRACE_LATE_BPF_H
#define IPCTRACE_LATE_BPF_H

#include "passage.bpf.h"

/*
 * bpf_spin_lock is not for all programs that we are. Hooks are not preempted, so whoever holds the lock is
 * about to release it. Returns 0 if it did not: a hypervisor may have taken its CPU away. Global.
 */
int queue_lock(__u32 *locked);

static __always_inline bool queue_try_lock(__u32 *locked)
{
	return !*(volatile __u32 *)locked && !__sync_lock_test_and_set(locked, 1);
}

static __always_inline void queue_unlock(struct queue *queue)
{
	__sync_lock_test_and_set(&queue->locked, 0);
}

static __always_inline bool has_lates(const struct queue *queue)
{
	return *(volatile __u32 *)&queue->newest_late || *(volatile __u32 *)&queue->oldest_late;
}

/* Leaves MOVE to whoever has the lock next. Returns 0 if there is no room for it. Global. */
int leave_late(struct queue *queue, const struct move *move);

/* Fills MOVE with the oldest that others have left, if there is one, and says so. QUEUE is locked. Global. */
int take_late(struct queue *queue, struct move *move);

/* QUEUE is about to be deleted. Global. */
int late_forget(struct queue *queue);

#endif
