// SPDX-License-Identifier: GPL-2.0
/*
 * The model's beginning and end: who owns what.
 */
#include <stdlib.h>

#include "model/feed.h"
#include "model/index.h"
#include "model/past.h"

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
	model->base->interval_ns = now_ns;
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
		}                                                                                  \
	} while (0)

void process_free(struct process_record *record)
{
	free(record->process.cmdline);
	free(record->process.cgroup);
	free(record);
}

void object_free(struct object_record *record)
{
	free(record->path);
	free(record);
}

void flow_free(struct flow *flow)
{
	flow_past_free(flow->past);
	for (int w = 0; w < WINDOW_COUNT; w++) {
		histogram_free(&flow->sizes[w]);
		histogram_free(&flow->blocked[w]);
	}
	errno_list_free(&flow->errnos);
	free(flow);
}

void channel_free(struct channel_record *record)
{
	free(record->channel.id);
	free(record->channel.name);
	free(record->channel.endpoints);
	free(record->channel.flows);
	free(record);
}

void model_free(struct model *model)
{
	struct model_base *base;

	if (!model)
		return;
	base = model->base;
	FREE_TABLE(struct process_record, base->processes, process_free);
	index_free(base);
	FREE_TABLE(struct object_record, base->objects, object_free);
	FREE_TABLE(struct destination_record, base->destinations, free);
	FREE_TABLE(struct flow, base->flows, flow_free);
	FREE_TABLE(struct edge_record, base->edges, free);
	FREE_TABLE(struct lock_record, base->locks, lock_free);
	FREE_TABLE(struct wait_record, base->waits, free);
	FREE_TABLE(struct mapper, base->mappers, free);
	FREE_TABLE(struct holder, base->holders, free);
	FREE_TABLE(struct channel_record, base->channels, channel_free);
	free(model->processes);
	free(model->channels);
	free(model->edges);
	free(model->locks);
	free(model->waits);
	free(base);
	free(model);
}
