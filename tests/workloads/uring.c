/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring beyond single messages. Variants: edges (every way a request can end), splice (splice and tee),
 * eventfd, skipped (requests that do not tell when they have succeeded), probe (is there io_uring at all?).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_uring.h"

#define NAME_PARKED 101 /* what the requests are called */
#define NAME_OTHER 103
#define SMALL_RING 4
#define OVERFLOWING 19
#define TOKENS 113
#define MOVES 47

static void *const unmapped = (void *)8;

static struct uring *ring_here(void)
{
	return uring_own(truth_options.uring ? truth_options.uring : URING_PLAIN);
}

static ssize_t request(unsigned opcode, int fd, const void *data, size_t size)
{
	uring_request(ring_here(), opcode, fd, data, size)->off = -1;
	return uring_finish(ring_here());
}

/* A read that does not wait, whatever the file says: requests on files that do not block wait, too. */
static ssize_t read_at_once(int fd, void *data, size_t size)
{
	struct io_uring_sqe *entry = uring_request(ring_here(), IORING_OP_READ, fd, data, size);

	entry->off = -1;
	entry->rw_flags = RWF_NOWAIT;
	return uring_finish(ring_here());
}

static ssize_t request_message(unsigned opcode, int fd, const void *data, size_t size, int flags)
{
	uring_request(ring_here(), opcode, fd, data, size)->msg_flags = flags;
	return uring_finish(ring_here());
}

static void expect_error(ssize_t result, int error, const char *what)
{
	if (result >= 0 || errno != error)
		truth_die(what);
}

/* Requests that come to nothing, and those that were never begun. */
static void fail(struct truth_channel *channel, const int fds[2])
{
	char data[64] = "";

	for (int i = 0; i < 7; i++) {
		ssize_t result = truth_count(channel, RECEIVED, read_at_once(fds[0], data, 11));

		/* 6.1 cannot do it with pipes. */
		edges_expect(result < 0 && (errno == EAGAIN || errno == EOPNOTSUPP), "empty");
	}
	edges_expect(truth_count(channel, SENT, request(IORING_OP_WRITE, fds[1], data, 23)) == 23, "write");
	if (truth_options.uring != URING_FIXED)
		edges_expect(truth_count(channel, SENT, request(IORING_OP_WRITE, fds[1], data, 0)) == 0, "nothing");
	expect_error(truth_count(channel, RECEIVED, request(IORING_OP_READ, fds[0], unmapped, 23)), EFAULT,
		     "read EFAULT");
	expect_error(truth_count(channel, SENT, request(IORING_OP_WRITE, fds[1], unmapped, 23)), EFAULT,
		     "write EFAULT");
	expect_error(truth_count(channel, SENT, request(IORING_OP_WRITE, fds[0], data, 23)), EBADF, "not to write");
	if (truth_options.uring != URING_FIXED)
		expect_error(request(IORING_OP_READ, 1000, data, 23), EBADF, "no file");
}

/* One request that waits and is taken back, and a link whose second half never begins. */
static void cancel(struct truth_channel *channel, const int fds[2])
{
	struct uring *ring = ring_here();
	struct uring_completion completion;
	char data[64] = "";

	uring_request(ring, IORING_OP_READ, fds[0], data, 29)->user_data = NAME_PARKED;
	uring_submit(ring, 0);
	truth_sleep_ms(5);
	uring_request(ring, IORING_OP_ASYNC_CANCEL, -1, (void *)NAME_PARKED, 0)->user_data = NAME_OTHER;
	uring_submit(ring, 2);
	for (int i = 0; i < 2; i++) {
		completion = uring_take(ring);
		if (completion.user_data != NAME_PARKED)
			continue;
		errno = -completion.res;
		edges_expect(completion.res == -ECANCELED || completion.res == -EINTR, "cancelled");
		truth_count(channel, RECEIVED, -1);
	}
	uring_request(ring, IORING_OP_WRITE, fds[1], unmapped, 31)->flags |= IOSQE_IO_LINK;
	/* Before it begins it has a file on some kernels (6.1), and counts as failed, on others none. */
	uring_request(ring, IORING_OP_NOP, -1, NULL, 0);
	uring_submit(ring, 2);
	edges_expect(uring_take(ring).res == -EFAULT, "first of a link");
	edges_expect(uring_take(ring).res == -ECANCELED, "second of a link");
	errno = EFAULT;
	truth_count(channel, SENT, -1);
}

