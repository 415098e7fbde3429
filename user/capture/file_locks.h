/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who holds the locks on files, and what these are called, from /proc.
 */
#ifndef IPCTRACE_FILE_LOCKS_H
#define IPCTRACE_FILE_LOCKS_H

#include <stdbool.h>

#include "model/base.h"

struct file_locks_search {
	bool has_looked;
	uint64_t next_ns; /* CLOCK_MONOTONIC: when the next search through all processes is affordable */
};

/*
 * Adds to MODEL, whose counters have been read, who holds the locks that somebody waits for, and names files.
 * The first look also finds targets that have been waiting since before they were traced.
 */
void file_locks_look(struct file_locks_search *search, struct model *model);

#endif
