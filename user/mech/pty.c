// SPDX-License-Identifier: GPL-2.0
/*
 * Pseudoterminals: master and slave are two objects and one channel. It is called what its slave is called
 * where its devpts is mounted as usual.
 */
#include <stdio.h>

#include "mech/mech.h"

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	unsigned number = object->key.object & ~PTY_MASTER;

	(void)base;
	(void)direction;
	(void)destination;
	snprintf(out->id, sizeof(out->id), "pty:[%lu:%u]", mech_device(object->key.aux), number);
	snprintf(out->name, sizeof(out->name), "/dev/pts/%u", number);
}

const struct mech mech_pty = {
	.identify = identify,
};
