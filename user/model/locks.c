// SPDX-License-Identifier: GPL-2.0
/*
 * The base figures of locks: futex words, and files that are locked, with who held these when somebody looked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mech/mech.h"
#include "model/advance.h"
#include "model/array.h"
#include "model/feed.h"
#include "model/past.h"

static void set_name(struct model *model, struct lock *lock, const char *name)
{
	char *copy = strdup(name);

	if (!copy) {
		feed_failed(model);
		return;
	}
	free(lock->name);
	lock->name = copy;
}

void model_name_lock(struct model *model, struct lock *lock, const char *name)
{
	set_name(model, lock, name);
	lock->is_named = true;
}

static void identify_futex(struct model *model, struct lock_record *record)
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
	set_name(model, &record->lock, address);
}

static void identify_file(struct model *model, struct lock_record *record)
{
	snprintf(record->id_text, sizeof(record->id_text), "file:[%lu:%llu]",
		 mech_device(record->lock.key.image), record->lock.key.address);
	record->lock.id = record->id_text;
	record->lock.kind = "file-lock";
	set_name(model, &record->lock, record->id_text);
}

static void identify(struct model *model, struct lock_record *record)
{
	if (record->lock.id)
		return;
	if (lock_is_file(&record->lock))
		identify_file(model, record);
	else
		identify_futex(model, record);
}

static void take_counts(struct model *model, struct lock_record *record, const struct lock_value *value)
{
	static const struct lock_counts none;
	struct lock_counts *run = &record->lock.window[WINDOW_RUN];
	struct lock_counts *interval = &record->lock.window[WINDOW_INTERVAL];
	const struct lock_counts *past;

	if (lock_returns(record)) {
		feed_failed(model);
		return;
	}
	past = record->past ? &record->past->counts : &none;
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
	if (run->max_waiters < record->lock.most_waiting)
		run->max_waiters = record->lock.most_waiting;
	interval->max_waiters = value->waiters;
	if (value->epoch == model->base->epoch && value->epoch_max_waiters > value->waiters)
		interval->max_waiters = value->epoch_max_waiters;
}

/* Operations of futex(2) that only priority-inheriting mutexes use. */
#define PI_OPERATIONS ((1ULL << 6) | (1ULL << 7) | (1ULL << 13))

void model_locks(struct model *model, const struct lock_key *key, const struct lock_value *value)
{
	struct lock_record *record;

	FIND_OR_ADD(model, model->base->locks, record, lock.key, key);
	identify(model, record);
	take_counts(model, record, value);
	if (value->operations & PI_OPERATIONS)
		record->lock.kind = "pi-mutex";
}

void model_lock_sleeps(struct model *model, const struct lock_key *key,
		       const struct time_histogram *value)
{
	struct lock_record *record;

	FIND_OR_ADD(model, model->base->locks, record, lock.key, key);
	identify(model, record);
	if (lock_returns(record))
		feed_failed(model);
	else
		feed_times(model, record->lock.wait, record->past ? &record->past->wait : NULL, value);
}

void model_file_lock_sleeps(struct model *model, const struct lock_key *key, const struct time_histogram *value)
{
	model_lock_sleeps(model, key, value);
}

void model_file_locks(struct model *model, const struct lock_key *key, const struct file_lock_value *value)
{
	struct lock_record *record;
	char name[FILE_NAME_SIZE];

	FIND_OR_ADD(model, model->base->locks, record, lock.key, key);
	identify(model, record);
	take_counts(model, record, &value->counts);
	record->lock.user_pid = value->pid;
	record->lock.user_fd = value->fd;
	snprintf(name, sizeof(name), "%.*s", FILE_NAME_SIZE - 1, value->name);
	if (!record->lock.is_named && name[0])
		set_name(model, &record->lock, name);
}

