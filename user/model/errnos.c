// SPDX-License-Identifier: GPL-2.0
/*
 * Failed calls by the number of their error: kept with each flow and lock, summed when a view asks for them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/advance.h"
#include "model/array.h"
#include "model/feed.h"

void errno_list_begin(struct errno_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		list->items[i].count[WINDOW_INTERVAL] = 0;
}

void errno_list_returns(struct errno_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		list->items[i].past = list->items[i].count[WINDOW_RUN];
}

void errno_list_free(struct errno_list *list)
{
	free(list->items);
}

static struct errno_count *get_count(struct model *model, struct errno_list *list, int error)
{
	struct errno_count *item;

	for (unsigned i = 0; i < list->count; i++)
		if (list->items[i].error == error)
			return &list->items[i];
	if (array_grow((void **)&list->items, list->count, &list->room, sizeof(*list->items))) {
		feed_failed(model);
		return NULL;
	}
	item = &list->items[list->count++];
	memset(item, 0, sizeof(*item));
	item->error = error;
	return item;
}

void errno_list_advance(struct model *model, struct errno_list *list, int error, uint64_t total)
{
	struct errno_count *item = get_count(model, list, error);

	if (item)
		advance(&item->count[WINDOW_RUN], &item->count[WINDOW_INTERVAL], item->past + total);
}

static void flow_errnos(struct model *model, const struct flow_key *key, int error, uint64_t total)
{
	struct flow *flow;

	FIND_OR_ADD(model, model->base->flows, flow, key, key);
	if (feed_begin(model, flow))
		feed_failed(model);
	else
		errno_list_advance(model, &flow->errnos, error, total);
}

void model_errnos(struct model *model, const struct flow_key *key, const __u64 *value)
{
	struct flow_key flow = *key;
	struct lock_key lock = {
		.process = key->process,
		.address = key->object,
		.image = key->aux,
		.type = key->direction,
	};

	flow.error = 0;
	if (key->mechanism == MECH_NONE)
		model_lock_errnos(model, &lock, key->error, *value);
	else
		flow_errnos(model, &flow, key->error, *value);
}

static void add(struct errno_figures *out, int error, uint64_t calls)
{
	unsigned i = 0;

	if (!calls)
		return;
	while (i < out->count && out->items[i].error != error)
		i++;
	if (i == MAX_ERRNOS)
		return;
	if (i == out->count) {
		out->items[out->count].error = error;
		out->items[out->count++].calls = 0;
	}
	out->items[i].calls += calls;
}

static uint64_t add_list(struct errno_figures *out, const struct errno_list *list, enum window window, int wanted)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < list->count; i++) {
		add(out, list->items[i].error, list->items[i].count[window]);
		if (list->items[i].error == wanted)
			found = list->items[i].count[window];
	}
	return found;
}

static int by_calls(const void *a, const void *b)
{
	const typeof(((struct errno_figures *)0)->items[0]) *one = a, *other = b;

	if (one->calls != other->calls)
		return one->calls > other->calls ? -1 : 1;
	return one->error - other->error;
}

void channel_errnos(const struct channel *channel, const struct process *process, enum window window,
		    struct errno_figures *out)
{
	out->count = 0;
	for (unsigned i = 0; i < channel->flow_count; i++) {
		const struct flow *flow = channel->flows[i];
		uint64_t no_message;

		if (process && memcmp(&flow->key.process, &process->key, sizeof(process->key)) != 0)
			continue;
		/* ENOMSG of a System V queue is in would_block, too. */
		no_message = add_list(out, &flow->errnos, window,
				      flow->key.mechanism == MECH_SYSV_MSG ? ENOMSG : 0);
		add(out, EAGAIN, flow->window[window].would_block - no_message);
	}
	qsort(out->items, out->count, sizeof(out->items[0]), by_calls);
}

void lock_errnos(const struct lock *lock, enum window window, struct errno_figures *out)
{
	const struct lock_counts *counts = &lock->window[window];

	out->count = 0;
	add_list(out, &lock->errnos, window, 0);
	add(out, EAGAIN, counts->would_block);
	add(out, ETIMEDOUT, counts->timeouts);
	add(out, EINTR, counts->interrupted);
	qsort(out->items, out->count, sizeof(out->items[0]), by_calls);
}
