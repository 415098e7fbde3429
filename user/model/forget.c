// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps the model from growing without end: forgets what has been idle the longest and is no longer in the kernel's
 * tables. Its figures stay in the sums of its processes, and those of forgotten processes in one of them all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/channels.h"
#include "model/index.h"

/* With more than this, a quarter goes. */
#define FLOWS_KEPT 81920
#define PROCESSES_KEPT 65536
#define LOCKS_KEPT 65536

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it does not see that HASH_DEL unlinks what is then given back */
#define DELETE_IF(type, table, condition, release)                                                 \
	do {                                                                                       \
		type *record = (table), *next__;                                                   \
		for (; record; record = next__) {                                                  \
			next__ = record->hh.next;                                                  \
			if (!(condition))                                                          \
				continue;                                                          \
			HASH_DEL((table), record);                                                 \
			release(record);                                                           \
		}                                                                                  \
	} while (0)

static void add_all(struct process_counts *to, const struct process_counts *from)
{
	for (int d = 0; d < DIRECTION_COUNT; d++)
		flow_counts_add(&to->direction[d], &from->direction[d]);
	to->blocked_ns += from->blocked_ns;
	to->lock_wait_ns += from->lock_wait_ns;
	to->runqueue_ns += from->runqueue_ns;
	to->lock_waits += from->lock_waits;
}

static struct process_record *record_of(struct process *process)
{
	return (struct process_record *)process; /* its first member */
}

static bool is_forgettable(const struct flow *flow)
{
	return flow->taken_out && !flow->active && flow->process && flow->object;
}

static void forget_flow(struct model_base *base, struct flow *flow)
{
	const struct flow_counts *run = &flow->window[WINDOW_RUN];
	struct process_counts *gone = &record_of(flow->process)->gone;
	struct channel_record *channel = flow->channel;

	flow_counts_add(&gone->direction[flow->key.direction], run);
	gone->blocked_ns += run->blocked_ns;
	gone->runqueue_ns += run->runqueue_ns;
	if (channel && --channel->channel.flow_count == 0) {
		channel->is_forgotten = true;
		base->evicted_channels++;
	}
	HASH_DEL(base->flows, flow);
	flow_free(flow);
}

static void mark_object(struct model_base *base, __u64 object, __u32 aux, __u32 mechanism)
{
	struct object_key key = {.object = object, .aux = aux, .mechanism = mechanism};
	struct object_record *record = model_find_object(base, &key);

	if (record)
		record->needed_in = base->snapshot;
}

static void mark_held(struct model_base *base)
{
	for (struct holder *holder = base->holders; holder; holder = holder->hh.next)
		if (holder->seen_in == base->search)
			mark_object(base, holder->key.object.object, holder->key.object.aux,
				    holder->key.object.mechanism);
}

struct candidate {
	struct flow *flow;
	bool is_held; /* somebody has the object open: it may yet be used */
};

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->is_held != b->is_held)
		return a->is_held ? 1 : -1;
	return a->flow->used < b->flow->used ? -1 : a->flow->used > b->flow->used;
}

static int forget_flows(struct model_base *base)
{
	unsigned excess = HASH_COUNT(base->flows) - FLOWS_KEPT / 4 * 3, count = 0;
	struct candidate *candidates = calloc(HASH_COUNT(base->flows), sizeof(*candidates));

	if (!candidates)
		return -ENOMEM;
	mark_held(base);
	for (struct flow *flow = base->flows; flow; flow = flow->hh.next) {
		if (!is_forgettable(flow))
			continue;
		candidates[count].flow = flow;
		candidates[count++].is_held = flow->object->needed_in == base->snapshot;
	}
	qsort(candidates, count, sizeof(*candidates), compare_candidates);
	for (unsigned i = 0; i < count && i < excess; i++)
		forget_flow(base, candidates[i].flow);
	free(candidates);
	return 0;
}

