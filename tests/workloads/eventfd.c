/* SPDX-License-Identifier: GPL-2.0 */
/*
 * eventfds: a semaphore and a plain counter for each pair of threads, or one semaphore for all. Variants:
 * "edges": every way a call can end; "passed": the receiver's descriptors came through a socket; "reopened":
 * one eventfd after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib_edges.h"

#define MESSAGES 211
#define LARGEST 0xfffffffffffffffeull /* what a counter can hold */
#define REOPENED 307

struct counter {
	struct truth_channel *channel;
	int send_fd, receive_fd; /* of one eventfd */
};

struct pair {
	struct counter tokens, sum;
};

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

/* The same file, by another descriptor. */
static int passed(int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int ends[2], received;

	edges_expect(header && !socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	edges_expect(sendmsg(ends[0], &message, 0) == 1 && recvmsg(ends[1], &message, 0) == 1, "pass a file");
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		truth_die("a passed file");
	memcpy(&received, CMSG_DATA(header), sizeof(received));
	close(ends[0]);
	close(ends[1]);
	return received;
}

static bool is_variant(const char *name)
{
	return truth_options.variant && !strcmp(truth_options.variant, name);
}

/* Those that have the same number, one after the other, are one channel. */
static struct truth_channel *channel_of(unsigned id)
{
	static struct {
		unsigned id;
		struct truth_channel *channel;
	} known[64];
	unsigned i = 0;
	char name[64];

	while (i < 63 && known[i].channel && known[i].id != id)
		i++;
	if (!known[i].channel) {
		snprintf(name, sizeof(name), "eventfd:[%u]", id);
		known[i].id = id;
		known[i].channel = truth_named_channel("eventfd", name);
	}
	edges_expect(known[i].id == id, "too many eventfds");
	return known[i].channel;
}

static struct counter new_counter(int flags)
{
	struct counter counter = {.send_fd = eventfd(0, flags)};

	edges_expect(counter.send_fd >= 0, "eventfd");
	counter.receive_fd = is_variant("passed") ? passed(counter.send_fd) : dup(counter.send_fd);
	counter.channel = channel_of(id_of(counter.send_fd));
	return counter;
}

static ssize_t put(const struct counter *counter, uint64_t value)
{
	return SEND(counter->channel, write(counter->send_fd, &value, sizeof(value)));
}

static ssize_t take(const struct counter *counter, uint64_t *value)
{
	return RECEIVE(counter->channel, read(counter->receive_fd, value, sizeof(*value)));
}

/* Adds VALUE once or twice with one call; returns what it has added. */
static uint64_t add(const struct counter *counter, uint64_t value, unsigned how)
{
	struct iovec parts[2] = {{&value, sizeof(value)}, {&value, sizeof(value)}};

	switch (how % 3) {
	case 0:
		edges_expect(put(counter, value) == 8, "write");
		return value;
	case 1:
		edges_expect(SEND(counter->channel, writev(counter->send_fd, parts, 2)) == 16, "writev");
		return 2 * value;
	default:
		edges_expect(SEND(counter->channel, pwritev2(counter->send_fd, parts, 1, -1, 0)) == 8,
			     "pwritev2");
		return value;
	}
}

static uint64_t next(const struct counter *counter, unsigned how)
{
	uint64_t value = 0;
	struct iovec parts[2] = {{&value, 3}, {(char *)&value + 3, 5}};
	int fd = counter->receive_fd;

	switch (how % 3) {
	case 0: edges_expect(take(counter, &value) == 8, "read"); break;
	case 1: edges_expect(RECEIVE(counter->channel, readv(fd, parts, 2)) == 8, "readv"); break;
	default: edges_expect(RECEIVE(counter->channel, preadv2(fd, parts, 2, -1, 0)) == 8, "preadv2");
	}
	return value;
}

static uint64_t token_count(void)
{
	return MESSAGES + (MESSAGES + 1) / 3; /* every third call adds two */
}

/* What is added to the sum, LARGEST aside: it needs an empty counter, and so the receiver. */
static uint64_t summand(unsigned i)
{
	return 1 + i % 13;
}

static void pair_send(void *argument)
{
	struct pair *pair = argument;

	for (unsigned i = 0; i < MESSAGES; i++) {
		if (i % 53 == 7)
			truth_sleep_ms(7);
		if (!truth_options.shared)
			add(&pair->sum, summand(i), i + 1);
		add(&pair->tokens, 1, i);
	}
	if (!truth_options.shared)
		edges_expect(put(&pair->sum, LARGEST) == 8, "write of all there is room for");
}

static void pair_receive(void *argument)
{
	struct pair *pair = argument;
	uint64_t total = 0, expected = 0, value = 0;

	for (unsigned i = 0; i < MESSAGES; i++)
		expected += summand(i) * ((i + 1) % 3 == 1 ? 2 : 1);
	for (unsigned i = 0; i < token_count(); i++) {
		if (i == 101)
			truth_sleep_ms(13);
		edges_expect(next(&pair->tokens, i) == 1, "token");
		if (!truth_options.shared && i % 11 == 10 && value != LARGEST) {
			value = next(&pair->sum, i);
			total += value;
		}
	}
	for (unsigned i = 0; !truth_options.shared && value != LARGEST; i++) {
		value = next(&pair->sum, i);
		total += value;
	}
	if (!truth_options.shared)
		edges_expect(total - LARGEST == expected, "sum");
}

static void refuse(const struct counter *counter)
{
	static void *volatile unmapped = (void *)8;
	uint64_t value[2] = {~0ull, 0};
	struct iovec half_good[2] = {{&value[1], 8}, {unmapped, 8}};
	int fd = counter->send_fd;

	for (int i = 0; i < 5; i++)
		edges_expect(take(counter, value) < 0 && errno == EAGAIN, "empty");
	edges_expect(RECEIVE(counter->channel, read(fd, value, 4)) < 0 && errno == EINVAL, "short read");
	edges_expect(SEND(counter->channel, write(fd, value, 4)) < 0 && errno == EINVAL, "short write");
	edges_expect(SEND(counter->channel, write(fd, value, 0)) < 0 && errno == EINVAL, "empty write");
	edges_expect(put(counter, ~0ull) < 0 && errno == EINVAL, "too much");
	edges_expect(SEND(counter->channel, write(fd, unmapped, 8)) < 0 && errno == EFAULT, "write EFAULT");
	edges_expect(put(counter, 3) == 8, "write");
	edges_expect(RECEIVE(counter->channel, read(fd, unmapped, 8)) < 0 && errno == EFAULT, "read EFAULT");
	edges_expect(RECEIVE(counter->channel, readv(fd, NULL, 0)) == 0, "read of nothing");
	edges_expect(RECEIVE(counter->channel, pread(fd, value, 8, 0)) < 0 && errno == ESPIPE, "pread");
	value[1] = 5;
	edges_expect(SEND(counter->channel, writev(fd, half_good, 2)) == 8, "partial write");
	edges_expect(RECEIVE(counter->channel, read(fd, value, 16)) == 8 && value[0] == 5, "long buffer");
}

/* No room: not at all, or for a part. */
static void fill(const struct counter *counter)
{
	uint64_t value[2] = {LARGEST - 7, 9};
	struct iovec parts[2] = {{&value[0], 8}, {&value[1], 8}};

	edges_expect(SEND(counter->channel, writev(counter->send_fd, parts, 2)) == 8, "partly full");
	edges_expect(put(counter, 7) == 8, "filled up");
	for (int i = 0; i < 3; i++)
		edges_expect(put(counter, 1) < 0 && errno == EAGAIN, "full");
	edges_expect(take(counter, value) == 8 && value[0] == LARGEST, "all of it");
}

/* Two threads: one that blocks, one that disturbs it and lets it go on. */
struct blocking {
	struct counter counter;
	pid_t tid;
	int step;
	int extra_fd;
};

static void on_signal(int number)
{
	(void)number;
}

static void next_step(struct blocking *blocking)
{
	__atomic_add_fetch(&blocking->step, 1, __ATOMIC_SEQ_CST);
}

static void block(void *argument)
{
	struct blocking *blocking = argument;
	struct counter *counter = &blocking->counter;
	uint64_t value = 0;

	blocking->tid = gettid();
	blocking->extra_fd = dup(counter->send_fd);
	next_step(blocking);
	edges_expect(take(counter, &value) < 0 && errno == EINTR, "EINTR of a read");
	next_step(blocking);
	edges_expect(take(counter, &value) == 8 && value == 11, "restarted read");
	next_step(blocking);
	edges_expect(RECEIVE(counter->channel, read(blocking->extra_fd, &value, 8)) == 8 && value == 13,
		     "read of what is closed meanwhile");
	edges_expect(put(counter, LARGEST) == 8, "fill");
	next_step(blocking);
	edges_expect(put(counter, 17) < 0 && errno == EINTR, "EINTR of a write");
	next_step(blocking);
	edges_expect(put(counter, 19) == 8, "restarted write");
}

static void await_step(struct blocking *blocking, int step, long number)
{
	while (__atomic_load_n(&blocking->step, __ATOMIC_SEQ_CST) < step)
		truth_sleep_ms(1);
	truth_await_asleep(getpid(), blocking->tid, number);
	truth_sleep_ms(5);
}

static void disturb(void *argument)
{
	struct blocking *blocking = argument;
	struct counter *counter = &blocking->counter;
	uint64_t value = 0;

	await_step(blocking, 1, SYS_read);
	syscall(SYS_tgkill, getpid(), blocking->tid, SIGUSR2);
	await_step(blocking, 2, SYS_read);
	syscall(SYS_tgkill, getpid(), blocking->tid, SIGURG);
	truth_sleep_ms(7);
	edges_expect(put(counter, 11) == 8, "write to a reader");
	await_step(blocking, 3, SYS_read);
	close(blocking->extra_fd);
	edges_expect(put(counter, 13) == 8, "write to a reader");
	await_step(blocking, 4, SYS_write);
	syscall(SYS_tgkill, getpid(), blocking->tid, SIGUSR2);
	await_step(blocking, 5, SYS_write);
	syscall(SYS_tgkill, getpid(), blocking->tid, SIGURG);
	truth_sleep_ms(7);
	edges_expect(take(counter, &value) == 8 && value == LARGEST, "make room");
	edges_expect(take(counter, &value) == 8 && value == 19, "the write that waited");
	blocking->step = 0;
}

static void edges(void *argument)
{
	struct counter *hasty = argument;

	refuse(hasty);
	fill(hasty);
}

static void open_edges(void)
{
	struct counter *hasty = calloc(1, sizeof(*hasty));
	struct blocking *blocking = calloc(1, sizeof(*blocking));

	*hasty = new_counter(EFD_NONBLOCK);
	blocking->counter = new_counter(0);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = on_signal}, NULL);
	sigaction(SIGURG, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, NULL);
	truth_worker(0, edges, hasty, -1);
	truth_worker(0, block, blocking, -1);
	truth_worker(0, disturb, blocking, -1);
}

/* By one thread: which numbers they get depends on what else is open. */
static void reopened(void *unused)
{
	(void)unused;
	for (int i = 0; i < REOPENED; i++) {
		struct counter counter = new_counter(0);
		uint64_t value = i + 1;

		edges_expect(put(&counter, value) == 8 && take(&counter, &value) == 8, "a new eventfd");
		close(counter.send_fd);
		close(counter.receive_fd);
	}
}

static void open_pair(struct pair *pair)
{
	pair->tokens = new_counter(EFD_SEMAPHORE);
	if (!truth_options.shared)
		pair->sum = new_counter(0);
}

int main(int argc, char **argv)
{
	struct pair *pairs;

	truth_options_parse(argc, argv);
	pairs = calloc(truth_options.threads, sizeof(*pairs));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		if (is_variant("edges")) {
			open_edges();
			continue;
		}
		if (is_variant("reopened")) {
			truth_worker(0, reopened, NULL, -1);
			continue;
		}
		if (i > 0 && truth_options.shared)
			pairs[i] = pairs[0];
		else
			open_pair(&pairs[i]);
		truth_worker(0, pair_send, &pairs[i], -1);
		truth_worker(1, pair_receive, &pairs[i], -1);
	}
	truth_serve();
}
