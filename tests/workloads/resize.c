/* SPDX-License-Identifier: GPL-2.0 */
/* Channels that get another size after their first use; the truth tells the sizes that they ended with. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"

static const int pipe_sizes[] = {1 << 20, 4096, 262144};
static const int socket_sizes[] = {100003, 40009};

#define PIPES (sizeof(pipe_sizes) / sizeof(pipe_sizes[0]))
#define PAIRS (sizeof(socket_sizes) / sizeof(socket_sizes[0]))

static int fds[PIPES + PAIRS][2];
static struct truth_channel *channels[PIPES + PAIRS];

static void use(unsigned number)
{
	char data[64] = "";

	edges_expect(SEND(channels[number], write(fds[number][1], data, 31)) == 31, "write");
	edges_expect(RECEIVE(channels[number], read(fds[number][0], data, sizeof(data))) == 31, "read");
}

static void resize_all(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < PIPES + PAIRS; i++)
		use(i);
	for (unsigned i = 0; i < PIPES; i++) {
		edges_expect(fcntl(fds[i][i % 2], F_SETPIPE_SZ, 8192) == 8192, "F_SETPIPE_SZ");
		edges_expect(fcntl(fds[i][i % 2], F_SETPIPE_SZ, pipe_sizes[i]) == pipe_sizes[i], "F_SETPIPE_SZ");
		edges_expect(fcntl(fds[i][0], F_SETPIPE_SZ, INT_MIN) < 0, "too large a size");
	}
	for (unsigned i = 0; i < 2 * PAIRS; i++)
		edges_expect(!setsockopt(fds[PIPES + i / 2][i % 2], SOL_SOCKET, SO_SNDBUF, &socket_sizes[i / 2],
					 sizeof(int)), "SO_SNDBUF");
}

static void print_sizes(void)
{
	printf(",\"sizes\":[");
	for (unsigned i = 0; i < PIPES + PAIRS; i++) {
		int size = 0;
		socklen_t length = sizeof(size);

		if (i < PIPES)
			size = fcntl(fds[i][0], F_GETPIPE_SZ);
		else
			getsockopt(fds[i][0], SOL_SOCKET, SO_SNDBUF, &size, &length);
		printf("%s{\"id\":\"%s\",\"bytes\":%d}", i ? "," : "", channels[i]->id, size);
	}
	putchar(']');
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	for (unsigned i = 0; i < PIPES + PAIRS; i++) {
		if (i < PIPES ? pipe(fds[i]) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]))
			truth_die("pipe or socketpair");
		channels[i] = i < PIPES ? truth_file_channel("pipe", fds[i][0]) :
					  truth_pair_channel("unix-stream", fds[i][0], fds[i][1]);
	}
	truth_print_more = print_sizes;
	truth_worker(0, resize_all, NULL, -1);
	truth_serve();
}