/* Objects that something is still told of, and what tells nothing any more. */
static void mark_objects(struct model_base *base)
{
	for (struct flow *flow = base->flows; flow; flow = flow->hh.next)
		mark_object(base, flow->key.object, flow->key.aux, flow->key.mechanism);
	mark_held(base);
	for (struct edge_record *edge = base->edges; edge; edge = edge->hh.next)
		if (!edge->taken_out)
			mark_object(base, edge->edge.key.object.object, edge->edge.key.object.aux,
				    edge_object(&edge->edge.key).mechanism);
	for (struct mapper *mapper = base->mappers; mapper; mapper = mapper->hh.next)
		mark_object(base, mapper->key.object.object, mapper->key.object.aux, mapper->key.object.mechanism);
	for (struct wait_record *wait = base->waits; wait; wait = wait->hh.next)
		if (!wait->taken_out)
			mark_object(base, wait->wait.key.object, wait->wait.key.aux, wait->wait.key.mechanism);
}

static bool is_needed(const struct model_base *base, const struct object_key *key)
{
	const struct object_record *record = model_find_object(base, key);

	return record && record->needed_in == base->snapshot;
}

static bool edge_is_needed(const struct model_base *base, const struct edge_key *edge)
{
	struct object_key key = edge_object(edge);

	return is_needed(base, &key);
}

static bool wait_is_needed(const struct model_base *base, const struct wait_key *wait)
{
	struct object_key key = {.object = wait->object, .aux = wait->aux, .mechanism = wait->mechanism};

	return wait->mechanism == MECH_NONE || is_needed(base, &key);
}

static void forget_destinations(struct model_base *base)
{
	struct destination_record *destination;

	for (struct flow *flow = base->flows; flow; flow = flow->hh.next) {
		HASH_FIND(hh, base->destinations, &flow->key.destination, sizeof(flow->key.destination),
			  destination);
		if (destination)
			destination->needed_in = base->snapshot;
	}
	DELETE_IF(struct destination_record, base->destinations, record->needed_in != base->snapshot, free);
}

/* What flows, edges and holders remember of others, is looked up again. */
static void forget_links(struct model_base *base)
{
	for (struct flow *flow = base->flows; flow; flow = flow->hh.next) {
		flow->process = NULL;
		flow->object = NULL;
		flow->channel = NULL;
	}
	for (struct holder *holder = base->holders; holder; holder = holder->hh.next) {
		holder->process = NULL;
		holder->object = NULL;
	}
	for (struct edge_record *edge = base->edges; edge; edge = edge->hh.next) {
		edge->object = NULL;
		edge->edge.from = edge->edge.to = NULL;
	}
	for (struct object_record *object = base->objects; object; object = object->hh.next)
		memset(object->channel, 0, sizeof(object->channel));
}

static int forget_objects(struct model_base *base)
{
	int err = 0;

	DELETE_IF(struct mapper, base->mappers, record->taken_out, free);
	mark_objects(base);
	DELETE_IF(struct edge_record, base->edges, !edge_is_needed(base, &record->edge.key), free);
	DELETE_IF(struct wait_record, base->waits, !wait_is_needed(base, &record->wait.key), free);
	DELETE_IF(struct holder, base->holders, !is_needed(base, &record->key.object), free);
	forget_destinations(base);
	index_free(base);
	for (struct object_record *object = base->objects; object; object = object->hh.next)
		if (object->needed_in != base->snapshot && object->mapped_in)
			base->evicted_channels++;
	DELETE_IF(struct object_record, base->objects, record->needed_in != base->snapshot, object_free);
	for (struct object_record *object = base->objects; object && !err; object = object->hh.next) {
		object->is_indexed = false;
		if (object->described || mechanism_is_process(object->key.mechanism))
			err = index_add(base, object);
	}
	/* Those that have gone are in no snapshot any more; those that stay are found again by their ids. */
	DELETE_IF(struct channel_record, base->channels, record->is_forgotten || record->used_in != base->snapshot,
		  channel_free);
	return err;
}

