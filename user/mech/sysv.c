// SPDX-License-Identifier: GPL-2.0
/*
 * System V message queues and semaphores: one object, which is the channel; called by key and id as ipcs(1) shows them.
 */
#include <stdio.h>

#include "mech/mech.h"

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	int id = (int)object->key.object;

	(void)base;
	(void)direction;
	(void)destination;
	snprintf(out->id, sizeof(out->id), "%s:[%u:%d]", mechanism_kind(object->key.mechanism),
		 object->key.aux, id);
	if (object->value.ipc_key)
		snprintf(out->name, sizeof(out->name), "key 0x%x id %d", object->value.ipc_key, id);
	else
		snprintf(out->name, sizeof(out->name), "id %d", id);
	out->capacity = object->value.capacity;
}

const struct mech mech_sysv = {
	.identify = identify,
};
