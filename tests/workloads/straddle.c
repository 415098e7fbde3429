/* SPDX-License-Identifier: GPL-2.0 */
/* Threads asleep in a read and in a futex wait long before the tracer comes, woken after. */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_edges.h"

static struct truth_channel *channel;
static int fds[2];
static uint32_t word;
static pid_t reader_tid, waiter_tid;

static void await_tid(const pid_t *tid, long number)
{
	while (!__atomic_load_n(tid, __ATOMIC_SEQ_CST))
		truth_sleep_ms(1);
	truth_await_asleep(getpid(), *tid, number);
}

/* Sleeps in its call before the phase begins: started by hand, not as a worker. */
static void *reader(void *unused)
{
	char data[64];

	(void)unused;
	reader_tid = gettid();
	RECEIVE(channel, read(fds[0], data, sizeof(data)));
	return NULL;
}

static void *waiter(void *unused)
{
	(void)unused;
	waiter_tid = gettid();
	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

static void release(void *unused)
{
	struct truth_lock *lock = truth_lock_at(getpid(), &word);
	char data[47] = "";

	(void)unused;
	edges_expect(SEND(channel, write(fds[1], data, sizeof(data))) == sizeof(data), "write");
	edges_expect(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0) == 1, "wake");
	lock->waits = lock->wakes = lock->woken_threads = 1;
	truth_sleep_ms(11);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	truth_options_parse(argc, argv);
	edges_expect(!pipe(fds), "pipe");
	channel = truth_file_channel("pipe", fds[0]);
	pthread_create(&thread, NULL, reader, NULL);
	pthread_create(&thread, NULL, waiter, NULL);
	await_tid(&reader_tid, SYS_read);
	await_tid(&waiter_tid, SYS_futex);
	truth_worker(0, release, NULL, -1);
	truth_serve();
}
