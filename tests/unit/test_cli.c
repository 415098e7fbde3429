// SPDX-License-Identifier: GPL-2.0
/*
 * The command line: what it accepts, and that each wrong use is refused with exactly one line,
 * on stderr, with status 2.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli.h"

#define MAX_WORDS 16
#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* What cli_parse() printed and returned. */
struct outcome {
	struct options options;
	int status;
	char text[8192];
	char *words[MAX_WORDS]; /* options may point into them */
};

static struct outcome outcome;

/* Splits LINE at blanks ("~" stands for a blank, "''" for an empty word) into words behind argv[0]. */
static int split(char *line)
{
	int count = 0;

	outcome.words[count++] = (char *)"/some/where/ipctrace";
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
		for (char *c = word; *c; c++)
			if (*c == '~')
				*c = ' ';
		outcome.words[count++] = strcmp(word, "''") ? word : (char *)"";
	}
	outcome.words[count] = NULL;
	return count;
}

/* Parses LINE and keeps what went to the file descriptor FD. */
static void parse(const char *line, int fd)
{
	static char copy[8192];
	FILE *captured = tmpfile();
	int saved = dup(fd);

	assert_non_null(captured);
	snprintf(copy, sizeof(copy), "%s", line);
	fflush(NULL);
	dup2(fileno(captured), fd);
	outcome.status = cli_parse(split(copy), outcome.words, &outcome.options);
	fflush(NULL);
	dup2(saved, fd);
	close(saved);
	rewind(captured);
	outcome.text[fread(outcome.text, 1, sizeof(outcome.text) - 1, captured)] = '\0';
	fclose(captured);
}

static const struct options *accepted(const char *line)
{
	parse(line, STDERR_FILENO);
	assert_string_equal(outcome.text, "");
	assert_int_equal(outcome.status, 0);
	return &outcome.options;
}

