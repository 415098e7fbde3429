// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps room in the kernel's tables: takes out what has been idle the longest, or belongs to processes that have
 * ended. How this goes without losing a count is in bpf/table.bpf.h.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/session_private.h"
#include "model/histogram.h"

/* A table is crowded when it is fuller than this: what comes until we next look must find room. Then so much is left. */
#define CROWDED(room) ((room) / 2)
#define LEFT(room) ((room) / 4)
#define MAX_PASSES 16
#define OTHER_GENERATION_EVERY 8
#define USELESS 1024     /* an eviction that takes out less has been of no use */
#define USELESS_SHARE 20 /* such take at most a 20th of the time */

void table_mode_set(struct session *session, enum table_mode mode)
{
	session->bpf->bss->table_mode = mode;
}

/* Most tables are idle most of the time; these tell it, as entries do (is_fresh() in table.bpf.c). */
bool table_has_news(const struct session *session, enum kernel_table table)
{
	const struct table_fill *fills = session->bpf->bss->table_fills;
	/* Of sleeps their flows tell it. */
	const struct table_fill *fill = &fills[table == TABLE_flow_sleeps ? TABLE_flows : table];

	switch (table) {
	case TABLE_flow_sleeps:
	case TABLE_edges:
	case TABLE_flows:
	case TABLE_waits:
	case TABLE_destinations:
	case TABLE_objects:
		return session->bpf->bss->table_mode == TABLE_READ_ALL ||
		       session->bpf->data->tick - fill->used <= 2;
	default:
		return true;
	}
}

static __u32 room_of(const struct session *session, enum kernel_table table)
{
	const struct bpf_map *const maps[] = {
#define MAP(name, key_type, value_type) session->bpf->maps.name,
#include "maps.def"
#undef MAP
	};

	return bpf_map__max_entries(maps[table]);
}

static bool is_crowded(const struct session *session, enum kernel_table table)
{
	return session->bpf->bss->table_fills[table].entries > CROWDED(session->room[table]);
}

void tables_measure(struct session *session)
{
	for (int table = 0; table < TABLE_COUNT; table++)
		session->room[table] = room_of(session, table);
}

bool tables_are_crowded(const struct session *session)
{
	for (int table = 0; table < TABLE_COUNT; table++)
		if (is_crowded(session, table))
			return clock_ns(CLOCK_MONOTONIC) >= session->next_eviction_ns;
	return false;
}

/* Runs the iterator of a table in a mode in which it writes nothing. */
static int run(struct session *session, enum kernel_table table, enum table_mode mode)
{
	table_mode_set(session, mode);
	return map_for_each(session, table, NULL, NULL);
}

/* Retires the oldest of TABLE, as many as WANTED or a few more. */
static int retire(struct session *session, enum kernel_table table, __u32 wanted)
{
	struct table_fill *fill = &session->bpf->bss->table_fills[table];
	__u32 *ages = session->bpf->bss->table_ages;
	__u32 found = 0;
	unsigned slot = TABLE_AGES;
	int err;

	memset(ages, 0, TABLE_AGES * sizeof(*ages));
	err = run(session, table, TABLE_COUNT_AGES);
	if (err)
		return err;
	while (slot > 0 && found < wanted)
		found += ages[--slot];
	fill->retire_age = histogram_slot_low(AGE_STEPS_LOG2, slot);
	fill->to_retire = wanted;
	return run(session, table, TABLE_RETIRE);
}

/*
 * Waits until all programs that run now have ended: they are in read-side sections of RCU, whose grace period this
 * is. Kernels with nohz_full do not offer it: there tables are left to fill up, which map_full counts.
 */
static int wait_for_programs(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ? -errno : 0;
}

struct taking {
	struct model *model;
	enum kernel_table table;
	unsigned count;
};

static void take(void *context, const void *entry)
{
	struct taking *taking = context;

	table_feed_of(taking->table)(taking->model, entry);
	model_taken_out(taking->model, taking->table, entry);
	taking->count++;
}

/* While entries are deleted the iterator may pass over some: until it has found none. */
static int take_out(struct session *session, struct model *model, enum kernel_table table, unsigned *taken)
{
	struct taking taking = {.model = model, .table = table};
	unsigned before, passes = 0;
	int err;

	table_mode_set(session, TABLE_TAKE_OUT);
	do {
		before = taking.count;
		err = map_for_each(session, table, take, &taking);
	} while (!err && taking.count != before && ++passes < MAX_PASSES);
	*taken += taking.count;
	return !err && taking.count != before ? -EAGAIN : err;
}

int tables_evict(struct session *session, struct model *model)
{
	struct table_fill *fills = session->bpf->bss->table_fills;
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC), end_ns;
	unsigned taken = 0;
	int err = 0;

	session->evictions++;
	session->bpf->bss->evicted_generation = session->evictions % OTHER_GENERATION_EVERY == 0;
	for (int table = 0; table < TABLE_COUNT && !err; table++) {
		fills[table].to_retire = 0;
		if (is_crowded(session, table))
			err = retire(session, table, fills[table].entries - LEFT(session->room[table]));
	}
	/* Errors go with what they are of. */
	if (is_crowded(session, TABLE_errnos)) {
		fills[TABLE_locks].to_retire = 1;
		if (!err && !fills[TABLE_flows].to_retire)
			err = retire(session, TABLE_flows, fills[TABLE_flows].entries / 2);
	}
	/* What belongs to a process goes before it, and then all of it. */
	if (is_crowded(session, TABLE_processes))
		fills[TABLE_locks].to_retire = fills[TABLE_mappings].to_retire = fills[TABLE_processes].to_retire = 1;
	if (fills[TABLE_locks].to_retire || is_crowded(session, TABLE_lock_sleeps))
		fills[TABLE_locks].to_retire = fills[TABLE_lock_sleeps].to_retire = 1;
	if (!err)
		err = wait_for_programs();
	for (int table = 0; table < TABLE_COUNT && !err; table++)
		err = take_out(session, model, table, &taken);
	end_ns = clock_ns(CLOCK_MONOTONIC);
	if (taken < USELESS)
		session->next_eviction_ns = end_ns + USELESS_SHARE * (end_ns - begin_ns);
	return err == -EAGAIN || err == -EINVAL ? 0 : err;
}
