// SPDX-License-Identifier: GPL-2.0
/*
 * Checks the value of each option and puts it into struct options; refuses it in one line where
 * it makes no sense. Knows nothing of argp. Names of views, columns and kinds come from those
 * who own them.
 */
#include "cli_set.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "values.h"
#include "view/columns.h"

#define PID_LIMIT (1u << 22) /* the kernel's PID_MAX_LIMIT: no id is above it */
#define COUNT_LIMIT 1000000000000ull
#define TOP_LIMIT 1000000u
#define COMM_LENGTH 15 /* what the kernel keeps of a name */
#define FUTEX_KIND "futex"
#define FILE_LOCK_KIND "file-lock"
#define SECONDS_RANGE "seconds from 0.001 to 31536000" /* SECONDS_MIN_NS to SECONDS_MAX_NS */

#define DEFAULT_VIEWS (VIEW_PROCESSES | VIEW_CHANNELS | VIEW_LOCKS)

/* Parts of the contract that this version does not have. */
static const char *const missing_commands[] = { "record", "report", "export" };

static const char *const target_names[] = {
	[TARGET_PIDS] = "--pid",
	[TARGET_TIDS] = "--tid",
	[TARGET_COMM] = "--comm",
	[TARGET_ALL] = "--all",
	[TARGET_CGROUP] = "--cgroup",
	[TARGET_COMMAND] = "-- COMMAND",
};

/* Prints the one line, whatever control characters a word in it may hold. */
int cli_fail(struct parse *parse, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (char *c = line; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	fprintf(stderr, CLI_PROGRAM ": %s\n", line);
	parse->failed = true;
	return -EINVAL;
}

int cli_fail_missing(struct parse *parse, const char *what)
{
	return cli_fail(parse, "%s is not available in this version", what);
}

#define IS_ONE_OF(word, names) is_one_of(word, names, sizeof(names) / sizeof(*(names)))
static bool is_one_of(const char *word, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(word, names[i]))
			return true;
	return false;
}

const char *cli_kind_names(void)
{
	static char names[256];
	size_t used = 0;

	for (unsigned kind = MECH_NONE + 1; kind < MECH_COUNT && used < sizeof(names); kind++)
		used += snprintf(names + used, sizeof(names) - used, "%s, ", mechanism_kind(kind));
	if (used < sizeof(names))
		snprintf(names + used, sizeof(names) - used, FUTEX_KIND ", " FILE_LOCK_KIND);
	return names;
}

/* All names of --sort for VIEWS, each once. The text lives until the next call. */
static const char *column_names(unsigned views)
{
	static char names[1024];
	unsigned listed = 0;
	size_t used = 0;

	for (unsigned i = 0; i < column_count && used < sizeof(names); i++) {
		unsigned j = 0;

		while (j < i && !((columns[j].view & views) && !strcmp(columns[j].name, columns[i].name)))
			j++;
		if (j == i && (columns[i].view & views))
			used += snprintf(names + used, sizeof(names) - used, "%s%s",
					 listed++ ? ", " : "", columns[i].name);
	}
	return listed ? names : "none";
}

int cli_set_target(struct parse *parse, enum target_kind target)
{
	struct options *options = parse->options;

	if (options->target != TARGET_NONE && options->target != target)
		return cli_fail(parse, "%s and %s exclude each other: give one target",
			    target_names[options->target], target_names[target]);
	options->target = target;
	return 0;
}

static bool has_id(const struct options *options, pid_t id)
{
	for (unsigned i = 0; i < options->id_count; i++)
		if (options->ids[i] == id)
			return true;
	return false;
}

int cli_add_ids(struct parse *parse, enum target_kind target, const char *list)
{
	struct options *options = parse->options;
	const char *rest = list;
	char item[32];
	uint64_t id;
	int err = cli_set_target(parse, target);

	while (!err && rest) {
		if (value_next_item(&rest, item, sizeof(item)) || value_number(item, 1, PID_LIMIT, &id))
			return cli_fail(parse, "bad id '%s' in %s: give numbers from 1 to %u, separated by commas",
				    item, target_names[target], PID_LIMIT);
		if (has_id(options, id))
			continue;
		if (options->id_count == MAX_TARGET_IDS)
			return cli_fail(parse, "too many ids in %s: give at most %d, or use --comm or --all",
				    target_names[target], MAX_TARGET_IDS);
		options->ids[options->id_count++] = id;
	}
	return err;
}

int cli_set_comm(struct parse *parse, const char *name)
{
	int err = cli_set_target(parse, TARGET_COMM);

	if (err)
		return err;
	if (parse->options->comm && strcmp(parse->options->comm, name))
		return cli_fail(parse, "more than one --comm: give one name");
	if (!*name)
		return cli_fail(parse, "empty name in --comm: give a name as ps -o comm shows it");
	if (strlen(name) > COMM_LENGTH)
		return cli_fail(parse, "'%s' is longer than the kernel keeps names: give its first %d bytes, '%.*s'",
			    name, COMM_LENGTH, COMM_LENGTH, name);
	parse->options->comm = name;
	return 0;
}

int cli_set_cgroup(struct parse *parse, const char *path)
{
	int err = cli_set_target(parse, TARGET_CGROUP);

	if (err)
		return err;
	if (parse->options->cgroup && strcmp(parse->options->cgroup, path))
		return cli_fail(parse, "more than one --cgroup: give one, or one above them");
	return cli_set_text(parse, &parse->options->cgroup, "--cgroup", path);
}

