/* SPDX-License-Identifier: GPL-2.0 */
/*
 * POSIX message queues beyond one message after the other. Variants: priorities (the highest first, of the same
 * priority the oldest), notify (mq_notify, and who gets the message instead), waits (full and empty queues of
 * known length), depth (messages stay in the queues: the truth tells how many, and the most there were).
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib_edges.h"

#define DEPTH 7
#define LARGEST 1021
#define ROUNDS 31

struct queue {
	struct truth_channel *channel;
	mqd_t fd;
	unsigned deepest;
	pid_t sleeper; /* of the variants with two threads */
	unsigned step;
};

static struct queue *queues;
static unsigned queue_count;

static struct queue *new_queue(int flags)
{
	struct mq_attr attributes = {.mq_maxmsg = DEPTH, .mq_msgsize = LARGEST};
	struct queue *queue = &queues[queue_count++];
	char name[64];

	snprintf(name, sizeof(name), "/ipctrace-odd-%d-%u", getpid(), queue_count);
	queue->fd = mq_open(name, O_RDWR | O_CREAT | flags, 0600, &attributes);
	edges_expect(queue->fd >= 0 && !mq_unlink(name), "mq_open");
	queue->channel = truth_file_channel("mqueue", queue->fd);
	truth_channel_name(queue->channel, name, strlen(name));
	return queue;
}

static unsigned depth_of(const struct queue *queue)
{
	struct mq_attr attributes;

	edges_expect(!mq_getattr(queue->fd, &attributes), "mq_getattr");
	return attributes.mq_curmsgs;
}

/* A message of SIZE bytes, of which the first is MARK. Returns as the call does. */
static int put(struct queue *queue, size_t size, unsigned priority, char mark)
{
	char data[LARGEST] = {mark};
	int failed;

	truth_before();
	failed = mq_send(queue->fd, data, size, priority);
	truth_after(queue->channel, SENT, failed ? -1 : (ssize_t)size);
	return failed;
}

static ssize_t take(struct queue *queue, unsigned *priority, char *mark)
{
	char data[LARGEST];
	ssize_t size = RECEIVE(queue->channel, mq_receive(queue->fd, data, sizeof(data), priority));

	if (size > 0 && mark)
		*mark = data[0];
	return size;
}

static void priorities(void *argument)
{
	static const unsigned order[DEPTH] = {3, 0, 32767, 3, 1, 0, 32767};
	static const char expected[DEPTH] = {2, 6, 0, 3, 4, 1, 5}; /* their places in the order above */
	struct queue *queue = argument;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < DEPTH; i++)
			edges_expect(!put(queue, 1 + i * 17 + round, order[i], (char)i), "mq_send");
		for (int i = 0; i < DEPTH; i++) {
			unsigned priority = 1;
			char mark = -1;

			edges_expect(take(queue, &priority, &mark) == 1 + expected[i] * 17 + round, "mq_receive");
			edges_expect(mark == expected[i] && priority == order[(int)expected[i]], "priority");
		}
	}
	edges_expect(put(queue, 1, 32768, 0) < 0 && errno == EINVAL, "priority too high");
}

static void await_step(const struct queue *queue, unsigned step)
{
	while (__atomic_load_n(&queue->step, __ATOMIC_SEQ_CST) < step)
		truth_sleep_ms(1);
}

static void await_sleeper(struct queue *queue, unsigned step, long number)
{
	await_step(queue, step);
	truth_await_asleep(getpid(), queue->sleeper, number);
}

static void next_step(struct queue *queue)
{
	__atomic_add_fetch(&queue->step, 1, __ATOMIC_SEQ_CST);
}

/* Each queue has a signal of its own: signals are the process's, not the thread's. */
static int signal_of(const struct queue *queue)
{
	return SIGRTMIN + (int)(queue - queues);
}

static int wait_for_notice(const struct queue *queue, time_t seconds, siginfo_t *info)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal_of(queue));
	return sigtimedwait(&set, info, &(struct timespec){seconds, 0});
}

static void await_notice(const struct queue *queue)
{
	siginfo_t info;

	edges_expect(wait_for_notice(queue, 10, &info) == signal_of(queue) && info.si_code == SI_MESGQ &&
			     info.si_value.sival_int == queue->fd, "notification");
}

static bool has_notice(const struct queue *queue)
{
	return wait_for_notice(queue, 0, NULL) > 0;
}

