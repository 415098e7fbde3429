// SPDX-License-Identifier: GPL-2.0
/* Failed calls by errno, and the locks on files: from the kernel's totals to the model, and to the views. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <errno.h>

#include "model/base.h"
#include "view_fixture.h"

static const struct process_key writer = {.pid = 12, .started_ms = 1};

static struct flow_key pipe_key(enum direction direction)
{
	return (struct flow_key){.process = writer, .object = 345, .aux = 12, .mechanism = MECH_PIPE,
				 .direction = direction};
}

static void feed_errno(struct model *model, struct flow_key key, unsigned error, __u64 total)
{
	key.error = error;
	model_errnos(model, &key, &total);
}

static struct model *start(void)
{
	struct process_value value = {.threads = 1, .max_threads = 1, .comm = "head"};
	struct model *model = model_new(0);

	assert_non_null(model);
	model_begin(model, 1000, 0, 0);
	model_processes(model, &writer, &value);
	return model;
}

static void assert_figures(const struct errno_figures *errors, unsigned count, const int pairs[][2])
{
	assert_int_equal(errors->count, count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(errors->items[i].error, pairs[i][0]);
		assert_int_equal(errors->items[i].calls, pairs[i][1]);
	}
}

/* Both directions of an endpoint together; would_block is EAGAIN; the interval has what is new in it. */
static void test_errors_of_a_channel(void **state)
{
	struct model *model = start();
	struct flow_key send = pipe_key(DIRECTION_SEND), receive = pipe_key(DIRECTION_RECEIVE);
	struct errno_figures errors;

	(void)state;
	feed_errno(model, send, EPIPE, 3);
	feed_errno(model, receive, EPIPE, 1);
	feed_errno(model, receive, EFAULT, 7);
	model_flows(model, &send, &(struct flow_value){.errors = 3, .would_block = 2});
	model_flows(model, &receive, &(struct flow_value){.errors = 8});
	assert_int_equal(model_end(model), 0);
	channel_errnos(model->channels[0], NULL, WINDOW_RUN, &errors);
	assert_figures(&errors, 3, (const int[][2]){{EFAULT, 7}, {EPIPE, 4}, {EAGAIN, 2}});
	model_begin(model, 2000, 0, 1);
	feed_errno(model, send, EPIPE, 5);
	assert_int_equal(model_end(model), 0);
	channel_errnos(model->channels[0], model->channels[0]->endpoints[0].process, WINDOW_INTERVAL, &errors);
	assert_figures(&errors, 1, (const int[][2]){{EPIPE, 2}});
	channel_errnos(model->channels[0], &(struct process){.key = {.pid = 13}}, WINDOW_RUN, &errors);
	assert_int_equal(errors.count, 0);
	model_free(model);
}

/* msgrcv's ENOMSG is in would_block, and under its own name here. */
static void test_no_message(void **state)
{
	struct model *model = start();
	struct flow_key key = {.process = writer, .object = 7, .aux = 1, .mechanism = MECH_SYSV_MSG,
			       .direction = DIRECTION_RECEIVE};
	struct errno_figures errors;

	(void)state;
	feed_errno(model, key, ENOMSG, 2);
	model_flows(model, &key, &(struct flow_value){.would_block = 5});
	assert_int_equal(model_end(model), 0);
	channel_errnos(model->channels[0], NULL, WINDOW_RUN, &errors);
	assert_figures(&errors, 2, (const int[][2]){{EAGAIN, 3}, {ENOMSG, 2}});
	model_free(model);
}

static const struct lock_key file_key = {.address = 4711, .image = 254 << 20, .type = LOCK_TYPE_FILE};

