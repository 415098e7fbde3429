/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the threads to trace are told from the others, on both sides.
 */
#ifndef IPCTRACE_TARGETS_H
#define IPCTRACE_TARGETS_H

enum target_mode {
	TARGET_MODE_NONE = 0, /* only threads that the loader marks by hand */
	TARGET_MODE_PIDS = 1,
	TARGET_MODE_TIDS = 2,
	TARGET_MODE_COMM = 3,
	TARGET_MODE_ALL = 4,
	TARGET_MODE_CGROUP = 5,
};

/* A target cgroup lies at most so deep, the root included; those below it as deep as they like. */
#define CGROUP_LEVELS 64

#endif
