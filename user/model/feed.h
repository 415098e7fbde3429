/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that feed the model share (model.c, locks.c).
 */
#ifndef IPCTRACE_FEED_H
#define IPCTRACE_FEED_H

#include "model/base.h"

/* There was no memory: the snapshot fails. */
void feed_failed(struct model *model);

/* Takes what a histogram of the kernel's has now. PAST: what was counted before its entry began, or NULL. */
void feed_times(struct model *model, struct histogram window[WINDOW_COUNT], const struct histogram *past,
		const struct time_histogram *value);

/* The record with this key in a table, or a new one that is all zero but for the key. */
#define FIND_OR_ADD(model, table, record, key_member, key_pointer)                                 \
	do {                                                                                       \
		HASH_FIND(hh, (table), (key_pointer), sizeof((record)->key_member), (record));     \
		if (!(record)) {                                                                   \
			(record) = calloc(1, sizeof(*(record)));                                   \
			if (!(record)) {                                                           \
				feed_failed(model);                                                     \
				return;                                                            \
			}                                                                          \
			(record)->key_member = *(key_pointer);                                     \
			HASH_ADD(hh, (table), key_member, sizeof((record)->key_member), (record)); \
		}                                                                                  \
	} while (0)

#endif
