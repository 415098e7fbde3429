/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Futexes by raw system calls, a word of its own for every operation. N waiters and one driver go
 * through the steps together; the driver acts when it has seen all waiters asleep in the kernel.
 * With --processes the waiters are a child and the words are shared between the two.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib_edges.h"

#define MAX_WAITERS 64
#define NR_FUTEX_WAITV 449
#define NR_FUTEX_WAKE 454
#define NR_FUTEX_WAIT 455
#define FUTEX2_U32 2

struct stage {
	uint64_t step; /* waiters run step N when it has reached N + 1 */
	uint64_t done; /* waiters that have ended it */
	uint64_t places, registered;
	pid_t pid, tids[MAX_WAITERS];
	uint32_t words[32 * 16];
};
static struct stage *stage;

/* A cache line apart from each other. */
static uint32_t *word(unsigned number)
{
	return &stage->words[(size_t)number * 16];
}

static struct truth_lock *lock_of(const uint32_t *at)
{
	return truth_lock_at(getpid(), at);
}

static int private_flag(void)
{
	return truth_options.processes ? 0 : FUTEX_PRIVATE_FLAG;
}

static struct timespec in_ms(clockid_t clock, unsigned ms)
{
	struct timespec t = {0};

	if (clock >= 0)
		clock_gettime(clock, &t);
	t.tv_nsec += ms % 1000 * 1000000L;
	t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* Puts the result of a wait into the books and hands it on. */
static long book_wait(uint32_t *at, long result)
{
	int error = errno;
	struct truth_lock *lock = lock_of(at);

	truth_add_time(&lock->time);
	if (result >= 0 || error == ETIMEDOUT || error == EINTR)
		truth_add(&lock->waits, 1);
	if (result < 0)
		truth_add(error == ETIMEDOUT ? &lock->timeouts : error == EINTR ? &lock->interrupted :
			  error == EAGAIN    ? &lock->would_block : &lock->errors, 1);
	if (result < 0 && error != ETIMEDOUT && error != EINTR && error != EAGAIN)
		truth_add(&lock->errnos[error], 1);
	errno = error;
	return result;
}

static long wait_on(uint32_t *at, int operation, uint32_t value, struct timespec *timeout)
{
	truth_before();
	return book_wait(at, syscall(SYS_futex, at, operation | private_flag(), value, timeout, NULL,
				     FUTEX_BITSET_MATCH_ANY));
}

static void book_wake(uint32_t *at, long woken, unsigned expected)
{
	struct truth_lock *lock = lock_of(at);

	edges_expect(woken == (long)expected, "woken");
	truth_add(&lock->wakes, 1);
	truth_add(&lock->woken_threads, woken);
	if (woken == 0)
		truth_add(&lock->empty_wakes, 1);
}

static void wake(uint32_t *at, int operation, unsigned most, uint32_t bits, unsigned expected)
{
	book_wake(at, syscall(SYS_futex, at, operation | private_flag(), most, NULL, NULL, bits), expected);
}

static void set_max_waiters(uint32_t *at)
{
	truth_lock_at(stage->pid, at)->max_waiters = truth_options.threads;
}

static void wait_plain(void) { edges_expect(!wait_on(word(0), FUTEX_WAIT, 0, NULL), "wait"); }

static void wake_plain(unsigned waiters)
{
	set_max_waiters(word(0));
	wake(word(0), FUTEX_WAKE, 1, 0, 1);
	wake(word(0), FUTEX_WAKE, INT_MAX, 0, waiters - 1);
	wake(word(0), FUTEX_WAKE, 1, 0, 0);
}

static void wait_timed(void)
{
	for (unsigned ms = 7; ms <= 13; ms += 3) {
		struct timespec timeout = in_ms(-1, ms);

		edges_expect(wait_on(word(1), FUTEX_WAIT, 0, &timeout) < 0 && errno == ETIMEDOUT, "timeout");
	}
	for (int i = 0; i < 5; i++)
		edges_expect(wait_on(word(2), FUTEX_WAIT, 1, NULL) < 0 && errno == EAGAIN, "changed");
}

static void wait_bits(void)
{
	struct timespec until = in_ms(CLOCK_MONOTONIC, 60007);

	edges_expect(!wait_on(word(3), FUTEX_WAIT_BITSET, 0, &until), "wait_bitset");
	until = in_ms(CLOCK_REALTIME, 11);
	edges_expect(wait_on(word(4), FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &until) < 0 &&
			     errno == ETIMEDOUT, "wait_bitset timeout");
}

static void wake_bits(unsigned waiters)
{
	set_max_waiters(word(3));
	wake(word(3), FUTEX_WAKE_BITSET, INT_MAX, FUTEX_BITSET_MATCH_ANY, waiters);
	wake(word(3), FUTEX_WAKE_BITSET, INT_MAX, 2, 0);
}

static void wait_requeued(void) { edges_expect(!wait_on(word(5), FUTEX_WAIT, 0, NULL), "wait"); }

/* One is woken, the others move on to another word and are woken there. */
static void wake_requeued(unsigned waiters)
{
	struct truth_lock *lock = lock_of(word(5));
	long moved = syscall(SYS_futex, word(5), FUTEX_CMP_REQUEUE | private_flag(), 1, INT_MAX, word(6), 0);

	set_max_waiters(word(5));
	edges_expect(moved == (long)waiters, "requeue");
	truth_add(&lock->wakes, 1);
	truth_add(&lock->woken_threads, 1);
	truth_add(&lock->requeued, waiters - 1);
	wake(word(6), FUTEX_WAKE, INT_MAX, 0, waiters - 1);
}

static void wait_for_op(void) { edges_expect(!wait_on(word(7), FUTEX_WAIT, 0, NULL), "wait"); }

static void wake_by_op(unsigned waiters)
{
	long woken = syscall(SYS_futex, word(7), FUTEX_WAKE_OP | private_flag(), INT_MAX, INT_MAX, word(8),
			     FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0));

