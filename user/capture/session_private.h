/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of a session share; nobody else includes it.
 */
#ifndef IPCTRACE_SESSION_PRIVATE_H
#define IPCTRACE_SESSION_PRIVATE_H

#include "capture/features.h"
#include "capture/file_locks.h"
#include "capture/session.h"
#include "ipctrace.skel.h"
#include "thread_state.h"

enum map {
#define MAP(name, key_type, value_type) MAP_##name,
#include "maps.def"
#undef MAP
	MAP_COUNT
};

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
	struct bpf_link *mark_link, *holders_link, *share_link, *areas_link; /* iterators */
	struct bpf_link *map_links[MAP_COUNT];     /* iterators, in the order of maps.def */
};

/* Calls TAKE for all entries of a map. Returns 0 or a negative errno. */
int map_for_each(struct session *session, enum map map,
		 void (*take)(void *context, const void *entry), void *context);

/* Runs an iterator and hands its output to TAKE in pieces. Returns 0 or a negative errno. */
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

/* CPU time of this process, in user space and in the kernel. */
uint64_t own_cpu_ns(void);

#endif
