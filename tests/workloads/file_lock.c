// SPDX-License-Identifier: GPL-2.0
/*
 * Locks on one file: flock, fcntl's, and those of open file descriptions. N waiters and one driver go through
 * the steps together; the driver acts when it has seen all waiters asleep in the kernel. Each opens the file
 * for itself. With --processes the waiters are a child: only then do fcntl's locks, which belong to processes,
 * keep them from each other. Variant "closed" (with --processes, one waiter): the descriptor is closed while its
 * thread waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_edges.h"

#define MAX_WAITERS 16
#define REFUSALS 3

struct stage {
	uint64_t step; /* waiters run step N when it has reached N + 1 */
	uint64_t done; /* waiters that have ended it */
	uint64_t places, registered;
	pid_t pid, tids[MAX_WAITERS];
};
static struct stage *stage;
static char path[64];

#ifdef SYS_fcntl64
#define NR_FCNTL SYS_fcntl64
#else
#define NR_FCNTL SYS_fcntl
#endif

/* Range 0 or 1 of the file. The 64-bit layout, which all commands but 32-bit programs' old ones take. */
static struct flock64 lock_of(int type, int range)
{
	return (struct flock64){.l_type = (short)type, .l_whence = SEEK_SET, .l_start = range, .l_len = 1};
}

#ifdef SYS_fcntl64
#define SET_AND_WAIT F_SETLKW64
#define SET F_SETLK64
#else
#define SET_AND_WAIT F_SETLKW
#define SET F_SETLK
#endif

static int open_file(int flags)
{
	int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		truth_die(path);
	return fd;
}

static int do_flock(int fd, int operation)
{
	struct truth_lock *lock = truth_file_lock(fd);

	truth_before();
	return truth_after_lock(lock, flock(fd, operation));
}

static int do_fcntl(int fd, int command, int type, int range)
{
	struct truth_lock *lock = truth_file_lock(fd);
	struct flock64 wanted = lock_of(type, range);

	truth_before();
	return truth_after_lock(lock, (int)syscall(NR_FCNTL, fd, command, &wanted));
}

static int held_fd = -1, waiter_fds[MAX_WAITERS];
static __thread unsigned me;

static int my_fd(void)
{
	return waiter_fds[me];
}

/* The driver's call WOKE so many, all by one call. */
static void woke(unsigned count)
{
	struct truth_lock *lock = truth_file_lock(held_fd);

	truth_add(&lock->wakes, 1);
	truth_add(&lock->woken_threads, count);
	lock->max_waiters = truth_options.threads;
}

static void hold_flock(void) { edges_expect(!do_flock(held_fd, LOCK_EX), "LOCK_EX"); }
static void hold_range(void) { edges_expect(!do_fcntl(held_fd, SET_AND_WAIT, F_WRLCK, 0), "F_SETLKW"); }
static void hold_ofd(void) { edges_expect(!do_fcntl(held_fd, F_OFD_SETLKW, F_WRLCK, 0), "F_OFD_SETLKW"); }

static void wait_flock(void)
{
	edges_expect(!do_flock(my_fd(), LOCK_SH), "LOCK_SH");
	edges_expect(!do_flock(my_fd(), LOCK_UN), "LOCK_UN");
}

static void release_flock(unsigned waiters)
{
	edges_expect(!do_flock(held_fd, LOCK_UN), "LOCK_UN");
	woke(waiters);
}

static void wait_range(void)
{
	edges_expect(!do_fcntl(my_fd(), SET_AND_WAIT, F_RDLCK, 0), "F_SETLKW");
	edges_expect(!do_fcntl(my_fd(), SET, F_UNLCK, 0), "F_UNLCK");
}

static void release_range(unsigned waiters)
{
	edges_expect(!do_fcntl(held_fd, SET, F_UNLCK, 0), "F_UNLCK");
	woke(waiters);
}

static void wait_ofd(void)
{
	edges_expect(!do_fcntl(my_fd(), F_OFD_SETLKW, F_RDLCK, 0), "F_OFD_SETLKW");
	edges_expect(!do_fcntl(my_fd(), F_OFD_SETLK, F_UNLCK, 0), "F_UNLCK");
}

/* From a write lock to a read lock: they are woken although the driver still holds it. */
static void share_ofd(unsigned waiters)
{
	edges_expect(!do_fcntl(held_fd, F_OFD_SETLK, F_RDLCK, 0), "F_RDLCK");
	woke(waiters);
}

