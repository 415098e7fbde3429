// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that fail, each so often that its number tells it from the others, on a pipe, a pair of unix sockets
 * and single sockets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib_edges.h"

/* Not a constant, or the compiler would refuse the calls that are meant to fail. */
static void *volatile unmapped = (void *)8;

#define TIMES(count, call, error)                                                                  \
	do {                                                                                       \
		for (int times__ = 0; times__ < (count); times__++)                                \
			edges_expect((call) < 0 && errno == (error), #error);                      \
	} while (0)

static void ignore_signal(int number)
{
	(void)number;
}

static void interrupt_me_soon(void)
{
	struct itimerspec soon = {.it_value = {.tv_nsec = 20000000}};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
	timer_t timer;

	event._sigev_un._tid = gettid();
	edges_expect(!timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
	edges_expect(!timer_settime(timer, 0, &soon, NULL), "timer_settime");
}

static void fail_on_pipe(void)
{
	struct truth_channel *channel;
	char data[16] = "";
	int ends[2];

	edges_expect(!pipe(ends), "pipe");
	channel = truth_file_channel("pipe", ends[0]);
	TIMES(2, SEND(channel, write(ends[0], data, 5)), EBADF); /* the end that is not open for writing */
	edges_expect(SEND(channel, write(ends[1], data, 7)) == 7, "write");
	TIMES(5, RECEIVE(channel, read(ends[0], unmapped, 3)), EFAULT);
	edges_expect(RECEIVE(channel, read(ends[0], data, 7)) == 7, "read");
	interrupt_me_soon();
	TIMES(1, RECEIVE(channel, read(ends[0], data, 7)), EINTR);
	close(ends[0]);
	TIMES(3, SEND(channel, write(ends[1], data, 5)), EPIPE);
	close(ends[1]);
	/* On no channel, and so in no row. */
	TIMES(4, write(ends[1], data, 5), EBADF);
}

static void fail_on_stream(void)
{
	struct truth_channel *channel;
	char data[16] = "";
	int pair[2];

	edges_expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	channel = truth_pair_channel("unix-stream", pair[0], pair[1]);
	edges_expect(SEND(channel, send(pair[0], data, 11, 0)) == 11, "send");
	close(pair[1]); /* with the message in it */
	TIMES(1, RECEIVE(channel, recv(pair[0], data, 5, 0)), ECONNRESET);
	TIMES(3, SEND(channel, send(pair[0], data, 5, MSG_NOSIGNAL)), EPIPE);
	close(pair[0]);
}

/* No peer, no connection, too long. */
static void fail_on_datagrams(void)
{
	struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	static char large[70000];
	struct truth_channel *channel;
	socklen_t length = sizeof(nobody);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), closed = socket(AF_INET, SOCK_STREAM, 0);
	char name[128];

	/* A port at which nobody receives datagrams. */
	edges_expect(!bind(closed, (struct sockaddr *)&nobody, length), "bind");
	edges_expect(!getsockname(closed, (struct sockaddr *)&nobody, &length), "name");
	close(closed);
	edges_expect(!connect(fd, (struct sockaddr *)&nobody, length), "connect");
	closed = ntohs(nobody.sin_port);
	edges_expect(!getsockname(fd, (struct sockaddr *)&nobody, &length), "name");
	snprintf(name, sizeof(name), "127.0.0.1:%d <-> 127.0.0.1:%d", ntohs(nobody.sin_port), closed);
	channel = truth_named_channel("udp", name);
	TIMES(7, SEND(channel, send(fd, large, sizeof(large), 0)), EMSGSIZE);
	edges_expect(SEND(channel, send(fd, large, 13, 0)) == 13, "send");
	TIMES(1, RECEIVE(channel, recv(fd, large, 5, 0)), ECONNREFUSED);
	TIMES(2, RECEIVE(channel, recv(fd, large, 5, MSG_DONTWAIT)), EAGAIN);
	close(fd);
}

static void fail_unconnected(void)
{
	struct truth_channel *channel;
	char data[16] = "";
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	channel = truth_socket_channel("tcp", fd);
	TIMES(11, RECEIVE(channel, recv(fd, data, 5, 0)), ENOTCONN);
	close(fd);
}

static void fail(void *unused)
{
	(void)unused;
	fail_on_pipe();
	fail_on_stream();
	fail_on_datagrams();
	fail_unconnected();
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = ignore_signal}, NULL);
	truth_worker(0, fail, NULL, -1);
	truth_serve();
}
