/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections that end while somebody sleeps in a call on them: shut down by either side, closed with data that
 * nobody has read, reset. Variants: the kinds of lib_pair.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_pair.h"

enum cut { PEER_SENDS_NO_MORE, OWN_SHUTDOWN, PEER_SHUTDOWN, PEER_CLOSES, PEER_RESETS, CUT_COUNT };

struct scene {
	const char *kind;
	struct truth_channel *channel;
	int pair[2];
	pid_t sleeper;
	unsigned step;
};

static char large[1 << 16];

static bool is_tcp(const struct scene *scene)
{
	return !strcmp(scene->kind, "tcp");
}

/* A receive that meets the end: no message, not even an empty one. */
static void expect_end(struct scene *scene)
{
	char data[64];

	truth_before();
	edges_expect(read(scene->pair[0], data, sizeof(data)) == 0, "end");
	truth_after_many(scene->channel, RECEIVED, 0, 0);
}

static void expect_no_reader(struct scene *scene)
{
	for (int i = 0; i < 3; i++)
		edges_expect(SEND(scene->channel, send(scene->pair[0], large, 23, MSG_NOSIGNAL)) < 0 &&
				     errno == EPIPE, "send to nobody");
}

/* So that both ends are known, and one message is on its way that the other end never reads. */
static void greet(struct scene *scene)
{
	char data[64];

	for (int end = 0; end < 2; end++) {
		edges_expect(SEND(scene->channel, send(scene->pair[end], large, 17, 0)) == 17, "send");
		edges_expect(RECEIVE(scene->channel, recv(scene->pair[!end], data, sizeof(data), 0)) == 17,
			     "receive");
	}
	edges_expect(SEND(scene->channel, send(scene->pair[0], large, 19, 0)) == 19, "send");
}

static void sleep_to_receive(struct scene *scene, enum cut cut)
{
	char data[64];
	bool reset = cut == PEER_RESETS || cut == PEER_CLOSES; /* what nobody has read makes a reset of a close */

	if (!reset) {
		expect_end(scene);
		if (cut == OWN_SHUTDOWN || (cut == PEER_SHUTDOWN && !is_tcp(scene))) /* TCP learns of it by an answer */
			expect_no_reader(scene);
		return;
	}
	edges_expect(RECEIVE(scene->channel, read(scene->pair[0], data, sizeof(data))) < 0 &&
			     errno == ECONNRESET, "reset");
	expect_end(scene);
	expect_no_reader(scene);
}

/* Until there is no more room; the last call moves a part, or fails. */
static void sleep_to_send(struct scene *scene, enum cut cut)
{
	size_t size = is_tcp(scene) ? sizeof(large) : 1021;
	ssize_t moved;

	do
		moved = SEND(scene->channel, write(scene->pair[0], large, size));
	while (moved == (ssize_t)size);
	edges_expect(moved >= 0 || errno == EPIPE || errno == ECONNRESET, "send that is cut");
	if (cut == OWN_SHUTDOWN)
		expect_no_reader(scene);
}

static void await_step(const struct scene *scene, unsigned step)
{
	while (__atomic_load_n(&scene->step, __ATOMIC_SEQ_CST) < step)
		truth_sleep_ms(1);
}

static void next_step(struct scene *scene)
{
	__atomic_add_fetch(&scene->step, 1, __ATOMIC_SEQ_CST);
}

/* A peer that sends no more is no news to a sender; that it does not receive either, TCP may not tell it. */
static bool is_noticed(const struct scene *scene, unsigned number)
{
	enum cut cut = number % CUT_COUNT;

	if (number < CUT_COUNT)
		return true;
	return cut != PEER_SENDS_NO_MORE && !(cut == PEER_SHUTDOWN && is_tcp(scene));
}

static void sleeper(void *argument)
{
	struct scene *scene = argument;

	scene->sleeper = gettid();
	for (unsigned i = 0; i < 2 * CUT_COUNT; i++) {
		bool sends = i >= CUT_COUNT;

		if (!is_noticed(scene, i))
			continue;
		scene->channel = pair_open(scene->kind, scene->pair);
		greet(scene);
		next_step(scene);
		if (sends)
			sleep_to_send(scene, i - CUT_COUNT);
		else
			sleep_to_receive(scene, i);
		next_step(scene);
		await_step(scene, 3 * (scene->step / 3) + 3);
		close(scene->pair[0]);
	}
}

static void cut_off(struct scene *scene, enum cut how)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	switch (how) {
	case PEER_SENDS_NO_MORE: edges_expect(!shutdown(scene->pair[1], SHUT_WR), "shutdown"); break;
	case OWN_SHUTDOWN: edges_expect(!shutdown(scene->pair[0], SHUT_RDWR), "shutdown"); break;
	case PEER_SHUTDOWN: edges_expect(!shutdown(scene->pair[1], SHUT_RDWR), "shutdown"); break;
	case PEER_RESETS:
		setsockopt(scene->pair[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		/* fall through */
	default: close(scene->pair[1]);
	}
}

static void cutter(void *argument)
{
	struct scene *scene = argument;

	for (unsigned i = 0; i < 2 * CUT_COUNT; i++) {
		unsigned step = scene->step / 3 * 3;

		if (!is_noticed(scene, i))
			continue;
		await_step(scene, step + 1);
		truth_await_asleep(getpid(), scene->sleeper, i < CUT_COUNT ? SYS_read : SYS_write);
		truth_sleep_ms(5);
		cut_off(scene, i % CUT_COUNT);
		await_step(scene, step + 2);
		if (i % CUT_COUNT != PEER_CLOSES && i % CUT_COUNT != PEER_RESETS)
			close(scene->pair[1]);
		next_step(scene);
	}
}

int main(int argc, char **argv)
{
	struct scene *scenes;

	truth_options_parse(argc, argv);
	scenes = calloc(truth_options.threads, sizeof(*scenes));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		scenes[i].kind = truth_options.variant ? truth_options.variant : "tcp";
		truth_worker(0, sleeper, &scenes[i], -1);
		truth_worker(0, cutter, &scenes[i], -1);
	}
	truth_serve();
}