	set_max_waiters(word(7));
	book_wake(word(7), woken, waiters);
}

/* Its result does not tell whether it woke anybody: only the call counts. */
static void unlock_pi(void)
{
	truth_add(&lock_of(word(9))->wakes, 1);
	edges_expect(!syscall(SYS_futex, word(9), FUTEX_UNLOCK_PI | private_flag(), 0, NULL, NULL, 0),
		     "unlock_pi");
}

/* Handed from one to the next; the last one finds nobody to hand it to. */
static void wait_pi(void)
{
	edges_expect(!wait_on(word(9), FUTEX_LOCK_PI, 0, NULL), "lock_pi");
	unlock_pi();
}

static void wake_pi(unsigned waiters)
{
	(void)waiters;
	set_max_waiters(word(9));
	unlock_pi();
}

static void own_pi(void)
{
	*word(9) = gettid();
}

static void wait_vector(void)
{
	struct futex_waitv vector = {.uaddr = (uintptr_t)word(10), .flags = FUTEX_32 | private_flag()};

	truth_before();
	edges_expect(!book_wait(word(10), syscall(NR_FUTEX_WAITV, &vector, 1, 0, NULL, 0)), "waitv");
}

static void wake_vector(unsigned waiters)
{
	set_max_waiters(word(10));
	wake(word(10), FUTEX_WAKE, INT_MAX, 0, waiters);
}

static void wait_futex2(void)
{
	truth_before();
	edges_expect(!book_wait(word(11), syscall(NR_FUTEX_WAIT, word(11), 0ul, -1u,
						  FUTEX2_U32 | private_flag(), NULL, 0)), "futex_wait");
}

static void wake_futex2(unsigned waiters)
{
	set_max_waiters(word(11));
	book_wake(word(11), syscall(NR_FUTEX_WAKE, word(11), -1u, INT_MAX, FUTEX2_U32 | private_flag()),
		  waiters);
}

static void wait_signal(void)
{
	struct timespec timeout = in_ms(-1, 999);

	edges_expect(wait_on(word(12), FUTEX_WAIT, 0, &timeout) < 0 && errno == EINTR, "EINTR");
}

static void send_signals(unsigned waiters)
{
	set_max_waiters(word(12));
	for (unsigned i = 0; i < waiters; i++)
		syscall(SYS_tgkill, stage->pid, stage->tids[i], SIGUSR2);
}

/* What the waiters do and, once they are all asleep in NUMBER, the driver. */
static const struct step {
	void (*wait)(void);
	void (*act)(unsigned waiters);
	void (*prepare)(void);
	long number;
} steps[] = {
	{wait_plain, wake_plain, NULL, SYS_futex},
	{wait_timed, NULL, NULL, 0},
	{wait_bits, wake_bits, NULL, SYS_futex},
	{wait_requeued, wake_requeued, NULL, SYS_futex},
	{wait_for_op, wake_by_op, NULL, SYS_futex},
	{wait_pi, wake_pi, own_pi, SYS_futex},
	{wait_vector, wake_vector, NULL, NR_FUTEX_WAITV},
	{wait_futex2, wake_futex2, NULL, NR_FUTEX_WAIT},
	{wait_signal, send_signals, NULL, SYS_futex},
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

/* Kernels before 5.16 and 6.7 lack the newer calls. */
static bool exists(const struct step *step)
{
	return step->number < NR_FUTEX_WAITV || syscall(step->number, NULL, 0, 0, NULL, 0) >= 0 ||
	       errno != ENOSYS;
}

static void await(const uint64_t *counter, uint64_t value)
{
	while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < value)
		truth_sleep_ms(1);
}

static void waiter(void *unused)
{
	static bool known[STEP_COUNT];

	(void)unused;
	stage->pid = getpid();
	for (unsigned i = 0; i < STEP_COUNT; i++)
		known[i] = exists(&steps[i]);
	stage->tids[__atomic_fetch_add(&stage->places, 1, __ATOMIC_SEQ_CST)] = gettid();
	truth_add(&stage->registered, 1);
	for (unsigned i = 0; i < STEP_COUNT; i++) {
		await(&stage->step, i + 1);
		if (known[i])
			steps[i].wait();
		truth_add(&stage->done, 1);
	}
}

static void driver(void *unused)
{
	(void)unused;
	await(&stage->registered, truth_options.threads);
	for (unsigned i = 0; i < STEP_COUNT; i++) {
		if (steps[i].prepare)
			steps[i].prepare();
		__atomic_store_n(&stage->step, i + 1, __ATOMIC_SEQ_CST);
		if (steps[i].act && exists(&steps[i])) {
			for (unsigned j = 0; j < truth_options.threads; j++)
				truth_await_asleep(stage->pid, stage->tids[j], steps[i].number);
			truth_sleep_ms(5); /* long waits: 2 % of them is more than a wake takes */
			steps[i].act(truth_options.threads);
		}
		await(&stage->done, (i + 1ull) * truth_options.threads);
	}
	memset(stage, 0, offsetof(struct stage, pid));
}

static void ignore_signal(int number)
{
	(void)number;
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = ignore_signal}, NULL);
	stage = truth_shared(sizeof(*stage));
	truth_worker(0, driver, NULL, -1);
	for (unsigned i = 0; i < truth_options.threads; i++)
		truth_worker(1, waiter, NULL, -1);
	truth_serve();
}
