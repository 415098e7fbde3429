/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sleep at System V message queues, and what ends it: a message, a signal's handler, a stop of the process,
 * the queue's removal. A partner disturbs the sleeper once it sleeps. Variant "straddle": the sleeper sleeps
 * long before the tracer comes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_sysv.h"

#define SMALL 23

/* 32-bit programs go through the multiplexer. */
#define WAY SYSV_IPC_0

enum { TO_RECEIVE, TO_SEND, CASES };

static struct sysv_queue queues[CASES];
static uint64_t step;    /* sleeps that the partner may disturb */
static uint64_t handled; /* signals that the handler has seen */
static pid_t sleeper_tid;

static void on_signal(int number)
{
	(void)number;
	__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

static ssize_t sleep_receiving(void)
{
	struct sysv_message message;

	truth_add(&step, 1);
	return sysv_receive(&queues[TO_RECEIVE], WAY, &message, SYSV_LARGEST, 0, 0);
}

static int sleep_sending(void)
{
	struct sysv_message message = {.type = 1};

	truth_add(&step, 1);
	return sysv_send(&queues[TO_SEND], WAY, &message, SMALL, 0);
}

static void fill(const struct sysv_queue *queue)
{
	struct sysv_message message = {.type = 1};

	while (!sysv_send(queue, WAY, &message, SYSV_LARGEST, IPC_NOWAIT))
		;
	while (!sysv_send(queue, WAY, &message, SMALL, IPC_NOWAIT))
		;
}

static void sleeper(void *unused)
{
	(void)unused;
	sleeper_tid = gettid();
	for (unsigned i = 0; i < CASES; i++)
		queues[i] = sysv_new_queue(i);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, NULL);

	edges_expect(sleep_receiving() < 0 && errno == EINTR, "receive: EINTR");
	edges_expect(sleep_receiving() == 17, "receive: message");
	edges_expect(sleep_receiving() == 19, "receive: stopped, then a message");
	edges_expect(sleep_receiving() < 0 && errno == EIDRM, "receive: removed");
	fill(&queues[TO_SEND]);
	edges_expect(sleep_sending() < 0 && errno == EINTR, "send: EINTR");
	edges_expect(sleep_sending() == 0, "send: stopped, then room");
	fill(&queues[TO_SEND]);
	edges_expect(sleep_sending() < 0 && errno == EIDRM, "send: removed");
}

static void await_asleep(uint64_t number, enum truth_direction direction)
{
	while (__atomic_load_n(&step, __ATOMIC_SEQ_CST) < number)
		truth_sleep_ms(1);
	truth_await_asleep(getpid(), sleeper_tid, sysv_number(WAY, direction));
	truth_sleep_ms(3);
}

static void disturb(void)
{
	uint64_t before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);

	syscall(SYS_tgkill, getpid(), sleeper_tid, SIGUSR2);
	while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before)
		truth_sleep_ms(1);
}

static void feed(size_t size)
{
	struct sysv_message message = {.type = 1};

	edges_expect(!sysv_send(&queues[TO_RECEIVE], WAY, &message, size, 0), "msgsnd");
}

static void partner(void *unused)
{
	struct sysv_message message;

	(void)unused;
	await_asleep(1, RECEIVED);
	disturb();
	await_asleep(2, RECEIVED);
	feed(17);
	await_asleep(3, RECEIVED);
	edges_stop_and_continue();
	truth_sleep_ms(31);
	feed(19);
	await_asleep(4, RECEIVED);
	sysv_remove(&queues[TO_RECEIVE]);
	await_asleep(5, SENT);
	disturb();
	await_asleep(6, SENT);
	edges_stop_and_continue();
	truth_sleep_ms(31);
	edges_expect(sysv_receive(&queues[TO_SEND], WAY, &message, SYSV_LARGEST, 0, 0) == SYSV_LARGEST, "make room");
	await_asleep(7, SENT);
	sysv_remove(&queues[TO_SEND]);
	step = 0;
}

/* Started by hand, not as a worker: sleeps in its call before the phase begins. */
static void *early_receiver(void *unused)
{
	(void)unused;
	sleeper_tid = gettid();
	sleep_receiving();
	return NULL;
}

static void release(void *unused)
{
	(void)unused;
	feed(47);
	truth_sleep_ms(11);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	truth_options_parse(argc, argv);
	sysv_own_namespace();
	if (truth_options.variant && !strcmp(truth_options.variant, "straddle")) {
		queues[TO_RECEIVE] = sysv_new_queue(1);
		pthread_create(&thread, NULL, early_receiver, NULL);
		await_asleep(1, RECEIVED);
		truth_worker(0, release, NULL, -1);
	} else {
		truth_worker(0, sleeper, NULL, -1);
		truth_worker(0, partner, NULL, -1);
	}
	truth_serve();
}