static void end_pipe(struct truth_channel *channel, const int fds[2])
{
	char data[64] = "";
	int broken[2];

	close(fds[1]);
	while (truth_count(channel, RECEIVED, request(IORING_OP_READ, fds[0], data, 19)) > 0)
		;
	close(fds[0]);
	edges_expect(!pipe(broken), "pipe");
	channel = truth_file_channel("pipe", broken[0]);
	close(broken[0]);
	for (int i = 0; i < 3; i++)
		expect_error(truth_count(channel, SENT, request(IORING_OP_WRITE, broken[1], data, 29)), EPIPE, "EPIPE");
	close(broken[1]);
}

/* Looks, empty messages, and the end after them. */
static void end_socket(void)
{
	struct truth_channel *channel;
	char data[64] = "";
	int pair[2];

	edges_expect(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), "socketpair");
	channel = truth_pair_channel("unix-seqpacket", pair[0], pair[1]);
	expect_error(truth_count(channel, RECEIVED,
				 request_message(IORING_OP_RECV, pair[1], data, 37, MSG_DONTWAIT)), EAGAIN, "empty");
	for (int i = 0; i < 5; i++)
		edges_expect(truth_count(channel, SENT, request_message(IORING_OP_SEND, pair[0], data, 37, 0)) == 37,
			     "send");
	edges_expect(truth_count(channel, SENT, request_message(IORING_OP_SEND, pair[0], data, 0, 0)) == 0, "empty");
	edges_expect(truth_count_look(channel, request_message(IORING_OP_RECV, pair[1], data, 41, MSG_PEEK)) == 37,
		     "look");
	for (int i = 0; i < 6; i++)
		edges_expect(truth_count(channel, RECEIVED,
					 request_message(IORING_OP_RECV, pair[1], data, 41, 0)) == (i < 5 ? 37 : 0),
			     "receive");
	close(pair[0]);
	/* The end is no message. */
	truth_count_look(channel, request_message(IORING_OP_RECV, pair[1], data, 41, 0));
	close(pair[1]);
}

/* More completions than the ring has room for. (Of a socket: on 6.1 pipes take a worker thread.) */
static void overflow(void)
{
	struct uring *ring = uring_new(URING_PLAIN, SMALL_RING);
	struct truth_channel *channel;
	char data[64] = "";
	int pair[2];

	edges_expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	channel = truth_pair_channel("unix-stream", pair[0], pair[1]);
	for (int i = 0; i < OVERFLOWING; i++) {
		uring_request(ring, IORING_OP_WRITE, pair[0], data, 43);
		uring_submit(ring, 0);
	}
	for (int i = 0; i < OVERFLOWING; i++) {
		edges_expect(truth_count(channel, SENT, uring_take(ring).res) == 43, "write");
		truth_count(channel, RECEIVED, request(IORING_OP_READ, pair[1], data, 43));
	}
	uring_close(ring);
}

static void edges(void *unused)
{
	struct truth_channel *channel;
	int fds[2];

	(void)unused;
	edges_expect(!pipe(fds), "pipe");
	channel = truth_file_channel("pipe", fds[0]);
	fail(channel, fds);
	end_pipe(channel, fds);
	edges_expect(!pipe(fds), "pipe");
	channel = truth_file_channel("pipe", fds[0]);
	cancel(channel, fds);
	overflow();
	end_pipe(channel, fds);
	end_socket();
}

static ssize_t move(unsigned opcode, int from, int to, size_t size)
{
	struct io_uring_sqe *entry = uring_request(ring_here(), opcode, to, NULL, size);

	entry->splice_fd_in = from;
	if (opcode == IORING_OP_SPLICE)
		entry->off = entry->splice_off_in = -1;
	return uring_finish(ring_here());
}

static ssize_t count_move(struct truth_channel *from, struct truth_channel *to, bool takes, ssize_t result)
{
	if (takes)
		truth_count(from, RECEIVED, result);
	else
		truth_count_look(from, result);
	return truth_count(to, SENT, result);
}

