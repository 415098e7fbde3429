/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sparse log-linear histograms and their percentiles.
 * The layout of the slots is documented in include/tables.h; nothing here knows about the kernel.
 */
#ifndef IPCTRACE_HISTOGRAM_H
#define IPCTRACE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	uint32_t slot;
	uint64_t count;
};

/* Counts by slot; only slots that are not empty are stored, in ascending order. */
struct histogram {
	unsigned steps_log2;
	unsigned used, room;
	struct bucket *buckets; /* owned; NULL when empty */
	uint64_t count;         /* sum of all buckets */
	uint64_t sum;           /* exact sum of the values, as far as the kernel counted it; else 0 */
	bool has_range;         /* min and max are known exactly */
	uint64_t min, max;
};

/* What the contract calls D, in the unit of the values (nanoseconds or bytes). */
struct distribution {
	uint64_t count, mean, min, p50, p90, p99, max;
};

void histogram_init(struct histogram *h, unsigned steps_log2);
void histogram_free(struct histogram *h);

/* Forgets the counts and the range, keeps the memory. */
void histogram_clear(struct histogram *h);

/* Adds COUNT values to SLOT (not to sum, min, max). Returns 0 or -ENOMEM. */
int histogram_add(struct histogram *h, uint32_t slot, uint64_t count);

/* Adds all of FROM, its sum and its range. Both have the same steps_log2. Returns 0 or -ENOMEM. */
int histogram_merge(struct histogram *h, const struct histogram *from);

/* Slot of a value; the lowest value of a slot; the lowest value of the next one. */
uint32_t histogram_slot(unsigned steps_log2, uint64_t value);
uint64_t histogram_slot_low(unsigned steps_log2, uint32_t slot);
uint64_t histogram_slot_high(unsigned steps_log2, uint32_t slot);

/*
 * The value below or at which FRACTION (0..1) of the values lie: the middle of its slot, held
 * within [min, max] where these are known. Right to half a step: 12.5 % at 2 steps_log2, 6.25 % at
 * 3. Exact where the sum shows that all values are lower bounds of slots (4096-byte messages).
 * 0 for an empty histogram.
 */
uint64_t histogram_percentile(const struct histogram *h, double fraction);

/*
 * Fills D. Returns false, and leaves D alone, when there are no values. Without a known range, min
 * and max are the bounds of the outermost slots.
 */
bool histogram_distribution(const struct histogram *h, struct distribution *d);

#endif
