// SPDX-License-Identifier: GPL-2.0
/*
 * What follows from the base figures: sums by process, where threads wait, and the lists that views
 * read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/channels.h"

static int derive_locks(struct model *model)
{
	struct lock_record *record;
	unsigned count = 0;

	free(model->locks);
	model->lock_count = 0;
	model->locks = calloc(HASH_COUNT(model->base->locks) + 1, sizeof(*model->locks));
	if (!model->locks)
		return -ENOMEM;
	for (record = model->base->locks; record; record = record->hh.next) {
		struct process *process;

		record->lock.user_count = 0;
		if (lock_is_file(&record->lock)) { /* its waits tell whose sleep it was */
			model->locks[count++] = &record->lock;
			continue;
		}
		process = get_process(model->base, &record->lock.key.process);
		if (!process)
			return -ENOMEM;
		record->lock.process = process;
		model->locks[count++] = &record->lock;
		for (int w = 0; w < WINDOW_COUNT; w++) {
			process->window[w].blocked_ns += record->lock.window[w].blocked_ns;
			process->window[w].lock_wait_ns += record->lock.window[w].blocked_ns;
			process->window[w].runqueue_ns += record->lock.window[w].runqueue_ns;
			process->window[w].lock_waits += record->lock.window[w].waits;
		}
	}
	model->lock_count = count;
	return 0;
}

static struct lock *wait_lock(const struct model_base *base, const struct wait_key *key)
{
	struct lock_key lock_key = {
		.address = key->object,
		.image = key->aux,
		.type = key->lock_type,
	};
	struct lock_record *record;

	if (key->lock_type != LOCK_TYPE_FILE)
		lock_key.process = key->process;
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the key has no byte left unset */
	HASH_FIND(hh, base->locks, &lock_key, sizeof(lock_key), record);
	return record ? &record->lock : NULL;
}

static const struct channel *wait_channel(struct model_base *base, const struct wait_key *key)
{
	struct object_key object = {
		.object = key->object,
		.aux = key->aux,
		.mechanism = key->mechanism,
	};
	struct channel_record *record = channel_of(
		base, &object, key->destination ? DIRECTION_SEND : DIRECTION_RECEIVE,
		key->destination);

	return record ? &record->channel : NULL;
}

/* PROCESS has waited for a file's lock. */
static void add_user(struct lock *lock, struct process *process, const struct wait *wait)
{
	unsigned i = 0;

	for (int w = 0; w < WINDOW_COUNT; w++) {
		process->window[w].blocked_ns += wait->window[w].blocked_ns;
		process->window[w].lock_wait_ns += wait->window[w].blocked_ns;
		process->window[w].runqueue_ns += wait->window[w].runqueue_ns;
		process->window[w].lock_waits += wait->window[w].count;
	}
	while (i < lock->user_count && i < LOCK_USERS && lock->users[i] != process)
		i++;
	if (i < lock->user_count && i < LOCK_USERS)
		return;
	if (i < LOCK_USERS)
		lock->users[i] = process;
	lock->user_count++;
}

static int derive_waits(struct model *model)
{
	struct model_base *base = model->base;
	struct wait_record *record;
	unsigned count = 0;

	free(model->waits);
	model->wait_count = 0;
	model->waits = calloc(HASH_COUNT(base->waits) + 1, sizeof(*model->waits));
	if (!model->waits)
		return -ENOMEM;
	for (record = base->waits; record; record = record->hh.next) {
		struct process *process = get_process(base, &record->wait.key.process);
		struct wait *wait = &record->wait;
		struct lock *lock = NULL;

		wait->process = process;
		wait->channel = NULL;
		if (wait->key.mechanism == MECH_NONE)
			lock = wait_lock(base, &wait->key);
		else
			wait->channel = wait_channel(base, &wait->key);
		wait->lock = lock;
		if (process && lock && lock_is_file(lock))
			add_user(lock, process, wait);
		if (wait->process && (wait->lock || wait->channel))
			model->waits[count++] = wait;
	}
	model->wait_count = count;
	return 0;
}

static int list_processes(struct model *model)
{
	struct process_record *record;
	unsigned count = 0;

	free(model->processes);
	model->process_count = 0;
	model->processes =
		calloc(HASH_COUNT(model->base->processes) + 1, sizeof(*model->processes));
	if (!model->processes)
		return -ENOMEM;
	for (record = model->base->processes; record; record = record->hh.next)
		if (record->process.traced)
			model->processes[count++] = &record->process;
	model->process_count = count;
	return 0;
}

static int list_channels(struct model *model)
{
	struct channel_record *record;
	unsigned count = 0;

	free(model->channels);
	model->channel_count = 0;
	model->channels = calloc(HASH_COUNT(model->base->channels) + 1, sizeof(*model->channels));
	if (!model->channels)
		return -ENOMEM;
	for (record = model->base->channels; record; record = record->hh.next)
		if (record->used_in == model->base->snapshot)
			model->channels[count++] = &record->channel;
	model->channel_count = count;
	return 0;
}

/* What was forgotten of a process is in no flow or lock any more. */
static void begin_sums(struct process_record *record)
{
	memset(record->process.window, 0, sizeof(record->process.window));
	record->process.window[WINDOW_RUN] = record->gone;
}

int model_derive(struct model *model)
{
	struct process_record *record;
	int err;

	model->base->snapshot++;
	for (record = model->base->processes; record; record = record->hh.next)
		begin_sums(record);
	err = derive_flows(model->base);
	if (!err)
		err = derive_holders(model->base);
	if (!err)
		err = derive_mappings(model);
	if (!err)
		err = derive_edges(model);
	if (!err)
		err = derive_locks(model);
	if (!err)
		err = derive_waits(model);
	if (!err)
		err = list_processes(model);
	if (!err)
		err = list_channels(model);
	return err;
}
