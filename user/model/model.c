// SPDX-License-Identifier: GPL-2.0
/*
 * The base figures of the model: takes the kernel's running totals and keeps the run and the
 * interval. Knows nothing about where the totals come from, nor about channels.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/advance.h"
#include "model/base.h"
#include "model/index.h"

static void failed(struct model *model)
{
	model->base->error = -ENOMEM;
}

/* The record with this key in a table, or a new one that is all zero but for the key. */
#define FIND_OR_ADD(model, table, record, key_member, key_pointer)                                 \
	do {                                                                                       \
		HASH_FIND(hh, (table), (key_pointer), sizeof((record)->key_member), (record));     \
		if (!(record)) {                                                                   \
			(record) = calloc(1, sizeof(*(record)));                                   \
			if (!(record)) {                                                           \
				failed(model);                                                     \
				return;                                                            \
			}                                                                          \
			(record)->key_member = *(key_pointer);                                     \
			HASH_ADD(hh, (table), key_member, sizeof((record)->key_member), (record)); \
		}                                                                                  \
	} while (0)

void model_begin(struct model *model, uint64_t now_ns, uint64_t wall_ns, __u32 epoch)
{
	struct model_base *base = model->base;

	if (!base->clock_offset_ns)
		base->clock_offset_ns = wall_ns - now_ns;
	base->epoch = epoch;
	base->error = 0;
	model->time_ns = wall_ns;
	model->duration_ns[WINDOW_INTERVAL] = now_ns - base->last_ns;
	model->duration_ns[WINDOW_RUN] = now_ns - base->start_ns;
	base->last_ns = now_ns;
	for (struct flow *flow = base->flows; flow; flow = flow->hh.next) {
		memset(&flow->window[WINDOW_INTERVAL], 0, sizeof(flow->window[0]));
		histogram_clear(&flow->sizes[WINDOW_INTERVAL]);
		histogram_clear(&flow->blocked[WINDOW_INTERVAL]);
	}
	for (struct edge_record *edge = base->edges; edge; edge = edge->hh.next)
		memset(&edge->edge.window[WINDOW_INTERVAL], 0, sizeof(edge->edge.window[0]));
	for (struct lock_record *lock = base->locks; lock; lock = lock->hh.next) {
		memset(&lock->lock.window[WINDOW_INTERVAL], 0, sizeof(lock->lock.window[0]));
		histogram_clear(&lock->lock.wait[WINDOW_INTERVAL]);
	}
	for (struct wait_record *wait = base->waits; wait; wait = wait->hh.next)
		memset(&wait->wait.window[WINDOW_INTERVAL], 0, sizeof(wait->wait.window[0]));
}

void model_processes(struct model *model, const struct process_key *key,
		     const struct process_value *value)
{
	struct process_record *record;

	FIND_OR_ADD(model, model->base->processes, record, process.key, key);
	record->named = true;
	record->process.traced = true;
	record->process.ppid = value->ppid;
	record->process.exited = value->exited;
	record->process.threads = value->exited ? value->max_threads : value->threads;
	memcpy(record->process.comm, value->comm, sizeof(value->comm));
	record->process.comm[sizeof(value->comm) - 1] = '\0';
}

/* Takes over what is new in a description; a peer that was known once is not forgotten. */
static void describe(struct model *model, struct object_record *record,
		     const struct object_value *value)
{
	struct object_value old = record->value;
	bool is_new = !record->described || old.local.port != value->local.port ||
		      old.name_length != value->name_length;

	record->value = *value;
	if (record->described && (!value->peer || (value->peer == old.peer && !value->peer_aux))) {
		record->value.peer = old.peer;
		record->value.peer_aux = old.peer_aux;
	}
	if (record->described && !value->remote.family)
		record->value.remote = old.remote;
	/* The first description is the one nearest to the first use. */
	if (record->described)
		record->value.described_ns = old.described_ns;
	record->described = true;
	if (is_new && index_add(model->base, record))
		failed(model);
}

void model_objects(struct model *model, const struct object_key *key,
		   const struct object_value *value)
{
	struct object_record *record;

	FIND_OR_ADD(model, model->base->objects, record, key, key);
	/* What a search has found is newer: the kernel side describes memory when it is mapped. */
	if (!mechanism_is_memory(key->mechanism) || !record->scanned)
		describe(model, record, value);
	record->shares = true;
}

