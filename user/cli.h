/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line, parsed and checked for what can be checked without looking at the system.
 */
#ifndef IPCTRACE_CLI_H
#define IPCTRACE_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include <sys/types.h>

#include "tables.h"
#include "view/views.h"

enum command {
	COMMAND_LIVE,
	COMMAND_CHECK,
};

enum target_kind {
	TARGET_NONE,
	TARGET_PIDS,    /* -p */
	TARGET_TIDS,    /* -t */
	TARGET_COMM,    /* -c */
	TARGET_ALL,     /* -a */
	TARGET_CGROUP,  /* -G */
	TARGET_COMMAND, /* -- COMMAND */
};

#define MAX_TARGET_IDS 1024

struct options {
	enum command command;

	enum target_kind target;
	unsigned id_count;
	pid_t ids[MAX_TARGET_IDS]; /* pids or tids, without repeats */
	const char *comm;          /* TARGET_COMM */
	const char *cgroup;        /* TARGET_CGROUP: as given */
	char **argv;               /* TARGET_COMMAND, NULL-terminated, points into main's argv */
	const char *user;          /* -u, or NULL */
	bool follow;

	uint64_t interval_ns; /* default 1 s */
	bool interval_given;  /* on the command line */
	uint64_t count;       /* intervals, 0: until the end */
	uint64_t duration_ns; /* 0: no limit */

	unsigned mechanisms; /* bit (1 << mechanism) for each wanted one; default all */
	bool futexes;        /* locks wanted: true unless --kind leaves them out ("futex") */
	bool file_locks;     /* likewise ("file-lock") */

	struct view_options view;
	const char *output; /* -o, or NULL for stdout */
	bool quiet;
	bool stats; /* measure the CPU time of the BPF programs */
};

/*
 * Parses argv into OPTIONS. Returns 0, or prints one line to stderr and returns 2 (wrong usage).
 * --help and --version print to stdout and exit 0.
 */
int cli_parse(int argc, char **argv, struct options *options);

#endif
