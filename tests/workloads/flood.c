/* SPDX-License-Identifier: GPL-2.0 */
/*
 * More channels than any table has room for, most of them used once: each thread opens a pipe, moves a message
 * through it and closes it, again and again (the variant: how often). Meanwhile one pair of sockets is in use all
 * the time, and one pipe now and then, each with a truth of its own; the others are told as one sum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"

#define ALWAYS_EVERY 3
#define SELDOM_EVERY 9973

static struct truth_channel *always, *seldom;
static int always_fds[2], seldom_fds[2];
static unsigned count = 40000;
static unsigned long messages, bytes;

static size_t size_at(unsigned number)
{
	return number % 97 + 1;
}

static void use_pipe(size_t size)
{
	char data[128] = "";
	int fds[2];

	edges_expect(!pipe(fds), "pipe");
	edges_expect(write(fds[1], data, size) == (ssize_t)size, "write");
	edges_expect(read(fds[0], data, sizeof(data)) == (ssize_t)size, "read");
	close(fds[0]);
	close(fds[1]);
	__atomic_add_fetch(&messages, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&bytes, size, __ATOMIC_RELAXED);
}

/* So fast that tables fill up within seconds, and not faster than they can be emptied on a busy machine. */
static void pace(unsigned number)
{
	if (number % 16 == 15)
		truth_sleep_ms(4);
}

static void flood(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < count; i++) {
		use_pipe(size_at(i));
		pace(i);
	}
}

static void use_others(void *unused)
{
	char data[128] = "";

	(void)unused;
	for (unsigned i = 0; i < count; i++) {
		use_pipe(size_at(i));
		pace(i);
		if (i % ALWAYS_EVERY == 0) {
			edges_expect(SEND(always, write(always_fds[0], data, 101)) == 101, "write");
			edges_expect(RECEIVE(always, read(always_fds[1], data, 101)) == 101, "read");
		}
		if (i % SELDOM_EVERY == 0) {
			edges_expect(SEND(seldom, write(seldom_fds[1], data, 103)) == 103, "write");
			edges_expect(RECEIVE(seldom, read(seldom_fds[0], data, 103)) == 103, "read");
		}
	}
}

static void print_flood(void)
{
	printf(",\"flood\":{\"messages\":%lu,\"bytes\":%lu}", messages, bytes);
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	if (truth_options.variant)
		count = atoi(truth_options.variant);
	edges_expect(!pipe(seldom_fds) && !socketpair(AF_UNIX, SOCK_STREAM, 0, always_fds), "open");
	seldom = truth_file_channel("pipe", seldom_fds[0]);
	always = truth_pair_channel("unix-stream", always_fds[0], always_fds[1]);
	truth_print_more = print_flood;
	truth_worker(0, use_others, NULL, -1);
	for (unsigned i = 1; i < truth_options.threads; i++)
		truth_worker(0, flood, NULL, -1);
	truth_serve();
}
