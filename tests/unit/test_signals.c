// SPDX-License-Identifier: GPL-2.0
/*
 * Channels that are processes: who is at their ends, what they are called also when a number is used again, and
 * the signals by their names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/base.h"
#include "view/columns.h"
#include "view/signals.h"

static const struct process_key target = {.pid = 100, .started_ms = 1000};
static const struct process_key stranger = {.pid = 200, .started_ms = 2000};
static const struct process_key later_stranger = {.pid = 200, .started_ms = 3000};

static struct model *start(void)
{
	struct model *model = model_new(0);
	struct process_value value = {.threads = 1, .max_threads = 1, .comm = "target"};

	assert_non_null(model);
	model_begin(model, 1000, 0, 0);
	model_processes(model, &target, &value);
	return model;
}

static void describe(struct model *model, struct process_key process, enum mechanism mechanism, const char *name)
{
	struct object_key key = {
		.object = process.pid, .aux = process.started_ms, .mechanism = mechanism};
	struct object_value value = {.described_ns = 1};

	snprintf(value.name, sizeof(value.name), "%s", name);
	model_objects(model, &key, &value);
}

static struct flow_key key_of(struct process_key process, struct process_key receiver, enum direction direction,
			      unsigned number, enum signal_result result)
{
	return (struct flow_key){
		.process = process,
		.object = receiver.pid,
		.aux = receiver.started_ms,
		.mechanism = MECH_SIGNAL,
		.direction = direction,
		.destination = SIGNAL_KIND(number, result),
	};
}

static void feed(struct model *model, struct flow_key key, unsigned calls, unsigned messages)
{
	struct flow_value value = {.calls = calls, .messages = messages};

	model_flows(model, &key, &value);
}

static const struct channel *channel_by_id(const struct model *model, const char *id)
{
	for (unsigned i = 0; i < model->channel_count; i++)
		if (!strcmp(model->channels[i]->id, id))
			return model->channels[i];
	fail_msg("no channel %s", id);
	return NULL;
}

static void expect_text(const struct channel *channel, const char *column, const char *expected)
{
	char text[CELL_TEXT_SIZE];

	column_by_name(VIEW_CHANNELS, column)->text(text, sizeof(text), channel, WINDOW_RUN);
	assert_string_equal(text, expected);
}

static void test_fates(void **state)
{
	struct model *model = start();
	struct signal_counts counts[SIGNAL_COUNT];
	const struct channel *channel;

	(void)state;
	feed(model, key_of(target, target, DIRECTION_SEND, 10, SIGNAL_PENDING), 5, 5);
	feed(model, key_of(target, target, DIRECTION_SEND, 10, SIGNAL_IGNORED), 2, 0);
	feed(model, key_of(target, target, DIRECTION_SEND, 10, SIGNAL_MERGED), 3, 0);
	feed(model, key_of(target, target, DIRECTION_RECEIVE, 10, SIGNAL_PENDING), 0, 4);
	feed(model, key_of(target, target, DIRECTION_SEND, 37, SIGNAL_NAMELESS), 7, 7);
	feed(model, key_of(target, target, DIRECTION_RECEIVE, 0, SIGNAL_PENDING), 9, 0);
	assert_int_equal(model_end(model), 0);
	channel = channel_by_id(model, "signal:[100]");
	assert_int_equal(channel->endpoint_count, 1);
	signals_count(channel, NULL, WINDOW_RUN, counts);
	assert_int_equal(counts[10].sent, 5);
	assert_int_equal(counts[10].delivered, 4);
	assert_int_equal(counts[37].sent, 7);
	assert_false(signals_any(&counts[0]));
	expect_text(channel, "signals", "SIGUSR1 5 (2 ignored, 3 merged), SIGRTMIN+3 7");
	expect_text(channel, "endpoints", "target(100)");
	model_free(model);
}

static void test_strangers(void **state)
{
	struct model *model = start();
	const struct channel *channel;

	(void)state;
	describe(model, stranger, MECH_SIGNAL, "stranger");
	feed(model, key_of(stranger, target, DIRECTION_SEND, 15, SIGNAL_PENDING), 1, 1);
	feed(model, key_of(target, stranger, DIRECTION_SEND, 1, SIGNAL_PENDING), 1, 1);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->process_count, 1);
	channel = channel_by_id(model, "signal:[100]");
	assert_string_equal(channel->name, "target(100)");
	expect_text(channel, "endpoints", "stranger(200) -> target(100)");
	channel = channel_by_id(model, "signal:[200]");
	assert_string_equal(channel->name, "stranger(200)");
	expect_text(channel, "endpoints", "target(100) -> stranger(200)");
	assert_false(model_wants_holders(model));
	model_free(model);
}

/* The younger process is told apart, in whatever order they come to be known. */
static void test_number_used_again(void **state)
{
	struct model *model = start();

	(void)state;
	describe(model, later_stranger, MECH_SIGNAL, "younger");
	describe(model, stranger, MECH_SIGNAL, "older");
	describe(model, stranger, MECH_PROCESS_VM, "older");
	feed(model, key_of(target, later_stranger, DIRECTION_SEND, 15, SIGNAL_PENDING), 1, 1);
	feed(model, key_of(target, stranger, DIRECTION_SEND, 15, SIGNAL_PENDING), 1, 1);
	assert_int_equal(model_end(model), 0);
	assert_string_equal(channel_by_id(model, "signal:[200]")->name, "older(200)");
	assert_string_equal(channel_by_id(model, "signal:[200.2]")->name, "younger(200)");
	model_free(model);
}

static void test_nobody(void **state)
{
	static const struct {
		__u64 object;
		__u32 aux;
		const char *id, *name;
	} cases[] = {
		{PROCESS_MISSING | 4711, 0, "signal:[missing 4711]", "no process 4711"},
		{PROCESS_MISSING | (__u32)-4711, 0, "signal:[missing -4711]", "no process -4711"},
		{PROCESS_MISSING | 12, 4026531836, "signal:[missing 12 in 4026531836]", "no process 12"},
		{PROCESS_MISSING | PROCESS_FD | 7, 0, "signal:[missing fd 7]", "no process fd 7"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct flow_key key = key_of(target, stranger, DIRECTION_SEND, 15, SIGNAL_PENDING);
		struct model *model = start();
		const struct channel *channel;

		key.object = cases[i].object;
		key.aux = cases[i].aux;
		feed(model, key, 1, 0);
		assert_int_equal(model_end(model), 0);
		channel = channel_by_id(model, cases[i].id);
		assert_string_equal(channel->name, cases[i].name);
		assert_int_equal(channel->endpoint_count, 1);
		model_free(model);
	}
}

static void test_names(void **state)
{
	static const struct {
		unsigned number;
		const char *name;
	} cases[] = {{0, "invalid"}, {9, "SIGKILL"}, {32, "signal 32"}, {34, "SIGRTMIN"}, {64, "SIGRTMIN+30"}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char name[SIGNAL_NAME_SIZE];

		signal_name(name, cases[i].number);
		assert_string_equal(name, cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fates),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_number_used_again),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
