/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strict readers of what people type: whole numbers, seconds and comma-separated lists.
 * They know nothing of options and print nothing.
 */
#ifndef IPCTRACE_VALUES_H
#define IPCTRACE_VALUES_H

#include <stddef.h>
#include <stdint.h>

/* The shortest and the longest time that value_seconds() takes: 1 ms and a year. */
#define SECONDS_MIN_NS 1000000ull
#define SECONDS_MAX_NS (365ull * 86400 * 1000000000)

/*
 * Reads TEXT, decimal digits and nothing else, into NUMBER. Returns 0, -EINVAL (no number) or
 * -ERANGE (not in MIN to MAX).
 */
int value_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

/*
 * Reads seconds ("2", "0.25", ".5") into TIME_NS; digits below a nanosecond are dropped. Returns
 * 0, -EINVAL (no number) or -ERANGE (not in SECONDS_MIN_NS to SECONDS_MAX_NS).
 */
int value_seconds(const char *text, uint64_t *time_ns);

/*
 * Copies the next item of the comma-separated list at *LIST into ITEM and moves *LIST behind it
 * (to NULL after the last). Returns 0, -EINVAL (the item is empty) or -ENAMETOOLONG (it was cut).
 */
int value_next_item(const char **list, char *item, size_t size);

#endif
