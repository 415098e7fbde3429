/* SPDX-License-Identifier: GPL-2.0 */
/* System V message queues: one for each pair of threads or one for all; variant "edges". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>

#include "lib_edges.h"
#include "lib_sysv.h"

#define MESSAGES 211
#define TYPES 3

static const unsigned sizes[] = {61, 0, 127, 509, SYSV_LARGEST, 3};

static struct sysv_queue no_queue;

static enum sysv_way way_at(unsigned i)
{
	return i % SYSV_WAYS;
}

static void queue_send(void *argument)
{
	struct sysv_message message = {0};

	for (unsigned i = 0; i < MESSAGES; i++) {
		if (i % 53 == 7)
			truth_sleep_ms(7);
		message.type = 1 + i % TYPES;
		edges_expect(!sysv_send(argument, way_at(i), &message, sizes[i % 6], 0), "msgsnd");
	}
}

/* Whatever is there, asked for in three ways; a message longer than the buffer is cut off now and then. */
static void queue_receive(void *argument)
{
	struct sysv_message message;

	for (unsigned i = 0; i < MESSAGES; i++) {
		size_t size = i % 29 == 11 ? 41 : SYSV_LARGEST;
		ssize_t got;

		if (i == 101)
			truth_sleep_ms(13);
		if (i % 37 == 5)
			sysv_receive(argument, way_at(i), &message, SYSV_LARGEST, 0, MSG_COPY | IPC_NOWAIT);
		switch (i % 4) {
		case 0:
			got = sysv_receive(argument, way_at(i), &message, size, -TYPES, MSG_NOERROR);
			break;
		case 1:
			got = sysv_receive(argument, way_at(i), &message, size, TYPES + 1,
					   MSG_EXCEPT | MSG_NOERROR);
			break;
		default:
			got = sysv_receive(argument, way_at(i), &message, size, 0, MSG_NOERROR);
		}
		edges_expect(got >= 0, "msgrcv");
	}
}

static void send_typed(const struct sysv_queue *queue, enum sysv_way way, long type, size_t size)
{
	struct sysv_message message = {.type = type};

	edges_expect(!sysv_send(queue, way, &message, size, IPC_NOWAIT), "msgsnd");
}

static void expect_receive(const struct sysv_queue *queue, enum sysv_way way, size_t size, long type,
			   int flags, ssize_t result, int error)
{
	struct sysv_message message;
	ssize_t got = sysv_receive(queue, way, &message, size, type, flags | IPC_NOWAIT);

	edges_expect(got == result && (result >= 0 || errno == error), "msgrcv");
}

static void types(const struct sysv_queue *queue, enum sysv_way way)
{
	expect_receive(queue, way, 100, 0, 0, -1, EAGAIN);
	send_typed(queue, way, 5, 31);
	send_typed(queue, way, 3, 0);
	expect_receive(queue, way, 100, 4, 0, -1, EAGAIN);
	expect_receive(queue, way, 100, -2, 0, -1, EAGAIN);
	expect_receive(queue, way, 100, -4, 0, 0, 0);
	expect_receive(queue, way, 100, 5, MSG_EXCEPT, -1, EAGAIN);
	expect_receive(queue, way, 30, 5, 0, -1, E2BIG);
	expect_receive(queue, way, 30, 5, MSG_NOERROR, 30, 0);
	expect_receive(queue, way, 100, 0, 0, -1, EAGAIN);
}

/* MSG_COPY looks at the Nth message; a kernel without checkpoints refuses it. */
static void look(const struct sysv_queue *queue, enum sysv_way way)
{
	struct sysv_message message;

	send_typed(queue, way, 7, 37);
	if (sysv_receive(queue, way, &message, 100, 0, MSG_COPY | IPC_NOWAIT) < 0)
		edges_expect(errno == ENOSYS, "MSG_COPY");
	sysv_receive(queue, way, &message, 100, 1, MSG_COPY | IPC_NOWAIT);
	expect_receive(queue, way, 100, 0, 0, 37, 0);
}

static void refuse(const struct sysv_queue *queue, enum sysv_way way)
{
	void *volatile unmapped = (void *)8;
	struct sysv_message message = {0};

	edges_expect(sysv_send(queue, way, &message, 5, 0) < 0 && errno == EINVAL, "type 0");
	edges_expect(sysv_send(queue, way, &message, 1 << 24, 0) < 0, "too long");
	edges_expect(sysv_send(queue, way, unmapped, 5, 0) < 0 && errno == EFAULT, "send EFAULT");
	send_typed(queue, way, 1, 43);
	edges_expect(sysv_receive(queue, way, unmapped, 100, 0, IPC_NOWAIT) < 0 && errno == EFAULT,
		     "receive EFAULT");
	/* The message is lost. */
	expect_receive(queue, way, 100, 0, 0, -1, EAGAIN);
	expect_receive(queue, way, -1, 0, 0, -1, EINVAL);
	edges_expect(sysv_send(&no_queue, way, &message, 5, 0) < 0 && errno == EINVAL, "no queue");
	expect_receive(&no_queue, way, 100, 0, 0, -1, EINVAL);
}

/* Until nothing fits any more, then until nothing is left. */
static void fill_and_drain(const struct sysv_queue *queue, enum sysv_way way)
{
	struct sysv_message message = {.type = 1};

	while (!sysv_send(queue, way, &message, SYSV_LARGEST, IPC_NOWAIT))
		;
	edges_expect(errno == EAGAIN, "full");
	while (sysv_receive(queue, way, &message, SYSV_LARGEST, 0, IPC_NOWAIT) >= 0)
		;
	edges_expect(errno == EAGAIN, "empty");
}

static void removed(const struct sysv_queue *queue, enum sysv_way way)
{
	struct sysv_message message = {.type = 1};

	edges_expect(sysv_send(queue, way, &message, 5, 0) < 0 && (errno == EINVAL || errno == EIDRM), "gone");
	edges_expect(sysv_receive(queue, way, &message, 100, 0, 0) < 0 && (errno == EINVAL || errno == EIDRM),
		     "gone");
}

static void edges(void *argument)
{
	struct sysv_queue *queue = argument;

	for (enum sysv_way way = 0; way < SYSV_WAYS; way++) {
		types(queue, way);
		look(queue, way);
		refuse(queue, way);
		fill_and_drain(queue, way);
	}
	sysv_remove(queue);
	for (enum sysv_way way = 0; way < SYSV_WAYS; way++)
		removed(queue, way);
}

int main(int argc, char **argv)
{
	struct sysv_queue *queues;
	bool are_edges;

	truth_options_parse(argc, argv);
	are_edges = truth_options.variant && !strcmp(truth_options.variant, "edges");
	sysv_own_namespace();
	if (are_edges)
		no_queue = sysv_no_queue(-1);
	queues = calloc(truth_options.threads, sizeof(*queues));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		queues[i] = i > 0 && truth_options.shared ? queues[0] : sysv_new_queue(i);
		if (are_edges) {
			truth_worker(0, edges, &queues[i], -1);
			continue;
		}
		truth_worker(0, queue_send, &queues[i], -1);
		truth_worker(1, queue_receive, &queues[i], -1);
	}
	truth_serve();
}