static void feed_file_lock(struct model *model)
{
	struct flow_key error = {.object = file_key.address, .aux = file_key.image, .direction = LOCK_TYPE_FILE};
	struct wait_key wait = {.process = writer, .tid = 14, .object = file_key.address, .aux = file_key.image,
				.lock_type = LOCK_TYPE_FILE};
	struct file_lock_value value = {
		.counts = {.woken = 5, .interrupted = 1, .would_block = 4, .errors = 2, .blocked_ns = 100,
			   .wakes = 3, .max_waiters = 2},
		.pid = 12, .fd = 3, .name = "the.lock"};

	feed_errno(model, error, EDEADLK, 2);
	model_file_locks(model, &file_key, &value);
	model_waits(model, &wait, &(struct wait_value){.count = 6, .blocked_ns = 100, .comm = "head"});
}

static void test_lock_on_a_file(void **state)
{
	struct model *model = start();
	struct errno_figures errors;
	const struct lock *lock;

	(void)state;
	feed_file_lock(model);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->lock_count, 1);
	lock = model->locks[0];
	assert_string_equal(lock->id, "file:[65024:4711]");
	assert_string_equal(lock->name, "the.lock");
	assert_string_equal(lock->kind, "file-lock");
	assert_null(lock->process);
	assert_int_equal(lock->window[WINDOW_RUN].waits, 6);
	assert_int_equal(lock->user_count, 1);
	lock_errnos(lock, WINDOW_RUN, &errors);
	assert_figures(&errors, 3, (const int[][2]){{EAGAIN, 4}, {EDEADLK, 2}, {EINTR, 1}});
	assert_ptr_equal(model->waits[0]->lock, lock);
	assert_int_equal(model->processes[0]->window[WINDOW_RUN].lock_wait_ns, 100);
	assert_int_equal(model->processes[0]->window[WINDOW_RUN].lock_waits, 6);
	assert_int_equal(model->process_count, 1);
	model_free(model);
}

/* A look counts a holder once, however many ranges it holds; its share is of the looks. */
static void test_holders(void **state)
{
	struct model *model = start();
	struct lock *lock;

	(void)state;
	feed_file_lock(model);
	lock = &model_file_lock(model, 4711, 254 << 20, false)->lock;
	assert_null(model_file_lock(model, 4712, 254 << 20, false));
	model_look_begin(lock);
	model_lock_holder(model, lock, 20, "holder");
	model_lock_holder(model, lock, 20, "holder");
	model_lock_holder(model, lock, 0, "");
	model_lock_waiter(lock);
	model_lock_waiter(lock);
	model_lock_waiter(lock);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(lock->holder_count, 2);
	assert_int_equal(lock->holders[0].looks[WINDOW_RUN], 1);
	assert_int_equal(lock->window[WINDOW_RUN].max_waiters, 3); /* one has waited since before */
	model_begin(model, 2000, 0, 1);
	feed_file_lock(model);
	model_look_begin(lock);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(lock->looks[WINDOW_RUN], 2);
	assert_int_equal(lock->holders[0].looks[WINDOW_INTERVAL], 0);
	assert_int_equal(lock->holders[0].looks[WINDOW_RUN], 1);
	assert_int_equal(lock->window[WINDOW_RUN].max_waiters, 3);
	model_free(model);
}

static struct flow flow;
static struct errno_count flow_errnos[] = {
	{.error = EPIPE, .count = {3, 30}}, {.error = ECONNRESET, .count = {1, 10}}, {.error = 524, .count = {0, 2}},
};
static const struct flow *flow_list[] = {&flow};

/* The receiver of the fixture's pipe has failed. */
static void add_errors(void)
{
	flow = (struct flow){.key = {.process = fixture.cat.key, .direction = DIRECTION_RECEIVE},
			     .window = {{.would_block = 2}, {.would_block = 20}},
			     .errnos = {.count = 3, .items = flow_errnos}};
	fixture.pipe.flow_count = 1;
	fixture.pipe.flows = flow_list;
	fixture.lock.errnos = (struct errno_list){.count = 1, .items = flow_errnos};
}

