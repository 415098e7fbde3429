// SPDX-License-Identifier: GPL-2.0
/*
 * The base figures of locks, and of the waits for these and for channels.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/advance.h"
#include "model/feed.h"
#include "model/past.h"

static void name_lock_id(struct model *model, struct lock_record *record)
{
	const struct lock_key *key = &record->lock.key;
	char address[32];

	if (key->image)
		snprintf(record->id_text, sizeof(record->id_text), "futex:[%u.%u:0x%llx]",
			 key->process.pid, key->image, key->address);
	else
		snprintf(record->id_text, sizeof(record->id_text), "futex:[%u:0x%llx]",
			 key->process.pid, key->address);
	record->lock.id = record->id_text;
	record->lock.kind = "unknown";
	snprintf(address, sizeof(address), "0x%llx", key->address);
	record->lock.name = strdup(address);
	if (!record->lock.name)
		feed_failed(model);
}

/* Operations of futex(2) that only priority-inheriting mutexes use. */
#define PI_OPERATIONS ((1ULL << 6) | (1ULL << 7) | (1ULL << 13))

void model_locks(struct model *model, const struct lock_key *key, const struct lock_value *value)
{
	static const struct lock_counts none;
	const struct lock_counts *past;
	struct lock_counts *run, *interval;
	struct lock_record *record;

	FIND_OR_ADD(model, model->base->locks, record, lock.key, key);
	if (!record->lock.id)
		name_lock_id(model, record);
	if (lock_returns(record)) {
		feed_failed(model);
		return;
	}
	past = record->past ? &record->past->counts : &none;
	run = &record->lock.window[WINDOW_RUN];
	interval = &record->lock.window[WINDOW_INTERVAL];
#define ADVANCE(figure) advance(&run->figure, &interval->figure, past->figure + value->figure)
	ADVANCE(woken);
	ADVANCE(timeouts);
	ADVANCE(interrupted);
	ADVANCE(would_block);
	ADVANCE(errors);
	ADVANCE(wakes);
	ADVANCE(empty_wakes);
	ADVANCE(woken_threads);
	ADVANCE(requeued);
	ADVANCE(blocked_ns);
	ADVANCE(runqueue_ns);
#undef ADVANCE
	run->waits = run->woken + run->timeouts + run->interrupted;
	interval->waits = interval->woken + interval->timeouts + interval->interrupted;
	run->max_waiters = value->max_waiters > past->max_waiters ? value->max_waiters : past->max_waiters;
	interval->max_waiters = value->waiters;
	if (value->epoch == model->base->epoch && value->epoch_max_waiters > value->waiters)
		interval->max_waiters = value->epoch_max_waiters;
	if (value->operations & PI_OPERATIONS)
		record->lock.kind = "pi-mutex";
}

void model_lock_sleeps(struct model *model, const struct lock_key *key,
		       const struct time_histogram *value)
{
	struct lock_record *record;

	FIND_OR_ADD(model, model->base->locks, record, lock.key, key);
	if (!record->lock.id)
		name_lock_id(model, record);
	if (lock_returns(record))
		feed_failed(model);
	else
		feed_times(model, record->lock.wait, record->past ? &record->past->wait : NULL, value);
}

void model_waits(struct model *model, const struct wait_key *key, const struct wait_value *value)
{
	typeof(((struct wait *)NULL)->window[0]) *run, *interval, *past;
	struct wait_record *record;

	FIND_OR_ADD(model, model->base->waits, record, wait.key, key);
	run = &record->wait.window[WINDOW_RUN];
	interval = &record->wait.window[WINDOW_INTERVAL];
	past = &record->past;
	if (record->taken_out)
		*past = *run;
	record->taken_out = false;
	record->used = value->state.used;
	memcpy(record->wait.comm, value->comm, sizeof(value->comm));
	record->wait.comm[sizeof(value->comm) - 1] = '\0';
	advance(&run->count, &interval->count, past->count + value->count);
	advance(&run->blocked_ns, &interval->blocked_ns, past->blocked_ns + value->blocked_ns);
	advance(&run->runqueue_ns, &interval->runqueue_ns, past->runqueue_ns + value->runqueue_ns);
}

void model_name_lock(struct model *model, struct lock *lock, const char *name)
{
	char *copy = strdup(name);

	if (!copy) {
		feed_failed(model);
		return;
	}
	free(lock->name);
	lock->name = copy;
	lock->is_named = true;
}
