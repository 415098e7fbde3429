/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of a session share; nobody else includes it.
 */
#ifndef IPCTRACE_SESSION_PRIVATE_H
#define IPCTRACE_SESSION_PRIVATE_H

#include <time.h>

#include "capture/features.h"
#include "capture/file_locks.h"
#include "capture/session.h"
#include "ipctrace.skel.h"
#include "thread_state.h"

/* A map's entry as its iterator writes it: struct flows_entry and so on. */
#define MAP(name, key_type, value_type)                                                            \
	struct name##_entry {                                                                      \
		key_type key;                                                                      \
		value_type value;                                                                  \
	};                                                                                         \
	_Static_assert(sizeof(struct name##_entry) == sizeof(key_type) + sizeof(value_type), #name);
#include "maps.def"
#undef MAP

struct session {
	struct ipctrace_bpf *bpf;
	struct features features;
	uint64_t load_cpu_ns; /* our CPU time up to the end of attaching: not a cost of tracing */
	int stats_fd; /* keeps the kernel's run-time statistics on, or -1 */
	uint64_t missed_before; /* runs missed before anything was traced */
	uint64_t next_search_ns; /* CLOCK_MONOTONIC: when the next search for holders is affordable */
	struct file_locks_search file_locks;
	__u32 room[TABLE_COUNT]; /* how many entries fit into each table */
	unsigned evictions;
	uint64_t next_eviction_ns; /* CLOCK_MONOTONIC: one that was of no use is not tried again before */
	struct bpf_link *mark_link, *holders_link, *share_link, *areas_link; /* iterators */
	struct bpf_link *map_links[TABLE_COUNT];   /* iterators, in the order of maps.def */
};

/* Calls TAKE, unless it is NULL, for all entries of a map. Returns 0 or a negative errno. */
int map_for_each(struct session *session, enum kernel_table table,
		 void (*take)(void *context, const void *entry), void *context);

/* Sets what the iterators over the tables do. */
void table_mode_set(struct session *session, enum table_mode mode);

/* May there be anything to read in TABLE? */
bool table_has_news(const struct session *session, enum kernel_table table);

/* The function that feeds an entry of TABLE, as its iterator writes it, to a model. */
typedef void (*table_feed)(void *model, const void *entry);
table_feed table_feed_of(enum kernel_table table);

/* Notes how large the tables are. */
void tables_measure(struct session *session);

/* Is a table so full that the kernel may soon have no room in it? */
bool tables_are_crowded(const struct session *session);

/* Takes what is idle out of crowded tables, and feeds it to MODEL for the last time. Returns 0 or a negative errno. */
int tables_evict(struct session *session, struct model *model);

/* Runs an iterator and hands its output to TAKE, unless that is NULL, in pieces. Returns 0 or a negative errno. */
int iterator_run(const struct bpf_link *link, size_t record_size,
		 void (*take)(void *context, const void *record), void *context);

/* Lists the shared mappings of all processes, with the paths of files. Returns 0 or a negative errno. */
int session_find_mappings(struct session *session, struct model *model);

/* Marks the threads that are targets and not marked yet. Returns 0 or a negative errno. */
int session_mark_again(struct session *session);

/*
 * Tracing begins: what was missed until now does not count. (Setting ourselves up takes updates of maps, which
 * hold off the programs of perf events.)
 */
void session_tracing_begins(struct session *session);

/* Nanoseconds of a clock. */
uint64_t clock_ns(clockid_t clock);

/* CPU time of this process, in user space and in the kernel. */
uint64_t own_cpu_ns(void);

#endif
