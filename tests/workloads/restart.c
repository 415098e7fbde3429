/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that signals and stops interrupt: a restarted call is one call. A reader blocks, a
 * partner disturbs it once it sleeps, then lets it go on. Each case has a pipe of its own.
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib_edges.h"

enum { RESTARTED, INTERRUPTED, STOPPED, NESTED, NESTED_INTERRUPTED, SIDE, PIPE_COUNT };

struct pipe_ends {
	struct truth_channel *channel;
	int fds[2];
};
static struct pipe_ends pipes[PIPE_COUNT];
static uint32_t futex_word;
static uint64_t *step;    /* cases that the partner may disturb */
static uint64_t handled;  /* signals that handlers have seen */
static pid_t reader_tid;
static bool handler_writes;

static void on_signal(int number)
{
	char data[23] = "";

	(void)number;
	if (handler_writes && write(pipes[SIDE].fds[1], data, sizeof(data)) != sizeof(data))
		_exit(1);
	handled++;
}

/* What the handler wrote, booked by the thread that it interrupted. */
static void book_side_writes(unsigned count)
{
	struct truth_figures *figures = &truth_end_of(pipes[SIDE].channel, getpid())->figures[SENT];

	truth_add(&figures->calls, count);
	truth_add(&figures->messages, count);
	truth_add(&figures->bytes, count * 23ull);
}

static void set_handler(int flags, bool writes)
{
	handler_writes = writes;
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = on_signal, .sa_flags = flags}, NULL);
}

static ssize_t read_pipe(int which)
{
	char data[64];

	truth_add(step, 1);
	return RECEIVE(pipes[which].channel, read(pipes[which].fds[0], data, sizeof(data)));
}

static void reader(void *unused)
{
	struct timespec timeout = {0, 151000000};
	struct truth_lock *lock;

	(void)unused;
	handled = 0;
	reader_tid = gettid();
	set_handler(SA_RESTART, false);
	edges_expect(read_pipe(RESTARTED) == 17, "restarted read");
	set_handler(0, false);
	edges_expect(read_pipe(INTERRUPTED) < 0 && errno == EINTR, "EINTR");
	edges_expect(read_pipe(INTERRUPTED) == 19, "read after EINTR");
	edges_expect(read_pipe(STOPPED) == 29, "stopped read");
	set_handler(SA_RESTART, true);
	edges_expect(read_pipe(NESTED) == 31, "nested read");
	set_handler(0, true);
	edges_expect(read_pipe(NESTED_INTERRUPTED) < 0 && errno == EINTR, "nested EINTR");
	book_side_writes(4);

	truth_add(step, 1);
	truth_before();
	edges_expect(syscall(SYS_futex, &futex_word, FUTEX_WAIT_PRIVATE, 0, &timeout, NULL, 0) < 0 &&
			     errno == ETIMEDOUT, "stopped futex wait");
	lock = truth_lock_at(getpid(), &futex_word);
	truth_add_time(&lock->time);
	truth_add(&lock->waits, 1);
	truth_add(&lock->timeouts, 1);
	lock->max_waiters = 1;
}

static void await_asleep(uint64_t case_number, long number)
{
	while (__atomic_load_n(step, __ATOMIC_SEQ_CST) < case_number)
		truth_sleep_ms(1);
	truth_await_asleep(getpid(), reader_tid, number);
	truth_sleep_ms(3);
}

static void disturb(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		uint64_t before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);

		syscall(SYS_tgkill, getpid(), reader_tid, SIGUSR2);
		while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before)
			truth_sleep_ms(1);
		truth_sleep_ms(7);
	}
}

static void feed(int which, size_t size)
{
	char data[64] = "";

	edges_expect(SEND(pipes[which].channel, write(pipes[which].fds[1], data, size)) == (ssize_t)size,
		     "write");
}

static void partner(void *unused)
{
	(void)unused;
	await_asleep(1, SYS_read);
	disturb(3);
	feed(RESTARTED, 17);
	await_asleep(2, SYS_read);
	disturb(1);
	await_asleep(3, SYS_read);
	feed(INTERRUPTED, 19);
	await_asleep(4, SYS_read);
	edges_stop_and_continue();
	truth_sleep_ms(149);
	feed(STOPPED, 29);
	await_asleep(5, SYS_read);
	disturb(3);
	feed(NESTED, 31);
	await_asleep(6, SYS_read);
	disturb(1);
	await_asleep(7, SYS_futex);
	edges_stop_and_continue();
	*step = 0;
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	step = truth_shared(sizeof(*step));
	for (int i = 0; i < PIPE_COUNT; i++) {
		if (pipe(pipes[i].fds))
			truth_die("pipe");
		pipes[i].channel = truth_file_channel("pipe", pipes[i].fds[0]);
	}
	truth_worker(0, reader, NULL, -1);
	truth_worker(0, partner, NULL, -1);
	truth_serve();
}