int cli_set_views(struct parse *parse, const char *list)
{
	unsigned *views = &parse->options->view.views;
	char item[32];

	for (const char *rest = list; rest;) {
		int err = value_next_item(&rest, item, sizeof(item));
		unsigned view = err ? 0 : view_by_name(item);

		if (!view)
			return cli_fail(parse, "unknown view '%s': there are %s", item, view_names());
		*views |= view;
	}
	return 0;
}

int cli_set_kinds(struct parse *parse, const char *list)
{
	struct options *options = parse->options;
	char item[32];

	if (!parse->kinds_given) {
		parse->kinds_given = true;
		options->mechanisms = 0;
		options->futexes = false;
		options->file_locks = false;
	}
	for (const char *rest = list; rest;) {
		int err = value_next_item(&rest, item, sizeof(item));
		enum mechanism mechanism = err ? MECH_NONE : mechanism_by_kind(item);

		if (!strcmp(item, FUTEX_KIND))
			options->futexes = true;
		else if (!strcmp(item, FILE_LOCK_KIND))
			options->file_locks = true;
		else if (mechanism != MECH_NONE)
			options->mechanisms |= 1u << mechanism;
		else
			return cli_fail(parse, "unknown kind '%s': there are %s", item, cli_kind_names());
	}
	return 0;
}

int cli_set_format(struct parse *parse, enum output_format format)
{
	struct view_options *view = &parse->options->view;

	if (view->format != FORMAT_TABLE && view->format != format)
		return cli_fail(parse, "--json and --csv exclude each other: give one of them");
	view->format = format;
	return 0;
}

int cli_set_duration(struct parse *parse, const char *text)
{
	if (value_seconds(text, &parse->options->duration_ns))
		return cli_fail(parse, "bad duration '%s': give " SECONDS_RANGE, text);
	return 0;
}

int cli_set_top(struct parse *parse, const char *text)
{
	uint64_t top;

	if (value_number(text, 1, TOP_LIMIT, &top))
		return cli_fail(parse, "bad number of rows '%s' in --top: give 1 to %u", text, TOP_LIMIT);
	parse->options->view.top = top;
	return 0;
}

int cli_set_text(struct parse *parse, const char **text, const char *option, const char *argument)
{
	if (!*argument)
		return cli_fail(parse, "empty value in %s: give a name", option);
	*text = argument;
	return 0;
}

int cli_add_positional(struct parse *parse, const char *word)
{
	struct options *options = parse->options;

	if (!parse->positionals && IS_ONE_OF(word, missing_commands))
		return cli_fail_missing(parse, word);
	if (!parse->positionals && !strcmp(word, "check")) {
		options->command = COMMAND_CHECK;
		return 0;
	}
	if (options->command == COMMAND_CHECK)
		return 0; /* refused when all words are there, as options are */
	switch (parse->positionals++) {
	case 0:
		options->interval_given = true;
		if (value_seconds(word, &options->interval_ns))
			return cli_fail(parse, "bad interval '%s': give " SECONDS_RANGE
				    " (a program to start goes after --)", word);
		return 0;
	case 1:
		if (value_number(word, 1, COUNT_LIMIT, &options->count))
			return cli_fail(parse, "bad count '%s': give the number of intervals, 1 or more", word);
		return 0;
	default:
		return cli_fail(parse, "unexpected argument '%s' after INTERVAL and COUNT", word);
	}
}

void cli_set_defaults(struct options *options)
{
	*options = (struct options){
		.interval_ns = 1000000000,
		.mechanisms = (1u << MECH_COUNT) - 1 - (1u << MECH_NONE),
		.futexes = true,
		.file_locks = true,
		.view.header = true,
	};
}

/* What can be said only of all words together. */
static int check_together(struct parse *parse)
{
	const struct options *options = parse->options;
	const struct view_options *view = &options->view;

	if (options->command == COMMAND_CHECK)
		return 0;
	if (options->user && options->target != TARGET_COMMAND)
		return cli_fail(parse, "--user goes only with -- COMMAND: it is the user to run it as");
	if (options->target == TARGET_NONE)
		return cli_fail(parse, "no target: give -p PID, -c NAME, -G CGROUP, -a or -- COMMAND (see "
				CLI_PROGRAM " --help)");
	if (view->format == FORMAT_CSV && view->views && !table_by_view(view->views))
		return cli_fail(parse, "--csv prints one table: give one view, and one that has columns");
	return 0;
}

int cli_finish(struct parse *parse)
{
	struct options *options = parse->options;
	struct view_options *view = &options->view;
	const char *no_color = getenv("NO_COLOR");
	int err = check_together(parse);

	if (err)
		return err;
	if (!view->views)
		view->views = view->format == FORMAT_CSV ? VIEW_PROCESSES : DEFAULT_VIEWS;
	if (view->sort && !view_has_column(view->views, view->sort))
		return cli_fail(parse, "unknown column '%s': there are %s", view->sort,
				column_names(view->views));
	view->color = !parse->color_refused && !(no_color && *no_color) && !options->output &&
		      isatty(STDOUT_FILENO);
	if (options->target == TARGET_COMMAND)
		options->follow = true;
	return 0;
}
