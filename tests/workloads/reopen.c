/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors that change their meaning 100,000 times: copies (dup, dup2, fcntl) of the ends of a pipe, a socket
 * pair and an eventfd, and new ones of each kind, all under the same few numbers. The truth is a sum for each kind.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"

#define CYCLES 100000
#define NEW_EVERY 10 /* so many cycles for one that opens a new object */
#define KINDS 3

static const char *const kinds[KINDS] = {"pipe", "unix-stream", "eventfd"};
static struct {
	int fds[2]; /* to receive from, to send to */
	uint64_t messages, bytes, objects;
} objects[KINDS];
static const int fixed_fds[2] = {900, 901};

static void open_object(int kind, int fds[2])
{
	int failed;

	if (kind == 0) {
		failed = pipe(fds);
	} else if (kind == 1) {
		failed = socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	} else {
		fds[0] = eventfd(0, 0);
		fds[1] = dup(fds[0]);
		failed = fds[0] < 0;
	}
	edges_expect(!failed, kinds[kind]);
}

/* Puts descriptors for an object of KIND into FDS, made in a way of many. */
static void reopen(int kind, unsigned cycle, int fds[2])
{
	if (cycle / KINDS % NEW_EVERY == 0) {
		open_object(kind, fds);
		objects[kind].objects++;
		return;
	}
	for (int end = 0; end < 2; end++) {
		int fd = objects[kind].fds[end];

		switch (cycle % 4) {
		case 0: fds[end] = fcntl(fd, F_DUPFD_CLOEXEC, 100); break;
		case 1:
		case 2: fds[end] = dup2(fd, fixed_fds[end]); break; /* stays open, until the next one */
		default: fds[end] = dup(fd);
		}
		edges_expect(fds[end] >= 0, "copy");
	}
}

static void cycle_all(void *unused)
{
	char data[128] = "";

	(void)unused;
	for (unsigned cycle = 0; cycle < CYCLES; cycle++) {
		int kind = cycle % KINDS, fds[2];
		size_t size = kind == 2 ? 8 : cycle % 97 + 1;

		reopen(kind, cycle, fds);
		data[0] = 1;
		edges_expect(write(fds[1], data, size) == (ssize_t)size, "write");
		edges_expect(read(fds[0], data, kind == 2 ? 8 : sizeof(data)) == (ssize_t)size, "read");
		objects[kind].messages++;
		objects[kind].bytes += size;
		for (int end = 0; end < 2; end++)
			if (fds[end] != fixed_fds[end])
				close(fds[end]);
	}
}

static void print_sums(void)
{
	printf(",\"cycles\":%d,\"sums\":[", CYCLES);
	for (int kind = 0; kind < KINDS; kind++) {
		printf("%s{\"kind\":\"%s\",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"objects\":%" PRIu64 "}",
		       kind ? "," : "", kinds[kind], objects[kind].messages, objects[kind].bytes,
		       objects[kind].objects + 1);
		objects[kind].messages = objects[kind].bytes = objects[kind].objects = 0;
	}
	putchar(']');
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	for (int kind = 0; kind < KINDS; kind++)
		open_object(kind, objects[kind].fds);
	truth_print_more = print_sums;
	truth_worker(0, cycle_all, NULL, -1);
	truth_serve();
}
