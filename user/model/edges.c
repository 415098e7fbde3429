// SPDX-License-Identifier: GPL-2.0
/*
 * Edges: what each process delivered to each other one, and over which channel: that which it was received from.
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
	if (record->taken_out) {
		record->past_messages = record->edge.window[WINDOW_RUN].messages;
		record->past_bytes = record->edge.window[WINDOW_RUN].bytes;
		record->taken_out = false;
	}
	advance(&record->edge.window[WINDOW_RUN].messages, &record->edge.window[WINDOW_INTERVAL].messages,
		record->past_messages + value->messages);
	advance(&record->edge.window[WINDOW_RUN].bytes, &record->edge.window[WINDOW_INTERVAL].bytes,
		record->past_bytes + value->bytes);
}

struct object_key edge_object(const struct edge_key *key)
{
	struct object_key object = key->object;

	object.mechanism &= ~EDGE_GENERATION;
	return object;
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
		struct object_key object = edge_object(&edge->key);
		struct channel_record *channel;

		if (!record->object)
			record->object = get_object(base, &object);
		if (!edge->from && edge->key.from.pid)
			edge->from = get_process(base, &edge->key.from);
		if (!edge->to)
			edge->to = get_process(base, &edge->key.to);
		channel = record->object ? object_channel(base, record->object, DIRECTION_RECEIVE, 0) : NULL;
		if (!channel || !edge->to || (edge->key.from.pid && !edge->from))
			return -ENOMEM;
		edge->channel = &channel->channel;
		model->edges[count++] = edge;
	}
	model->edge_count = count;
	return 0;
}
