// SPDX-License-Identifier: GPL-2.0
/*
 * eventfds: one object, which is the channel. They have numbers, but no names.
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
	snprintf(out->id, sizeof(out->id), "eventfd:[%u]", object->key.aux);
}

const struct mech mech_eventfd = {
	.identify = identify,
};