void model_destinations(struct model *model, const __u64 *key, const struct destination_value *value)
{
	struct destination_record *record;

	FIND_OR_ADD(model, model->base->destinations, record, key, key);
	record->value = *value;
}

static uint32_t time_slot(uint64_t ns)
{
	uint32_t slot = histogram_slot(TIME_STEPS_LOG2, ns);

	return slot < TIME_SLOTS ? slot : TIME_SLOTS - 1;
}

/* The exact range of H, where RANGE is of EPOCH and agrees with what the slots of H say. */
static void take_range(struct histogram *h, const struct time_range *range, __u32 epoch)
{
	const uint64_t ns = (1ULL << TIME_RANGE_BITS) - 1;

	h->min = range->min & ns;
	h->max = range->max & ns;
	h->has_range = h->used && h->max < ns && range->min == time_range_word(epoch, h->min) &&
		       range->max == time_range_word(epoch, h->max) &&
		       time_slot(h->min) == h->buckets[0].slot &&
		       time_slot(h->max) == h->buckets[h->used - 1].slot;
}

static void advance_time(struct model *model, struct histogram window[WINDOW_COUNT],
			 const struct time_histogram *value)
{
	struct histogram *run = &window[WINDOW_RUN], *interval = &window[WINDOW_INTERVAL];
	__u32 epoch = model->base->epoch;

	if (!run->steps_log2) {
		histogram_init(run, TIME_STEPS_LOG2);
		histogram_init(interval, TIME_STEPS_LOG2);
	}
	if (advance_slots(run, interval, value->slots, TIME_SLOTS)) {
		failed(model);
		return;
	}
	advance(&run->sum, &interval->sum, value->sum_ns);
	take_range(run, &value->run, 0);
	take_range(interval, &value->interval[epoch & 1], epoch);
}

void model_flows(struct model *model, const struct flow_key *key, const struct flow_value *value)
{
	struct flow_counts *run, *interval;
	struct flow *flow;

	FIND_OR_ADD(model, model->base->flows, flow, key, key);
	if (!flow->sizes[WINDOW_RUN].steps_log2) {
		histogram_init(&flow->sizes[WINDOW_RUN], SIZE_STEPS_LOG2);
		histogram_init(&flow->sizes[WINDOW_INTERVAL], SIZE_STEPS_LOG2);
	}
	run = &flow->window[WINDOW_RUN];
	interval = &flow->window[WINDOW_INTERVAL];
	advance(&run->calls, &interval->calls, value->calls);
	advance(&run->messages, &interval->messages, value->messages);
	advance(&run->bytes, &interval->bytes, value->bytes);
	advance(&run->would_block, &interval->would_block, value->would_block);
	advance(&run->errors, &interval->errors, value->errors);
	advance(&run->blocked_ns, &interval->blocked_ns, value->blocked_ns);
	advance(&run->runqueue_ns, &interval->runqueue_ns, value->runqueue_ns);
	run->max_bytes = interval->max_bytes = value->max_bytes;
	if (advance_slots(&flow->sizes[WINDOW_RUN], &flow->sizes[WINDOW_INTERVAL], value->sizes,
			  SIZE_SLOTS))
		failed(model);
	flow->sizes[WINDOW_RUN].has_range = value->min_bytes_inverted != 0;
	flow->sizes[WINDOW_RUN].min = ~value->min_bytes_inverted;
	flow->sizes[WINDOW_RUN].max = value->max_bytes;
	flow->sizes[WINDOW_RUN].sum = run->bytes;
	flow->sizes[WINDOW_INTERVAL].sum = interval->bytes;
}

void model_flow_sleeps(struct model *model, const struct flow_key *key,
		       const struct time_histogram *value)
{
	struct flow *flow;

	FIND_OR_ADD(model, model->base->flows, flow, key, key);
	advance_time(model, flow->blocked, value);
}

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
		failed(model);
}

/* Operations of futex(2) that only priority-inheriting mutexes use. */
#define PI_OPERATIONS ((1ULL << 6) | (1ULL << 7) | (1ULL << 13))

