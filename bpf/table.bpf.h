/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all tables that the loader reads share: how full each is, when an entry was last used, and how entries are
 * taken out while programs count in them. The rules of the last:
 *
 * A program looks an entry up, and counts in it before it ends. When the loader wants an entry out, it retires it,
 * waits until every program that may have seen it unretired has ended, then reads it for the last time and deletes
 * it. A program that meets a retired entry uses one of the other generation instead, under a key of its own.
 * Entries of processes that have ended are used by nobody and go at once.
 */
#ifndef IPCTRACE_TABLE_BPF_H
#define IPCTRACE_TABLE_BPF_H

#include "tables.h"

/* Counts the loader's readings. */
extern __u32 tick;

extern struct table_fill table_fills[TABLE_COUNT];

static __always_inline void entry_used(enum kernel_table table, struct entry_state *state)
{
	__u32 now = tick;

	if (state->used == now)
		return;
	state->used = now;
	/* cppcheck-suppress duplicateConditionalAssign; all CPUs share it: it is seldom written */
	if (table_fills[table].used != now)
		table_fills[table].used = now;
}

/*
 * The same for entries that tell names: nothing is counted in them, so they need no second generation. The loader
 * does not delete what somebody has met since it was retired.
 */
static __always_inline void entry_met(enum kernel_table table, struct entry_state *state)
{
	entry_used(table, state);
	if (state->retired)
		state->retired = 0;
}

/* Count entries that were inserted (result 0 of the update), or deleted. */
static __always_inline void table_insertion(enum kernel_table table, long result)
{
	if (!result)
		__sync_fetch_and_add(&table_fills[table].entries, 1);
}

static __always_inline void table_deletion(enum kernel_table table, long result)
{
	if (!result)
		__sync_fetch_and_add(&table_fills[table].entries, -1);
}

/* Take an entry out of a table; each in the file whose table it is. */
int errnos_delete(const struct flow_key *key);
int flow_sleeps_delete(const struct flow_key *key);
int edges_delete(const struct edge_key *key);
int flows_delete(const struct flow_key *key);
int lock_sleeps_delete(const struct lock_key *key);
int locks_delete(const struct lock_key *key);
int waits_delete(const struct wait_key *key);
int mappings_delete(const struct mapping_key *key);
int destinations_delete(const __u64 *key);
int objects_delete(const struct object_key *key);
int processes_delete(const struct process_key *key);

/* Locks on files belong to no process, and who waits is counted in them: they stay. */
static __always_inline int file_locks_delete(const struct lock_key *key)
{
	(void)key;
	return 0;
}

static __always_inline int file_lock_sleeps_delete(const struct lock_key *key)
{
	return file_locks_delete(key);
}

/* The function that deletes from TABLE, whose keys are of KEY_TYPE. Before 6.2 (d1673304097c) maps take keys only
 * from the stack. */
#define TABLE_DELETE(table, key_type)                                                              \
	__hidden int table##_delete(const key_type *key)                                           \
	{                                                                                          \
		key_type own = *key;                                                               \
		long result = bpf_map_delete_elem(&table, &own);                                   \
                                                                                                   \
		table_deletion(TABLE_##table, result);                                             \
		return 0;                                                                          \
	}

/* Has the process ended, so that nobody counts for it any more? */
int process_has_ended(const struct process_key *key);

/* The state of the flow with this key, or NULL. */
struct entry_state *flow_state(const struct flow_key *key);

#endif
