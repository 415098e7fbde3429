// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues: one object, which is the channel; its capacity is in messages.
 */
#include <stdio.h>

#include "mech/mech.h"

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	(void)base;
	(void)direction;
	(void)destination;
	snprintf(out->id, sizeof(out->id), "mqueue:[%lu:%llu]", mech_device(object->key.aux),
		 object->key.object);
	if (object->described)
		snprintf(out->name, sizeof(out->name), "/%.*s", OBJECT_NAME_SIZE - 1,
			 object->value.name);
	out->capacity = object->value.capacity;
	out->queued = object->value.queued;
	out->max_queued = object->value.max_queued;
}

const struct mech mech_mqueue = {
	.identify = identify,
};
