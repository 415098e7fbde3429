/* SPDX-License-Identifier: GPL-2.0 */
/* See lib_edges.h. What a step expects is checked: a truth that nobody verified is none. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_edges.h"

/* Not a constant, or the compiler would refuse the calls that are meant to fail. */
static void *volatile unmapped = (void *)8;

void edges_expect(bool truth, const char *what)
{
	if (!truth)
		truth_die(what);
}

void edges_would_block(struct truth_channel *channel, int fd)
{
	char data[16];
	struct iovec part = {data, sizeof(data)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct mmsghdr vector = {.msg_hdr = message};

	for (int i = 0; i < 3; i++)
		edges_expect(RECEIVE(channel, recv(fd, data, sizeof(data), MSG_DONTWAIT)) < 0 &&
				     errno == EAGAIN, "recv EAGAIN");
	edges_expect(RECEIVE(channel, recvmsg(fd, &message, MSG_DONTWAIT)) < 0 && errno == EAGAIN,
		     "recvmsg EAGAIN");
	edges_expect(RECEIVE(channel, recvmmsg(fd, &vector, 1, MSG_DONTWAIT, NULL)) < 0 &&
			     errno == EAGAIN, "recvmmsg EAGAIN");
	edges_expect(LOOK(channel, recv(fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT)) < 0 &&
			     errno == EAGAIN, "peek EAGAIN");
}

/* Until nothing fits any more, then until nothing is left: what is still under way is waited for. */
void edges_fill_and_drain(struct truth_channel *channel, int one, int other)
{
	static char data[1 << 20];
	size_t size = channel->datagrams ? 1009 : sizeof(data) - 3;
	ssize_t moved;
	size_t left = 0;

	while ((moved = SEND(channel, send(one, data, size, MSG_DONTWAIT | MSG_NOSIGNAL))) >= 0)
		left += moved;
	edges_expect(errno == EAGAIN, "full");
	while (left) {
		moved = RECEIVE(channel, recv(other, data, 65521, 0));
		edges_expect(moved > 0 && (size_t)moved <= left, "drain");
		left -= moved;
	}
	edges_expect(RECEIVE(channel, recv(other, data, 65521, MSG_DONTWAIT)) < 0 && errno == EAGAIN, "drained");
}

void edges_look(struct truth_channel *channel, int one, int other)
{
	char data[64] = "";
	struct iovec part = {data, sizeof(data)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	edges_expect(SEND(channel, send(one, data, 31, 0)) == 31, "send");
	edges_expect(LOOK(channel, recv(other, data, 64, MSG_PEEK)) == 31, "peek");
	edges_expect(LOOK(channel, recvmsg(other, &message, MSG_PEEK)) == 31, "peek message");
	edges_expect(RECEIVE(channel, recv(other, data, 64, 0)) == 31, "receive");
}

/* A datagram larger than the buffer: the rest is gone, and MSG_TRUNC tells its whole length. */
static void truncated(struct truth_channel *channel, int one, int other)
{
	char data[64] = "";

	edges_expect(SEND(channel, send(one, data, 37, 0)) == 37, "send");
	edges_expect(RECEIVE(channel, recv(other, data, 17, 0)) == 17, "short receive");
	edges_expect(SEND(channel, send(one, data, 41, 0)) == 41, "send");
	edges_expect(RECEIVE(channel, recv(other, data, 17, MSG_TRUNC)) == 41, "MSG_TRUNC");
	edges_expect(SEND(channel, send(one, data, 0, 0)) == 0, "empty datagram");
	edges_expect(RECEIVE(channel, recv(other, data, 17, 0)) == 0, "empty datagram");
}

static void fail(struct truth_channel *channel, int one)
{
	struct iovec bad = {unmapped, 17};
	struct msghdr message = {.msg_iov = &bad, .msg_iovlen = 1};
	struct mmsghdr vector = {.msg_hdr = message};

	edges_expect(SEND(channel, send(one, unmapped, 23, MSG_NOSIGNAL)) < 0 && errno == EFAULT,
		     "send EFAULT");
	edges_expect(SEND(channel, sendmsg(one, &message, MSG_NOSIGNAL)) < 0 && errno == EFAULT,
		     "sendmsg EFAULT");
	edges_expect(SEND(channel, sendmsg(one, unmapped, 0)) < 0 && errno == EFAULT,
		     "sendmsg header EFAULT");
	edges_expect(SEND(channel, sendmmsg(one, &vector, 1, MSG_NOSIGNAL)) < 0 && errno == EFAULT,
		     "sendmmsg EFAULT");
	edges_expect(RECEIVE(channel, recvmsg(one, unmapped, MSG_DONTWAIT)) < 0 && errno == EFAULT,
		     "recvmsg header EFAULT");
	if (channel->datagrams) {
		static char data[4 << 20];

		edges_expect(SEND(channel, send(one, data, sizeof(data), MSG_NOSIGNAL)) < 0 &&
				     errno == EMSGSIZE, "EMSGSIZE");
	}
}

/* Two good messages and a bad one: the call moved two. */
static void partial_batch(struct truth_channel *channel, int one, int other)
{
	char data[64] = "";
	struct iovec good = {data, 43}, bad = {unmapped, 43};
	struct mmsghdr vector[3] = {0};

	for (int i = 0; i < 3; i++)
		vector[i].msg_hdr = (struct msghdr){.msg_iov = i == 2 ? &bad : &good, .msg_iovlen = 1};
	truth_before();
	edges_expect(sendmmsg(one, vector, 3, MSG_NOSIGNAL) == 2, "partial sendmmsg");
	truth_after_many(channel, SENT, 2, 86);
	for (int i = 0; i < 2; i++)
		edges_expect(RECEIVE(channel, recv(other, data, 43, 0)) == 43, "receive");
}

void edges_end_of_file(struct truth_channel *channel, int one, int other)
{
	char data[16] = "";

	edges_expect(!shutdown(one, SHUT_WR), "shutdown");
	for (int i = 0; i < 3; i++) {
		truth_before();
		edges_expect(recv(other, data, sizeof(data), 0) == 0, "end of file");
		truth_after_many(channel, RECEIVED, 0, 0);
	}
	edges_expect(SEND(channel, send(one, data, 5, MSG_NOSIGNAL)) < 0 && errno == EPIPE, "EPIPE");
	edges_expect(SEND(channel, write(one, data, 5)) < 0 && errno == EPIPE, "EPIPE");
}

void edges_run(struct truth_channel *channel, int one, int other)
{
	edges_would_block(channel, other);
	if (strcmp(channel->kind, "udp"))
		edges_fill_and_drain(channel, one, other);
	edges_look(channel, one, other);
	if (channel->datagrams)
		truncated(channel, one, other);
	fail(channel, one);
	partial_batch(channel, one, other);
	if (strcmp(channel->kind, "udp") && strcmp(channel->kind, "unix-dgram"))
		edges_end_of_file(channel, one, other);
	close(one);
	close(other);
}

static bool is_stopped(pid_t pid)
{
	char path[64], text[256] = "", *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file || !fgets(text, sizeof(text), file))
		return false;
	fclose(file);
	state = strrchr(text, ')');
	return state && state[2] == 'T';
}

void edges_stop_and_continue(void)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		kill(parent, SIGSTOP);
		while (!is_stopped(parent))
			;
		kill(parent, SIGCONT);
		_exit(0);
	}
	edges_expect(child > 0 && waitpid(child, NULL, 0) == child, "stopping child");
}
