// SPDX-License-Identifier: GPL-2.0
/*
 * The model's beginning and end: who owns what.
 */
#include <stdlib.h>

#include "model/base.h"
#include "model/index.h"

struct model *model_new(uint64_t now_ns)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	model->base = calloc(1, sizeof(*model->base));
	if (!model->base) {
		free(model);
		return NULL;
	}
	model->backend = "tracepoint";
	model->base->start_ns = now_ns;
	model->base->last_ns = now_ns;
	return model;
}

#define FREE_TABLE(type, table, release)                                                           \
	do {                                                                                       \
		type *record__ = (table), *next__;                                                 \
		HASH_CLEAR(hh, (table));                                                           \
		for (; record__; record__ = next__) {                                              \
			next__ = record__->hh.next;                                                \
			release(record__);                                                         \
			free(record__);                                                            \
		}                                                                                  \
	} while (0)

static void nothing(void *record)
{
	(void)record;
}

static void release_object(struct object_record *record)
{
	free(record->path);
}

static void release_flow(struct flow *flow)
{
	for (int w = 0; w < WINDOW_COUNT; w++) {
		histogram_free(&flow->sizes[w]);
		histogram_free(&flow->blocked[w]);
	}
	errno_list_free(&flow->errnos);
}

static void release_channel(struct channel_record *record)
{
	free(record->channel.id);
	free(record->channel.name);
	free(record->channel.endpoints);
	free(record->channel.flows);
}

void model_free(struct model *model)
{
	struct model_base *base;

	if (!model)
		return;
	base = model->base;
	FREE_TABLE(struct process_record, base->processes, nothing);
	index_free(base);
	FREE_TABLE(struct object_record, base->objects, release_object);
	FREE_TABLE(struct destination_record, base->destinations, nothing);
	FREE_TABLE(struct flow, base->flows, release_flow);
	FREE_TABLE(struct edge_record, base->edges, nothing);
	FREE_TABLE(struct lock_record, base->locks, lock_free);
	FREE_TABLE(struct wait_record, base->waits, nothing);
	FREE_TABLE(struct mapper, base->mappers, nothing);
	FREE_TABLE(struct holder, base->holders, nothing);
	FREE_TABLE(struct channel_record, base->channels, release_channel);
	free(model->processes);
	free(model->channels);
	free(model->edges);
	free(model->locks);
	free(model->waits);
	free(base);
	free(model);
}
