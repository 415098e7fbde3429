/* SPDX-License-Identifier: GPL-2.0 */
/*
 * splice, tee, vmsplice and sendfile. Variants: pipe (from a pipe to another, fed and drained in every way),
 * unix, tcp (into a socket and out of it), full (what sleeps waits for room at the output).
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib_edges.h"

#define PIPE_BYTES (1 << 20) /* holds 256 pieces: a pipe of this size is never full here */
#define WINDOW_BYTES 16384   /* that are under way */
#define FILE_BYTES 8192L
#define MESSAGES 211
#define PAGE_BYTES 4096ULL
#define PAGES 47     /* that are pushed */
#define BIG_BYTES 300007 /* more than a socket's buffers hold */

static const unsigned sizes[] = {61, 127, 509, 1021, 4093, 3, 2039};
static const unsigned pieces[] = {1021, 4093, 257};

struct way {
	struct truth_channel *first, *second;
	int in[2], out[2]; /* both ends of what is fed, and of what is drained */
	uint64_t *fed, *drained;
};

static int file_fd, null_fd;

static uint64_t quota(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < MESSAGES; i++)
		bytes += sizes[i % 7];
	return bytes;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static ssize_t checked(ssize_t result, const char *what)
{
	if (result < 0)
		truth_die(what);
	return result;
}

/* SIZE bytes, or fewer, into the pipe FD. */
static ssize_t feed_pipe(struct truth_channel *channel, int fd, size_t size, unsigned how)
{
	static char data[FILE_BYTES];
	struct iovec parts[2] = {{data, size / 3}, {data + size / 3, size - size / 3}};
	off_t offset = 7;
	off64_t offset_64 = 11;

	switch (how % 5) {
	case 0: return SEND(channel, write(fd, data, size));
	case 1: return SEND(channel, vmsplice(fd, parts, 2, 0));
	case 2: return SEND(channel, splice(file_fd, &offset_64, fd, NULL, size, 0));
	case 3: return SEND(channel, sendfile(fd, file_fd, &offset, size));
	default: return SEND(channel, sendfile64(fd, file_fd, &offset_64, size));
	}
}

/* SIZE bytes, or fewer, out of the pipe FD. */
static ssize_t drain_pipe(struct truth_channel *channel, int fd, size_t size, unsigned how)
{
	char data[4096];
	struct iovec parts[2] = {{data, size / 3}, {data + size / 3, size - size / 3}};

	switch (how % 3) {
	case 0: return RECEIVE(channel, read(fd, data, size));
	case 1: return RECEIVE(channel, vmsplice(fd, parts, 2, 0));
	default: return RECEIVE(channel, splice(fd, NULL, null_fd, NULL, size, 0));
	}
}

static void feeder(void *argument)
{
	struct way *way = argument;

	for (unsigned i = 0; i < MESSAGES; i++) {
		size_t left = sizes[i % 7];

		if (i % 53 == 7)
			truth_sleep_ms(7);
		while (__atomic_load_n(way->fed, __ATOMIC_SEQ_CST) >
		       __atomic_load_n(way->drained, __ATOMIC_SEQ_CST) + WINDOW_BYTES)
			truth_sleep_ms(1);
		truth_add(way->fed, left);
		while (left)
			left -= checked(feed_pipe(way->first, way->in[1], left, i), "feed");
	}
}

/* Copies what is at the head of the first pipe, then drops as much from there. */
static size_t duplicate_and_drop(struct way *way, size_t size)
{
	size_t copied, left;

	copied = checked(DUPLICATE(way->first, way->second, RECEIVED, tee(way->in[0], way->out[1], size, 0)),
			 "tee");
	for (left = copied; left;)
		left -= checked(MOVE(way->first, NULL, RECEIVED,
				     splice(way->in[0], NULL, null_fd, NULL, left, 0)), "drop");
	return copied;
}

static void mover(void *argument)
{
	struct way *way = argument;
	uint64_t left = quota();

	for (unsigned i = 0; left; i++) {
		size_t size = smaller(left, pieces[i % 3]);

		if (i % 4 == 3)
			left -= duplicate_and_drop(way, size);
		else
			left -= checked(MOVE(way->first, way->second, RECEIVED,
					     splice(way->in[0], NULL, way->out[1], NULL, size, 0)), "move");
	}
}

static void drainer(void *argument)
{
	struct way *way = argument;
	uint64_t left = quota();

	for (unsigned i = 0; left; i++) {
		ssize_t got = checked(drain_pipe(way->second, way->out[0], smaller(left, pieces[i % 3]), i),
				      "drain");

		truth_add(way->drained, got);
		left -= got;
	}
}

static struct truth_channel *new_pipe(int fds[2], int size)
{
	edges_expect(!pipe(fds) && fcntl(fds[0], F_SETPIPE_SZ, size) >= 0, "pipe");
	return truth_file_channel("pipe", fds[0]);
}

static void open_pipes(struct way *way)
{
	way->first = new_pipe(way->in, PIPE_BYTES);
	way->second = new_pipe(way->out, PIPE_BYTES);
	way->fed = truth_shared(2 * sizeof(uint64_t));
	way->drained = way->fed + 1;
}

