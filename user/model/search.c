// SPDX-License-Identifier: GPL-2.0
/*
 * What a search through all processes finds: who holds which channel open, and who maps which memory.
 */
#include <stdio.h>
#include <string.h>

#include "model/feed.h"

void model_begin_holders(struct model *model, uint64_t now_ns)
{
	model->base->search++;
	model->base->searched_ns = now_ns;
}

static void name_process(struct model *model, const struct process_key *key, __u32 ppid, __u32 ns_pid,
			 const char comm[16])
{
	struct process_record *record;

	FIND_OR_ADD(model, model->base->processes, record, process.key, key);
	record->seen_in = model->base->search;
	if (record->named)
		return;
	record->named = true;
	record->process.ppid = ppid;
	record->process.ns_pid = ns_pid;
	snprintf(record->process.comm, sizeof(record->process.comm), "%.15s", comm);
}

static void set_path(struct model *model, struct object_record *object, const char *path)
{
	if (!path || object->path)
		return;
	object->path = strdup(path);
	memset(object->channel, 0, sizeof(object->channel)); /* it is called otherwise now */
	if (!object->path)
		feed_failed(model);
}

void model_holder(struct model *model, const struct holder_record *holder, const char *path)
{
	struct object_record *object;
	struct holder *record;
	typeof(record->key) key;

	memset(&key, 0, sizeof(key));
	key.process = holder->process;
	key.object = holder->key;
	name_process(model, &holder->process, holder->ppid, holder->ns_pid, holder->comm);
	FIND_OR_ADD(model, model->base->objects, object, key, &holder->key);
	feed_description(model, object, &holder->value);
	object->scanned = true;
	set_path(model, object, path);
	FIND_OR_ADD(model, model->base->holders, record, key, &key);
	if (record->seen_in != model->base->search) {
		record->seen_in = model->base->search;
		record->can_read = false;
		record->can_write = false;
	}
	record->can_read |= holder->can_read;
	record->can_write |= holder->can_write;
}

void model_mappings(struct model *model, const struct mapping_key *key, const struct mapping_value *value)
{
	struct mapper *mapper;

	FIND_OR_ADD(model, model->base->mappers, mapper, key, key);
	mapper->taken_out = false;
	mapper->mapped_ns = value->mapped_ns;
	mapper->can_write |= value->can_write;
}

void model_mapped(struct model *model, const struct mapping_record *record, const char *path)
{
	const struct mapping_key key = {.process = record->process, .object = record->key};
	struct object_record *object;
	struct mapper *mapper;

	name_process(model, &record->process, record->ppid, record->ns_pid, record->comm);
	FIND_OR_ADD(model, model->base->objects, object, key, &record->key);
	feed_description(model, object, &record->value);
	object->scanned = true;
	object->shares |= record->shares;
	set_path(model, object, path);
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the key has no byte left unset */
	FIND_OR_ADD(model, model->base->mappers, mapper, key, &key);
	if (mapper->seen_in != model->base->search)
		mapper->bytes = 0;
	mapper->seen_in = model->base->search;
	if (!mapper->found_ns)
		mapper->found_ns = record->value.described_ns;
	mapper->can_write |= record->can_write;
	mapper->bytes += record->bytes;
}