static const struct refusal {
	const char *line;
	const char *part; /* of the one line */
} refusals[] = {
	{ "", "no target: give -p PID, -c NAME, -G CGROUP, -a or -- COMMAND (see ipctrace --help)" },
	{ "1 5", "no target" },
	{ "-p 0", "bad id '0' in --pid: give numbers from 1 to" },
	{ "-p abc", "bad id 'abc'" },
	{ "-p -5", "bad id '-5'" },
	{ "-p +5", "bad id '+5'" },
	{ "-p 5x", "bad id '5x'" },
	{ "-p 0x5", "bad id '0x5'" },
	{ "-p ~5", "bad id ' 5'" },
	{ "-p ''", "bad id ''" },
	{ "-p ,", "bad id ''" },
	{ "-p 1,,2", "bad id ''" },
	{ "-p 1,", "bad id ''" },
	{ "-p 1,2,0", "bad id '0'" },
	{ "-p 4194305", "bad id '4194305'" },
	{ "-p 4294967297", "bad id '4294967297'" },
	{ "-p 18446744073709551617", "bad id '18446744073709551617'" },
	{ "-p 111111111111111111111111111111111111111111111", "bad id '1111" },
	{ "-t 0", "bad id '0' in --tid" },
	{ "-t abc,1", "bad id 'abc' in --tid" },
	{ "-c ''", "empty name in --comm" },
	{ "-c sixteen-letters-", "give its first 15 bytes, 'sixteen-letters'" },
	{ "-c one -c two", "more than one --comm" },
	{ "-p 1 -t 2", "--pid and --tid exclude each other" },
	{ "-p 1 -a", "--pid and --all exclude each other" },
	{ "-a -c x", "--all and --comm exclude each other" },
	{ "-p 1 -- true", "--pid and -- COMMAND exclude each other" },
	{ "--", "no command after --" },
	{ "-p 1 --", "no command after --" },
	{ "-G a -G b", "more than one --cgroup: give one, or one above them" },
	{ "-G a -p 1", "--cgroup and --pid exclude each other: give one target" },
	{ "--cgroup=", "empty value in --cgroup: give a name" },
	{ "record -p 1", "record is not available in this version" },
	{ "report x", "report is not available in this version" },
	{ "export --to csv", "export is not available in this version" },
	{ "-a -v nonsense", "unknown view 'nonsense': there are processes, " },
	{ "-a -v channels,", "unknown view ''" },
	{ "-a -v ''", "unknown view ''" },
	{ "-a -v Channels", "unknown view 'Channels'" },
	{ "-a -k nonsense", "unknown kind 'nonsense': there are pipe, fifo, " },
	{ "-a -k pipe,,tcp", "unknown kind ''" },
	{ "-a -k pipes-that-are-much-longer-than-any-name-there-is", "unknown kind 'pipes-that" },
	{ "-a -s nonsense", "unknown column 'nonsense': there are pid, " },
	{ "-a -v locks -s ppid", "unknown column 'ppid': there are wait_ns, " },
	{ "-a -s ''", "empty value in --sort" },
	{ "-a 0", "bad interval '0': give seconds from 0.001 to" },
	{ "-a 0.0009", "bad interval '0.0009'" },
	{ "-a -1", "bad interval '-1'" },
	{ "-a -0.5 3", "bad interval '-0.5'" },
	{ "-a nan", "bad interval 'nan'" },
	{ "-a inf", "bad interval 'inf'" },
	{ "-a 1e3", "bad interval '1e3'" },
	{ "-a 1,5", "bad interval '1,5'" },
	{ "-a .", "bad interval '.'" },
	{ "-a 1.2.3", "bad interval '1.2.3'" },
	{ "-a ''", "bad interval ''" },
	{ "-a 31536001", "bad interval '31536001'" },
	{ "-a 99999999999999999999999", "bad interval '9999" },
	{ "-a sleep", "bad interval 'sleep': give seconds from 0.001 to 31536000 (a program to start goes after --)" },
	{ "-a 1 0", "bad count '0'" },
	{ "-a 1 -3", "bad count '-3'" },
	{ "-a 1 2.5", "bad count '2.5'" },
	{ "-a 1 x", "bad count 'x'" },
	{ "-a 1 18446744073709551616", "bad count '18446744073709551616'" },
	{ "-a 1 2 3", "unexpected argument '3'" },
	{ "-a -d 0", "bad duration '0'" },
	{ "-a -d -1", "bad duration '-1'" },
	{ "-a -d x", "bad duration 'x'" },
	{ "-a -n -1", "bad number of rows '-1'" },
	{ "-a -n 0", "bad number of rows '0'" },
	{ "-a -n x", "bad number of rows 'x'" },
	{ "-a -n 4294967297", "bad number of rows '4294967297'" },
	{ "-a --json --csv", "--json and --csv exclude each other" },
	{ "-a --csv -v locks,channels", "--csv prints one table: give one view" },
	{ "-a --csv -v hist", "give one view, and one that has columns" },
	{ "-a -u nobody", "--user goes only with -- COMMAND" },
	{ "-u ''", "empty value in --user" },
	{ "-a -o ''", "empty value in --output" },
	{ "check -a", "check takes no options and no arguments" },
	{ "check foo", "check takes no options and no arguments" },
	{ "check 1", "check takes no options and no arguments" },
	{ "check -- true", "check takes no options and no arguments" },
	{ "--nonsense", "unknown option '--nonsense' (see ipctrace --help)" },
	{ "-a 1 --nonsense=5", "unknown option '--nonsense' (see ipctrace --help)" },
	{ "-x", "unknown option '-x' (see ipctrace --help)" },
	{ "-a -qxf", "unknown option '-x'" },
	{ "-a -xq", "unknown option '-x'" },
	{ "-c -q -x", "unknown option '-x'" },
	{ "-p", "no value for -p: give -p PID[,PID...]" },
	{ "-qp", "no value for -p" },
	{ "--pid", "no value for --pid: give --pid PID[,PID...]" },
	{ "-a --co", "no value for --comm" },
	{ "-a --c", "ambiguous option '--c': write it out" },
	{ "-a --no-", "ambiguous option '--no-'" },
	{ "-a --json=5", "--json takes no value: leave out '=5'" },
	{ "-a -v a\033[31mb\nc", "unknown view 'a?[31mb?c'" },
};

static void test_refused(void **state)
{
	const struct refusal *refusal = *state;

	parse(refusal->line, STDERR_FILENO);
	assert_int_equal(outcome.status, 2);
	assert_ptr_equal(strstr(outcome.text, "ipctrace: "), outcome.text);
	if (!strstr(outcome.text, refusal->part))
		fail_msg("\"%s\" is not in: %s", refusal->part, outcome.text);
	assert_ptr_equal(strchr(outcome.text, '\n'), outcome.text + strlen(outcome.text) - 1);
}

