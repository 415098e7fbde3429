// SPDX-License-Identifier: GPL-2.0
/*
 * Sparse log-linear histograms: slots, merging, percentiles.
 * Knows the layout of include/tables.h and nothing of the kernel, of units or of views.
 */
#include "model/histogram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void histogram_init(struct histogram *h, unsigned steps_log2)
{
	*h = (struct histogram){ .steps_log2 = steps_log2 };
}

void histogram_free(struct histogram *h)
{
	free(h->buckets);
	histogram_init(h, h->steps_log2);
}

void histogram_clear(struct histogram *h)
{
	h->used = 0;
	h->count = h->sum = h->min = h->max = 0;
	h->has_range = false;
}

/* Index of the first bucket whose slot is not below SLOT. */
static unsigned lower_bound(const struct histogram *h, uint32_t slot)
{
	unsigned low = 0, high = h->used;

	while (low < high) {
		unsigned half = low + (high - low) / 2;

		if (h->buckets[half].slot < slot)
			low = half + 1;
		else
			high = half;
	}
	return low;
}

static int make_room(struct histogram *h)
{
	struct bucket *larger;
	unsigned room;

	if (h->used < h->room)
		return 0;
	room = h->room ? 2 * h->room : 2;
	larger = realloc(h->buckets, room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	h->buckets = larger;
	h->room = room;
	return 0;
}

int histogram_add(struct histogram *h, uint32_t slot, uint64_t count)
{
	unsigned at;
	int err;

	if (!count)
		return 0;
	at = lower_bound(h, slot);
	if (at == h->used || h->buckets[at].slot != slot) {
		err = make_room(h);
		if (err)
			return err;
		memmove(&h->buckets[at + 1], &h->buckets[at],
			(h->used - at) * sizeof(*h->buckets));
		h->buckets[at] = (struct bucket){ .slot = slot };
		h->used++;
	}
	h->buckets[at].count += count;
	h->count += count;
	return 0;
}

/* The range of the union; known only if that of every part with values is. */
static void merge_range(struct histogram *h, const struct histogram *from)
{
	if (!h->count) {
		h->has_range = from->has_range;
		h->min = from->min;
		h->max = from->max;
		return;
	}
	h->has_range = h->has_range && from->has_range;
	if (!h->has_range) {
		h->min = h->max = 0;
		return;
	}
	if (from->min < h->min)
		h->min = from->min;
	if (from->max > h->max)
		h->max = from->max;
}

int histogram_merge(struct histogram *h, const struct histogram *from)
{
	int err;

	if (!from->count)
		return 0;
	merge_range(h, from);
	for (unsigned i = 0; i < from->used; i++) {
		err = histogram_add(h, from->buckets[i].slot, from->buckets[i].count);
		if (err)
			return err;
	}
	h->sum += from->sum;
	return 0;
}

uint32_t histogram_slot(unsigned steps_log2, uint64_t value)
{
	unsigned log2, shift;

	if (value >> steps_log2 == 0)
		return value;
	log2 = 63 - __builtin_clzll(value);
	shift = log2 - steps_log2;
	return (shift << steps_log2) + (uint32_t)(value >> shift);
}

uint64_t histogram_slot_low(unsigned steps_log2, uint32_t slot)
{
	uint32_t octave = slot >> steps_log2;
	uint64_t mantissa;
	unsigned shift;

	if (octave < 2)
		return slot;
	shift = octave - 1;
	if (shift + steps_log2 > 63)
		return UINT64_MAX;
	mantissa = slot - ((uint64_t)shift << steps_log2);
	return mantissa << shift;
}

uint64_t histogram_slot_high(unsigned steps_log2, uint32_t slot)
{
	return histogram_slot_low(steps_log2, slot + 1);
}

/*
 * A value that is right to half a step whatever the distribution within its slot: the middle of
 * what is possible there. (Interpolating by rank is better on smooth data and twice as bad on the
 * most common one, messages that all have the same size.)
 */
static uint64_t middle(const struct histogram *h, uint32_t slot)
{
	uint64_t low = histogram_slot_low(h->steps_log2, slot);
	uint64_t last = histogram_slot_high(h->steps_log2, slot) - 1;

	/* The last slot the kernel has also takes everything beyond: max may lie above it. */
	if (h->has_range && h->min > low)
		low = h->min;
	if (h->has_range && h->max < last)
		last = h->max;
	return last > low ? low + (last - low) / 2 : low;
}

/* Do all values lie exactly on the lower bounds of their slots? Then these are no estimates. */
static bool on_lower_bounds(const struct histogram *h)
{
	uint64_t least = 0;

	for (unsigned i = 0; i < h->used; i++)
		least += histogram_slot_low(h->steps_log2, h->buckets[i].slot) *
			 h->buckets[i].count;
	return least == h->sum;
}

static uint64_t hold(const struct histogram *h, uint64_t value)
{
	if (!h->has_range)
		return value;
	if (value < h->min)
		return h->min;
	return value > h->max ? h->max : value;
}

uint64_t histogram_percentile(const struct histogram *h, double fraction)
{
	double wanted = fraction * (double)h->count;
	uint64_t seen = 0;
	unsigned i;

	if (!h->count)
		return 0;
	for (i = 0; i + 1 < h->used; i++) {
		seen += h->buckets[i].count;
		/* A hair of tolerance: 0.9 * 10 must be the ninth value, not the tenth. */
		if ((double)seen >= wanted * (1 - 1e-12) && seen)
			break;
	}
	if (on_lower_bounds(h))
		return hold(h, histogram_slot_low(h->steps_log2, h->buckets[i].slot));
	return hold(h, middle(h, h->buckets[i].slot));
}

bool histogram_distribution(const struct histogram *h, struct distribution *d)
{
	unsigned steps_log2 = h->steps_log2;
	uint32_t first, last;

	if (!h->count)
		return false;
	first = h->buckets[0].slot;
	last = h->buckets[h->used - 1].slot;
	d->count = h->count;
	d->mean = h->sum / h->count;
	d->p50 = histogram_percentile(h, 0.50);
	d->p90 = histogram_percentile(h, 0.90);
	d->p99 = histogram_percentile(h, 0.99);
	if (h->has_range) {
		d->min = h->min;
		d->max = h->max;
		return true;
	}
	d->min = histogram_slot_low(steps_log2, first);
	d->max = on_lower_bounds(h) ? histogram_slot_low(steps_log2, last) :
				      histogram_slot_high(steps_log2, last) - 1;
	return true;
}
