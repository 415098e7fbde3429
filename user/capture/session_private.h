/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of a session share; nobody else includes it.
 */
#ifndef IPCTRACE_SESSION_PRIVATE_H
#define IPCTRACE_SESSION_PRIVATE_H

#include "capture/features.h"
#include "capture/session.h"
#include "ipctrace.skel.h"
#include "thread_state.h"

struct session {
	struct ipctrace_bpf *bpf;
	struct features features;
	uint64_t load_cpu_ns; /* our CPU time up to the end of attaching: not a cost of tracing */
	int stats_fd; /* keeps the kernel's run-time statistics on, or -1 */
	uint64_t next_search_ns; /* CLOCK_MONOTONIC: when the next search for holders is affordable */
	struct bpf_link *mark_link, *holders_link; /* iterators */
};

/* Calls EACH for all entries of a hash map. Returns 0 or a negative errno. */
int map_for_each(const struct bpf_map *map, void (*each)(void *context, const void *key,
							 const void *value), void *context);

/* Runs an iterator and hands its output to TAKE in pieces. Returns 0 or a negative errno. */
int iterator_run(const struct bpf_link *link, size_t record_size,
		 void (*take)(void *context, const void *record), void *context);

/* Marks the threads that are targets and not marked yet. Returns 0 or a negative errno. */
int session_mark_again(struct session *session);

/* CPU time of this process, in user space and in the kernel. */
uint64_t own_cpu_ns(void);

#endif