static void test_too_many_ids(void **state)
{
	char line[8192] = "-p 1";
	size_t used = strlen(line);

	(void)state;
	for (int id = 2; id <= MAX_TARGET_IDS; id++)
		used += snprintf(line + used, sizeof(line) - used, ",%d", id);
	assert_int_equal(accepted(line)->id_count, MAX_TARGET_IDS);
	snprintf(line + used, sizeof(line) - used, ",5000");
	parse(line, STDERR_FILENO);
	assert_int_equal(outcome.status, 2);
	assert_non_null(strstr(outcome.text, "too many ids in --pid: give at most 1024"));
}

static void test_defaults(void **state)
{
	const struct options *options = accepted("-a");

	(void)state;
	assert_int_equal(options->command, COMMAND_LIVE);
	assert_int_equal(options->target, TARGET_ALL);
	assert_false(options->follow);
	assert_int_equal(options->interval_ns, 1000000000);
	assert_int_equal(options->count, 0);
	assert_int_equal(options->duration_ns, 0);
	assert_int_equal(options->mechanisms, ((1u << MECH_COUNT) - 1) & ~1u);
	assert_true(options->futexes);
	assert_int_equal(options->view.format, FORMAT_TABLE);
	assert_int_equal(options->view.views, VIEW_PROCESSES | VIEW_CHANNELS | VIEW_LOCKS);
	assert_null(options->view.sort);
	assert_int_equal(options->view.top, 0);
	assert_true(options->view.header);
	assert_false(options->view.timestamp);
	assert_null(options->output);
	assert_null(options->user);
	assert_false(options->quiet);
}

static void test_ids(void **state)
{
	const struct options *options = accepted("-p 1,22,1 --pid=333 -p 22");

	(void)state;
	assert_int_equal(options->target, TARGET_PIDS);
	assert_int_equal(options->id_count, 3);
	assert_int_equal(options->ids[0], 1);
	assert_int_equal(options->ids[1], 22);
	assert_int_equal(options->ids[2], 333);
	options = accepted("--tid 4194304,007");
	assert_int_equal(options->target, TARGET_TIDS);
	assert_int_equal(options->id_count, 2);
	assert_int_equal(options->ids[0], 4194304);
	assert_int_equal(options->ids[1], 7);
}

static void test_comm(void **state)
{
	(void)state;
	assert_string_equal(accepted("-c fifteen-letters -f")->comm, "fifteen-letters");
	assert_int_equal(outcome.options.target, TARGET_COMM);
	assert_true(outcome.options.follow);
	assert_false(outcome.options.stats);
	assert_true(accepted("-c sh --stats -d 1")->stats);
	assert_string_equal(accepted("-c -x")->comm, "-x");
}

static void check_interval(const char *line)
{
	const struct options *options = accepted(line);

	assert_int_equal(options->target, TARGET_PIDS);
	assert_int_equal(options->ids[0], 1);
	assert_int_equal(options->interval_ns, 500000000);
	assert_int_equal(options->count, 10);
	assert_true(options->quiet);
}

static void test_words_and_options_mix(void **state)
{
	(void)state;
	check_interval("-p 1 -q 0.5 10");
	check_interval("0.5 10 -p 1 -q");
	check_interval("0.5 -p 1 10 -q");
	setenv("POSIXLY_CORRECT", "1", 1);
	check_interval("0.5 -qp1 10");
	unsetenv("POSIXLY_CORRECT");
}

static void test_times(void **state)
{
	(void)state;
	assert_int_equal(accepted("-a 0.001")->interval_ns, 1000000);
	assert_int_equal(accepted("-a .25")->interval_ns, 250000000);
	assert_int_equal(accepted("-a 3.")->interval_ns, 3000000000);
	assert_int_equal(accepted("-a 1.0000000019")->interval_ns, 1000000001);
	assert_int_equal(accepted("-a 31536000")->interval_ns, 31536000000000000);
	assert_int_equal(accepted("-a -d 2.5")->duration_ns, 2500000000);
	assert_int_equal(accepted("-a 1 1000000000000")->count, 1000000000000);
}

static void test_command(void **state)
{
	const struct options *options = accepted("-q 2 3 -u nobody -- prog -p 5 -- --help");

	(void)state;
	assert_int_equal(options->target, TARGET_COMMAND);
	assert_true(options->follow);
	assert_int_equal(options->interval_ns, 2000000000);
	assert_int_equal(options->count, 3);
	assert_string_equal(options->user, "nobody");
	assert_ptr_equal(options->argv, &outcome.words[7]);
	assert_string_equal(options->argv[0], "prog");
	assert_string_equal(options->argv[4], "--help");
	assert_null(options->argv[5]);
	assert_string_equal(accepted("-- check")->argv[0], "check");
	assert_int_equal(outcome.options.command, COMMAND_LIVE);
	assert_string_equal(accepted("-- 5")->argv[0], "5");
}

