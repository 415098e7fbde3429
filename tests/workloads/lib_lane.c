/* SPDX-License-Identifier: GPL-2.0 */
/* The sender and the receiver of a lane (see lib_lane.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib_lane.h"
#include "lib_uring.h"

#define MESSAGES 211 /* calls of a sender in a phase, the batches count once */
#define BATCH 3
#define WINDOW 23          /* messages a lossy channel may hold */
#define URING_WINDOW 7     /* less than the queue of an unconnected unix socket's receiver holds */
#define SHARED_WINDOW 79   /* more than all receivers together may keep back in batches */
#define BIG_BYTES 200003   /* more than a pipe holds: the writer sleeps */
#define RECEIVE_BYTES 1021

static const unsigned sizes[] = {61, 127, 509, 1021, 4093, 3, 2039};
#define SIZE_COUNT (sizeof(sizes) / sizeof(sizes[0]))
#define SHARED_BYTES 61

static unsigned batch_at(const struct lane *lane, unsigned i)
{
	return lane->is_socket && i % 5 == 4 ? BATCH : 1;
}

static unsigned size_at(const struct lane *lane, unsigned i)
{
	if (lane->small)
		return SHARED_BYTES;
	if (lane->empties && i % 31 == 17)
		return 0;
	return sizes[i % SIZE_COUNT];
}

static bool sends_big(const struct lane *lane)
{
	return !lane->channel->datagrams && !lane->small;
}

void lane_prepare(struct lane *lane)
{
	for (unsigned i = 0; i < MESSAGES; i++)
		lane->quota += (size_t)batch_at(lane, i) * (lane->channel->datagrams ? 1 : size_at(lane, i));
	if (sends_big(lane))
		lane->quota += BIG_BYTES;
	lane->received = truth_shared(2 * sizeof(uint64_t));
	lane->sent = lane->received + 1;
}

void lane_join(struct lane *lane, const struct lane *first)
{
	lane->received = first->received;
	lane->sent = first->sent;
}

static struct msghdr message_to(struct lane *lane, struct iovec *parts, size_t count)
{
	return (struct msghdr){.msg_name = lane->to_length ? &lane->to : NULL,
			       .msg_namelen = lane->to_length, .msg_iov = parts, .msg_iovlen = count};
}

/* All of it: a stream's buffer may hold less. */
static ssize_t send_by_uring(struct lane *lane, char *data, size_t size, unsigned how)
{
	struct uring_address to = {lane->to_length ? &lane->to : NULL, lane->to_length};
	size_t done = 0;

	do {
		ssize_t n = truth_count(lane->channel, SENT, uring_send(lane->send_fd, lane->is_socket, data + done,
									 size - done, to, how));

		if (n < 0)
			return n;
		done += n;
	} while (done < size);
	return (ssize_t)done;
}

static void send_batch(struct lane *lane, char *data, unsigned size, unsigned batch)
{
	struct mmsghdr vector[BATCH] = {0};
	struct iovec part = {data, size};
	uint64_t messages = 0, bytes = 0;
	int sent;

	for (unsigned i = 0; i < batch; i++)
		vector[i].msg_hdr = message_to(lane, &part, 1);
	truth_before();
	sent = sendmmsg(lane->send_fd, vector, batch, MSG_NOSIGNAL);
	for (int i = 0; i < sent; i++) {
		messages++;
		bytes += vector[i].msg_len;
	}
	truth_after_many(lane->channel, SENT, messages, bytes);
	if (sent != (int)batch)
		truth_die("sendmmsg");
}

static ssize_t send_one(struct lane *lane, char *data, unsigned size, unsigned how)
{
	struct iovec parts[2] = {{data, size / 3}, {data + size / 3, size - size / 3}};
	struct truth_channel *channel = lane->channel;
	struct msghdr message = message_to(lane, parts, 2);
	int fd = lane->send_fd;

	if (truth_options.uring)
		return send_by_uring(lane, data, size, how);
	if (!lane->is_socket) {
		switch (how % 3) {
		case 0: return SEND(channel, write(fd, data, size));
		case 1: return SEND(channel, writev(fd, parts, 2));
		default: return SEND(channel, pwritev2(fd, parts, 2, -1, 0));
		}
	}
	if (lane->to_length || size == 0)
		how = 2 + how % 2;
	switch (how % 4) {
	case 0: return SEND(channel, write(fd, data, size));
	case 1: return SEND(channel, writev(fd, parts, 2));
	case 2: return SEND(channel, sendto(fd, data, size, MSG_NOSIGNAL, message.msg_name,
					    message.msg_namelen));
	default: return SEND(channel, sendmsg(fd, &message, MSG_NOSIGNAL));
	}
}

static void await_window(struct lane *lane, unsigned more)
{
	unsigned window = truth_options.uring ? URING_WINDOW : lane->small ? SHARED_WINDOW : WINDOW;

	truth_add(lane->sent, more);
	while (lane->lossy && __atomic_load_n(lane->sent, __ATOMIC_SEQ_CST) >
				      __atomic_load_n(lane->received, __ATOMIC_SEQ_CST) + window)
		truth_sleep_ms(1);
}

