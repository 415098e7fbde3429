// SPDX-License-Identifier: GPL-2.0
/*
 * Who holds which end of a channel open, used or not.
 */
#include <errno.h>
#include <string.h>

#include "model/channels.h"
#include "model/index.h"

/*
 * Can its holder move data through OBJECT in DIRECTION without naming a destination? A listening or
 * unconnected stream socket is nobody's channel; an unconnected datagram socket only receives.
 */
static bool is_channel_end(const struct object_record *object, enum direction direction)
{
	switch (object->key.mechanism) {
	case MECH_TCP:
	case MECH_VSOCK:
		return object->value.remote.family != 0;
	case MECH_UDP:
		return direction == DIRECTION_RECEIVE || object->value.remote.family != 0;
	case MECH_UNIX_STREAM:
	case MECH_UNIX_SEQPACKET:
		return object->value.peer != 0;
	case MECH_UNIX_DGRAM:
		return direction == DIRECTION_RECEIVE || object->value.peer != 0;
	default:
		return true;
	}
}

static int add_holder(struct model_base *base, struct object_record *object, struct process *process,
		      enum direction direction)
{
	struct channel_record *record = known_channel(base, object, direction);
	struct endpoint *endpoint;

	if (!record && !process->traced)
		return 0; /* a channel between strangers */
	if (!record)
		record = object_channel(base, object, direction, 0);
	endpoint = record ? get_endpoint(record, process, 0) : NULL;
	if (!endpoint)
		return -ENOMEM;
	if (direction == DIRECTION_SEND)
		endpoint->can_write = true;
	else
		endpoint->can_read = true;
	return 0;
}

/*
 * Does the process hold the object now? Of a target that has closed it, or has ended, its use tells
 * all there is to tell; a stranger that has ended was the other end. A socket's end stays whose it
 * was: unlike a pipe's it is seldom held by those who only happened to be born then.
 */
static bool is_held(const struct model_base *base, const struct holder *holder,
		    const struct process_record *process)
{
	if (holder->seen_in == base->search)
		return true;
	if (process->process.traced)
		return false;
	return process->seen_in != base->search || holder->key.object.mechanism >= MECH_UNIX_STREAM;
}

static int add_holders(struct model_base *base, bool traced)
{
	struct holder *holder;
	int err = 0;

	for (holder = base->holders; holder && !err; holder = holder->hh.next) {
		struct process_record *process;
		struct object_record *object;

		if (!holder->process)
			holder->process = find_record(base, &holder->key.process);
		if (!holder->object)
			holder->object = model_find_object(base, &holder->key.object);
		process = holder->process;
		object = holder->object;
		if (!process || !object || process->process.traced != traced ||
		    !is_held(base, holder, process))
			continue;
		if (holder->can_write && is_channel_end(object, DIRECTION_SEND))
			err = add_holder(base, object, &process->process, DIRECTION_SEND);
		if (!err && holder->can_read && is_channel_end(object, DIRECTION_RECEIVE))
			err = add_holder(base, object, &process->process,
					 DIRECTION_RECEIVE);
	}
	return err;
}

/* First what the targets hold makes channels, then whoever holds the other ends joins them. */
int derive_holders(struct model_base *base)
{
	int err = add_holders(base, true);

	return err ? err : add_holders(base, false);
}

static bool is_incomplete(const struct channel *channel)
{
	bool read = false, written = false;

	if (mechanism_is_process(channel->mechanism)) /* nobody holds it open */
		return false;
	for (unsigned i = 0; i < channel->endpoint_count; i++) {
		read |= channel->endpoints[i].can_read;
		written |= channel->endpoints[i].can_write;
	}
	return !read || !written || channel->endpoint_count < 2;
}

bool model_wants_holders(struct model *model)
{
	struct channel_record *record;
	bool wanted = false;

	for (record = model->base->channels; record; record = record->hh.next) {
		if (record->used_in != model->base->snapshot || record->was_incomplete ||
		    !is_incomplete(&record->channel))
			continue;
		record->was_incomplete = true;
		wanted = true;
	}
	return wanted;
}
