/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small model built by hand for the tests of the views: two traced processes, one that is not,
 * a pipe, a unix socket that is only held open, and a lock. Figures of the run are ten times those of the
 * interval; the interval lasted two seconds, so that rates differ from figures.
 */
#ifndef IPCTRACE_VIEW_FIXTURE_H
#define IPCTRACE_VIEW_FIXTURE_H

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "view/views.h"

#define FIXTURE_RUN_FACTOR 10

struct fixture {
	struct model model;
	struct process head, cat, peer;
	struct endpoint pipe_ends[2], socket_ends[2];
	struct channel pipe, socket;
	struct lock lock;
	struct wait pipe_wait, lock_wait;
	struct process *processes[3];
	struct channel *channels[2];
	struct lock *locks[1];
	struct wait *waits[2];
};

static void fixture_lists(struct fixture *f)
{
	f->processes[0] = &f->peer;
	f->processes[1] = &f->cat;
	f->processes[2] = &f->head;
	f->channels[0] = &f->socket;
	f->channels[1] = &f->pipe;
	f->locks[0] = &f->lock;
	f->waits[0] = &f->lock_wait;
	f->waits[1] = &f->pipe_wait;
	f->model = (struct model){
		.time_ns = 1700000000123456789,
		.duration_ns = { 2000000000, 20000000000 },
		.backend = "tracepoint",
		.process_count = 3,
		.processes = f->processes,
		.channel_count = 2,
		.channels = f->channels,
		.lock_count = 1,
		.locks = f->locks,
		.wait_count = 2,
		.waits = f->waits,
	};
	for (unsigned i = 0; i < HEALTH_COUNT; i++)
		f->model.health[i].known = true;
	f->model.health[HEALTH_BPF_CPU_NS].known = false;
	f->model.health[HEALTH_USER_CPU_NS].value = 200000000;
}

static void fixture_flows(struct fixture *f, uint64_t factor, enum window w)
{
	struct flow_counts sent = { .calls = 31 * factor, .messages = 31 * factor,
				    .bytes = 2000000 * factor, .blocked_ns = 500000000 * factor };
	struct flow_counts received = { .calls = 37 * factor, .messages = 36 * factor,
					.bytes = 1999000 * factor, .errors = factor,
					.would_block = 2 * factor,
					.blocked_ns = 1000000000 * factor };

	f->head.window[w].direction[DIRECTION_SEND] = sent;
	f->head.window[w].blocked_ns = sent.blocked_ns;
	f->cat.window[w].direction[DIRECTION_RECEIVE] = received;
	f->cat.window[w].blocked_ns = received.blocked_ns + 7000 * factor;
	f->cat.window[w].lock_wait_ns = 7000 * factor;
	f->cat.window[w].lock_waits = 3 * factor;
	f->pipe_ends[0].side[DIRECTION_SEND].window[w] = sent;
	f->pipe_ends[1].side[DIRECTION_RECEIVE].window[w] = received;
	f->pipe.window[w][DIRECTION_SEND] = sent;
	f->pipe.window[w][DIRECTION_RECEIVE] = received;
	f->lock.window[w] = (struct lock_counts){ .waits = 3 * factor, .woken = 3 * factor,
						  .wakes = 4 * factor, .empty_wakes = factor,
						  .blocked_ns = 7000 * factor, .max_waiters = 2 };
	histogram_init(&f->lock.wait[w], TIME_STEPS_LOG2);
	histogram_add(&f->lock.wait[w], histogram_slot(TIME_STEPS_LOG2, 1000), 2 * factor);
	histogram_add(&f->lock.wait[w], histogram_slot(TIME_STEPS_LOG2, 5000), factor);
	f->lock.wait[w].sum = 7000 * factor;
	f->lock.wait[w].has_range = true;
	f->lock.wait[w].min = 1000;
	f->lock.wait[w].max = 5000;
	f->pipe_wait.window[w].count = 30 * factor;
	f->pipe_wait.window[w].blocked_ns = received.blocked_ns;
	f->lock_wait.window[w].count = 3 * factor;
	f->lock_wait.window[w].blocked_ns = 7000 * factor;
}

static void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->head = (struct process){ .key = { .pid = 12 }, .ppid = 1, .threads = 1,
				    .traced = true, .comm = "head" };
	f->cat = (struct process){ .key = { .pid = 13 }, .ppid = 1, .threads = 2,
				   .traced = true, .comm = "cat" };
	f->peer = (struct process){ .key = { .pid = 99 }, .ppid = 1, .comm = "peer" };
	f->pipe_ends[0] = (struct endpoint){ .process = &f->head, .can_write = true };
	f->pipe_ends[1] = (struct endpoint){ .process = &f->cat, .can_read = true };
	f->pipe_ends[0].side[DIRECTION_SEND].used = true;
	f->pipe_ends[1].side[DIRECTION_RECEIVE].used = true;
	f->socket_ends[0] = (struct endpoint){ .process = &f->cat, .can_write = true,
					       .can_read = true };
	f->socket_ends[1] = (struct endpoint){ .process = &f->peer, .can_write = true,
					       .can_read = true };
	f->pipe = (struct channel){ .id = (char *)"pipe:[12:345]", .name = (char *)"pipe:[12:345]",
				    .mechanism = MECH_PIPE, .capacity = 65536,
				    .endpoint_count = 2, .endpoints = f->pipe_ends };
	f->socket = (struct channel){ .id = (char *)"unix:[7]", .name = (char *)"/run/x.sock",
				      .mechanism = MECH_UNIX_STREAM, .endpoint_count = 2,
				      .endpoints = f->socket_ends };
	f->lock = (struct lock){ .key = { .process = { .pid = 13 }, .address = 0x7f0010 },
				 .id = (char *)"futex:[13:0x7f0010]", .name = (char *)"[heap]+0x10",
				 .kind = "unknown", .process = &f->cat };
	f->pipe_wait = (struct wait){ .key = { .process = { .pid = 13 }, .tid = 13 },
				      .process = &f->cat, .comm = "cat", .channel = &f->pipe };
	f->lock_wait = (struct wait){ .key = { .process = { .pid = 13 }, .tid = 14 },
				      .process = &f->cat, .comm = "cat-2", .lock = &f->lock };
	fixture_flows(f, 1, WINDOW_INTERVAL);
	fixture_flows(f, FIXTURE_RUN_FACTOR, WINDOW_RUN);
	fixture_lists(f);
}

static void fixture_free(struct fixture *f)
{
	histogram_free(&f->lock.wait[WINDOW_INTERVAL]);
	histogram_free(&f->lock.wait[WINDOW_RUN]);
}

/* What views_print() prints; freed by the caller. */
static char *fixture_print(const struct fixture *f, enum window w,
			   const struct view_options *options, unsigned width)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out || views_print(out, &f->model, w, options, width)) {
		if (out)
			fclose(out);
		free(text);
		return NULL;
	}
	fclose(out);
	return text;
}

/* What the tests of the views share: the fixture, set up anew for each, and what they look for. */
#define TABLES (VIEW_PROCESSES | VIEW_CHANNELS | VIEW_LOCKS)

static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	fixture_init(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_free(&fixture);
	return 0;
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static char *print(enum window w, struct view_options options, unsigned width)
{
	char *text = fixture_print(&fixture, w, &options, width);

	assert_non_null(text);
	return text;
}

#endif
