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

__hidden int time_histogram_add(struct time_histogram *histogram, __u64 ns)
{
	__u32 slot = histogram_slot(ns, TIME_STEPS_LOG2);
	__u32 now = epoch;
	struct time_range *range;

	if (slot >= TIME_SLOTS)
		slot = TIME_SLOTS - 1;
	bpf_spin_lock(&histogram->lock);
	histogram->slots[slot]++;
	histogram->sum_ns += ns;
	if (histogram->count++ == 0 || ns < histogram->run_min_ns)
		histogram->run_min_ns = ns;
	if (ns > histogram->run_max_ns)
		histogram->run_max_ns = ns;
	range = &histogram->range[now & 1];
	if (range->epoch != now) {
		range->epoch = now;
		range->min_ns = ns;
		range->max_ns = ns;
	} else if (ns < range->min_ns) {
		range->min_ns = ns;
	} else if (ns > range->max_ns) {
		range->max_ns = ns;
	}
	bpf_spin_unlock(&histogram->lock);
	return 0;
}
