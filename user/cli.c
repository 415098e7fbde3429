// SPDX-License-Identifier: GPL-2.0
/*
 * Cuts the command line into options and words with argp, and prints the help. What the words may
 * say is checked in cli_set.c; whether targets exist is the business of others.
 */
#include "cli.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_set.h"

#define WRONG_USAGE 2

/* Options without a letter. */
enum {
	KEY_JSON = 0x100,
	KEY_CSV,
	KEY_STATS,
	KEY_NO_HEADER,
	KEY_NO_COLOR,
	KEY_TIMESTAMP,
	KEY_ERRORS,
};

static const struct argp_option option_table[] = {
	{ .doc = "Target (one of them, or -- COMMAND [ARG...]):", .group = 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "processes, with all their threads", 0 },
	{ "tid", 't', "TID[,TID...]", 0, "single threads", 0 },
	{ "comm", 'c', "NAME", 0, "every process with that name, now and later", 0 },
	{ "cgroup", 'G', "PATH", 0, "a cgroup of v2 (a container, a service), and those below it", 0 },
	{ "all", 'a', NULL, 0, "the whole system", 0 },
	{ "follow", 'f', NULL, 0, "also trace children born later (implied by -- COMMAND)", 0 },
	{ "user", 'u', "NAME", 0, "run COMMAND as that user", 0 },
	{ .doc = "What to measure, and how long:", .group = 2 },
	{ "kind", 'k', "LIST", 0, "only these mechanisms", 0 },
	{ "duration", 'd', "SEC", 0, "stop after SEC seconds", 0 },
	{ "stats", KEY_STATS, NULL, 0, "measure the CPU time of the kernel side, at 50 ns a call", 0 },
	{ .doc = "What to show:", .group = 3 },
	{ "view", 'v', "LIST", 0, "show these tables", 0 },
	{ "sort", 's', "COLUMN", 0, "sort by this column (default: the busiest first)", 0 },
	{ "top", 'n', "N", 0, "at most N rows a table", 0 },
	{ "errors", KEY_ERRORS, NULL, 0, "list errors by name below channels and locks", 0 },
	{ "json", KEY_JSON, NULL, 0, "one JSON object a line", 0 },
	{ "csv", KEY_CSV, NULL, 0, "one table as CSV (default: processes)", 0 },
	{ "no-header", KEY_NO_HEADER, NULL, 0, "no header lines", 0 },
	{ "no-color", KEY_NO_COLOR, NULL, 0, "no colours (NO_COLOR is honoured)", 0 },
	{ "timestamp", KEY_TIMESTAMP, NULL, 0, "print the time above each table", 0 },
	{ "output", 'o', "FILE", 0, "data to FILE instead of stdout", 0 },
	{ "quiet", 'q', NULL, 0, "print no tables, measure everything", 0 },
	{ .doc = "Help:", .group = -1 },
	{ "help", 'h', NULL, 0, "print this text", 0 },
	{ "version", 'V', NULL, 0, "print the version", 0 },
	{ 0 },
};

static const char usage_text[] =
	"Usage: " CLI_PROGRAM " [TARGET] [OPTION...] [INTERVAL [COUNT]]\n"
	"  or:  " CLI_PROGRAM " [OPTION...] [INTERVAL [COUNT]] -- COMMAND [ARG...]\n"
	"  or:  " CLI_PROGRAM " check\n";

static const char help_text[] =
	"Shows live how processes talk over pipes, FIFOs, sockets and message queues, and where they "
	"sleep in futexes and file locks."
	"\v"
	"INTERVAL is in seconds (default 1); without COUNT it goes on until Ctrl-C or the target's end.\n"
	"`check' prints what this kernel and this user allow.\n"
	"\n"
	"Examples:\n"
	"  ipctrace -p 1234               a process, every second\n"
	"  ipctrace -p 1234,5678 0.5 10   two processes, ten times, every half second\n"
	"  ipctrace -f -c postgres        all of that name, and their children\n"
	"  ipctrace -p 1234 -k unix-stream -v channels,hist\n"
	"  ipctrace -G system.slice/nginx.service\n"
	"  ipctrace -a --json -d 10 -o out.json\n"
	"  ipctrace -- make -j4           start a program and trace all of it\n";

/* Completes the help with the names that others own. argp frees what is returned. */
static char *complete_help(int key, const char *text, void *input)
{
	char *complete = NULL;
	const char *names;

	(void)input;
	if (key == 'v')
		names = view_names();
	else if (key == 'k')
		names = cli_kind_names();
	else
		return (char *)text;
	return asprintf(&complete, "%s: %s", text, names) < 0 ? NULL : complete;
}

static error_t parse_key(int key, char *argument, struct argp_state *state);

static const struct argp argp = {
	.options = option_table,
	.parser = parse_key,
	.doc = help_text,
	.help_filter = complete_help,
};

static void print_help(void)
{
	char name[] = CLI_PROGRAM;

	/* Spares the reader a paragraph on how short and long options share their values. */
	setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
	fputs(usage_text, stdout);
	argp_help(&argp, stdout, ARGP_HELP_LONG | ARGP_HELP_DOC, name);
}

static const struct argp_option *find_short(char c)
{
	for (const struct argp_option *option = option_table; option->name || option->doc; option++)
		if (option->name && option->key == c)
			return option;
	return NULL;
}

/* The option whose name begins with the LENGTH bytes at WORD; *MATCHES tells how many there are. */
static const struct argp_option *find_long(const char *word, size_t length, unsigned *matches)
{
	const struct argp_option *found = NULL;

	*matches = 0;
	for (const struct argp_option *option = option_table; option->name || option->doc; option++) {
		if (!option->name || strncmp(option->name, word, length))
			continue;
		found = option;
		if (strlen(option->name) == length) {
			*matches = 1;
			return option;
		}
		(*matches)++;
	}
	return found;
}

