/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A splice between two pipes that sleeps. Variants: restart (signals and a stop interrupt it), asleep (it
 * began before the phase).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_edges.h"

static struct truth_channel *from, *to;
static int in[2], out[2];
static pid_t mover_tid;
static uint64_t step;    /* calls that the mover has begun */
static uint64_t handled; /* signals that the handler has seen */

static void on_signal(int number)
{
	(void)number;
	__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

static void set_handler(int flags)
{
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = on_signal, .sa_flags = flags}, NULL);
}

static ssize_t move(void)
{
	mover_tid = gettid();
	truth_add(&step, 1);
	return MOVE(from, to, RECEIVED, splice(in[0], NULL, out[1], NULL, 64, 0));
}

static void restarted_mover(void *unused)
{
	char data[128];

	(void)unused;
	set_handler(SA_RESTART);
	edges_expect(move() == 17, "restarted splice");
	set_handler(0);
	edges_expect(move() < 0 && errno == EINTR, "EINTR");
	edges_expect(move() == 19, "splice after EINTR");
	set_handler(SA_RESTART);
	edges_expect(move() == 23, "stopped splice");
	edges_expect(RECEIVE(to, read(out[0], data, sizeof(data))) == 59, "read");
	step = 0;
}

static void await_asleep(uint64_t call)
{
	while (__atomic_load_n(&step, __ATOMIC_SEQ_CST) < call)
		truth_sleep_ms(1);
	truth_await_asleep(getpid(), mover_tid, SYS_splice);
	truth_sleep_ms(5);
}

static void disturb(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		uint64_t before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);

		syscall(SYS_tgkill, getpid(), mover_tid, SIGUSR2);
		while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before)
			truth_sleep_ms(1);
		truth_sleep_ms(7);
	}
}

static void feed(size_t size)
{
	char data[64] = "";

	edges_expect(SEND(from, write(in[1], data, size)) == (ssize_t)size, "write");
}

static void disturber(void *unused)
{
	(void)unused;
	await_asleep(1);
	disturb(3);
	feed(17);
	await_asleep(2);
	disturb(1);
	await_asleep(3);
	feed(19);
	await_asleep(4);
	edges_stop_and_continue();
	truth_sleep_ms(149);
	feed(23);
}

static void *sleeper(void *unused)
{
	(void)unused;
	move();
	return NULL;
}

static void release(void *unused)
{
	char data[64];

	(void)unused;
	feed(47);
	edges_expect(RECEIVE(to, read(out[0], data, sizeof(data))) == 47, "read");
	truth_sleep_ms(11);
}

int main(int argc, char **argv)
{
	const char *variant;
	pthread_t thread;

	truth_options_parse(argc, argv);
	variant = truth_options.variant ? truth_options.variant : "restart";
	edges_expect(!pipe(in) && !pipe(out), "pipe");
	from = truth_file_channel("pipe", in[0]);
	to = truth_file_channel("pipe", out[0]);
	if (!strcmp(variant, "restart")) {
		truth_worker(0, restarted_mover, NULL, -1);
		truth_worker(0, disturber, NULL, -1);
	} else {
		pthread_create(&thread, NULL, sleeper, NULL);
		await_asleep(1);
		truth_worker(0, release, NULL, -1);
	}
	truth_serve();
}
