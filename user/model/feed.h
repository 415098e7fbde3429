/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that feed the model share (model.c, search.c, locks.c, errnos.c).
 */
#ifndef IPCTRACE_FEED_H
#define IPCTRACE_FEED_H

#include "model/base.h"

/* There was no memory: the snapshot fails. */
void feed_failed(struct model *model);

/*
 * Takes over what is new in a description; a peer that was known once is not forgotten. What the kernel side
 * keeps may be older than what a search has found since.
 */
void feed_description(struct model *model, struct object_record *record, const struct object_value *value);

/* FLOW, which is in the kernel's table (again), was fed in this interval. Returns 0 or -ENOMEM. */
int feed_begin(struct model *model, struct flow *flow);

/* Takes what a histogram of the kernel's has now. PAST: what was counted before its entry began, or NULL. */
void feed_times(struct model *model, struct histogram window[WINDOW_COUNT], const struct histogram *past,
		const struct time_histogram *value);

/* locks.c: the interval's figures become 0. */
void lock_begin(struct lock_record *record);

/*
 * errnos.c: the same for counts by error number; what the kernel has counted now; the entries have been taken out
 * and are back, so that they count from 0; and the list's end.
 */
void errno_list_begin(struct errno_list *list);
void errno_list_advance(struct model *model, struct errno_list *list, int error, uint64_t total);
void errno_list_returns(struct errno_list *list);
void errno_list_free(struct errno_list *list);

/* locks.c: calls on a lock that failed with ERROR. */
void model_lock_errnos(struct model *model, const struct lock_key *key, int error, uint64_t total);

/* The record with this key in a table, or a new one that is all zero but for the key. */
#define FIND_OR_ADD(model, table, record, key_member, key_pointer)                                 \
	do {                                                                                       \
		HASH_FIND(hh, (table), (key_pointer), sizeof((record)->key_member), (record));     \
		if (!(record)) {                                                                   \
			(record) = calloc(1, sizeof(*(record)));                                   \
			if (!(record)) {                                                           \
				feed_failed(model);                                                \
				return;                                                            \
			}                                                                          \
			(record)->key_member = *(key_pointer);                                     \
			HASH_ADD(hh, (table), key_member, sizeof((record)->key_member), (record)); \
		}                                                                                  \
	} while (0)

#endif