/* Through a socket: what is spliced into it comes from a pipe that is never empty. */
static void sender(void *argument)
{
	struct way *way = argument;
	int fds[2];
	struct truth_channel *channel = new_pipe(fds, PIPE_BYTES);

	for (unsigned i = 0; i < MESSAGES; i++) {
		off_t offset = 13;
		size_t left = sizes[i % 7];

		if (i % 53 == 7)
			truth_sleep_ms(7);
		if (i % 3 == 0) {
			while (left)
				left -= checked(SEND(way->first, sendfile(way->in[1], file_fd, &offset,
									  left)), "sendfile");
			continue;
		}
		edges_expect(feed_pipe(channel, fds[1], left, i) == (ssize_t)left, "feed");
		while (left)
			left -= checked(MOVE(channel, way->first, SENT,
					     splice(fds[0], NULL, way->in[1], NULL, left, 0)), "splice");
	}
	for (size_t left = BIG_BYTES; left;) {
		off_t offset = 0;

		left -= checked(SEND(way->first, sendfile(way->in[1], file_fd, &offset,
							  smaller(left, FILE_BYTES))), "big sendfile");
	}
	close(fds[0]);
	close(fds[1]);
}

/* And what comes out of it goes into a pipe that is emptied each time. */
static void receiver(void *argument)
{
	struct way *way = argument;
	int fds[2];
	struct truth_channel *channel = new_pipe(fds, PIPE_BYTES);
	uint64_t left = quota() + BIG_BYTES;

	for (unsigned i = 0; left; i++) {
		size_t size = smaller(left, pieces[i % 3]), got;

		if (i == 101)
			truth_sleep_ms(29);
		if (i % 4 == 1)
			got = checked(MOVE(way->first, channel, RECEIVED,
					   sendfile(fds[1], way->in[0], NULL, size)), "receive");
		else
			got = checked(MOVE(way->first, channel, RECEIVED,
					   splice(way->in[0], NULL, fds[1], NULL, size, 0)), "receive");
		edges_expect(got > 0, "end of the socket");
		left -= got;
		while (got)
			got -= checked(drain_pipe(channel, fds[0], got, i), "drain");
	}
	close(fds[0]);
	close(fds[1]);
}

static void open_tcp(struct way *way)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in one = address, other = address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t length = sizeof(address);
	char name[64];

	edges_expect(!bind(listener, (struct sockaddr *)&address, length) && !listen(listener, 1), "listen");
	edges_expect(!getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	way->in[1] = socket(AF_INET, SOCK_STREAM, 0);
	edges_expect(!connect(way->in[1], (struct sockaddr *)&address, length), "connect");
	way->in[0] = accept(listener, NULL, NULL);
	edges_expect(!getsockname(way->in[0], (struct sockaddr *)&one, &length), "getsockname");
	edges_expect(!getsockname(way->in[1], (struct sockaddr *)&other, &length), "getsockname");
	snprintf(name, sizeof(name), "127.0.0.1:%u <-> 127.0.0.1:%u", ntohs(one.sin_port),
		 ntohs(other.sin_port));
	way->first = truth_named_channel("tcp", name);
	close(listener);
}

static void open_unix(struct way *way)
{
	edges_expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, way->in), "socketpair");
	way->first = truth_pair_channel("unix-stream", way->in[0], way->in[1]);
}

/* The first pipe is filled before, the second holds one piece, the reader is slow. */
static void push(void *argument)
{
	struct way *way = argument;
	static char page[4096];

	for (unsigned i = 0; i < PAGES; i++) {
		if (i % 16 == 0)
			for (unsigned j = 0; j < 16; j++)
				edges_expect(SEND(way->first, write(way->in[1], page, sizeof(page))) == 4096,
					     "fill");
		edges_expect(MOVE(way->first, way->second, SENT,
				  splice(way->in[0], NULL, way->out[1], NULL, sizeof(page), 0)) == 4096,
			     "push");
	}
	edges_expect(RECEIVE(way->first, read(way->in[0], page, sizeof(page))) == 4096, "the last one");
}

static void pull_slowly(void *argument)
{
	struct way *way = argument;
	char page[4096];

	for (uint64_t left = PAGES * PAGE_BYTES; left;) {
		truth_sleep_ms(3);
		left -= checked(RECEIVE(way->second, read(way->out[0], page, sizeof(page))), "pull");
	}
}

static void open_full(struct way *way, bool to_socket)
{
	int room = 1;

	way->first = new_pipe(way->in, 65536);
	if (!to_socket) {
		way->second = new_pipe(way->out, 4096);
		return;
	}
	edges_expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, way->out), "socketpair");
	setsockopt(way->out[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	way->second = truth_pair_channel("unix-stream", way->out[0], way->out[1]);
}

static void open_way(struct way *way, const char *variant, unsigned number)
{
	if (!strcmp(variant, "full")) {
		open_full(way, number % 2);
		truth_worker(0, push, way, -1);
		truth_worker(1, pull_slowly, way, -1);
		return;
	}
	if (!strcmp(variant, "pipe")) {
		if (!way->first)
			open_pipes(way);
		truth_worker(0, feeder, way, -1);
		truth_worker(1, mover, way, -1);
		truth_worker(0, drainer, way, -1);
		return;
	}
	if (!way->first && !strcmp(variant, "tcp"))
		open_tcp(way);
	else if (!way->first)
		open_unix(way);
	truth_worker(0, sender, way, -1);
	truth_worker(1, receiver, way, -1);
}

int main(int argc, char **argv)
{
	const char *variant;
	struct way *ways;

	truth_options_parse(argc, argv);
	variant = truth_options.variant ? truth_options.variant : "pipe";
	file_fd = memfd_create("splice", MFD_CLOEXEC);
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	edges_expect(file_fd >= 0 && null_fd >= 0 && !ftruncate(file_fd, 2 * FILE_BYTES), "files");
	ways = calloc(truth_options.threads, sizeof(*ways));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		if (i > 0 && truth_options.shared && strcmp(variant, "full"))
			ways[i] = ways[0];
		open_way(&ways[i], variant, i);
	}
	truth_serve();
}
