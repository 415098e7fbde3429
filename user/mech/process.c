// SPDX-License-Identifier: GPL-2.0
/*
 * Channels that are processes, of signals and of process_vm_readv and process_vm_writev: called as the process is.
 * Where a call named nobody, the channel is the number or the descriptor that it gave.
 */
#include <stdio.h>

#include "mech/mech.h"
#include "model/index.h"

/* How many processes before this one are known that had the same number. */
static unsigned earlier_ones(const struct model_base *base, const struct object_key *key)
{
	const struct index_entry *entry = index_find(base, INDEX_PROCESS, key->object);
	unsigned count = 0;

	for (; entry; entry = entry->next)
		if (entry->object->key.mechanism == key->mechanism &&
		    (int)(entry->object->key.aux - key->aux) < 0)
			count++;
	return count;
}

static const char *comm_of(const struct model_base *base, const struct object_record *object)
{
	struct process_key key = {.pid = object->key.object, .started_ms = object->key.aux};
	const struct process_record *record;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the key has no byte left unset */
	HASH_FIND(hh, base->processes, &key, sizeof(key), record);
	return record && record->process.comm[0] ? record->process.comm : object->value.name;
}

static void identify_missing(const struct object_key *key, const char *kind, struct channel_identity *out)
{
	const char *what = key->object & PROCESS_FD ? "fd " : "";
	int number = (int)key->object;

	if (key->aux)
		snprintf(out->id, sizeof(out->id), "%s:[missing %s%d in %u]", kind, what, number, key->aux);
	else
		snprintf(out->id, sizeof(out->id), "%s:[missing %s%d]", kind, what, number);
	snprintf(out->name, sizeof(out->name), "no process %s%d", what, number);
}

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	const char *kind = mechanism_kind(object->key.mechanism);
	unsigned pid = object->key.object, earlier;

	(void)direction;
	(void)destination;
	if (object->key.object & PROCESS_MISSING) {
		identify_missing(&object->key, kind, out);
		return;
	}
	earlier = earlier_ones(base, &object->key);
	if (earlier)
		snprintf(out->id, sizeof(out->id), "%s:[%u.%u]", kind, pid, earlier + 1);
	else
		snprintf(out->id, sizeof(out->id), "%s:[%u]", kind, pid);
	snprintf(out->name, sizeof(out->name), "%.16s(%u)", comm_of(base, object), pid);
}

const struct mech mech_process = {
	.identify = identify,
};
