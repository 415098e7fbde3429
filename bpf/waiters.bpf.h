/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many threads sleep on a lock at once.
 */
#ifndef IPCTRACE_WAITERS_BPF_H
#define IPCTRACE_WAITERS_BPF_H

#include "histogram.bpf.h"
#include "tables.h"

static __always_inline void waiters_add(struct lock_value *lock)
{
	__u32 waiters = __sync_fetch_and_add(&lock->waiters, 1) + 1;

	/* Two sleepers at once can lose a step of the maximum only to each other: try again. */
	for (int tries = 0; tries < 8; tries++) {
		__u32 seen = lock->max_waiters;

		if (waiters <= seen ||
		    __sync_val_compare_and_swap(&lock->max_waiters, seen, waiters) == seen)
			break;
	}
	if (lock->epoch != epoch) {
		lock->epoch = epoch;
		lock->epoch_max_waiters = waiters;
	} else if (waiters > lock->epoch_max_waiters) {
		lock->epoch_max_waiters = waiters;
	}
}

#endif