void model_lock_errnos(struct model *model, const struct lock_key *key, int error, uint64_t total)
{
	struct lock_record *record;

	FIND_OR_ADD(model, model->base->locks, record, lock.key, key);
	identify(model, record);
	if (lock_returns(record))
		feed_failed(model);
	else
		errno_list_advance(model, &record->lock.errnos, error, total);
}

static void add_file_lock(struct model *model, const struct lock_key *key)
{
	struct lock_record *record;

	FIND_OR_ADD(model, model->base->locks, record, lock.key, key);
	identify(model, record);
}

struct lock_record *model_file_lock(struct model *model, __u64 inode, __u32 device, bool add)
{
	struct lock_key key = {.address = inode, .image = device, .type = LOCK_TYPE_FILE};
	struct lock_record *record;

	if (add)
		add_file_lock(model, &key);
	HASH_FIND(hh, model->base->locks, &key, sizeof(key), record);
	return record;
}

void model_look_begin(struct lock *lock)
{
	lock->waiting = 0;
	for (int w = 0; w < WINDOW_COUNT; w++)
		lock->looks[w]++;
}

static struct lock_holder *get_holder(struct model *model, struct lock *lock, __u32 pid)
{
	struct lock_record *record = (struct lock_record *)lock;
	struct lock_holder *holder;

	for (unsigned i = 0; i < lock->holder_count; i++)
		if (lock->holders[i].pid == pid)
			return &lock->holders[i];
	if (array_grow((void **)&lock->holders, lock->holder_count, &record->holder_room,
		       sizeof(*lock->holders))) {
		feed_failed(model);
		return NULL;
	}
	holder = &lock->holders[lock->holder_count++];
	memset(holder, 0, sizeof(*holder));
	holder->pid = pid;
	return holder;
}

void model_lock_holder(struct model *model, struct lock *lock, __u32 pid, const char *comm)
{
	struct lock_holder *holder = get_holder(model, lock, pid);

	/* There is one look in an interval: whoever is in it already holds several ranges of the file. */
	if (!holder || holder->looks[WINDOW_INTERVAL])
		return;
	snprintf(holder->comm, sizeof(holder->comm), "%.*s", (int)sizeof(holder->comm) - 1, comm);
	for (int w = 0; w < WINDOW_COUNT; w++)
		holder->looks[w]++;
}

void model_lock_waiter(struct lock *lock)
{
	lock->waiting++;
	if (lock->waiting > lock->most_waiting)
		lock->most_waiting = lock->waiting;
	/* One that has waited since before it was traced is in no count of the kernel side's. */
	if (lock->window[WINDOW_INTERVAL].max_waiters < lock->waiting)
		lock->window[WINDOW_INTERVAL].max_waiters = lock->waiting;
	if (lock->window[WINDOW_RUN].max_waiters < lock->most_waiting)
		lock->window[WINDOW_RUN].max_waiters = lock->most_waiting;
}

const struct process *model_target(const struct model *model, __u32 pid)
{
	const struct process_record *record;

	for (record = model->base->processes; record; record = record->hh.next)
		if (record->process.key.pid == pid && record->process.traced && !record->process.exited)
			return &record->process;
	return NULL;
}

void lock_begin(struct lock_record *record)
{
	struct lock *lock = &record->lock;

	memset(&lock->window[WINDOW_INTERVAL], 0, sizeof(lock->window[0]));
	histogram_clear(&lock->wait[WINDOW_INTERVAL]);
	errno_list_begin(&lock->errnos);
	lock->looks[WINDOW_INTERVAL] = 0;
	for (unsigned i = 0; i < lock->holder_count; i++)
		lock->holders[i].looks[WINDOW_INTERVAL] = 0;
}

void lock_free(struct lock_record *record)
{
	free(record->lock.name);
	free(record->lock.holders);
	lock_past_free(record->past);
	errno_list_free(&record->lock.errnos);
	for (int w = 0; w < WINDOW_COUNT; w++)
		histogram_free(&record->lock.wait[w]);
	free(record);
}
