// SPDX-License-Identifier: GPL-2.0
/*
 * System V message queues, semaphores and shared memory: one object, which is the channel; called by key and
 * id as ipcs(1) shows them.
 */
#include <stdio.h>

#include "mech/mech.h"

/* A segment that was found mapped is named after the key that it was made with. */
static unsigned key_of(const struct object_value *value)
{
	unsigned key = value->ipc_key;

	if (!key && sscanf(value->name, "SYSV%8x", &key) != 1)
		key = 0;
	return key;
}

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	int id = (int)object->key.object;
	unsigned key = key_of(&object->value);

	(void)base;
	(void)direction;
	(void)destination;
	snprintf(out->id, sizeof(out->id), "%s:[%u:%d]", mechanism_kind(object->key.mechanism),
		 object->key.aux, id);
	if (key)
		snprintf(out->name, sizeof(out->name), "key 0x%x id %d", key, id);
	else
		snprintf(out->name, sizeof(out->name), "id %d", id);
	out->capacity = object->value.capacity;
}

const struct mech mech_sysv = {
	.identify = identify,
};
