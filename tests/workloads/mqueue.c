/* SPDX-License-Identifier: GPL-2.0 */
/* POSIX message queues: one for each pair of threads or one for all; variant "edges". */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib_edges.h"

#define MESSAGES 211
#define DEPTH 7
#define LARGEST 1021

static const unsigned sizes[] = {61, 0, 127, 509, 1021, 3};

struct queue {
	struct truth_channel *channel;
	mqd_t send, receive;
};

static mqd_t open_queue(const char *name, int flags)
{
	struct mq_attr attributes = {.mq_maxmsg = DEPTH, .mq_msgsize = LARGEST};
	mqd_t queue = mq_open(name, flags | O_CREAT, 0600, &attributes);

	edges_expect(queue >= 0, "mq_open");
	return queue;
}

static struct queue new_queue(unsigned number, int flags)
{
	struct queue queue;
	char name[64];

	snprintf(name, sizeof(name), "/ipctrace-%d-%u", getpid(), number);
	queue.send = open_queue(name, flags | (flags ? O_RDWR : O_WRONLY));
	queue.receive = open_queue(name, flags | (flags ? O_RDWR : O_RDONLY));
	mq_unlink(name);
	queue.channel = truth_file_channel("mqueue", queue.send);
	truth_channel_name(queue.channel, name, strlen(name));
	return queue;
}

/* Returns 0 on success, as the call does: its message is SIZE long all the same. */
static int counted_send(struct queue *queue, const void *data, size_t size, const struct timespec *until)
{
	int failed;

	truth_before();
	failed = until ? mq_timedsend(queue->send, data, size, 1, until) :
			 mq_send(queue->send, data, size, 1);
	truth_after(queue->channel, SENT, failed ? -1 : (ssize_t)size);
	return failed;
}

static ssize_t counted_receive(struct queue *queue, void *data, size_t size, const struct timespec *until)
{
	return RECEIVE(queue->channel, until ? mq_timedreceive(queue->receive, data, size, NULL, until) :
					       mq_receive(queue->receive, data, size, NULL));
}

static void queue_send(void *argument)
{
	static const char data[LARGEST];

	for (unsigned i = 0; i < MESSAGES; i++) {
		if (i % 53 == 7)
			truth_sleep_ms(7);
		edges_expect(!counted_send(argument, data, sizes[i % 6], NULL), "mq_send");
	}
}

static void queue_receive(void *argument)
{
	char data[LARGEST];

	for (unsigned i = 0; i < MESSAGES; i++) {
		if (i == 101)
			truth_sleep_ms(13);
		edges_expect(counted_receive(argument, data, LARGEST, NULL) >= 0, "mq_receive");
	}
}

static void refuse(struct queue *queue, void *data)
{
	void *volatile unmapped = (void *)8;

	for (int i = 0; i < 5; i++)
		edges_expect(counted_receive(queue, data, LARGEST, NULL) < 0 && errno == EAGAIN, "empty");
	edges_expect(counted_receive(queue, data, 5, NULL) < 0 && errno == EMSGSIZE, "small buffer");
	edges_expect(counted_send(queue, data, LARGEST + 1, NULL) < 0 && errno == EMSGSIZE, "too long");
	edges_expect(counted_send(queue, unmapped, 5, NULL) < 0 && errno == EFAULT, "send EFAULT");
	for (int i = 0; i < DEPTH; i++)
		edges_expect(!counted_send(queue, data, 31, NULL), "mq_send");
	for (int i = 0; i < 3; i++)
		edges_expect(counted_send(queue, data, 37, NULL) < 0 && errno == EAGAIN, "full");
	edges_expect(counted_receive(queue, unmapped, LARGEST, NULL) < 0 && errno == EFAULT,
		     "receive EFAULT");
	while (counted_receive(queue, data, LARGEST, NULL) >= 0)
		;
}

/* An empty queue for so many ms: ETIMEDOUT is an error, and time asleep. */
static void time_out(struct queue *queue, void *data, unsigned ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	edges_expect(counted_receive(queue, data, LARGEST, &until) < 0 && errno == ETIMEDOUT, "timeout");
}

static void edges(void *unused)
{
	static unsigned number = 1000;
	char data[LARGEST + 1] = "";
	struct queue patient = new_queue(__atomic_fetch_add(&number, 1, __ATOMIC_SEQ_CST), 0);
	struct queue hasty = new_queue(__atomic_fetch_add(&number, 1, __ATOMIC_SEQ_CST), O_NONBLOCK);

	(void)unused;
	refuse(&hasty, data);
	time_out(&patient, data, 11);
	time_out(&patient, data, 17);
	mq_close(hasty.send);
	mq_close(hasty.receive);
	mq_close(patient.send);
	mq_close(patient.receive);
}

int main(int argc, char **argv)
{
	struct queue *queues;

	truth_options_parse(argc, argv);
	queues = calloc(truth_options.threads, sizeof(*queues));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		if (truth_options.variant && !strcmp(truth_options.variant, "edges")) {
			truth_worker(0, edges, NULL, -1);
			continue;
		}
		queues[i] = i > 0 && truth_options.shared ? queues[0] : new_queue(i, 0);
		truth_worker(0, queue_send, &queues[i], queues[i].send);
		truth_worker(1, queue_receive, &queues[i], queues[i].receive);
	}
	truth_serve();
}
