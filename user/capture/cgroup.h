/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cgroups by their paths.
 */
#ifndef IPCTRACE_CGROUP_H
#define IPCTRACE_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup {
	uint64_t id; /* as the kernel's: the inode number of the directory */
	char path[PATH_MAX]; /* of the directory */
};

/*
 * Finds the cgroup at NAME: a path of its directory, or one that begins at the mount of cgroup v2, with or without
 * a slash (as in /proc/PID/cgroup). Returns 0, or a negative errno with a line in ERROR.
 */
int cgroup_find(const char *name, struct cgroup *cgroup, char *error, size_t size);

/* Has the cgroup been removed? */
bool cgroup_is_gone(const struct cgroup *cgroup);

#endif
