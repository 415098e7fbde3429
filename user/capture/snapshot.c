// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the maps, the holders of channels and the health figures into a model.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "capture/file_locks.h"
#include "capture/lock_names.h"
#include "capture/process_names.h"
#include "capture/session_private.h"
#include "targets.h"

uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#define MAP(name, key_type, value_type)                                                            \
	static void take_##name(void *model, const void *entry)                                    \
	{                                                                                          \
		const struct name##_entry *e = entry;                                              \
                                                                                                   \
		model_##name(model, &e->key, &e->value);                                           \
	}
#include "maps.def"
#undef MAP

table_feed table_feed_of(enum kernel_table table)
{
	static const table_feed feeds[] = {
#define MAP(name, key_type, value_type) take_##name,
#include "maps.def"
#undef MAP
	};

	return feeds[table];
}

static int read_maps(struct session *session, struct model *model)
{
	int err = 0;

	for (int table = 0; table < TABLE_COUNT && !err; table++)
		if (table_has_news(session, table))
			err = map_for_each(session, table, table_feed_of(table), model);
	return err;
}

static void take_holder(void *model, const void *record)
{
	const struct holder_record *holder = record;
	char link[64], path[4096];
	ssize_t length = -1;

	if (holder->key.mechanism == MECH_FIFO) {
		snprintf(link, sizeof(link), "/proc/%u/fd/%u", holder->process.pid, holder->fd);
		length = readlink(link, path, sizeof(path) - 1);
	}
	if (length > 0)
		path[length] = '\0';
	if (holder->process.pid != (__u32)getpid())
		model_holder(model, holder, length > 0 ? path : NULL);
}

/* Where shm_open() puts objects; 0: unknown. */
static dev_t posix_shm_device(void)
{
	struct stat st;

	return stat("/dev/shm", &st) ? 0 : st.st_dev;
}

static __u32 own_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : st.st_ino;
}

/* A search costs a microsecond a file of the system: it may take this share of the time. */
#define SEARCH_SHARE 100

int session_find_holders(struct session *session, struct model *model)
{
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC), end_ns;
	int err;

	model_know_host(model, own_netns(), posix_shm_device());
	model_begin_holders(model, begin_ns);
	err = iterator_run(session->holders_link, sizeof(struct holder_record), take_holder,
			   model);
	if (!err)
		err = session_find_mappings(session, model);
	model_end_holders(model);
	end_ns = clock_ns(CLOCK_MONOTONIC);
	if (!err && session->bpf->rodata->follow_peers)
		err = session_mark_again(session);
	session->next_search_ns = end_ns + SEARCH_SHARE * (end_ns - begin_ns);
	return err;
}

/* Sums of the kernel's own book-keeping over all our programs. */
struct program_totals {
	uint64_t missed_runs, run_time_ns;
};

static struct program_totals read_programs(struct session *session)
{
	struct program_totals totals = {};
	struct bpf_program *program;

	bpf_object__for_each_program(program, session->bpf->obj) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		totals.missed_runs += info.recursion_misses;
		totals.run_time_ns += info.run_time_ns;
	}
	return totals;
}

void session_tracing_begins(struct session *session)
{
	session->missed_before = read_programs(session).missed_runs;
}

static void set_health(struct model *model, enum health figure, bool known, uint64_t value)
{
	model->health[figure].known = known;
	model->health[figure].value = value;
}

uint64_t own_cpu_ns(void)
{
	struct rusage own;

	getrusage(RUSAGE_SELF, &own);
	return (own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1000000000ULL +
	       (own.ru_utime.tv_usec + own.ru_stime.tv_usec) * 1000ULL;
}

static void read_health(struct session *session, struct model *model)
{
	const struct features *features = &session->features;
	struct program_totals totals = read_programs(session);

#define KERNEL(name) set_health(model, name, true, session->bpf->bss->health_counts[name]);
#define USER(name)
#define NONE(name) set_health(model, name, false, 0);
#define HEALTH(name, key, source, meaning) source(HEALTH_##name)
#include "health.def"
#undef HEALTH
#undef KERNEL
#undef USER
#undef NONE
	set_health(model, HEALTH_LOST_EVENTS, true, 0);
	set_health(model, HEALTH_EVICTED_CHANNELS, true, model->base->evicted_channels);
	set_health(model, HEALTH_MISSED_RUNS, features->recursion_misses,
		   totals.missed_runs - session->missed_before);
	set_health(model, HEALTH_BPF_CPU_NS, features->run_time_stats || session->stats_fd >= 0,
		   totals.run_time_ns);
	set_health(model, HEALTH_USER_CPU_NS, true, own_cpu_ns() - session->load_cpu_ns);
}

/* Those that the hooks do not mark by themselves. */
static void mark_newcomers(struct session *session)
{
	__u32 mode = session->bpf->rodata->target_mode;
	__u32 *arriving = &session->bpf->bss->cgroup_arriving, seen;

	/* A process may have taken the name with prctl, which no hook of ours sees. */
	if (mode == TARGET_MODE_COMM)
		session_mark_again(session);
	if (mode != TARGET_MODE_CGROUP)
		return;
	/* Threads that make no calls yet; when all are marked, strangers need no longer be looked at. */
	seen = __atomic_load_n(arriving, __ATOMIC_SEQ_CST);
	if (seen && !session_mark_again(session))
		__atomic_fetch_sub(arriving, seen, __ATOMIC_SEQ_CST);
}

bool session_is_crowded(const struct session *session)
{
	return tables_are_crowded(session);
}

int session_snapshot(struct session *session, struct model *model, enum snapshot kind)
{
	bool search = kind == SNAPSHOT_WHOLE ||
		      (kind == SNAPSHOT_QUICK && clock_ns(CLOCK_MONOTONIC) >= session->next_search_ns);
	__u32 epoch = session->bpf->bss->epoch;
	int err;

	mark_newcomers(session);
	/* What is counted from here on belongs to the next interval's minimum and maximum. */
	if (kind != SNAPSHOT_PART)
		session->bpf->bss->epoch++;
	session->bpf->data->tick++;
	model_begin(model, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME), epoch);
	table_mode_set(session, kind == SNAPSHOT_WHOLE ? TABLE_READ_ALL : TABLE_READ_CHANGED);
	err = read_maps(session, model);
	/* The look is one for each interval. */
	if (!err && kind != SNAPSHOT_PART && session->bpf->rodata->want_file_locks)
		file_locks_look(&session->file_locks, model);
	if (!err && tables_are_crowded(session))
		err = tables_evict(session, model);
	if (!err)
		err = model_forget(model);
	table_mode_set(session, TABLE_READ_ALL);
	if (kind == SNAPSHOT_PART)
		model_go_on(model);
	if (!err && search)
		err = session_find_holders(session, model);
	if (!err)
		err = model_end(model);
	if (!err && kind != SNAPSHOT_PART && model_wants_holders(model) && !search) {
		err = session_find_holders(session, model);
		if (!err)
			err = model_end(model);
	}
	if (err)
		return err;
	lock_names_fill(model);
	process_names_fill(model);
	read_health(session, model);
	return 0;
}
