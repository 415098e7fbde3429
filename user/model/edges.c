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
	advance(&record->edge.window[WINDOW_RUN].messages, &record->edge.window[WINDOW_INTERVAL].messages,
		value->messages);
	advance(&record->edge.window[WINDOW_RUN].bytes, &record->edge.window[WINDOW_INTERVAL].bytes, value->bytes);
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
		struct channel_record *channel = channel_of(base, &edge->key.object, DIRECTION_RECEIVE, 0);

		edge->from = edge->key.from.pid ? get_process(base, &edge->key.from) : NULL;
		edge->to = get_process(base, &edge->key.to);
		if (!channel || !edge->to || (edge->key.from.pid && !edge->from))
			return -ENOMEM;
		edge->channel = &channel->channel;
		model->edges[count++] = edge;
	}
	model->edge_count = count;
	return 0;
}
