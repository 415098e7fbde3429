// SPDX-License-Identifier: GPL-2.0
/* The views on a model built by hand: text at several widths, JSON, CSV, errors. */
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>
#include <errno.h>

#include "view/columns.h"
#include "view/utf8.h"
#include "view_fixture.h"

#define ALL_VIEWS (TABLES | VIEW_WAITS | VIEW_HIST)

static void test_text_of_an_interval(void **state)
{
	char *text = print(WINDOW_INTERVAL, (struct view_options){ .views = TABLES, .header = true },
			   80);

	(void)state;
	assert_contains(text, "PROCESSES  last 2.00s\n");
	assert_contains(text,
		"PID THR SENT/s SENDS/s RECV/s RECVS/s BLOCKED LOCKWAIT LWAITS/s RUNQUEUE COMMAND\n"
		" 12   1 1.00MB    15.5      0       0   25.0%       0%        0       0% head\n"
		" 13   2      0       0 1.00MB      18   50.0%    <0.1%     1.50       0% cat\n");
	assert_contains(text, "pipe        1.00MB    15.5 1.00MB   25.0%   50.0% "
			      "head(12) -> cat(13)");
	assert_contains(text, "cat(13) <-> peer(99)");
	assert_contains(text, "cat(13) [heap]+0x10\n");
	assert_contains(text, "health: nothing lost; share of one CPU: kernel side not measured, "
			      "ipctrace 1.0%\n");
	assert_lacks(text, "at least");
	assert_lacks(text, "\033");
	free(text);
}

static void test_totals_of_the_run(void **state)
{
	char *text = print(WINDOW_RUN, (struct view_options){ .views = TABLES, .header = true },
			   200);

	(void)state;
	assert_contains(text, "PROCESSES  total 20.0s\n");
	assert_contains(text, "20.0MB");
	assert_contains(text, "5.00s");
	assert_lacks(text, "/s");
	free(text);
}

/* The peer is what people look for: at 80 columns it is whole, whatever figures give way. */
static void test_peers_at_80_columns(void **state)
{
	struct view_options options = { .views = VIEW_CHANNELS, .header = true };
	char *text;

	(void)state;
	strcpy(fixture.cat.comm, "redis-server");
	strcpy(fixture.peer.comm, "redis-benchmark");
	fixture.cat.key.pid = 8937;
	fixture.peer.key.pid = 8940;
	text = print(WINDOW_INTERVAL, options, 80);
	assert_contains(text, "\nKIND        SENT/s RECV/s RECVBLK SENDERS -> RECEIVERS\n");
	assert_contains(text, " redis-server(8937) <-> redis-benchmark(8940)\n");
	free(text);
}

/* No line is wider than asked for, whatever the width, and no column loses its figures. */
static void test_every_width(void **state)
{
	(void)state;
	fixture.socket.name = (char *)"/run/\xe6\xbc\xa2\xe5\xad\x97/\033[31m\n.sock";
	for (unsigned width = 1; width < 250; width++) {
		struct view_options options = { .views = ALL_VIEWS, .header = true };
		char *text = print(width % 2 ? WINDOW_RUN : WINDOW_INTERVAL, options, width);
		char *rest = text, *line;

		assert_lacks(text, "\033");
		while ((line = strsep(&rest, "\n")))
			if (text_width(line) > width)
				fail_msg("width %u: %s", width, line);
		free(text);
	}
}

static void test_twenty_columns(void **state)
{
	char *text = print(WINDOW_INTERVAL,
			   (struct view_options){ .views = TABLES, .header = true }, 20);

	(void)state;
	assert_contains(text, "\nPID SENT/s COMMAND\n 12 1.00MB head\n 13      0 cat\n");
	assert_contains(text, "\nSENT/s SENDERS -> R~\n1.00MB head(12) -> ~\n");
	free(text);
}

static void test_top_says_what_it_cuts(void **state)
{
	struct view_options options = { .views = VIEW_PROCESSES, .header = true, .top = 1 };
	char *text = print(WINDOW_INTERVAL, options, 80);

	(void)state;
	assert_contains(text, "head\n(1 more)\n");
	assert_lacks(text, " cat\n");
	free(text);
	options.sort = "pid";
	options.views = VIEW_WAITS;
	text = print(WINDOW_INTERVAL, options, 80);
	assert_contains(text, "(1 more)");
	free(text);
}