void model_locks(struct model *model, const struct lock_key *key, const struct lock_value *value)
{
	struct lock_counts *run, *interval;
	struct lock_record *record;

	FIND_OR_ADD(model, model->base->locks, record, lock.key, key);
	if (!record->lock.id)
		name_lock_id(model, record);
	run = &record->lock.window[WINDOW_RUN];
	interval = &record->lock.window[WINDOW_INTERVAL];
	advance(&run->woken, &interval->woken, value->woken);
	advance(&run->timeouts, &interval->timeouts, value->timeouts);
	advance(&run->interrupted, &interval->interrupted, value->interrupted);
	advance(&run->would_block, &interval->would_block, value->would_block);
	advance(&run->errors, &interval->errors, value->errors);
	advance(&run->wakes, &interval->wakes, value->wakes);
	advance(&run->empty_wakes, &interval->empty_wakes, value->empty_wakes);
	advance(&run->woken_threads, &interval->woken_threads, value->woken_threads);
	advance(&run->requeued, &interval->requeued, value->requeued);
	advance(&run->blocked_ns, &interval->blocked_ns, value->blocked_ns);
	advance(&run->runqueue_ns, &interval->runqueue_ns, value->runqueue_ns);
	run->waits = run->woken + run->timeouts + run->interrupted;
	interval->waits = interval->woken + interval->timeouts + interval->interrupted;
	run->max_waiters = value->max_waiters;
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
	advance_time(model, record->lock.wait, value);
}

void model_waits(struct model *model, const struct wait_key *key, const struct wait_value *value)
{
	struct wait_record *record;

	FIND_OR_ADD(model, model->base->waits, record, wait.key, key);
	memcpy(record->wait.comm, value->comm, sizeof(value->comm));
	record->wait.comm[sizeof(value->comm) - 1] = '\0';
	advance(&record->wait.window[WINDOW_RUN].count, &record->wait.window[WINDOW_INTERVAL].count,
		value->count);
	advance(&record->wait.window[WINDOW_RUN].blocked_ns,
		&record->wait.window[WINDOW_INTERVAL].blocked_ns, value->blocked_ns);
	advance(&record->wait.window[WINDOW_RUN].runqueue_ns,
		&record->wait.window[WINDOW_INTERVAL].runqueue_ns, value->runqueue_ns);
}

void model_begin_holders(struct model *model, uint64_t now_ns)
{
	model->base->search++;
	model->base->searched_ns = now_ns;
}

static void name_process(struct model *model, const struct process_key *key, __u32 ppid, const char comm[16])
{
	struct process_record *record;

	FIND_OR_ADD(model, model->base->processes, record, process.key, key);
	record->seen_in = model->base->search;
	if (record->named)
		return;
	record->named = true;
	record->process.ppid = ppid;
	snprintf(record->process.comm, sizeof(record->process.comm), "%.15s", comm);
}

static void set_path(struct model *model, struct object_record *object, const char *path)
{
	if (!path || object->path)
		return;
	object->path = strdup(path);
	if (!object->path)
		failed(model);
}

void model_holder(struct model *model, const struct holder_record *holder, const char *path)
{
	struct object_record *object;
	struct holder *record;
	typeof(record->key) key;

	memset(&key, 0, sizeof(key));
	key.process = holder->process;
	key.object = holder->key;
	name_process(model, &holder->process, holder->ppid, holder->comm);
	FIND_OR_ADD(model, model->base->objects, object, key, &holder->key);
	describe(model, object, &holder->value);
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
	mapper->mapped_ns = value->mapped_ns;
	mapper->can_write |= value->can_write;
}

void model_mapped(struct model *model, const struct mapping_record *record, const char *path)
{
	const struct mapping_key key = {.process = record->process, .object = record->key};
	struct object_record *object;
	struct mapper *mapper;

	name_process(model, &record->process, record->ppid, record->comm);
	FIND_OR_ADD(model, model->base->objects, object, key, &record->key);
	describe(model, object, &record->value);
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

void model_name_lock(struct model *model, struct lock *lock, const char *name)
{
	char *copy = strdup(name);

	if (!copy) {
		failed(model);
		return;
	}
	free(lock->name);
	lock->name = copy;
	lock->is_named = true;
}

struct object_record *model_find_object(const struct model_base *base, const struct object_key *key)
{
	struct object_record *record;

	HASH_FIND(hh, base->objects, key, sizeof(*key), record);
	return record;
}

int model_end(struct model *model)
{
	int err = model_derive(model);

	return err ? err : model->base->error;
}
