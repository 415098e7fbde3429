/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors passed to another process (SCM_RIGHTS) through a socket pair that it has inherited: the end of a
 * pipe, of a socket pair, of a TCP connection, an eventfd. Whoever passes one closes it; one comes back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_pair.h"

/* In shared memory: the channels are new in every phase. */
struct scene {
	int control[2];
	struct truth_channel *through, *pipe, *pair, *connection, *counter;
	int counter_fd; /* one for all phases: their numbers would be used again */
};

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void give(struct scene *scene, int end, int fd)
{
	union control control = {0};
	struct iovec part = {"x", 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	edges_expect(SEND(scene->through, sendmsg(scene->control[end], &message, 0)) == 1, "pass a file");
	close(fd);
}

static int accept_given(struct scene *scene, int end)
{
	union control control = {0};
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header;
	int fd = -1;

	edges_expect(RECEIVE(scene->through, recvmsg(scene->control[end], &message, 0)) == 1, "take a file");
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		truth_die("a passed file");
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static void put(struct truth_channel *channel, int fd, size_t size)
{
	static const char data[1024];

	edges_expect(SEND(channel, write(fd, data, size)) == (ssize_t)size, "write");
}

static void take(struct truth_channel *channel, int fd, size_t size)
{
	char data[1024];

	while (size) {
		ssize_t got = RECEIVE(channel, read(fd, data, size));

		edges_expect(got > 0, "read");
		size -= got;
	}
}

static struct truth_channel *counter_of(int fd)
{
	char path[64], line[128], name[64];
	unsigned id = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	edges_expect(file, path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "eventfd-id: %u", &id) == 1)
			break;
	fclose(file);
	snprintf(name, sizeof(name), "eventfd:[%u]", id);
	return truth_named_channel("eventfd", name);
}

/* One end of each socket goes away after 13 bytes, and comes back. */
static void lend(struct scene *scene, struct truth_channel *channel, const int pair[2])
{
	int back;

	put(channel, pair[0], 13);
	give(scene, 0, pair[0]);
	take(channel, pair[1], 13 + 17);
	put(channel, pair[1], 47);
	back = accept_given(scene, 0);
	put(channel, back, 19);
	take(channel, pair[1], 19);
	close(back);
	close(pair[1]);
}

static void borrow(struct scene *scene, struct truth_channel *const *channel)
{
	int fd = accept_given(scene, 1);

	put(*channel, fd, 17);
	take(*channel, fd, 47);
	give(scene, 1, fd);
}

static void giver(void *argument)
{
	struct scene *scene = argument;
	uint64_t value = 5;
	int fds[2], counter;

	edges_expect(!pipe(fds), "pipe");
	scene->pipe = truth_file_channel("pipe", fds[0]);
	put(scene->pipe, fds[1], 37);
	give(scene, 0, fds[0]);
	put(scene->pipe, fds[1], 41);
	close(fds[1]);

	scene->pair = pair_open("unix-stream", fds);
	lend(scene, scene->pair, fds);
	scene->connection = pair_open("tcp", fds);
	lend(scene, scene->connection, fds);

	edges_expect(SEND(scene->counter, write(scene->counter_fd, &value, sizeof(value))) == 8, "write");
	give(scene, 0, dup(scene->counter_fd));
	counter = accept_given(scene, 0);
	edges_expect(RECEIVE(scene->counter, read(counter, &value, sizeof(value))) == 8 && value == 7, "read");
	close(counter);
}

static void taker(void *argument)
{
	struct scene *scene = argument;
	char data[64];
	uint64_t value = 0;
	int fd = accept_given(scene, 1);

	take(scene->pipe, fd, 37 + 41);
	edges_expect(RECEIVE(scene->pipe, read(fd, data, sizeof(data))) == 0, "end of file");
	close(fd);
	borrow(scene, &scene->pair);
	borrow(scene, &scene->connection);
	fd = accept_given(scene, 1);
	edges_expect(RECEIVE(scene->counter, read(fd, &value, sizeof(value))) == 8 && value == 5, "read");
	value = 7;
	edges_expect(SEND(scene->counter, write(fd, &value, sizeof(value))) == 8, "write");
	give(scene, 1, fd);
}

int main(int argc, char **argv)
{
	struct scene *scenes;

	truth_options_parse(argc, argv);
	scenes = truth_shared(truth_options.threads * sizeof(*scenes));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		struct scene *scene = &scenes[i];

		scene->through = pair_open("unix-stream", scene->control);
		scene->counter_fd = eventfd(0, 0);
		scene->counter = counter_of(scene->counter_fd);
		truth_worker(0, giver, scene, scene->control[0]);
		truth_worker(1, taker, scene, scene->control[1]);
	}
	truth_serve();
}
