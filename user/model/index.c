// SPDX-License-Identifier: GPL-2.0
/*
 * Objects by what others know them by. Entries are not taken out one by one: forget.c has all made anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/index.h"

struct index_list {
	__u64 id; /* the key, with the kind in its two highest bits */
	struct index_entry *entries; /* the one entered last comes first */
	UT_hash_handle hh;
};

/* Kernel addresses all begin with ones, ports with zeros; of a hash two bits less do no harm. */
static __u64 id_of(enum index_kind kind, __u64 key)
{
	return (key << 2 >> 2) | ((__u64)kind << 62);
}

static struct index_list *find_list(const struct model_base *base, enum index_kind kind, __u64 key)
{
	__u64 id = id_of(kind, key);
	struct index_list *list;

	HASH_FIND(hh, base->index, &id, sizeof(id), list);
	return list;
}

const struct index_entry *index_find(const struct model_base *base, enum index_kind kind, __u64 key)
{
	const struct index_list *list = find_list(base, kind, key);

	return list ? list->entries : NULL;
}

/* FNV-1a, as at http://www.isthe.com/chongo/tech/comp/fnv/. */
__u64 index_name_key(const char *name, size_t length)
{
	__u64 hash = 14695981039346656037ULL;

	if (length && name[0])
		length = strnlen(name, length);
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 1099511628211ULL;
	return hash;
}

static bool has(const struct index_list *list, const struct object_record *object)
{
	for (const struct index_entry *entry = list->entries; entry; entry = entry->next)
		if (entry->object == object)
			return true;
	return false;
}

/* MAY_BE_THERE: under this key; a list of a sock's address, which is used again and again, gets long. */
static int add(struct model_base *base, enum index_kind kind, __u64 key, const struct object_record *object,
	       bool may_be_there)
{
	struct index_list *list = find_list(base, kind, key);
	struct index_entry *entry;

	if (!list) {
		list = calloc(1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		list->id = id_of(kind, key);
		HASH_ADD(hh, base->index, id, sizeof(list->id), list);
	}
	if (may_be_there && has(list, object))
		return 0;
	entry = malloc(sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->object = object;
	entry->next = list->entries;
	list->entries = entry;
	return 0;
}

/* Under the key that it has as long as it lives. */
static int add_for_good(struct model_base *base, enum index_kind kind, struct object_record *object)
{
	int err = object->is_indexed ? 0 : add(base, kind, object->key.object, object, false);

	object->is_indexed |= !err;
	return err;
}

int index_add(struct model_base *base, struct object_record *object)
{
	const struct object_value *value = &object->value;
	int err;

	switch (object->key.mechanism) {
	case MECH_UNIX_STREAM:
	case MECH_UNIX_DGRAM:
	case MECH_UNIX_SEQPACKET:
		err = add_for_good(base, INDEX_ADDRESS, object);
		/* The sockets that were accepted have their listener's name: only dgram is looked up. */
		if (!err && object->key.mechanism == MECH_UNIX_DGRAM && value->name_length)
			err = add(base, INDEX_NAME, index_name_key(value->name, value->name_length), object, true);
		return err;
	case MECH_UDP:
		return value->local.port ? add(base, INDEX_PORT, value->local.port, object, true) : 0;
	case MECH_VSOCK:
		return value->local.family ? add(base, INDEX_PORT, value->local.vsock.port, object, true) : 0;
	case MECH_NETLINK:
		return value->local.netlink.port ? add(base, INDEX_PORT, value->local.netlink.port, object, true) : 0;
	case MECH_SIGNAL:
	case MECH_PROCESS_VM:
		return add_for_good(base, INDEX_PROCESS, object);
	default:
		return 0;
	}
}

void index_free(struct model_base *base)
{
	struct index_list *list = base->index, *next_list;

	HASH_CLEAR(hh, base->index);
	for (; list; list = next_list) {
		struct index_entry *entry = list->entries, *next;

		next_list = list->hh.next;
		for (; entry; entry = next) {
			next = entry->next;
			free(entry);
		}
		free(list);
	}
}
