/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slots of the log-linear histograms (layout: include/tables.h).
 */
#ifndef IPCTRACE_HISTOGRAM_BPF_H
#define IPCTRACE_HISTOGRAM_BPF_H

#include "tables.h"

/*
 * Slot of VALUE at STEPS_LOG2 steps an octave. A global function: the verifier checks it once, and
 * its callers do not carry the paths of its comparisons with them. The result is not bounded.
 */
int histogram_slot(__u64 value, __u32 steps_log2);

/* Adds one time to a histogram in a map. */
int time_histogram_add(struct time_histogram *histogram, __u64 ns);

/* Source for inserting a new, empty histogram (a map value with a lock cannot be copied from one). */
extern const char empty_time_histogram[sizeof(struct time_histogram)];

/* The period whose minimum and maximum are being kept; the loader counts it up. */
extern __u32 epoch;

#endif