static void explain_long(struct parse *parse, const char *word)
{
	int length = strcspn(word + 2, "=");
	unsigned matches;
	const struct argp_option *option = find_long(word + 2, length, &matches);

	if (!matches)
		cli_fail(parse, "unknown option '--%.*s' (see " CLI_PROGRAM " --help)", length, word + 2);
	else if (matches > 1)
		cli_fail(parse, "ambiguous option '--%.*s': write it out (see " CLI_PROGRAM " --help)",
			 length, word + 2);
	else if (option->arg)
		cli_fail(parse, "no value for --%s: give --%s %s", option->name, option->name, option->arg);
	else
		cli_fail(parse, "--%s takes no value: leave out '%s'", option->name, word + 2 + length);
}

/* Says what getopt did not like about WORD, which getopt itself reports in too many lines. */
static void explain(struct parse *parse, const char *word)
{
	if (!strncmp(word, "--", 2)) {
		explain_long(parse, word);
		return;
	}
	if (strchr("0123456789.", word[1])) { /* "-5": meant as a number */
		cli_add_positional(parse, word);
		return;
	}
	for (const char *c = word + 1; *c; c++) {
		const struct argp_option *option = find_short(*c);

		if (!option) {
			cli_fail(parse, "unknown option '-%c' (see " CLI_PROGRAM " --help)", *c);
			return;
		}
		if (option->arg) {
			cli_fail(parse, "no value for -%c: give -%c %s", *c, *c, option->arg);
			return;
		}
	}
}

/* The options with a value. */
static int parse_value(int key, const char *argument, struct parse *parse)
{
	struct options *options = parse->options;

	switch (key) {
	case 'p':
		return cli_add_ids(parse, TARGET_PIDS, argument);
	case 't':
		return cli_add_ids(parse, TARGET_TIDS, argument);
	case 'c':
		return cli_set_comm(parse, argument);
	case 'G':
		return cli_set_cgroup(parse, argument);
	case 'u':
		return cli_set_text(parse, &options->user, "--user", argument);
	case 'k':
		return cli_set_kinds(parse, argument);
	case 'd':
		return cli_set_duration(parse, argument);
	case 'v':
		return cli_set_views(parse, argument);
	case 's':
		return cli_set_text(parse, &options->view.sort, "--sort", argument);
	case 'n':
		return cli_set_top(parse, argument);
	case 'o':
		return cli_set_text(parse, &options->output, "--output", argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The options without one. */
static int parse_switch(int key, struct parse *parse)
{
	struct options *options = parse->options;

	switch (key) {
	case 'a':
		return cli_set_target(parse, TARGET_ALL);
	case 'f':
		options->follow = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case KEY_STATS:
		options->stats = true;
		return 0;
	case KEY_JSON:
		return cli_set_format(parse, FORMAT_JSON);
	case KEY_CSV:
		return cli_set_format(parse, FORMAT_CSV);
	case KEY_NO_HEADER:
		options->view.header = false;
		return 0;
	case KEY_NO_COLOR:
		parse->color_refused = true;
		return 0;
	case KEY_TIMESTAMP:
		options->view.timestamp = true;
		return 0;
	case KEY_ERRORS:
		options->view.errors = true;
		return 0;
	case 'h':
		print_help();
		exit(EXIT_SUCCESS);
	case 'V':
		puts(CLI_PROGRAM " " IPCTRACE_VERSION);
		exit(EXIT_SUCCESS);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A word that is no option. Behind "--" it begins the command, which takes all the rest. */
static int parse_word(char *word, struct argp_state *state)
{
	struct parse *parse = state->input;
	int err;

	if (!state->quoted || state->next <= state->quoted)
		return cli_add_positional(parse, word);
	err = cli_set_target(parse, TARGET_COMMAND);
	parse->options->argv = state->argv + state->next - 1;
	state->next = state->argc;
	return err;
}

static int parse_end(struct argp_state *state)
{
	struct parse *parse = state->input;

	if (state->quoted && parse->options->target != TARGET_COMMAND)
		return cli_fail(parse, "no command after --: give -- COMMAND [ARG...]");
	if (parse->options->command == COMMAND_CHECK && state->argc > 2)
		return cli_fail(parse, "check takes no options and no arguments");
	return cli_finish(parse);
}

/* What argp calls for each option, word and event. */
static error_t parse_key(int key, char *argument, struct argp_state *state)
{
	struct parse *parse = state->input;
	int err;

	switch (key) {
	case ARGP_KEY_ARG:
		err = parse_word(argument, state);
		break;
	case ARGP_KEY_END:
		err = parse_end(state);
		break;
	case ARGP_KEY_ERROR:
		/* getopt failed at the word after all that were accepted: nobody else has told why. */
		if (!parse->failed)
			explain(parse, state->argv[parse->next]);
		return 0;
	case ARGP_KEY_INIT:
	case ARGP_KEY_NO_ARGS:
	case ARGP_KEY_FINI:
	case ARGP_KEY_SUCCESS:
		return 0;
	default:
		err = argument ? parse_value(key, argument, parse) : parse_switch(key, parse);
	}
	parse->next = state->next;
	/* argp takes errors as errno numbers, above 0. */
	return err < 0 ? -err : err;
}

int cli_parse(int argc, char **argv, struct options *options)
{
	struct parse parse = { .options = options, .next = 1 };

	cli_set_defaults(options);
	/*
	 * In order: argp would otherwise move words before "--" behind it. Without its own errors,
	 * which take two lines, and its own help, which cannot be given the letter h.
	 */
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &parse))
		return WRONG_USAGE;
	return 0;
}
