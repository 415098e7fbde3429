// SPDX-License-Identifier: GPL-2.0
/*
 * The base figures of the model: takes the kernel's running totals and keeps the run and the
 * interval. Knows nothing about where the totals come from, nor about channels.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/advance.h"
#include "model/feed.h"
#include "model/index.h"
#include "model/past.h"

void feed_failed(struct model *model)
{
	model->base->error = -ENOMEM;
}

/* The interval's figures become 0. Most flows are idle, and theirs are already. */
static void clear_interval(struct model_base *base)
{
	struct flow *next;

	for (struct flow *flow = base->active; flow; flow = next) {
		next = flow->next_active;
		flow->next_active = NULL;
		flow->active = false;
		memset(&flow->window[WINDOW_INTERVAL], 0, sizeof(flow->window[0]));
		histogram_clear(&flow->sizes[WINDOW_INTERVAL]);
		histogram_clear(&flow->blocked[WINDOW_INTERVAL]);
		errno_list_begin(&flow->errnos);
	}
	base->active = NULL;
	for (struct edge_record *edge = base->edges; edge; edge = edge->hh.next)
		memset(&edge->edge.window[WINDOW_INTERVAL], 0, sizeof(edge->edge.window[0]));
	for (struct lock_record *lock = base->locks; lock; lock = lock->hh.next)
		lock_begin(lock);
	for (struct wait_record *wait = base->waits; wait; wait = wait->hh.next)
		memset(&wait->wait.window[WINDOW_INTERVAL], 0, sizeof(wait->wait.window[0]));
}

void model_begin(struct model *model, uint64_t now_ns, uint64_t wall_ns, __u32 epoch)
{
	struct model_base *base = model->base;

	if (!base->clock_offset_ns)
		base->clock_offset_ns = wall_ns - now_ns;
	base->epoch = epoch;
	base->error = 0;
	if (!base->interval_goes_on) {
		clear_interval(base);
		base->interval_ns = base->last_ns;
	}
	base->interval_goes_on = false;
	model->time_ns = wall_ns;
	model->duration_ns[WINDOW_INTERVAL] = now_ns - base->interval_ns;
	model->duration_ns[WINDOW_RUN] = now_ns - base->start_ns;
	base->last_ns = now_ns;
}

void model_go_on(struct model *model)
{
	model->base->interval_goes_on = true;
}

void model_processes(struct model *model, const struct process_key *key,
		     const struct process_value *value)
{
	struct process_record *record;

	FIND_OR_ADD(model, model->base->processes, record, process.key, key);
	record->named = true;
	record->process.traced = !value->is_witness;
	record->process.ppid = value->ppid;
	record->process.ns_pid = value->ns_pid;
	record->image = value->image;
	record->process.exited = value->exited;
	record->process.threads = value->exited ? value->max_threads : value->threads;
	memcpy(record->process.comm, value->comm, sizeof(value->comm));
	record->process.comm[sizeof(value->comm) - 1] = '\0';
}

/*
 * What is known of an object changes, and so may its channel; and those that are found by it, unless it only got
 * fuller or emptier.
 */
static void object_changes(struct model_base *base, struct object_record *record, const struct object_value *before)
{
	struct object_value known = *before;

	memset(record->channel, 0, sizeof(record->channel));
	known.queued = record->value.queued;
	known.max_queued = record->value.max_queued;
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): its unions have a member that is all of them */
	if (!record->described || memcmp(&known, &record->value, sizeof(known)) != 0)
		base->identities++;
}

void feed_description(struct model *model, struct object_record *record, const struct object_value *value)
{
	bool was_described = record->described;
	bool is_late = was_described && value->described_ns < record->latest_ns;
	const struct object_value before = record->value;
	struct object_value old = is_late ? *value : before;
	struct object_value now = is_late ? before : *value;
	bool is_new = !was_described || old.local.port != now.local.port ||
		      memcmp(old.local.bytes, now.local.bytes, sizeof(now.local.bytes)) ||
		      old.name_length != now.name_length;

	if (!is_late)
		record->latest_ns = value->described_ns;
	if (was_described && (!now.peer || (now.peer == old.peer && !now.peer_aux))) {
		now.peer = old.peer;
		now.peer_aux = old.peer_aux;
	}
	if (was_described && !now.remote.family)
		now.remote = old.remote;
	if (!now.local.port && old.local.port) /* TCP gives it back when the connection is reset */
		now.local = old.local;
	/* The first description is the one nearest to the first use. */
	if (was_described && old.described_ns < now.described_ns)
		now.described_ns = old.described_ns;
	if (now.max_queued < old.max_queued)
		now.max_queued = old.max_queued;
	now.queued = value->queued;
	now.state = before.state; /* the kernel side's */
	record->value = now;
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): see object_changes() */
	if (!was_described || memcmp(&now, &before, sizeof(now)) != 0)
		object_changes(model->base, record, &before);
	record->described = true;
	if (is_new && index_add(model->base, record))
		feed_failed(model);
}

