/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this kernel offers, found by presence, never by version.
 */
#ifndef IPCTRACE_FEATURES_H
#define IPCTRACE_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

/* How the kernel's events of io_uring tell what we need, if they do. */
enum uring_events {
	URING_NONE,
	URING_VALUES, /* a completion's figures are arguments: up to 6.12 at least */
	URING_ENTRY,  /* they are in the ring's entry: 6.18 */
};

struct features {
	bool btf;           /* /sys/kernel/btf/vmlinux is there and can be read */
	bool task_storage;  /* for tracing programs: 5.13 */
	bool rdonly_cast;   /* 6.2 */
	bool vma_iterator;  /* a process's mappings, in tracing programs: 6.7 */
	bool switch_tells_state; /* sched_switch tells in what state a thread leaves its CPU: 5.18 */
	bool preemptible_hooks; /* programs of raw tracepoints can be preempted: 7.2 */
	bool recursion_misses; /* skipped runs are counted: 5.12 */
	bool map_memory;    /* fdinfo tells what maps use, not what they could: 6.4 */
	bool run_time_stats;   /* kernel.bpf_stats_enabled is on */
	enum uring_events uring; /* the request itself is among their arguments: 5.19 */
	bool uring_submit_sqe; /* the event of a submission has its older name: before 6.3 */
};

void features_probe(struct features *features);

/* Can we trace at all? Returns 0, or -EOPNOTSUPP with one line in ERROR. */
int features_check(const struct features *features, char *error, size_t size);

#endif