/* Told of messages that come to an empty queue, once each registration; a sleeping receiver goes before. */
static void notify(void *argument)
{
	struct queue *queue = argument;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal_of(queue),
				 .sigev_value.sival_int = queue->fd};

	for (int round = 0; round < ROUNDS; round++) {
		edges_expect(!mq_notify(queue->fd, &event), "mq_notify");
		edges_expect(mq_notify(queue->fd, &event) < 0 && errno == EBUSY, "mq_notify twice");
		edges_expect(!put(queue, 61, 1, 0) && !put(queue, 67, 1, 0), "mq_send");
		await_notice(queue);
		edges_expect(!has_notice(queue), "one notification");
		edges_expect(take(queue, NULL, NULL) == 61, "mq_receive");
		edges_expect(take(queue, NULL, NULL) == 67, "mq_receive");
	}
	edges_expect(!mq_notify(queue->fd, &event), "mq_notify");
	next_step(queue);
	await_sleeper(queue, 2, SYS_mq_timedreceive);
	edges_expect(!put(queue, 71, 1, 0), "mq_send to a sleeper");
	await_step(queue, 3);
	edges_expect(!has_notice(queue), "no notification");
	edges_expect(!mq_notify(queue->fd, NULL), "no more notifications");
	queue->step = 0;
}

static void sleep_once(void *argument)
{
	struct queue *queue = argument;

	await_step(queue, 1);
	queue->sleeper = gettid();
	next_step(queue);
	edges_expect(take(queue, NULL, NULL) == 71, "mq_receive");
	next_step(queue);
}

/* One thread sleeps for want of messages, then of room; the other lets it, for so many ms, and wakes it. */
static void sleeper(void *argument)
{
	struct queue *queue = argument;

	queue->sleeper = gettid();
	for (int round = 0; round < 3; round++) {
		while (depth_of(queue))
			truth_sleep_ms(1);
		next_step(queue);
		edges_expect(take(queue, NULL, NULL) == 31, "mq_receive from an empty queue");
		while (depth_of(queue) < DEPTH)
			edges_expect(!put(queue, 37, 1, 0), "mq_send");
		next_step(queue);
		edges_expect(!put(queue, 41, 2, 0), "mq_send to a full queue");
		next_step(queue);
	}
}

static void waker(void *argument)
{
	struct queue *queue = argument;

	for (unsigned round = 0; round < 3; round++) {
		await_sleeper(queue, 3 * round + 1, SYS_mq_timedreceive);
		truth_sleep_ms(11);
		edges_expect(!put(queue, 31, 1, 0), "mq_send");
		await_sleeper(queue, 3 * round + 2, SYS_mq_timedsend);
		truth_sleep_ms(17);
		edges_expect(take(queue, NULL, NULL) == 37, "mq_receive");
		await_step(queue, 3 * round + 3);
		for (int i = 0; i < DEPTH; i++)
			edges_expect(take(queue, NULL, NULL) == (i ? 37 : 41), "mq_receive");
	}
	queue->step = 0;
}

/* Each queue once full, then down to another depth; the first is never full. */
static void fill_in_part(void *argument)
{
	struct queue *queue = argument;
	unsigned number = queue - queues, deepest = number ? DEPTH : 3;

	while (depth_of(queue) < deepest)
		edges_expect(!put(queue, 23, 1, 0), "mq_send");
	edges_expect(!number || (put(queue, 23, 1, 0) < 0 && errno == EAGAIN), "full");
	while (depth_of(queue) > number % DEPTH)
		edges_expect(take(queue, NULL, NULL) == 23, "mq_receive");
	queue->deepest = deepest;
}

static void print_depths(void)
{
	printf(",\"depths\":[");
	for (unsigned i = 0; i < queue_count; i++)
		printf("%s{\"id\":\"%s\",\"now\":%u,\"deepest\":%u,\"room\":%d}", i ? "," : "",
		       queues[i].channel->id, depth_of(&queues[i]), queues[i].deepest, DEPTH);
	putchar(']');
}

int main(int argc, char **argv)
{
	const char *variant;
	sigset_t set;

	truth_options_parse(argc, argv);
	sigemptyset(&set);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	variant = truth_options.variant ? truth_options.variant : "priorities";
	queues = calloc(truth_options.threads, sizeof(*queues));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		struct queue *queue = new_queue(!strcmp(variant, "depth") ? O_NONBLOCK : 0);

		if (!strcmp(variant, "notify")) {
			truth_worker(0, notify, queue, -1);
			truth_worker(0, sleep_once, queue, -1);
		} else if (!strcmp(variant, "waits")) {
			truth_worker(0, sleeper, queue, -1);
			truth_worker(0, waker, queue, -1);
		} else {
			truth_worker(0, !strcmp(variant, "depth") ? fill_in_part : priorities, queue, -1);
		}
	}
	if (!strcmp(variant, "depth"))
		truth_print_more = print_depths;
	truth_serve();
}
