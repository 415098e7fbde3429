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

int advance_slots(struct histogram *run, struct histogram *interval, const __u32 *slots,
			 unsigned count)
{
	unsigned at = 0;

	for (unsigned slot = 0; slot < count; slot++) {
		__u32 known = 0, added;
		int err;

		while (at < run->used && run->buckets[at].slot < slot)
			at++;
		if (at < run->used && run->buckets[at].slot == slot)
			known = run->buckets[at].count;
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