void model_objects(struct model *model, const struct object_key *key,
		   const struct object_value *value)
{
	struct object_record *record;

	FIND_OR_ADD(model, model->base->objects, record, key, key);
	/* What a search has found is newer: the kernel side describes memory when it is mapped. */
	if (!mechanism_is_memory(key->mechanism) || !record->scanned)
		feed_description(model, record, value);
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
static void take_range(struct histogram *h, const struct time_range *range, __u32 epoch,
		       const struct histogram *past)
{
	const uint64_t ns = (1ULL << TIME_RANGE_BITS) - 1;

	h->min = range->min & ns;
	h->max = range->max & ns;
	h->has_range = h->used && h->max < ns && range->min == time_range_word(epoch, h->min) &&
		       range->max == time_range_word(epoch, h->max);
	if (past && past->count) {
		h->has_range &= past->has_range;
		h->min = past->min < h->min ? past->min : h->min;
		h->max = past->max > h->max ? past->max : h->max;
	}
	h->has_range = h->has_range &&
		       time_slot(h->min) == h->buckets[0].slot &&
		       time_slot(h->max) == h->buckets[h->used - 1].slot;
}

void feed_times(struct model *model, struct histogram window[WINDOW_COUNT], const struct histogram *past,
		const struct time_histogram *value)
{
	struct histogram *run = &window[WINDOW_RUN], *interval = &window[WINDOW_INTERVAL];
	__u32 epoch = model->base->epoch;

	if (!run->steps_log2) {
		histogram_init(run, TIME_STEPS_LOG2);
		histogram_init(interval, TIME_STEPS_LOG2);
	}
	if (advance_slots(run, interval, past, value->slots, TIME_SLOTS)) {
		feed_failed(model);
		return;
	}
	advance(&run->sum, &interval->sum, value->sum_ns + (past ? past->sum : 0));
	take_range(run, &value->run, 0, past);
	take_range(interval, &value->interval[epoch & 1], epoch, NULL);
}

int feed_begin(struct model *model, struct flow *flow)
{
	if (!flow->active) {
		flow->active = true;
		flow->next_active = model->base->active;
		model->base->active = flow;
	}
	return flow_returns(flow);
}

void model_flows(struct model *model, const struct flow_key *key, const struct flow_value *value)
{
	static const struct flow_past none;
	const struct flow_past *past;
	struct flow_counts *run, *interval;
	struct histogram *sizes;
	struct flow *flow;

	FIND_OR_ADD(model, model->base->flows, flow, key, key);
	sizes = flow->sizes;
	if (!sizes[WINDOW_RUN].steps_log2) {
		histogram_init(&sizes[WINDOW_RUN], SIZE_STEPS_LOG2);
		histogram_init(&sizes[WINDOW_INTERVAL], SIZE_STEPS_LOG2);
	}
	if (feed_begin(model, flow)) {
		feed_failed(model);
		return;
	}
	past = flow->past ? flow->past : &none;
	flow->used = value->state.used;
	run = &flow->window[WINDOW_RUN];
	interval = &flow->window[WINDOW_INTERVAL];
#define ADVANCE(figure) advance(&run->figure, &interval->figure, past->counts.figure + value->figure)
	ADVANCE(calls);
	ADVANCE(messages);
	ADVANCE(bytes);
	ADVANCE(would_block);
	ADVANCE(errors);
	ADVANCE(blocked_ns);
	ADVANCE(runqueue_ns);
	ADVANCE(uring_messages);
	ADVANCE(uring_bytes);
#undef ADVANCE
	run->max_bytes = value->max_bytes > past->counts.max_bytes ? value->max_bytes : past->counts.max_bytes;
	interval->max_bytes = run->max_bytes;
	if (advance_slots(&sizes[WINDOW_RUN], &sizes[WINDOW_INTERVAL], &past->sizes, value->sizes, SIZE_SLOTS))
		feed_failed(model);
	sizes[WINDOW_RUN].has_range = value->min_bytes_inverted || past->sizes.has_range;
	sizes[WINDOW_RUN].min = ~value->min_bytes_inverted;
	if (past->sizes.has_range && past->sizes.min < sizes[WINDOW_RUN].min)
		sizes[WINDOW_RUN].min = past->sizes.min;
	sizes[WINDOW_RUN].max = run->max_bytes;
	sizes[WINDOW_RUN].sum = run->bytes;
	sizes[WINDOW_INTERVAL].sum = interval->bytes;
}

void model_flow_sleeps(struct model *model, const struct flow_key *key,
		       const struct time_histogram *value)
{
	struct flow *flow;

	FIND_OR_ADD(model, model->base->flows, flow, key, key);
	if (feed_begin(model, flow)) {
		feed_failed(model);
		return;
	}
	feed_times(model, flow->blocked, flow->past ? &flow->past->blocked : NULL, value);
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

void model_know_host(struct model *model, __u32 netns, dev_t posix_shm_device)
{
	struct model_base *base = model->base;

	if (base->own_netns != netns || base->posix_shm_device != posix_shm_device)
		base->identities++;
	base->own_netns = netns;
	base->posix_shm_device = posix_shm_device;
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
