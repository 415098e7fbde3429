/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the kernel's running totals to the figures of the run and of the interval.
 */
#ifndef IPCTRACE_ADVANCE_H
#define IPCTRACE_ADVANCE_H

#include <linux/types.h>

#include "model/histogram.h"

/* Sets the run's figure to the kernel's and the interval's to the difference. */
void advance(uint64_t *run, uint64_t *interval, uint64_t now);

/*
 * Adds what has come since the last snapshot to both histograms. The kernel's COUNT slots are 32
 * bits wide and wrap; what PAST holds (NULL: nothing) was counted before they began. Returns 0 or -ENOMEM.
 */
int advance_slots(struct histogram *run, struct histogram *interval, const struct histogram *past,
		  const __u32 *slots, unsigned count);

#endif