static void drain(struct truth_channel *channel, int fd, size_t size)
{
	char data[1021];

	while (size)
		size -= truth_count(channel, RECEIVED, request(IORING_OP_READ, fd, data, size < 509 ? size : 509));
}

/* A pipe into another one and into a socket, by copy and by move. */
static void splice_between(void *unused)
{
	int first[2] = {-1, -1}, second[2] = {-1, -1}, pair[2] = {-1, -1};
	struct truth_channel *a, *b, *c;
	char data[1021] = "";

	(void)unused;
	edges_expect(!pipe(first) && !pipe(second) && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "open");
	a = truth_file_channel("pipe", first[0]);
	b = truth_file_channel("pipe", second[0]);
	c = truth_pair_channel("unix-stream", pair[0], pair[1]);
	for (unsigned i = 0; i < MOVES; i++) {
		size_t size = 101 + 17 * i;

		truth_count(a, SENT, request(IORING_OP_WRITE, first[1], data, size));
		edges_expect(count_move(a, b, false, move(IORING_OP_TEE, first[0], second[1], size)) == (ssize_t)size,
			     "tee");
		edges_expect(count_move(a, c, true, move(IORING_OP_SPLICE, first[0], pair[0], size)) == (ssize_t)size,
			     "splice");
		drain(b, second[0], size);
		drain(c, pair[1], size);
	}
	close(first[1]);
	edges_expect(count_move(a, b, true, move(IORING_OP_SPLICE, first[0], second[1], 11)) == 0, "end");
}

/* The number that the kernel gave it, and that it is known by. */
static unsigned id_of(int fd)
{
	char path[64], line[128];
	unsigned id = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	edges_expect(file, path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "eventfd-id: %u", &id) == 1)
			break;
	fclose(file);
	return id;
}

static void count_tokens(void *unused)
{
	int fd = eventfd(0, EFD_SEMAPHORE);
	struct truth_channel *channel;
	uint64_t value = 1;
	char name[32];

	(void)unused;
	snprintf(name, sizeof(name), "eventfd:[%u]", id_of(fd));
	channel = truth_named_channel("eventfd", name);
	for (unsigned i = 0; i < TOKENS; i++)
		edges_expect(truth_count(channel, SENT, request(IORING_OP_WRITE, fd, &value, 8)) == 8, "give");
	for (unsigned i = 0; i < TOKENS; i++)
		edges_expect(truth_count(channel, RECEIVED, request(IORING_OP_READ, fd, &value, 8)) == 8, "take");
	expect_error(truth_count(channel, SENT, request(IORING_OP_WRITE, fd, &value, 7)), EINVAL, "seven bytes");
}

/* What succeeds in silence is not counted; what fails is. */
static void skipped(void *unused)
{
	struct uring *ring = ring_here();
	struct truth_channel *channel;
	char data[64] = "";
	int fds[2];

	(void)unused;
	edges_expect(!pipe(fds), "pipe");
	channel = truth_file_channel("pipe", fds[0]);
	uring_request(ring, IORING_OP_WRITE, fds[1], data, 53)->flags |= IOSQE_CQE_SKIP_SUCCESS;
	uring_submit(ring, 0);
	uring_request(ring, IORING_OP_WRITE, fds[1], unmapped, 53)->flags |= IOSQE_CQE_SKIP_SUCCESS;
	expect_error(truth_count(channel, SENT, uring_finish(ring)), EFAULT, "EFAULT");
	edges_expect(truth_count(channel, RECEIVED, request(IORING_OP_READ, fds[0], data, 59)) == 53, "read");
}

static void probe(void)
{
	struct io_uring_params parameters = {0};

	if (syscall(__NR_io_uring_setup, 1, &parameters) < 0) {
		fprintf(stderr, "no io_uring: %s\n", strerror(errno));
		exit(77);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*work)(void *);
	} variants[] = {
		{"edges", edges}, {"splice", splice_between}, {"eventfd", count_tokens}, {"skipped", skipped},
	};

	truth_options_parse(argc, argv);
	for (unsigned i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		for (unsigned j = 0; truth_options.variant && j < truth_options.threads; j++)
			if (!strcmp(truth_options.variant, variants[i].name))
				truth_worker(0, variants[i].work, NULL, -1);
	probe();
	truth_serve();
}
