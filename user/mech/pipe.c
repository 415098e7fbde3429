// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes and FIFOs: one object, which is the channel.
 */
#include <stdio.h>
#include <string.h>

#include "mech/mech.h"

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	const char *kind = mechanism_kind(object->key.mechanism);

	(void)base;
	(void)direction;
	(void)destination;
	snprintf(out->id, sizeof(out->id), "%s:[%lu:%llu]", kind, mech_device(object->key.aux),
		 object->key.object);
	out->capacity = object->value.capacity;
	if (object->key.mechanism != MECH_FIFO) /* as the links in /proc/PID/fd say */
		snprintf(out->name, sizeof(out->name), "pipe:[%llu]", object->key.object);
	else if (object->path)
		snprintf(out->name, sizeof(out->name), "%s", object->path);
	else
		snprintf(out->name, sizeof(out->name), "%.*s", OBJECT_NAME_SIZE - 1,
			 object->value.name);
}

const struct mech mech_pipe = {
	.identify = identify,
};
