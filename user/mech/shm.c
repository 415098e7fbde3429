// SPDX-License-Identifier: GPL-2.0
/*
 * Shared memory that is a file to the kernel, which is the channel: POSIX objects by the names that shm_open
 * takes, other files by their paths, memfds by the names that they were given; anonymous memory has none.
 */
#include <stdio.h>
#include <string.h>

#include "mech/mech.h"

#define POSIX_DIRECTORY "/dev/shm"

/* What the kernel calls the files behind anonymous memory, of normal and of huge pages. */
static bool is_anonymous(const char *name)
{
	return !strcmp(name, "dev/zero") || !strcmp(name, "anon_hugepage");
}

static void name_file(const struct model_base *base, const struct object_record *object,
		      struct channel_identity *out)
{
	const char *path = object->path;
	size_t directory = strlen(POSIX_DIRECTORY);

	if (path && object->value.memory == MEMORY_TMPFS &&
	    !strncmp(path, POSIX_DIRECTORY "/", directory + 1))
		path += directory;
	if (path)
		snprintf(out->name, sizeof(out->name), "%s", path);
	else if (mech_device(object->key.aux) == base->posix_shm_device)
		snprintf(out->name, sizeof(out->name), "/%.*s", OBJECT_NAME_SIZE - 1, object->value.name);
	else
		snprintf(out->name, sizeof(out->name), "%.*s", OBJECT_NAME_SIZE - 1, object->value.name);
}

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	const struct object_value *value = &object->value;
	unsigned long device = mech_device(object->key.aux);

	(void)direction;
	(void)destination;
	if (value->generation)
		snprintf(out->id, sizeof(out->id), "shm:[%lu:%u.%u]", device, (unsigned)object->key.object,
			 value->generation);
	else
		snprintf(out->id, sizeof(out->id), "shm:[%lu:%llu]", device, object->key.object);
	out->capacity = value->capacity;
	if (!object->described)
		return;
	if (value->memory != MEMORY_KERNEL)
		name_file(base, object, out);
	else if (is_anonymous(value->name))
		snprintf(out->name, sizeof(out->name), "anonymous [%lu:%llu]", device, object->key.object);
	else
		snprintf(out->name, sizeof(out->name), "%.*s", OBJECT_NAME_SIZE - 1, value->name);
}

const struct mech mech_shm = {
	.identify = identify,
};