/* A file's lock stays; how long it was waited for is in no sum but its waits'. */
static void forget_file_lock_wait(struct model_base *base, const struct wait *wait)
{
	struct process *process = get_process(base, &wait->key.process);
	struct process_counts *gone;

	if (!process)
		return;
	gone = &record_of(process)->gone;
	gone->blocked_ns += wait->window[WINDOW_RUN].blocked_ns;
	gone->lock_wait_ns += wait->window[WINDOW_RUN].blocked_ns;
	gone->runqueue_ns += wait->window[WINDOW_RUN].runqueue_ns;
	gone->lock_waits += wait->window[WINDOW_RUN].count;
}

/* Words of processes that have ended; a lock's waits go with it. */
static void forget_locks(struct model_base *base)
{
	for (struct wait_record *wait = base->waits; wait; wait = wait->hh.next)
		if (wait->taken_out && wait->wait.key.mechanism == MECH_NONE &&
		    wait->wait.key.lock_type == LOCK_TYPE_FILE)
			forget_file_lock_wait(base, &wait->wait);
	for (struct lock_record *lock = base->locks; lock; lock = lock->hh.next) {
		const struct lock_counts *run = &lock->lock.window[WINDOW_RUN];
		struct process *process = lock->taken_out ? get_process(base, &lock->lock.key.process) : NULL;
		struct process_counts *gone;

		if (!process)
			continue;
		gone = &record_of(process)->gone;
		gone->blocked_ns += run->blocked_ns;
		gone->lock_wait_ns += run->blocked_ns;
		gone->runqueue_ns += run->runqueue_ns;
		gone->lock_waits += run->waits;
	}
	DELETE_IF(struct lock_record, base->locks, record->taken_out, lock_free);
	DELETE_IF(struct wait_record, base->waits, record->taken_out && record->wait.key.mechanism == MECH_NONE, free);
}

static void mark_process(struct model_base *base, const struct process_key *key)
{
	struct process_record *record;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the key has no byte left unset */
	HASH_FIND(hh, base->processes, key, sizeof(*key), record);
	if (record)
		record->needed_in = base->snapshot;
}

static int forget_processes(struct model_base *base)
{
	static const struct process_key nobody;
	struct process *all = get_process(base, &nobody);

	if (!all)
		return -ENOMEM;
	strcpy(all->comm, "[forgotten]");
	mark_process(base, &nobody);
	for (struct flow *flow = base->flows; flow; flow = flow->hh.next) {
		const struct process_key far = {.pid = flow->key.object, .started_ms = flow->key.aux};

		mark_process(base, &flow->key.process);
		if (mechanism_is_process(flow->key.mechanism))
			mark_process(base, &far);
	}
	for (struct mapper *mapper = base->mappers; mapper; mapper = mapper->hh.next)
		mark_process(base, &mapper->key.process);
	for (struct holder *holder = base->holders; holder; holder = holder->hh.next)
		mark_process(base, &holder->key.process);
	for (struct lock_record *lock = base->locks; lock; lock = lock->hh.next)
		mark_process(base, &lock->lock.key.process);
	for (struct wait_record *wait = base->waits; wait; wait = wait->hh.next)
		mark_process(base, &wait->wait.key.process);
	for (struct edge_record *edge = base->edges; edge; edge = edge->hh.next) {
		mark_process(base, &edge->edge.key.from);
		mark_process(base, &edge->edge.key.to);
	}
	for (struct process_record *process = base->processes; process; process = process->hh.next)
		if (process->needed_in != base->snapshot && process->process.exited)
			add_all(&record_of(all)->gone, &process->gone);
	DELETE_IF(struct process_record, base->processes,
		  record->needed_in != base->snapshot && record->process.exited, process_free);
	return 0;
}

int model_forget(struct model *model)
{
	struct model_base *base = model->base;
	bool locks = HASH_COUNT(base->locks) > LOCKS_KEPT, processes = HASH_COUNT(base->processes) > PROCESSES_KEPT;
	int err = 0;

	if (HASH_COUNT(base->flows) <= FLOWS_KEPT && !locks && !processes)
		return 0;
	if (HASH_COUNT(base->flows) > FLOWS_KEPT)
		err = forget_flows(base);
	if (locks || processes)
		forget_locks(base);
	if (!err)
		err = forget_objects(base);
	if (!err && processes)
		err = forget_processes(base);
	forget_links(base);
	return err;
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */
