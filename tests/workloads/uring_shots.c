/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to io_uring that complete many times: one receive of all that comes, into buffers that the kernel
 * chooses; and sends without a copy, which complete twice. Variants: shots (each is armed in its phase), parked
 * (armed before the first phase, together with single reads: the tracer comes later), zerocopy.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_uring.h"

#define BUFFERS 32
#define BUFFER_BYTES 1024
#define MESSAGES 29
#define NAME_BYTES 16
#define CONTROL_BYTES 24
#define HEADER_BYTES (sizeof(struct io_uring_recvmsg_out) + NAME_BYTES + CONTROL_BYTES)
#define NAME_CANCEL 997

static const unsigned sizes[] = {61, 127, 509, 3, 211};

enum source {
	SOURCE_PIPE,
	SOURCE_STREAM,
	SOURCE_DGRAM,
	SOURCE_SEQPACKET,
	SOURCE_TCP,
	SOURCE_UDP,
	SOURCES,
};

/* A channel, and the request that takes all that comes through it. */
struct shot {
	struct uring *ring;
	struct truth_channel *channel;
	char *buffers;
	int send_fd, receive_fd;
	enum source source;
	uint16_t group;
	uint64_t name;
	bool with_header; /* RECVMSG: each message has one before it */
	struct msghdr header;
};

static void inet_pair(int type, int pair[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, other = address;
	int listener = socket(AF_INET, type, 0);
	socklen_t length = sizeof(address);

	edges_expect(!bind(listener, (struct sockaddr *)&address, length) &&
			     !getsockname(listener, (struct sockaddr *)&address, &length), "bind");
	pair[0] = socket(AF_INET, type, 0);
	if (type == SOCK_STREAM) {
		edges_expect(!listen(listener, 3) && !connect(pair[0], (struct sockaddr *)&address, length), "connect");
		pair[1] = accept(listener, NULL, NULL);
		close(listener);
		return;
	}
	pair[1] = listener;
	edges_expect(!bind(pair[0], (struct sockaddr *)&other, length) &&
			     !getsockname(pair[0], (struct sockaddr *)&other, &length) &&
			     !connect(pair[0], (struct sockaddr *)&address, length) &&
			     !connect(pair[1], (struct sockaddr *)&other, length), "connect");
}

static struct truth_channel *inet_channel(const char *kind, const int pair[2])
{
	struct sockaddr_in one = {0}, other = {0};
	socklen_t length = sizeof(one);
	char name[80];

	edges_expect(!getsockname(pair[0], (struct sockaddr *)&one, &length) &&
			     !getsockname(pair[1], (struct sockaddr *)&other, &length), "getsockname");
	snprintf(name, sizeof(name), "127.0.0.1:%u <-> 127.0.0.1:%u", ntohs(one.sin_port), ntohs(other.sin_port));
	return truth_named_channel(kind, name);
}

static void open_source(struct shot *shot)
{
	static const struct {
		int type;
		const char *kind;
	} sources[] = {
		[SOURCE_STREAM] = {SOCK_STREAM, "unix-stream"}, [SOURCE_DGRAM] = {SOCK_DGRAM, "unix-dgram"},
		[SOURCE_SEQPACKET] = {SOCK_SEQPACKET, "unix-seqpacket"}, [SOURCE_TCP] = {SOCK_STREAM, "tcp"},
		[SOURCE_UDP] = {SOCK_DGRAM, "udp"},
	};
	int pair[2], type = sources[shot->source].type;
	const char *kind = sources[shot->source].kind;

	if (shot->source == SOURCE_PIPE) {
		edges_expect(!pipe(pair), "pipe");
		shot->channel = truth_file_channel("pipe", pair[0]);
		shot->receive_fd = pair[0];
		shot->send_fd = pair[1];
		return;
	}
	if (shot->source >= SOURCE_TCP) {
		inet_pair(type, pair);
		shot->channel = inet_channel(kind, pair);
	} else {
		edges_expect(!socketpair(AF_UNIX, type, 0, pair), "socketpair");
		shot->channel = truth_pair_channel(kind, pair[0], pair[1]);
	}
	shot->send_fd = pair[0];
	shot->receive_fd = pair[1];
}

/* The kernel may fill COUNT buffers, from number FIRST on. */
static void provide(struct shot *shot, unsigned first, unsigned count)
{
	struct io_uring_sqe *entry = uring_request(shot->ring, IORING_OP_PROVIDE_BUFFERS, -1,
						   shot->buffers + (size_t)first * BUFFER_BYTES, BUFFER_BYTES);

	entry->fd = (int)count;
	entry->off = first;
	entry->buf_group = shot->group;
	edges_expect(uring_finish(shot->ring) >= 0, "provide buffers");
}

static void arm(struct shot *shot)
{
	struct io_uring_sqe *entry;

	if (shot->source == SOURCE_PIPE) {
		entry = uring_request(shot->ring, URING_READ_MULTISHOT, shot->receive_fd, NULL, 0);
	} else if (shot->with_header) {
		shot->header = (struct msghdr){.msg_namelen = NAME_BYTES, .msg_controllen = CONTROL_BYTES};
		entry = uring_request(shot->ring, IORING_OP_RECVMSG, shot->receive_fd, &shot->header, 1);
		entry->ioprio = IORING_RECV_MULTISHOT;
	} else {
		entry = uring_request(shot->ring, IORING_OP_RECV, shot->receive_fd, NULL, 0);
		entry->ioprio = IORING_RECV_MULTISHOT;
	}
	entry->flags |= IOSQE_BUFFER_SELECT;
	entry->buf_group = shot->group;
	entry->user_data = shot->name;
	uring_submit(shot->ring, 0);
}

static struct shot *new_shot(struct uring *ring, enum source source, bool with_header)
{
	struct shot *shot = calloc(1, sizeof(*shot));
	static uint16_t groups;

	shot->ring = ring;
	shot->source = source;
	shot->with_header = with_header;
	shot->group = __atomic_add_fetch(&groups, 1, __ATOMIC_SEQ_CST);
	shot->name = 100003 + 7 * shot->group;
	shot->buffers = calloc(BUFFERS, BUFFER_BYTES);
	open_source(shot);
	return shot;
}

/* Counts a completion; returns how many bytes it brought. */
static size_t take(struct shot *shot, bool *more)
{
	struct uring_completion completion = uring_take(shot->ring);
	ssize_t result = completion.res;

	edges_expect(completion.user_data == shot->name, "a completion of another");
	*more = completion.flags & IORING_CQE_F_MORE;
	if (result < 0) {
		errno = (int)-result;
		result = -1;
	} else if (shot->with_header && result > 0) {
		result -= HEADER_BYTES;
	}
	truth_count(shot->channel, RECEIVED, result);
	return result > 0 ? result : 0;
}

/* Sends all messages and takes what comes; the request is still armed then. */
static void run(struct shot *shot)
{
	static char data[BUFFER_BYTES];
	bool more = true;

	for (unsigned i = 0; i < MESSAGES; i++) {
		size_t size = sizes[i % 5], left = size;

		/* Not timed: when the call is over, the kernel goes on with our requests before it comes back. */
		edges_expect(truth_count(shot->channel, SENT, write(shot->send_fd, data, size)) == (ssize_t)size, "write");
		while (left && more)
			left -= take(shot, &more);
		edges_expect(more, "armed");
	}
}

static void cancel(struct shot *shot)
{
	struct uring_completion completion;

	uring_request(shot->ring, IORING_OP_ASYNC_CANCEL, -1, (void *)(uintptr_t)shot->name, 0)->user_data = NAME_CANCEL;
	uring_submit(shot->ring, 2);
	for (int i = 0; i < 2; i++) {
		completion = uring_take(shot->ring);
		if (completion.user_data == NAME_CANCEL)
			continue;
		errno = -completion.res;
		truth_count(shot->channel, RECEIVED, -1);
	}
}

static void end(struct shot *shot)
{
	bool more = true;

	close(shot->send_fd);
	take(shot, &more);
	edges_expect(!more, "end of file");
}

static bool is_known(struct uring *ring, enum source source)
{
	return source != SOURCE_PIPE || uring_knows(ring, URING_READ_MULTISHOT);
}

static void shots(void *unused)
{
	struct uring *ring = uring_own(truth_options.uring ? truth_options.uring : URING_PLAIN);

	(void)unused;
	for (int source = 0; source < SOURCES; source++) {
		for (int with_header = 0; with_header < (source == SOURCE_PIPE ? 1 : 2); with_header++) {
			struct shot *shot;

			if (!is_known(ring, source))
				continue;
			shot = new_shot(ring, source, with_header);
			provide(shot, 0, BUFFERS);
			arm(shot);
			run(shot);
			if ((source == SOURCE_STREAM || source == SOURCE_TCP || source == SOURCE_PIPE) && !with_header)
				end(shot);
			else
				cancel(shot);
		}
	}
}

/* Rings and requests of the whole run: armed in the first phase, used in the second one. */
static void parked(void *unused)
{
	static __thread struct shot *armed[SOURCES];
	static __thread struct {
		struct uring *ring;
		struct truth_channel *channel;
		int fds[2];
		char data[64];
	} single;
	static char data[64];

	(void)unused;
	if (!single.ring) {
		single.ring = uring_new(truth_options.uring ? truth_options.uring : URING_PLAIN, 8);
		edges_expect(!pipe(single.fds), "pipe");
		single.channel = truth_file_channel("pipe", single.fds[0]);
		uring_request(single.ring, IORING_OP_READ, single.fds[0], single.data, 64)->off = -1;
		uring_submit(single.ring, 0);
		for (int source = 0; source < SOURCES; source++) {
			struct uring *ring = uring_new(truth_options.uring ? truth_options.uring : URING_PLAIN, 8);

			if (!is_known(ring, source))
				continue;
			armed[source] = new_shot(ring, source, source % 2);
			provide(armed[source], 0, BUFFERS);
			arm(armed[source]);
		}
		return;
	}
	edges_expect(truth_count(single.channel, SENT, write(single.fds[1], data, 41)) == 41, "write");
	truth_count(single.channel, RECEIVED, uring_take(single.ring).res);
	for (int source = 0; source < SOURCES; source++) {
		if (!armed[source])
			continue;
		run(armed[source]);
		cancel(armed[source]);
	}
}

/* Each send completes twice: with its result, and when the kernel has done with the memory. */
static void zerocopy(void *unused)
{
	struct uring *ring = uring_own(truth_options.uring ? truth_options.uring : URING_PLAIN);
	static char data[BUFFER_BYTES];

	(void)unused;
	for (enum source source = SOURCE_TCP; source <= SOURCE_UDP && uring_knows(ring, IORING_OP_SEND_ZC); source++) {
		struct shot *shot = new_shot(ring, source, false);

		for (unsigned i = 0; i < MESSAGES; i++) {
			size_t size = sizes[i % 5];
			struct uring_completion completion;

			uring_request(ring, IORING_OP_SEND_ZC, shot->send_fd, data, size)->msg_flags = MSG_WAITALL;
			uring_submit(ring, 1);
			completion = uring_take(ring);
			edges_expect(truth_count(shot->channel, SENT, completion.res) == (ssize_t)size, "send");
			for (size_t left = size; left;)
				left -= RECEIVE(shot->channel, read(shot->receive_fd, data, left));
			if (completion.flags & IORING_CQE_F_MORE)
				edges_expect(uring_take(ring).flags & IORING_CQE_F_NOTIF, "notification");
		}
	}
}

int main(int argc, char **argv)
{
	void (*work)(void *) = shots;

	truth_options_parse(argc, argv);
	if (truth_options.variant && !strcmp(truth_options.variant, "parked"))
		work = parked;
	else if (truth_options.variant && !strcmp(truth_options.variant, "zerocopy"))
		work = zerocopy;
	for (unsigned i = 0; i < truth_options.threads; i++)
		truth_worker(0, work, NULL, -1);
	truth_serve();
}
