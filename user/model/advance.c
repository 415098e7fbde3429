// SPDX-License-Identifier: GPL-2.0
/*
 * From the kernel's running totals to the figures of the run and of the interval.
 */
#include "model/advance.h"

void advance(uint64_t *run, uint64_t *interval, uint64_t now)
{
	*interval += now > *run ? now - *run : 0;
	*run = now;
}

/* The count in SLOT; *AT goes through the buckets with the slots. */
static uint64_t count_in(const struct histogram *h, unsigned *at, unsigned slot)
{
	while (*at < h->used && h->buckets[*at].slot < slot)
		(*at)++;
	return *at < h->used && h->buckets[*at].slot == slot ? h->buckets[*at].count : 0;
}

int advance_slots(struct histogram *run, struct histogram *interval, const struct histogram *past,
		  const __u32 *slots, unsigned count)
{
	unsigned at = 0, past_at = 0;

	for (unsigned slot = 0; slot < count; slot++) {
		__u32 known, added;
		int err;

		if (!slots[slot] && !run->used)
			continue;
		known = count_in(run, &at, slot);
		if (past)
			known -= count_in(past, &past_at, slot);
		added = slots[slot] - known;
		if (!added)
			continue;
		err = histogram_add(run, slot, added);
		if (!err)
			err = histogram_add(interval, slot, added);
		if (err)
			return err;
	}
	return 0;
}
