// SPDX-License-Identifier: GPL-2.0
/*
 * Edges: what each process delivered to each other one, and over which channel. The kernel counts by queue;
 * which channel a queue belongs to is known from the flows that go through it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/advance.h"
#include "model/channels.h"

void model_edges(struct model *model, const struct edge_key *key, const struct edge_value *value)
{
	struct edge_record *record;

	HASH_FIND(hh, model->base->edges, key, sizeof(*key), record);
	if (!record) {
		record = calloc(1, sizeof(*record));
		if (!record) {
			model->base->error = -ENOMEM;
			return;
		}
		record->edge.key = *key;
		HASH_ADD(hh, model->base->edges, edge.key, sizeof(record->edge.key), record);
	}
	advance(&record->edge.window[WINDOW_RUN].messages, &record->edge.window[WINDOW_INTERVAL].messages,
		value->messages);
	advance(&record->edge.window[WINDOW_RUN].bytes, &record->edge.window[WINDOW_INTERVAL].bytes, value->bytes);
}

int queue_is_of(struct model_base *base, const struct flow *flow, const struct channel *channel)
{
	struct queue_record *record;

	if (!flow->queue)
		return 0;
	HASH_FIND(hh, base->queues, &flow->queue, sizeof(flow->queue), record);
	if (!record) {
		record = calloc(1, sizeof(*record));
		if (!record)
			return -ENOMEM;
		record->number = flow->queue;
		HASH_ADD(hh, base->queues, number, sizeof(record->number), record);
	}
	/* A sender may know less of the channel than the receiver. */
	if (!record->channel || flow->key.direction == DIRECTION_RECEIVE)
		record->channel = channel;
	return 0;
}

int derive_edges(struct model *model)
{
	struct model_base *base = model->base;
	struct edge_record *record;
	unsigned count = 0;

	free(model->edges);
	model->edge_count = 0;
	model->edges = calloc(HASH_COUNT(base->edges) + 1, sizeof(*model->edges));
	if (!model->edges)
		return -ENOMEM;
	for (record = base->edges; record; record = record->hh.next) {
		struct edge *edge = &record->edge;
		struct queue_record *queue;

		HASH_FIND(hh, base->queues, &edge->key.queue, sizeof(edge->key.queue), queue);
		edge->channel = queue ? queue->channel : NULL;
		edge->from = edge->key.from.pid ? get_process(base, &edge->key.from) : NULL;
		edge->to = get_process(base, &edge->key.to);
		if (!edge->to || (edge->key.from.pid && !edge->from))
			return -ENOMEM;
		if (edge->channel)
			model->edges[count++] = edge;
	}
	model->edge_count = count;
	return 0;
}