static void test_sort(void **state)
{
	struct view_options options = { .views = VIEW_PROCESSES, .sort = "blocked_ns" };
	char *text = print(WINDOW_INTERVAL, options, 80);

	(void)state;
	assert_true(strstr(text, "cat") < strstr(text, "head"));
	free(text);
	options.sort = "pid";
	text = print(WINDOW_INTERVAL, options, 80);
	assert_true(strstr(text, "head") < strstr(text, "cat"));
	free(text);
	options.sort = "comm";
	text = print(WINDOW_INTERVAL, options, 80);
	assert_true(strstr(text, "cat") < strstr(text, "head"));
	free(text);
}

/* A server that holds thousands of idle pipes does not fill the page, but JSON has them all. */
static void test_many_idle_channels(void **state)
{
	enum { MANY = 9000 };
	static struct channel *channels[MANY];
	struct view_options options = { .views = VIEW_CHANNELS, .header = true };
	unsigned lines = 0, found = 0;
	char *text;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		channels[i] = i == 8999 ? &fixture.pipe : &fixture.socket;
	fixture.model.channels = channels;
	fixture.model.channel_count = MANY;
	text = print(WINDOW_INTERVAL, options, 80);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_true(lines < 30);
	assert_contains(text, "(8980 idle more)");
	assert_contains(text, "pipe ");
	free(text);
	options.format = FORMAT_JSON;
	text = print(WINDOW_INTERVAL, options, 80);
	for (const char *c = text; (c = strstr(c, "\"max_queued_bytes\"")); c++)
		found++;
	assert_int_equal(found, MANY);
	free(text);
}

static void test_empty_model(void **state)
{
	char *text;

	(void)state;
	fixture.model.process_count = fixture.model.channel_count = 0;
	fixture.model.lock_count = fixture.model.wait_count = 0;
	fixture.model.duration_ns[WINDOW_INTERVAL] = 0;
	text = print(WINDOW_INTERVAL, (struct view_options){ .views = ALL_VIEWS, .header = true },
		     80);
	assert_contains(text, "CHANNELS  last 0: none\n");
	assert_contains(text, "(nothing moved, nobody slept)");
	free(text);
	text = print(WINDOW_INTERVAL, (struct view_options){ .format = FORMAT_JSON }, 0);
	assert_contains(text, "\"processes\":[],\"channels\":[],\"edges\":[],\"locks\":[],"
			      "\"waits\":[],\"health\":{");
	free(text);
}

static void test_color_and_no_header(void **state)
{
	struct view_options options = { .views = TABLES, .header = true, .color = true };
	char *text = print(WINDOW_INTERVAL, options, 80);

	(void)state;
	assert_contains(text, "\033[1mPROCESSES  last 2.00s\033[0m\n");
	free(text);
	options = (struct view_options){ .views = TABLES };
	text = print(WINDOW_INTERVAL, options, 80);
	assert_lacks(text, "PROCESSES");
	assert_lacks(text, "COMMAND");
	free(text);
}

static void test_hist(void **state)
{
	char *text = print(WINDOW_INTERVAL, (struct view_options){ .views = VIEW_HIST,
								  .header = true }, 80);

	(void)state;
	assert_contains(text, "lock [heap]+0x10  cat(13)\n"
			      "  asleep in waits: 3 times, min 1.00us, p50 ~1.01us, "
			      "p90 ~4.80us, p99 ~4.80us,\n  max 5.00us\n");
	assert_contains(text,
		"     512ns -> 1.02us   : 2        |****************************************|\n"
		"    1.02us -> 2.05us   : 0        |                                        |\n"
		"    2.05us -> 4.09us   : 0        |                                        |\n"
		"    4.10us -> 8.19us   : 1        |********************                    |\n");
	free(text);
}

