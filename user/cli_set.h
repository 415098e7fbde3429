/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to the command line: cli.c cuts it into words, cli_set.c checks what they say.
 * All functions that return int return 0, or -EINVAL after cli_fail() has printed its line.
 */
#ifndef IPCTRACE_CLI_SET_H
#define IPCTRACE_CLI_SET_H

#include <stdbool.h>

#include "cli.h"

#define CLI_PROGRAM "ipctrace"

struct parse {
	struct options *options;
	bool failed; /* the one line has been printed */
	bool color_refused;
	bool kinds_given;
	unsigned positionals;
	int next; /* index of the word that getopt looks at next */
};

/* Prints "ipctrace: ...", one line whatever control characters a word in it may hold. */
__attribute__((format(printf, 2, 3)))
int cli_fail(struct parse *parse, const char *format, ...);

/* The same for a part of the contract that this version does not have. */
int cli_fail_missing(struct parse *parse, const char *what);

/* All names of --kind, separated by commas. The text lives until the next call. */
const char *cli_kind_names(void);

void cli_set_defaults(struct options *options);
int cli_set_target(struct parse *parse, enum target_kind target);
int cli_add_ids(struct parse *parse, enum target_kind target, const char *list);
/* Path of a cgroup. */
int cli_set_cgroup(struct parse *parse, const char *path);
int cli_set_comm(struct parse *parse, const char *name);
int cli_set_views(struct parse *parse, const char *list);
int cli_set_kinds(struct parse *parse, const char *list);
int cli_set_format(struct parse *parse, enum output_format format);
int cli_set_duration(struct parse *parse, const char *text);
int cli_set_top(struct parse *parse, const char *text);

/* Stores ARGUMENT, which must not be empty, in *TEXT. OPTION names it in the error line. */
int cli_set_text(struct parse *parse, const char **text, const char *option, const char *argument);

/* A word that is no option, before any "--": a command, INTERVAL or COUNT. */
int cli_add_positional(struct parse *parse, const char *word);

/* After the last word: what is wrong only in combination, and what follows from the rest. */
int cli_finish(struct parse *parse);

#endif
