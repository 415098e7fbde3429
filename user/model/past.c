// SPDX-License-Identifier: GPL-2.0
/*
 * Entries that are taken out of the kernel's tables, and those of them that come back.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/feed.h"
#include "model/past.h"

void model_taken_out(struct model *model, enum kernel_table table, const void *key)
{
	struct model_base *base = model->base;
	struct flow *flow = NULL;
	struct edge_record *edge = NULL;
	struct lock_record *lock = NULL;
	struct wait_record *wait = NULL;
	struct mapper *mapper = NULL;

	switch (table) {
	case TABLE_flows:
		HASH_FIND(hh, base->flows, key, sizeof(flow->key), flow);
		if (flow)
			flow->taken_out = true;
		break;
	case TABLE_edges:
		HASH_FIND(hh, base->edges, key, sizeof(edge->edge.key), edge);
		if (edge)
			edge->taken_out = true;
		break;
	case TABLE_locks:
		HASH_FIND(hh, base->locks, key, sizeof(lock->lock.key), lock);
		if (lock)
			lock->taken_out = true;
		break;
	case TABLE_waits:
		HASH_FIND(hh, base->waits, key, sizeof(wait->wait.key), wait);
		if (wait)
			wait->taken_out = true;
		break;
	case TABLE_mappings:
		HASH_FIND(hh, base->mappers, key, sizeof(mapper->key), mapper);
		if (mapper)
			mapper->taken_out = true;
		break;
	default:
		break; /* nothing is counted in the others, or, of sleeps and errors, it goes with these */
	}
}

/* Makes PAST, which may hold an earlier one, a copy of RUN. */
static int copy(struct histogram *past, const struct histogram *run)
{
	histogram_free(past);
	histogram_init(past, run->steps_log2);
	return histogram_merge(past, run);
}

int flow_returns(struct flow *flow)
{
	int err;

	if (!flow->taken_out)
		return 0;
	if (!flow->past)
		flow->past = calloc(1, sizeof(*flow->past));
	if (!flow->past)
		return -ENOMEM;
	flow->taken_out = false;
	errno_list_returns(&flow->errnos);
	flow->past->counts = flow->window[WINDOW_RUN];
	err = copy(&flow->past->sizes, &flow->sizes[WINDOW_RUN]);
	return err ? err : copy(&flow->past->blocked, &flow->blocked[WINDOW_RUN]);
}

int lock_returns(struct lock_record *record)
{
	if (!record->taken_out)
		return 0;
	if (!record->past)
		record->past = calloc(1, sizeof(*record->past));
	if (!record->past)
		return -ENOMEM;
	record->taken_out = false;
	errno_list_returns(&record->lock.errnos);
	record->past->counts = record->lock.window[WINDOW_RUN];
	return copy(&record->past->wait, &record->lock.wait[WINDOW_RUN]);
}

void flow_past_free(struct flow_past *past)
{
	if (!past)
		return;
	histogram_free(&past->sizes);
	histogram_free(&past->blocked);
	free(past);
}

void lock_past_free(struct lock_past *past)
{
	if (!past)
		return;
	histogram_free(&past->wait);
	free(past);
}