static void test_json(void **state)
{
	char *text;

	(void)state;
	fixture.cat.comm[0] = '"';
	fixture.peer.comm[0] = '\xff';
	text = print(WINDOW_RUN, (struct view_options){ .format = FORMAT_JSON }, 80);
	assert_contains(text, "{\"schema\":\"ipctrace/1\",\"type\":\"summary\","
			      "\"time_ns\":1700000000123456789,\"duration_ns\":20000000000,"
			      "\"backend\":\"tracepoint\",\"processes\":[{\"pid\":12,");
	assert_contains(text, "{\"pid\":99,\"ppid\":1,\"comm\":\"\\u00ffeer\","
			      "\"threads\":null,\"sent_bytes\":null,");
	assert_contains(text, "\"comm\":\"\\\"at\"");
	assert_contains(text, "\"role\":\"writer\",\"sent_bytes\":20000000,"
			      "\"received_bytes\":0,\"sent_messages\":310,"
			      "\"received_messages\":0,\"calls\":310,");
	assert_contains(text, "\"name\":\"/run/x.sock\",\"capacity_bytes\":null,"
			      "\"max_queued_bytes\":null,\"endpoints\":[");
	assert_contains(text, "\"role\":\"both\",\"sent_bytes\":null,");
	assert_contains(text, "\"runqueue_ns\":0,\"sent\":{\"calls\":310,\"messages\":310,"
			      "\"bytes\":20000000,\"would_block\":0,\"errors\":0,"
			      "\"blocked_ns\":5000000000,\"io_uring_messages\":0,\"io_uring_bytes\":0,"
			      "\"blocked\":null,\"sizes\":null},\"received\":{\"calls\":0,");
	assert_contains(text, "\"runqueue_ns\":null,\"sent\":null,\"received\":null}");
	assert_contains(text, "\"buckets\":[[960,20],[4608,10]]}");
	assert_contains(text, "\"delivery\":null");
	assert_contains(text, "\"address\":\"0x7f0010\",\"waits\":30,\"timeouts\":0,"
			      "\"wait_ns\":70000,\"runqueue_ns\":0,\"wait\":{\"count\":30,"
			      "\"mean_ns\":2333,\"min_ns\":1000,");
	assert_contains(text, "\"holders\":[],\"wakers\":[]");
	assert_contains(text, "\"on\":\"futex:[13:0x7f0010]\",\"kind\":\"unknown\","
			      "\"because_of_pid\":null,\"because_of_tid\":null,");
	assert_contains(text, "\"bpf_cpu_ns\":null,\"user_cpu_ns\":200000000}}\n");
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
}

static void test_csv(void **state)
{
	struct view_options options = { .format = FORMAT_CSV, .views = VIEW_CHANNELS | VIEW_LOCKS,
					.header = true, .timestamp = true };
	char *text;

	(void)state;
	fixture.pipe.name = (char *)"=a,\"b\n";
	text = print(WINDOW_INTERVAL, options, 80);
	assert_contains(text, "time,type,kind,sent_bytes,sent_messages,received_bytes,");
	assert_contains(text, "\n2023-11-14T22:13:20.123456789Z,interval,pipe,2000000,31,1999000,"
			      "36,500000000,1000000000,0,2,1,65536,head(12) -> cat(13),"
			      "\"'=a,\"\"b\\x0a\",pipe:[12:345],,,,,0,,\n");
	assert_contains(text, ",unix-stream,0,0,0,0,0,0,0,0,0,,cat(13) <-> peer(99),");
	assert_lacks(text, "futex");
	free(text);
	options = (struct view_options){ .format = FORMAT_CSV, .views = VIEW_PROCESSES };
	text = print(WINDOW_RUN, options, 80);
	assert_contains(text, "summary,99,1,,,,,,,,,,,,peer\n");
	assert_lacks(text, "type");
	free(text);
	options.views = VIEW_HIST;
	assert_int_equal(views_print(stdout, &fixture.model, WINDOW_RUN, &options, 80), -EINVAL);
}

