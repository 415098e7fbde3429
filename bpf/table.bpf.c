// SPDX-License-Identifier: GPL-2.0
/*
 * The loader's side of the tables: reads them through iterators, all entries or what has changed, and takes out
 * entries when there are too many. It does not look maps up, because that keeps programs of perf events from
 * running on its CPU, for as long as the loader may be preempted in it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "histogram.bpf.h"
#include "table.bpf.h"

__u32 tick = 1;

/* What the iterators do: the loader sets it before it runs them. */
__u32 table_mode = TABLE_READ_ALL; /* enum table_mode */
__u32 evicted_generation = 0;

struct table_fill table_fills[TABLE_COUNT] = {};

/* Entries by age, of the table whose iterator has run last with TABLE_COUNT_AGES. */
__u32 table_ages[TABLE_AGES] = {};

/*
 * Used since the last reading? Or in the tick before it: a program that took its time may have counted only when
 * the reading had passed.
 */
static __always_inline bool is_fresh(const struct entry_state *state)
{
	return tick - state->used <= 2;
}

/* Those of ended processes are older than all others. */
static __always_inline void count_age(const struct entry_state *state, bool ended)
{
	__u32 slot = histogram_slot(ended ? ~0U : tick - state->used, AGE_STEPS_LOG2);

	table_ages[slot & (TABLE_AGES - 1)]++;
}

static __always_inline void retire(enum kernel_table table, struct entry_state *state, bool ended)
{
	struct table_fill *fill = &table_fills[table];

	if (!fill->to_retire || (!ended && tick - state->used < fill->retire_age))
		return;
	state->retired = 1;
	fill->to_retire--;
}

/* Entries with a state of their own, by key and value. Whose ended processes' are worth a look have one in the key. */
static __always_inline bool stateful(enum kernel_table table, struct entry_state *state, __u32 generation, bool ended)
{
	switch (table_mode) {
	case TABLE_READ_CHANGED:
		return is_fresh(state);
	case TABLE_COUNT_AGES:
		if (generation == evicted_generation)
			count_age(state, ended);
		return false;
	case TABLE_RETIRE:
		if (generation == evicted_generation)
			retire(table, state, ended);
		return false;
	case TABLE_TAKE_OUT:
		return state->retired;
	default:
		return true;
	}
}

/* Entries that only their process uses: they go when it has ended. */
static __always_inline bool of_process(enum kernel_table table, bool ended)
{
	switch (table_mode) {
	case TABLE_COUNT_AGES:
	case TABLE_RETIRE:
		return false;
	case TABLE_TAKE_OUT:
		return table_fills[table].to_retire && ended;
	default:
		return true;
	}
}

/* Entries that nobody takes out. */
static __always_inline bool staying(void)
{
	return table_mode < TABLE_TAKE_OUT;
}

/* Entries that belong to a flow; KEY is the flow's. */
static __always_inline bool of_flow(const struct flow_key *key)
{
	struct entry_state *flow = flow_state(key);

	switch (table_mode) {
	case TABLE_READ_CHANGED:
		return !flow || is_fresh(flow);
	case TABLE_COUNT_AGES:
	case TABLE_RETIRE:
		return false;
	case TABLE_TAKE_OUT:
		return flow && flow->retired;
	default:
		return true;
	}
}

static __always_inline bool takes_flow_sleeps(const struct flow_key *key, struct time_histogram *value)
{
	(void)value;
	return of_flow(key);
}

/* Of flows, or of locks. */
static __always_inline bool takes_errnos(const struct flow_key *key, __u64 *value)
{
	struct flow_key flow = *key;

	(void)value;
	flow.error = 0;
	if (key->mechanism != MECH_NONE)
		return of_flow(&flow);
	if (key->direction == LOCK_TYPE_FILE)
		return staying();
	return of_process(TABLE_locks, process_has_ended(&key->process));
}

static __always_inline bool takes_file_lock_sleeps(const struct lock_key *key, struct time_histogram *value)
{
	(void)key;
	(void)value;
	return staying();
}

static __always_inline bool takes_file_locks(const struct lock_key *key, struct file_lock_value *value)
{
	(void)key;
	(void)value;
	return staying();
}

static __always_inline bool takes_mappings(const struct mapping_key *key, struct mapping_value *value)
{
	(void)value;
	return of_process(TABLE_mappings, process_has_ended(&key->process));
}

static __always_inline bool takes_edges(const struct edge_key *key, struct edge_value *value)
{
	return stateful(TABLE_edges, &value->state, !!(key->object.mechanism & EDGE_GENERATION), false);
}

static __always_inline bool takes_flows(const struct flow_key *key, struct flow_value *value)
{
	bool ended = table_mode >= TABLE_COUNT_AGES && process_has_ended(&key->process);

	return stateful(TABLE_flows, &value->state, key->generation, ended);
}

static __always_inline bool takes_lock_sleeps(const struct lock_key *key, struct time_histogram *value)
{
	(void)value;
	return of_process(TABLE_lock_sleeps, process_has_ended(&key->process));
}

static __always_inline bool takes_locks(const struct lock_key *key, struct lock_value *value)
{
	(void)value;
	return of_process(TABLE_locks, process_has_ended(&key->process));
}

static __always_inline bool takes_waits(const struct wait_key *key, struct wait_value *value)
{
	bool ended = table_mode >= TABLE_COUNT_AGES && process_has_ended(&key->process);

	return stateful(TABLE_waits, &value->state, key->generation, ended);
}

static __always_inline bool takes_destinations(const __u64 *key, struct destination_value *value)
{
	(void)key;
	return stateful(TABLE_destinations, &value->state, evicted_generation, false);
}

static __always_inline bool takes_objects(const struct object_key *key, struct object_value *value)
{
	(void)key;
	return stateful(TABLE_objects, &value->state, evicted_generation, false);
}

static __always_inline bool takes_processes(const struct process_key *key, struct process_value *value)
{
	(void)key;
	return of_process(TABLE_processes, value->exited);
}

/*
 * An entry of a map: the key, then the value. What does not fit into the buffer any more the kernel asks for again,
 * so that an entry may go only when it has been written as a whole.
 */
#define MAP(name, key_type, value_type)                                                            \
	SEC("iter/bpf_map_elem")                                                                   \
	int list_##name(struct bpf_iter__bpf_map_elem *context)                                    \
	{                                                                                          \
		struct seq_file *seq = context->meta->seq;                                         \
		key_type *key = context->key;                                                      \
		value_type *value = context->value;                                                \
                                                                                                   \
		if (!key || !value || !takes_##name(key, value))                                   \
			return 0;                                                                  \
		if (!bpf_seq_write(seq, key, sizeof(*key)) &&                                      \
		    !bpf_seq_write(seq, value, sizeof(*value)) && table_mode == TABLE_TAKE_OUT)    \
			name##_delete(key);                                                        \
		return 0;                                                                          \
	}
#include "maps.def"
#undef MAP
