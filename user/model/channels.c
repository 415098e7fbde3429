// SPDX-License-Identifier: GPL-2.0
/*
 * Channels from flows and holders: which channel each belongs to, and who is at its ends. Made anew
 * at each snapshot, so that what is learned late (a peer, a name) corrects what was shown before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mech/mech.h"
#include "model/array.h"
#include "model/channels.h"
#include "model/index.h"

void flow_counts_add(struct flow_counts *to, const struct flow_counts *from)
{
	to->calls += from->calls;
	to->messages += from->messages;
	to->bytes += from->bytes;
	to->would_block += from->would_block;
	to->errors += from->errors;
	to->blocked_ns += from->blocked_ns;
	to->runqueue_ns += from->runqueue_ns;
	to->uring_messages += from->uring_messages;
	to->uring_bytes += from->uring_bytes;
	if (from->max_bytes > to->max_bytes)
		to->max_bytes = from->max_bytes;
}

struct process_record *find_record(struct model_base *base, const struct process_key *key)
{
	struct process_record *record;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the key has no byte left unset */
	HASH_FIND(hh, base->processes, key, sizeof(*key), record);
	return record;
}

static struct process *find_process(struct model_base *base, const struct process_key *key)
{
	struct process_record *record = find_record(base, key);

	return record ? &record->process : NULL;
}

/* Is RECORD a stranger, whom we know by name because signals came from him or went to him? */
static bool name_stranger(const struct model_base *base, struct process_record *record)
{
	static const enum mechanism mechanisms[] = {MECH_SIGNAL, MECH_PROCESS_VM};
	const struct process_key *key = &record->process.key;

	for (unsigned i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
		struct object_key object_key = {
			.object = key->pid,
			.aux = key->started_ms,
			.mechanism = mechanisms[i],
		};
		const struct object_record *object = model_find_object(base, &object_key);

		if (!object || !object->described)
			continue;
		snprintf(record->process.comm, sizeof(record->process.comm), "%.15s", object->value.name);
		return true;
	}
	return false;
}

struct process *get_process(struct model_base *base, const struct process_key *key)
{
	struct process *process = find_process(base, key);
	struct process_record *record;

	if (process)
		return process;
	record = calloc(1, sizeof(*record));
	if (!record)
		return NULL;
	record->process.key = *key;
	record->process.traced = !name_stranger(base, record);
	HASH_ADD(hh, base->processes, process.key, sizeof(record->process.key), record);
	return &record->process;
}

static struct channel_record *new_channel(struct model_base *base, const char *id)
{
	struct channel_record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->channel.id = strdup(id);
	if (!record->channel.id) {
		free(record);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, base->channels, record->channel.id, strlen(record->channel.id), record);
	return record;
}

/* The first use of a channel in a snapshot makes it empty. */
static void empty_channel(struct channel_record *record, unsigned snapshot)
{
	struct channel *channel = &record->channel;

	record->used_in = snapshot;
	record->old_endpoints = channel->endpoint_count;
	record->is_as_before = true;
	channel->endpoint_count = 0;
	channel->flow_count = 0;
	channel->mapped_ns = 0;
	record->mapped_ns = 0;
	record->found_ns = 0;
	memset(channel->window, 0, sizeof(channel->window));
}

static int name_channel(struct channel_record *record, const struct channel_identity *identity,
			const struct object_record *object)
{
	const char *name = identity->name[0] ? identity->name : identity->id;
	struct channel *channel = &record->channel;

	record->named_by = object;
	channel->mechanism = object->key.mechanism;
	channel->capacity = identity->capacity;
	channel->queued = identity->queued;
	channel->max_queued = identity->max_queued;
	if (channel->name && !strcmp(channel->name, name))
		return 0;
	free(channel->name);
	channel->name = strdup(name);
	return channel->name ? 0 : -ENOMEM;
}

/* Does nothing that may yet be learned of other objects make OBJECT's channel another one? */
static bool is_settled(const struct model_base *base, const struct object_record *object)
{
	struct object_key peer = {
		.object = object->value.peer,
		.aux = object->value.peer_aux,
		.mechanism = object->key.mechanism,
	};

	switch (object->key.mechanism) {
	case MECH_UNIX_STREAM:
	case MECH_UNIX_SEQPACKET:
		return peer.object && peer.aux && model_find_object(base, &peer);
	case MECH_UNIX_DGRAM:
	case MECH_UDP:
	case MECH_VSOCK:
		return false;
	case MECH_TCP:
		return base->own_netns;
	case MECH_SHM:
		return base->posix_shm_device;
	default:
		return true;
	}
}

/* The channel as it was identified before, if it still is that. */
static struct channel_record *identified(const struct model_base *base, const struct object_record *object,
					 enum direction direction)
{
	if (!object->channel[direction].is_settled && object->channel[direction].identity != base->identities)
		return NULL;
	return object->channel[direction].record;
}

static struct channel_record *identify(struct model_base *base, struct object_record *object,
				       enum direction direction, const struct destination_record *destination)
{
	struct channel_identity identity;
	struct channel_record *record;

	memset(&identity, 0, sizeof(identity));
	mech_of(object->key.mechanism)
		->identify(base, object, direction, destination, &identity);
	HASH_FIND_STR(base->channels, identity.id, record);
	if (!record)
		record = new_channel(base, identity.id);
	if (!record)
		return NULL;
	/* Who came first in a snapshot gives the name, and those who come later only a better one. */
	if ((!record->channel.name || record->used_in != base->snapshot || record->named_by == object ||
	     (identity.name[0] && !strcmp(record->channel.name, identity.id))) &&
	    name_channel(record, &identity, object))
		return NULL;
	if (destination || mechanism_is_process(object->key.mechanism)) /* it may have another name by now */
		return record;
	object->channel[direction].record = record;
	object->channel[direction].is_settled = is_settled(base, object);
	object->channel[direction].identity = base->identities;
	return record;
}

static struct channel_record *get_channel(struct model_base *base, struct object_record *object,
					  enum direction direction,
					  const struct destination_record *destination)
{
	struct channel_record *record = destination ? NULL : identified(base, object, direction);

	if (!record)
		record = identify(base, object, direction, destination);
	if (record && record->used_in != base->snapshot)
		empty_channel(record, base->snapshot);
	return record;
}

/* Of a channel with thousands of endpoints nobody is searched who was there before. */
struct endpoint *get_endpoint(struct channel_record *record, const struct process *process, unsigned hint)
{
	struct channel *channel = &record->channel;
	unsigned count = channel->endpoint_count;
	struct endpoint *endpoint;

	if (hint < count && channel->endpoints[hint].process == process)
		return &channel->endpoints[hint];
	record->is_as_before &= count < record->old_endpoints && channel->endpoints[count].process == process;
	for (unsigned i = 0; i < count && !record->is_as_before; i++)
		if (channel->endpoints[i].process == process)
			return &channel->endpoints[i];
	if (array_grow((void **)&channel->endpoints, count, &record->endpoint_room, sizeof(*channel->endpoints)))
		return NULL;
	endpoint = &channel->endpoints[channel->endpoint_count++];
	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->process = process;
	return endpoint;
}

static int add_flow(struct channel_record *record, struct flow *flow, const struct process *process)
{
	enum direction direction = flow->key.direction;
	struct channel *channel = &record->channel;
	struct endpoint *endpoint = get_endpoint(record, process, flow->endpoint);

	if (!endpoint || array_grow((void **)&channel->flows, channel->flow_count,
				    &record->flow_room, sizeof(*channel->flows)))
		return -ENOMEM;
	channel->flows[channel->flow_count++] = flow;
	flow->endpoint = endpoint - channel->endpoints;
	endpoint->side[direction].used = true;
	if (direction == DIRECTION_SEND)
		endpoint->can_write = true;
	else
		endpoint->can_read = true;
	for (int w = 0; w < WINDOW_COUNT; w++) {
		flow_counts_add(&endpoint->side[direction].window[w], &flow->window[w]);
		flow_counts_add(&channel->window[w][direction], &flow->window[w]);
	}
	return 0;
}

/* A process that is a channel is at the other end of it, too, whether it calls or not. */
static int add_process_end(struct model_base *base, struct channel_record *record, struct flow *flow)
{
	struct process_key key = {.pid = flow->key.object, .started_ms = flow->key.aux};
	struct endpoint *endpoint;
	struct process *process;

	if (!mechanism_is_process(flow->key.mechanism) || (flow->key.object & PROCESS_MISSING))
		return 0;
	process = get_process(base, &key);
	endpoint = process ? get_endpoint(record, process, flow->process_end) : NULL;
	if (!endpoint)
		return -ENOMEM;
	flow->process_end = endpoint - record->channel.endpoints;
	if (flow->key.mechanism == MECH_SIGNAL || flow->key.direction == DIRECTION_SEND)
		endpoint->can_read = true;
	else
		endpoint->can_write = true;
	return 0;
}

/* An object that the kernel has not described stands for itself. */
struct object_record *get_object(struct model_base *base, const struct object_key *key)
{
	struct object_record *record = model_find_object(base, key);

	if (record)
		return record;
	record = calloc(1, sizeof(*record));
	if (!record)
		return NULL;
	record->key = *key;
	HASH_ADD(hh, base->objects, key, sizeof(record->key), record);
	if (mechanism_is_process(key->mechanism) && index_add(base, record))
		return NULL;
	return record;
}

struct channel_record *object_channel(struct model_base *base, struct object_record *object,
				      enum direction direction, __u64 destination_key)
{
	struct destination_record peer = {.key = destination_key}, *destination = NULL;

	if (destination_key & 1)
		HASH_FIND(hh, base->destinations, &destination_key, sizeof(destination_key),
			  destination);
	else if (destination_key)
		destination = &peer;
	return get_channel(base, object, direction, destination);
}

struct channel_record *channel_of(struct model_base *base, const struct object_key *key,
				  enum direction direction, __u64 destination_key)
{
	struct object_record *object = get_object(base, key);

	return object ? object_channel(base, object, direction, destination_key) : NULL;
}

static struct object_key object_key_of(const struct flow_key *key)
{
	return (struct object_key){
		.object = key->object,
		.aux = key->aux,
		.mechanism = key->mechanism,
	};
}

int derive_flows(struct model_base *base)
{
	struct flow *flow;

	for (flow = base->flows; flow; flow = flow->hh.next) {
		struct object_key key = object_key_of(&flow->key);
		struct channel_record *record;
		struct process *process;

		if (!flow->process)
			flow->process = get_process(base, &flow->key.process);
		if (!flow->object)
			flow->object = get_object(base, &key);
		process = flow->process;
		if (!process || !flow->object)
			return -ENOMEM;
		record = object_channel(base, flow->object, flow->key.direction, flow->key.destination);
		flow->channel = record;
		if (!record || add_flow(record, flow, process) || add_process_end(base, record, flow))
			return -ENOMEM;
		for (int w = 0; w < WINDOW_COUNT; w++) {
			struct process_counts *sum = &process->window[w];

			flow_counts_add(&sum->direction[flow->key.direction], &flow->window[w]);
			sum->blocked_ns += flow->window[w].blocked_ns;
			sum->runqueue_ns += flow->window[w].runqueue_ns;
		}
	}
	return 0;
}

struct channel_record *known_channel(struct model_base *base, const struct object_record *object,
				     enum direction direction)
{
	struct channel_record *record = identified(base, object, direction);
	struct channel_identity identity;

	if (!record) {
		memset(&identity, 0, sizeof(identity));
		mech_of(object->key.mechanism)->identify(base, object, direction, NULL, &identity);
		HASH_FIND_STR(base->channels, identity.id, record);
	}
	return record && record->used_in == base->snapshot ? record : NULL;
}