static void test_shared_memory(void **state)
{
	static const char note[] = "(-: bytes in shared memory cannot be seen)\n";
	struct view_options options = { .format = FORMAT_CSV, .views = VIEW_CHANNELS };
	char *text;

	(void)state;
	fixture.socket.mechanism = MECH_SHM;
	fixture.socket.mapped_ns = 1700000000123456789;
	fixture.socket_ends[0].mapped_known = true;
	fixture.socket_ends[0].mapped_bytes = 4096;
	text = print(WINDOW_RUN, options, 80);
	assert_contains(text, ",unix:[7],,,,1700000000123456789,");
	free(text);
	options.format = FORMAT_TABLE;
	options.header = true;
	text = print(WINDOW_RUN, options, 80);
	assert_contains(text, note);
	free(text);
	options.top = 1; /* the pipe */
	text = print(WINDOW_RUN, options, 80);
	assert_lacks(text, note);
	free(text);
	options = (struct view_options){ .format = FORMAT_JSON };
	text = print(WINDOW_RUN, options, 80);
	assert_contains(text, "\"role\":\"both\",\"sent_bytes\":null,\"received_bytes\":null,");
	assert_contains(text, "\"mapped_ns\":null,\"mapped_bytes\":4096}");
	assert_contains(text, "\"mapped_ns\":1700000000123456789}");
	free(text);
}

static void test_reader_gone(void **state)
{
	struct view_options options = { .views = TABLES, .header = true };
	int ends[2];
	FILE *out;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	out = fdopen(ends[1], "w");
	assert_int_equal(views_print(out, &fixture.model, WINDOW_RUN, &options, 80), -EPIPE);
	fclose(out);
	out = fopen("/dev/full", "w");
	assert_non_null(out);
	assert_int_equal(views_print(out, &fixture.model, WINDOW_RUN, &options, 80), -ENOSPC);
	fclose(out);
}

static void endpoints(const char *expected)
{
	const struct column *column = column_by_name(VIEW_CHANNELS, "endpoints");
	char text[CELL_TEXT_SIZE];

	column->text(text, sizeof(text), &fixture.pipe, WINDOW_RUN);
	assert_string_equal(text, expected);
}

static void test_endpoints(void **state)
{
	struct endpoint many[6];

	(void)state;
	endpoints("head(12) -> cat(13)");
	/* One end is not traced and could do both: it is at the other end of what we see. */
	fixture.pipe_ends[1] = (struct endpoint){ .process = &fixture.peer, .can_read = true,
						  .can_write = true };
	endpoints("head(12) -> peer(99)");
	fixture.pipe_ends[0].side[DIRECTION_RECEIVE].used = true;
	endpoints("head(12) <-> peer(99)");
	fixture.pipe.endpoint_count = 1;
	endpoints("head(12)");
	fixture.pipe_ends[0].side[DIRECTION_RECEIVE].used = false;
	endpoints("head(12) -> ?");
	for (unsigned i = 0; i < 6; i++)
		many[i] = (struct endpoint){ .process = &fixture.cat, .can_read = i > 0,
					     .can_write = !i };
	fixture.pipe.endpoints = many;
	fixture.pipe.endpoint_count = 6;
	endpoints("cat(13) -> cat(13),cat(13),cat(13),+2");
	fixture.pipe.endpoint_count = 0;
	endpoints("?");
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(view_by_name("hist"), VIEW_HIST);
	assert_int_equal(view_by_name("edge"), 0);
	assert_string_equal(view_names(), "processes, channels, edges, locks, waits, hist");
	assert_true(view_has_column(TABLES, "wait_ns"));
	assert_false(view_has_column(VIEW_PROCESSES, "wait_ns"));
	assert_false(view_has_column(ALL_VIEWS, "x"));
	/* A name stands for one column of a table. */
	for (unsigned i = 0; i < column_count; i++)
		assert_ptr_equal(column_by_name(columns[i].view, columns[i].name), &columns[i]);
}

int main(void)
{
#define VIEW_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		VIEW_TEST(test_text_of_an_interval),
		VIEW_TEST(test_totals_of_the_run),
		VIEW_TEST(test_peers_at_80_columns),
		VIEW_TEST(test_every_width),
		VIEW_TEST(test_twenty_columns),
		VIEW_TEST(test_top_says_what_it_cuts),
		VIEW_TEST(test_sort),
		VIEW_TEST(test_many_idle_channels),
		VIEW_TEST(test_empty_model),
		VIEW_TEST(test_color_and_no_header),
		VIEW_TEST(test_hist),
		VIEW_TEST(test_json),
		VIEW_TEST(test_csv),
		VIEW_TEST(test_shared_memory),
		VIEW_TEST(test_reader_gone),
		VIEW_TEST(test_endpoints),
		VIEW_TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