static void lane_send(void *argument)
{
	struct lane *lane = argument;
	char *data = calloc(1, BIG_BYTES);

	for (unsigned i = 0; i < MESSAGES; i++) {
		unsigned batch = batch_at(lane, i);

		if (i % 53 == 7)
			truth_sleep_ms(7);
		await_window(lane, batch);
		for (unsigned j = 1; truth_options.uring && j < batch; j++)
			if (send_one(lane, data, size_at(lane, i), i + j) < 0)
				truth_die("send");
		if (batch > 1 && !truth_options.uring)
			send_batch(lane, data, size_at(lane, i), batch);
		else if (send_one(lane, data, size_at(lane, i), i) < 0)
			truth_die("send");
	}
	for (size_t done = 0; sends_big(lane) && done < BIG_BYTES;) {
		ssize_t n = truth_options.uring
				    ? send_by_uring(lane, data, BIG_BYTES, 0)
				    : SEND(lane->channel, write(lane->send_fd, data + done, BIG_BYTES - done));

		if (n < 0)
			truth_die("big write");
		done += n;
	}
	free(data);
}

/* Receives up to BATCH messages with one call; returns what it takes off the quota. */
static uint64_t receive_batch(struct lane *lane, char *data, size_t room, uint64_t left, unsigned how)
{
	struct mmsghdr vector[BATCH] = {0};
	struct iovec parts[BATCH];
	uint64_t messages = 0, bytes = 0;
	unsigned count = lane->channel->datagrams && left < BATCH ? left : BATCH;
	int got;

	if (!lane->channel->datagrams)
		count = 1 + (left > BATCH * room);
	for (unsigned i = 0; i < count; i++) {
		parts[i] = (struct iovec){data, lane->channel->datagrams || left > room ? room : left};
		vector[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	truth_before();
	got = recvmmsg(lane->receive_fd, vector, count, how % 2 ? MSG_WAITFORONE : 0, NULL);
	for (int i = 0; i < got; i++) {
		messages += lane->channel->datagrams || vector[i].msg_len > 0;
		bytes += vector[i].msg_len;
	}
	truth_after_many(lane->channel, RECEIVED, messages, bytes);
	if (got < 1)
		truth_die("recvmmsg");
	truth_add(lane->received, got);
	return lane->channel->datagrams ? (uint64_t)got : bytes;
}

static ssize_t receive_one(struct lane *lane, char *data, size_t room, unsigned how)
{
	struct iovec parts[2] = {{data, room / 2}, {data + room / 2, room - room / 2}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	struct truth_channel *channel = lane->channel;
	int fd = lane->receive_fd;

	if (truth_options.uring)
		return truth_count(channel, RECEIVED, uring_receive(fd, lane->is_socket, data, room, how));
	if (!lane->is_socket) {
		switch (how % 3) {
		case 0: return RECEIVE(channel, read(fd, data, room));
		case 1: return RECEIVE(channel, readv(fd, parts, 2));
		default: return RECEIVE(channel, preadv2(fd, parts, 2, -1, 0));
		}
	}
	switch (how % 4) {
	case 0: return RECEIVE(channel, read(fd, data, room));
	case 1: return RECEIVE(channel, readv(fd, parts, 2));
	case 2: return RECEIVE(channel, recvfrom(fd, data, room, 0, NULL, NULL));
	default: return RECEIVE(channel, recvmsg(fd, &message, 0));
	}
}

static void lane_receive(void *argument)
{
	struct lane *lane = argument;
	bool datagrams = lane->channel->datagrams;
	size_t room = datagrams ? 4096 : lane->small ? SHARED_BYTES : RECEIVE_BYTES;
	uint64_t left = lane->quota;
	char data[4096];

	for (unsigned i = 0; left; i++) {
		size_t want = datagrams || left > room ? room : left;
		ssize_t got;

		if (i == 101)
			truth_sleep_ms(13);
		if (lane->is_socket && i % 37 == 5)
			LOOK(lane->channel, recv(lane->receive_fd, data, want, MSG_PEEK | MSG_DONTWAIT));
		if (lane->is_socket && i % 5 == 4 && !truth_options.uring) {
			left -= receive_batch(lane, data, room, left, i);
			continue;
		}
		got = receive_one(lane, data, want, i);
		if (got < 0 || (got == 0 && !datagrams))
			truth_die("receive");
		truth_add(lane->received, 1);
		left -= datagrams ? 1 : got;
	}
}

void lane_add(struct lane *lane)
{
	truth_worker(0, lane_send, lane, lane->send_fd);
	truth_worker(1, lane_receive, lane, lane->receive_fd);
	if (lane->duplex) {
		struct lane *back = malloc(sizeof(*back));

		*back = *lane;
		back->send_fd = lane->receive_fd;
		back->receive_fd = lane->send_fd;
		back->received = truth_shared(2 * sizeof(uint64_t));
		back->sent = back->received + 1;
		truth_worker(1, lane_send, back, back->send_fd);
		truth_worker(0, lane_receive, back, back->receive_fd);
	}
}