static void try_all(void)
{
	for (int i = 0; i < REFUSALS; i++) {
		edges_expect(do_flock(my_fd(), LOCK_EX | LOCK_NB) < 0 && errno == EAGAIN, "LOCK_NB");
		edges_expect(do_fcntl(my_fd(), F_OFD_SETLK, F_WRLCK, 0) < 0 && errno == EAGAIN, "F_OFD_SETLK");
	}
}

static void hold_both(void)
{
	hold_flock();
	hold_ofd(); /* the read lock of the step before becomes a write lock again */
}

static void release_both(unsigned waiters)
{
	(void)waiters;
	edges_expect(!do_fcntl(held_fd, F_OFD_SETLK, F_UNLCK, 0), "F_UNLCK");
	edges_expect(!do_flock(held_fd, LOCK_UN), "LOCK_UN");
}

static void fail_all(void)
{
	static void *volatile unmapped = (void *)8; /* or the compiler would refuse the call */
	struct truth_lock *lock = truth_file_lock(my_fd());
	int fd = open_file(O_RDONLY);

	truth_before();
	edges_expect(truth_after_lock(lock, (int)syscall(NR_FCNTL, fd, SET_AND_WAIT, unmapped)) < 0 &&
			     errno == EFAULT, "EFAULT");
	edges_expect(do_fcntl(fd, F_OFD_SETLK, F_WRLCK, 0) < 0 && errno == EBADF, "not open for writing");
	edges_expect(do_fcntl(fd, SET, 77, 0) < 0 && errno == EINVAL, "type EINVAL");
	edges_expect(do_flock(fd, 64) < 0 && errno == EINVAL, "operation EINVAL");
	close(fd);
	/* No file, no row; and commands that do not lock. */
	edges_expect(flock(-1, LOCK_EX) < 0 && errno == EBADF, "EBADF");
	edges_expect(fcntl(my_fd(), F_GETFL) >= 0, "F_GETFL");
}

static void wait_for_signal(void)
{
	edges_expect(do_flock(my_fd(), LOCK_SH) < 0 && errno == EINTR, "EINTR");
}

static void send_signal(int number)
{
	for (unsigned i = 0; i < truth_options.threads; i++)
		syscall(SYS_tgkill, stage->pid, stage->tids[i], number);
}

static void interrupt(unsigned waiters)
{
	(void)waiters;
	send_signal(SIGUSR2);
	truth_file_lock(held_fd)->max_waiters = truth_options.threads;
}

/* Handlers with SA_RESTART run, and the calls go on. In between, the file loses its name. */
static void restart_and_release(unsigned waiters)
{
	send_signal(SIGHUP);
	truth_sleep_ms(20);
	edges_expect(!unlink(path), "unlink");
	release_flock(waiters);
}

/* Each side waits for what the other one holds: the second one to wait is refused. */
static void wait_across(void)
{
	edges_expect(!do_fcntl(my_fd(), SET_AND_WAIT, F_WRLCK, 1), "F_SETLKW");
	wait_range();
}

static void meet_deadlock(unsigned waiters)
{
	edges_expect(do_fcntl(held_fd, SET_AND_WAIT, F_WRLCK, 1) < 0 && errno == EDEADLK, "EDEADLK");
	release_range(waiters);
}

/* What the driver does first, what the waiters do, and what the driver does once they sleep in NUMBER. */
static const struct step {
	void (*prepare)(void);
	void (*wait)(void);
	void (*act)(unsigned waiters);
	long number; /* 0: they do not sleep */
	bool needs_processes;
} steps[] = {
	{hold_flock, wait_flock, release_flock, SYS_flock, false},
	{hold_range, wait_range, release_range, NR_FCNTL, true},
	{hold_range, wait_across, meet_deadlock, NR_FCNTL, true},
	{hold_ofd, wait_ofd, share_ofd, NR_FCNTL, false},
	{hold_both, try_all, release_both, 0, false},
	{NULL, fail_all, NULL, 0, false},
	{hold_flock, wait_for_signal, interrupt, SYS_flock, false},
	{hold_flock, wait_flock, restart_and_release, SYS_flock, false},
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

static bool is_done(const struct step *step)
{
	return !step->needs_processes || truth_options.processes;
}

static void await(const uint64_t *counter, uint64_t value)
{
	while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < value)
		truth_sleep_ms(1);
}

