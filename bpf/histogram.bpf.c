// SPDX-License-Identifier: GPL-2.0
/*
 * Slots of the log-linear histograms, and times counted into them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "histogram.bpf.h"

__u32 epoch = 0;

const char empty_time_histogram[sizeof(struct time_histogram)] = {};

__noinline int histogram_slot(__u64 value, __u32 steps_log2)
{
	__u64 rest = value;
	__u32 log2 = 0;
	__u32 shift;

	if (rest >> 32) {
		rest >>= 32;
		log2 += 32;
	}
	if (rest >> 16) {
		rest >>= 16;
		log2 += 16;
	}
	if (rest >> 8) {
		rest >>= 8;
		log2 += 8;
	}
	if (rest >> 4) {
		rest >>= 4;
		log2 += 4;
	}
	if (rest >> 2) {
		rest >>= 2;
		log2 += 2;
	}
	if (rest >> 1)
		log2 += 1;
	shift = log2 > steps_log2 ? log2 - steps_log2 : 0;
	return (shift << (steps_log2 & 31)) + (value >> (shift & 63));
}

/* More tries than this would take as many threads that each found a new extreme in these nanoseconds. */
#define TRIES 8

/* Puts WANTED into *WORD, unless a smaller one (or a LARGER one) of the same epoch is there. */
static __always_inline void reach(__u64 *word, __u64 wanted, bool larger)
{
	for (int i = 0; i < TRIES; i++) {
		__u64 old = *(volatile __u64 *)word;

		if (old >> TIME_RANGE_BITS == wanted >> TIME_RANGE_BITS &&
		    (larger ? old >= wanted : old <= wanted))
			return;
		if (__sync_val_compare_and_swap(word, old, wanted) == old)
			return;
	}
}

static __always_inline void range_add(struct time_range *range, __u32 epoch, __u64 ns)
{
	__u64 word = time_range_word(epoch, ns);

	reach(&range->min, word, false);
	reach(&range->max, word, true);
}

/* Global, not hidden: the verifier looks at it once, not at each call. */
__noinline int time_histogram_add(struct time_histogram *histogram, __u64 ns)
{
	__u32 slot = histogram_slot(ns, TIME_STEPS_LOG2);
	__u32 now = epoch;

	if (!histogram)
		return 0;
	if (slot >= TIME_SLOTS)
		slot = TIME_SLOTS - 1;
	__sync_fetch_and_add(&histogram->slots[slot], 1);
	__sync_fetch_and_add(&histogram->sum_ns, ns);
	range_add(&histogram->run, 0, ns);
	range_add(&histogram->interval[now & 1], now, ns);
	return 0;
}
