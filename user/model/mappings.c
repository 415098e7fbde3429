// SPDX-License-Identifier: GPL-2.0
/*
 * Channels of shared memory: its endpoints are those who map it, or have mapped it since the start. Nothing
 * else is known of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/channels.h"

/*
 * MAPPED_NS by the wall clock, if the memory was not mapped before: a search that found it before that time
 * (FOUND_NS, 0: none did) says that it was.
 */
static uint64_t since(const struct model *model, uint64_t mapped_ns, uint64_t found_ns)
{
	if (!mapped_ns || (found_ns && found_ns < mapped_ns))
		return 0;
	return mapped_ns + model->base->clock_offset_ns;
}

static void fill_endpoint(const struct model *model, struct endpoint *endpoint, const struct mapper *mapper)
{
	const struct model_base *base = model->base;
	bool is_there = mapper->seen_in == base->search;

	endpoint->can_read = true;
	endpoint->can_write = mapper->can_write;
	endpoint->mapped_ns = since(model, mapper->mapped_ns, mapper->found_ns);
	/* One that came after the last search is not known to have gone. */
	endpoint->mapped_known = base->search && (is_there || mapper->mapped_ns < base->searched_ns ||
						  endpoint->process->exited);
	endpoint->mapped_bytes = is_there && !endpoint->process->exited ? mapper->bytes : 0;
}

static void note_earliest(uint64_t *earliest, uint64_t ns)
{
	if (ns && (!*earliest || ns < *earliest))
		*earliest = ns;
}

/* First what the targets map makes channels, then whoever maps the same joins them. */
static int add_mappings(struct model *model, bool traced)
{
	struct model_base *base = model->base;
	const struct mapper *mapper;

	for (mapper = base->mappers; mapper; mapper = mapper->hh.next) {
		struct object_record *object = model_find_object(base, &mapper->key.object);
		struct process *process = get_process(base, &mapper->key.process);
		struct channel_record *record;
		struct endpoint *endpoint;

		if (!process)
			return -ENOMEM;
		if (process->traced != traced || !object || !object->shares)
			continue;
		if (traced)
			object->mapped_in = base->snapshot;
		if (object->mapped_in != base->snapshot)
			continue; /* memory of strangers */
		record = channel_of(base, &mapper->key.object, DIRECTION_SEND, 0);
		endpoint = record ? get_endpoint(record, process, 0) : NULL;
		if (!endpoint)
			return -ENOMEM;
		fill_endpoint(model, endpoint, mapper);
		note_earliest(&record->mapped_ns, mapper->mapped_ns);
		note_earliest(&record->found_ns, mapper->found_ns);
	}
	return 0;
}

static void date_channels(struct model *model)
{
	struct channel_record *record;

	for (record = model->base->channels; record; record = record->hh.next)
		if (record->used_in == model->base->snapshot)
			record->channel.mapped_ns = since(model, record->mapped_ns, record->found_ns);
}

int derive_mappings(struct model *model)
{
	int err = add_mappings(model, true);

	if (!err)
		err = add_mappings(model, false);
	if (!err)
		date_channels(model);
	return err;
}

/* Does it tell nothing, now and later? What only strangers mapped is nobody's channel when they have gone. */
static bool is_idle(struct model_base *base, const struct mapper *mapper)
{
	const struct object_record *object = model_find_object(base, &mapper->key.object);
	const struct process *process = get_process(base, &mapper->key.process);

	if (mapper->mapped_ns || !object || !process)
		return false;
	if (!object->shares)
		return true;
	return base->snapshot && !object->mapped_in && !process->traced && mapper->seen_in != base->search;
}

void model_end_holders(struct model *model)
{
	struct model_base *base = model->base;
	struct mapper *mapper, *next;

	for (mapper = base->mappers; mapper; mapper = next) {
		next = mapper->hh.next;
		if (!is_idle(base, mapper))
			continue;
		HASH_DEL(base->mappers, mapper);
		free(mapper);
	}
}