static void waiter(void *unused)
{
	(void)unused;
	stage->pid = getpid();
	me = __atomic_fetch_add(&stage->places, 1, __ATOMIC_SEQ_CST);
	stage->tids[me] = gettid();
	waiter_fds[me] = open_file(O_RDWR);
	truth_add(&stage->registered, 1);
	for (unsigned i = 0; i < STEP_COUNT; i++) {
		await(&stage->step, i + 1);
		if (is_done(&steps[i]))
			steps[i].wait();
		truth_add(&stage->done, 1);
	}
	close(waiter_fds[me]);
}

static void driver(void *unused)
{
	(void)unused;
	held_fd = open_file(O_RDWR);
	await(&stage->registered, truth_options.threads);
	for (unsigned i = 0; i < STEP_COUNT; i++) {
		const struct step *step = &steps[i];

		if (step->prepare && is_done(step))
			step->prepare();
		__atomic_store_n(&stage->step, i + 1, __ATOMIC_SEQ_CST);
		for (unsigned j = 0; step->number && is_done(step) && j < truth_options.threads; j++)
			truth_await_asleep(stage->pid, stage->tids[j], step->number);
		if (!step->number)
			await(&stage->done, (i + 1ull) * truth_options.threads);
		truth_sleep_ms(5); /* long waits: 2 % of them is more than a wake takes */
		if (step->act && is_done(step))
			step->act(truth_options.threads);
		await(&stage->done, (i + 1ull) * truth_options.threads);
	}
	close(held_fd);
	memset(stage, 0, offsetof(struct stage, pid));
}

/* The closer closes the descriptor that the first waiter sleeps on; fcntl finds that out when it has the lock. */
static void wait_closed(void *unused)
{
	(void)unused;
	stage->pid = getpid();
	stage->tids[0] = gettid();
	waiter_fds[0] = open_file(O_RDWR);
	truth_add(&stage->registered, 1);
	await(&stage->step, 1);
	edges_expect(!do_flock(my_fd(), LOCK_EX), "LOCK_EX"); /* and that gives it up again */
	waiter_fds[0] = open_file(O_RDWR);
	truth_add(&stage->registered, 1);
	await(&stage->step, 2);
	edges_expect(do_fcntl(my_fd(), SET_AND_WAIT, F_RDLCK, 0) < 0 && errno == EBADF, "closed");
	truth_add(&stage->done, 1);
}

static void close_under_sleeper(void *unused)
{
	(void)unused;
	for (unsigned i = 1; i <= 2; i++) {
		await(&stage->step, i);
		truth_await_asleep(stage->pid, stage->tids[0], i == 1 ? SYS_flock : NR_FCNTL);
		close(waiter_fds[0]);
		truth_add(&stage->places, 1);
	}
}

static void release_closed(void *unused)
{
	(void)unused;
	held_fd = open_file(O_RDWR);
	for (unsigned i = 1; i <= 2; i++) {
		await(&stage->registered, i);
		if (i == 1)
			hold_flock();
		else
			hold_range();
		__atomic_store_n(&stage->step, i, __ATOMIC_SEQ_CST);
		await(&stage->places, i);
		truth_sleep_ms(5);
		if (i == 1)
			release_flock(1);
		else
			release_range(1);
	}
	await(&stage->done, 1);
	edges_expect(!unlink(path), "unlink");
	close(held_fd);
}

static void add_workers(void)
{
	if (truth_options.variant) {
		truth_worker(0, release_closed, NULL, -1);
		truth_worker(1, wait_closed, NULL, -1);
		truth_worker(1, close_under_sleeper, NULL, -1);
		return;
	}
	truth_worker(0, driver, NULL, -1);
	for (unsigned i = 0; i < truth_options.threads; i++)
		truth_worker(1, waiter, NULL, -1);
}

static void ignore_signal(int number)
{
	(void)number;
}

static void print_path(void)
{
	printf(",\"path\":\"%s\"", path);
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	snprintf(path, sizeof(path), "/tmp/ipctrace-file-lock-%d", getpid());
	truth_print_more = print_path;
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = ignore_signal}, NULL);
	sigaction(SIGHUP, &(struct sigaction){.sa_handler = ignore_signal, .sa_flags = SA_RESTART}, NULL);
	stage = truth_shared(sizeof(*stage));
	add_workers();
	truth_serve();
}