static void test_views_and_kinds(void **state)
{
	const struct options *options = accepted("-a -v hist,waits -v waits -k tcp,futex -k pipe");

	(void)state;
	assert_int_equal(options->view.views, VIEW_HIST | VIEW_WAITS);
	assert_int_equal(options->mechanisms, 1u << MECH_TCP | 1u << MECH_PIPE);
	assert_true(options->futexes);
	options = accepted("-a -k mqueue");
	assert_int_equal(options->mechanisms, 1u << MECH_MQUEUE);
	assert_false(options->futexes);
	options = accepted("-a -k futex");
	assert_int_equal(options->mechanisms, 0);
	assert_true(options->futexes);
}

static void test_output(void **state)
{
	const struct options *options =
		accepted("-a --json -n 7 -s sent_bytes --no-header --timestamp -o out -q");

	(void)state;
	assert_int_equal(options->view.format, FORMAT_JSON);
	assert_int_equal(options->view.top, 7);
	assert_string_equal(options->view.sort, "sent_bytes");
	assert_false(options->view.header);
	assert_true(options->view.timestamp);
	assert_string_equal(options->output, "out");
	assert_true(options->quiet);
	assert_int_equal(accepted("-a --csv")->view.views, VIEW_PROCESSES);
	assert_int_equal(accepted("-a --csv -v waits")->view.views, VIEW_WAITS);
}

/* Gives cli_parse() a terminal for stdout. */
static bool color_of(const char *line)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	int saved = dup(STDOUT_FILENO);

	assert_true(terminal >= 0);
	fflush(stdout);
	dup2(terminal, STDOUT_FILENO);
	accepted(line);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(terminal);
	return outcome.options.view.color;
}

static void test_color(void **state)
{
	(void)state;
	unsetenv("NO_COLOR");
	assert_true(color_of("-a"));
	assert_false(color_of("-a --no-color"));
	assert_false(color_of("-a -o out"));
	setenv("NO_COLOR", "1", 1);
	assert_false(color_of("-a"));
	setenv("NO_COLOR", "", 1);
	assert_true(color_of("-a"));
	unsetenv("NO_COLOR");
}

static void test_check(void **state)
{
	(void)state;
	assert_int_equal(accepted("check")->command, COMMAND_CHECK);
}

/* Options that print and exit: in a child. Returns its exit status; the text is in outcome.text. */
static int exits(const char *line)
{
	FILE *captured = tmpfile();
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		static char copy[256];

		dup2(fileno(captured), STDOUT_FILENO);
		snprintf(copy, sizeof(copy), "%s", line);
		cli_parse(split(copy), outcome.words, &outcome.options);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rewind(captured);
	outcome.text[fread(outcome.text, 1, sizeof(outcome.text) - 1, captured)] = '\0';
	fclose(captured);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_help_and_version(void **state)
{
	const char *examples;

	(void)state;
	assert_int_equal(exits("--version"), 0);
	assert_string_equal(outcome.text, "ipctrace " IPCTRACE_VERSION "\n");
	assert_int_equal(exits("-p 1 -V"), 0);
	assert_int_equal(exits("-h"), 0);
	assert_int_equal(exits("--help"), 0);
	assert_ptr_equal(strstr(outcome.text, "Usage: ipctrace "), outcome.text);
	assert_non_null(strstr(outcome.text, "mqueue"));
	assert_non_null(strstr(outcome.text, "--cgroup=PATH"));
	examples = strstr(outcome.text, "Examples:");
	assert_non_null(examples);
	assert_null(strstr(examples, "\n\n"));
	for (char *line = strtok(outcome.text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) < 80);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_too_many_ids),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_comm),
		cmocka_unit_test(test_words_and_options_mix),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_views_and_kinds),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_help_and_version),
	};
	struct CMUnitTest cli[LENGTH(refusals) + LENGTH(others)];

	for (size_t i = 0; i < LENGTH(refusals); i++)
		cli[i] = (struct CMUnitTest){ .name = refusals[i].part, .test_func = test_refused,
					      .initial_state = (void *)&refusals[i] };
	memcpy(cli + LENGTH(refusals), others, sizeof(others));
	return cmocka_run_group_tests(cli, NULL, NULL);
}