static void test_rows_below_the_channel(void **state)
{
	struct view_options options = {.views = VIEW_CHANNELS | VIEW_LOCKS, .header = true, .errors = true};
	char *text;

	(void)state;
	add_errors();
	text = print(WINDOW_INTERVAL, options, 80);
	assert_contains(text, "head(12) -> cat(13)\n    cat(13): EPIPE 3, EAGAIN 2, ECONNRESET 1\n");
	assert_contains(text, "[heap]+0x10\n    EPIPE 3\n");
	free(text);
	text = print(WINDOW_RUN, options, 40);
	assert_contains(text, "\n    cat(13): EPIPE 30, EAGAIN 20, ECONN~\n");
	free(text);
	options.errors = false;
	text = print(WINDOW_INTERVAL, options, 0);
	assert_lacks(text, "EPIPE");
	assert_lacks(text, "ERRNOS");
	free(text);
}

static void test_other_formats(void **state)
{
	struct view_options options = {.format = FORMAT_CSV, .views = VIEW_CHANNELS, .header = true};
	char *text;

	(void)state;
	add_errors();
	text = print(WINDOW_RUN, options, 80);
	assert_contains(text, ",signals,errnos\n");
	assert_contains(text, "\"cat(13): EPIPE 30, EAGAIN 20, ECONNRESET 10, error 524 2\"");
	free(text);
	options.format = FORMAT_JSON;
	text = print(WINDOW_INTERVAL, options, 80);
	assert_contains(text, "\"errnos\":{\"EPIPE\":3,\"EAGAIN\":2,\"ECONNRESET\":1},\"runqueue_ns\":");
	assert_contains(text, "\"errnos\":{},\"runqueue_ns\":0,"); /* head: no call has failed */
	assert_contains(text, "\"errnos\":null,\"runqueue_ns\":null,"); /* peer: nobody knows */
	assert_contains(text, "\"requeued\":0,\"errnos\":{\"EPIPE\":3}}");
	free(text);
}

static void test_view_of_a_file_lock(void **state)
{
	static struct lock_holder holders[] = {{.pid = 20, .comm = "a\033b", .looks = {1, 3}}, {.looks = {0, 1}}};
	struct view_options options = {.views = VIEW_LOCKS, .header = true};
	char *text;

	(void)state;
	text = print(WINDOW_INTERVAL, options, 80);
	assert_lacks(text, "HOLDER"); /* nobody knows any */
	free(text);
	fixture.lock.key = file_key;
	fixture.lock.process = NULL;
	fixture.lock.kind = "file-lock";
	fixture.lock.name = (char *)"/run/the.lock";
	fixture.lock.users[0] = &fixture.cat;
	fixture.lock.user_count = 1;
	fixture.lock.holders = holders;
	fixture.lock.holder_count = 2;
	fixture.lock.looks[WINDOW_INTERVAL] = 1;
	fixture.lock.looks[WINDOW_RUN] = 4;
	text = print(WINDOW_RUN, options, 80);
	assert_contains(text, " PROCESS HOLDER       LOCK\n");
	assert_contains(text, " cat(13) a\\x1bb(20),? /run/the.lock\n");
	free(text);
	options.format = FORMAT_JSON;
	text = print(WINDOW_RUN, options, 80);
	assert_contains(text, "\"kind\":\"file-lock\",\"name\":\"/run/the.lock\",\"pid\":null,\"address\":null,");
	assert_contains(text, "\"holders\":[{\"tid\":20,\"comm\":\"a\\u001bb\",\"share\":0.750},"
			      "{\"tid\":null,\"comm\":null,\"share\":0.250}]");
	free(text);
	options.format = FORMAT_CSV;
	text = print(WINDOW_INTERVAL, options, 80);
	assert_contains(text, ",pid,process,holders,name,id,errnos\n");
	assert_contains(text, "file-lock,,cat(13),");
	free(text);
}

int main(void)
{
#define VIEW_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_of_a_channel),
		cmocka_unit_test(test_no_message),
		cmocka_unit_test(test_lock_on_a_file),
		cmocka_unit_test(test_holders),
		VIEW_TEST(test_rows_below_the_channel),
		VIEW_TEST(test_other_formats),
		VIEW_TEST(test_view_of_a_file_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
