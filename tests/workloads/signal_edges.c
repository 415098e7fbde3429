/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every fate of a signal, in one thread each: blocked and merged, ignored, refused, taken in odd ways; and the
 * kernel's own, which are nobody's. Variant "children": signals that end, stop and reach several processes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_signal.h"

#define REAL_TIME (SIGRTMIN + 3)
#define BY_TIMER (SIGRTMIN + 4)
#define TO_PROCESS (SIGRTMIN + 5)

#define NO_SIGNAL 99

/* Of the thread: what it is at work on, and the signals of it that its handler has seen. */
static __thread struct truth_channel *own;
static __thread struct signal_fate *fates[65];
static __thread unsigned handled, untold;

static pid_t bystander; /* a process that we may not signal */

/* In a handler: only what was made known before. */
static void on_signal(int number)
{
	handled++;
	if (fates[number])
		signal_delivered(own, fates[number], 1);
	else
		untold++;
}

static void expect_handler(int number)
{
	fates[number] = signal_fate_of(own, getpid(), number);
}

static int to_self(int number)
{
	return tgkill(getpid(), gettid(), number);
}

static void send_self(int number, enum fate fate)
{
	edges_expect(!KILL(own, number, fate, to_self(number)), "tgkill");
}

static void change_mask(int how, int number)
{
	sigset_t set = set_of(number);

	edges_expect(!pthread_sigmask(how, &set, NULL), "mask");
}

/* Two of a standard signal that wait become one, two real-time ones stay two. */
static void merge(void)
{
	unsigned before = handled;

	expect_handler(SIGUSR2);
	expect_handler(REAL_TIME);
	send_self(SIGUSR2, PENDING);
	send_self(SIGUSR2, MERGED);
	send_self(SIGUSR2, MERGED);
	for (int i = 0; i < 3; i++)
		send_self(REAL_TIME, PENDING);
	edges_expect(handled == before, "blocked");
	change_mask(SIG_UNBLOCK, SIGUSR2);
	change_mask(SIG_UNBLOCK, REAL_TIME);
	edges_expect(handled == before + 4, "delivered");
	change_mask(SIG_BLOCK, SIGUSR2);
	change_mask(SIG_BLOCK, REAL_TIME);
}

/* One whose action is to be ignored, one whose default it is, and one that asks only. */
static void ignore(void)
{
	send_self(SIGURG, IGNORED);
	send_self(SIGWINCH, IGNORED);
	edges_expect(!kill(getpid(), 0), "signal 0");
}

static void fail(struct truth_channel *channel, int number, int result, int error)
{
	edges_expect(signal_after_sent(channel, number, PENDING, result) < 0 && errno == error,
		     strerror(error));
}

#define FAIL(channel, number, call, error) (truth_before(), fail(channel, number, call, error))

static void become(long uid)
{
	edges_expect(!syscall(SYS_setresuid, uid, uid, 0L), "setresuid");
}

static void refuse(void)
{
	struct truth_channel *gone_channel, *other = signal_channel(bystander, NULL);
	pid_t gone = fork();
	char shown[64];
	int pidfd;

	if (gone == 0)
		_exit(0);
	pidfd = open_pidfd(gone);
	edges_expect(pidfd >= 0 && waitpid(gone, NULL, 0) == gone, "child");
	snprintf(shown, sizeof(shown), "missing %d", gone);
	gone_channel = signal_channel(0, shown);
	FAIL(gone_channel, SIGUSR2, kill(gone, SIGUSR2), ESRCH);
	FAIL(gone_channel, REAL_TIME, queue_to_process(gone, REAL_TIME), ESRCH);
	FAIL(gone_channel, SIGTERM, tgkill(gone, gone, SIGTERM), ESRCH);
	snprintf(shown, sizeof(shown), "missing %d", -gone);
	FAIL(signal_channel(0, shown), SIGUSR2, kill(-gone, SIGUSR2), ESRCH);
	snprintf(shown, sizeof(shown), "missing fd %d", pidfd);
	FAIL(signal_channel(0, shown), SIGTERM, kill_by_pidfd(pidfd, SIGTERM, 0), ESRCH);
	close(pidfd);
	FAIL(own, NO_SIGNAL, kill(getpid(), NO_SIGNAL), EINVAL);
	FAIL(own, SIGUSR2, (int)syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, NULL), EFAULT);
	FAIL(signal_channel(0, "missing fd -1"), SIGUSR2, kill_by_pidfd(-1, SIGUSR2, 0), EBADF);
	pidfd = open_pidfd(bystander);
	FAIL(other, SIGUSR2, kill_by_pidfd(pidfd, SIGUSR2, 1 << 20), EINVAL);
	become(65534);
	FAIL(other, SIGWINCH, kill(bystander, SIGWINCH), EPERM);
	FAIL(other, SIGWINCH, kill_by_pidfd(pidfd, SIGWINCH, 0), EPERM);
	become(0);
	close(pidfd);
}

static int wait_for(const sigset_t *set, siginfo_t *info, long ns)
{
	struct timespec limit = {.tv_nsec = ns};

	truth_before();
	return signal_after_taken(own, sigtimedwait(set, info, &limit));
}

/* A timer's signal is the kernel's: it ends a wait, and it is taken by one, and counts as none. */
static void time_out(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = BY_TIMER};
	struct itimerspec soon = {.it_value.tv_nsec = 3000000};
	sigset_t set = set_of(REAL_TIME), timers = set_of(BY_TIMER);
	struct timespec limit = {.tv_sec = 5};
	unsigned before = untold;
	siginfo_t info;
	timer_t timer;
	int taken;

	edges_expect(wait_for(&set, NULL, 5000000) < 0 && errno == EAGAIN, "timeout");
	event._sigev_un._tid = gettid();
	edges_expect(!timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
	timer_settime(timer, 0, &soon, NULL);
	change_mask(SIG_UNBLOCK, BY_TIMER);
	truth_before();
	taken = signal_after_taken(own, sigtimedwait(&set, NULL, &limit));
	edges_expect(taken < 0 && errno == EINTR && untold == before + 1, "interrupted wait");
	change_mask(SIG_BLOCK, BY_TIMER);
	timer_settime(timer, 0, &soon, NULL);
	truth_before();
	taken = sigtimedwait(&timers, &info, &limit);
	truth_after_many(own, RECEIVED, 0, 0);
	edges_expect(taken == BY_TIMER && info.si_code == SI_TIMER, "a timer's signal");
	timer_delete(timer);
}

static void read_records(int fd, void *room, size_t size, ssize_t result, unsigned messages)
{
	ssize_t got;

	truth_before();
	got = read(fd, room, size);
	if (got < 0)
		truth_after(own, RECEIVED, got);
	else
		truth_after_many(own, RECEIVED, messages, 0);
	truth_add(&signal_fate_of(own, getpid(), REAL_TIME)->delivered, got < 0 ? 0 : messages);
	edges_expect(got == result, "read of a signalfd");
}

static void read_odd_ways(void)
{
	struct signalfd_siginfo records[4];
	struct iovec part = {records, sizeof(records)};
	sigset_t set = set_of(REAL_TIME);
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	size_t one = sizeof(records[0]);
	void *volatile unmapped = (void *)8;

	edges_expect(fd >= 0, "signalfd");
	read_records(fd, records, sizeof(records), -1, 0);
	for (int i = 0; i < 3; i++)
		send_self(REAL_TIME, PENDING);
	read_records(fd, records, one - 1, -1, 0);
	edges_expect(errno == EINVAL, "no room for one");
	read_records(fd, records, 2 * one + 5, 2 * (ssize_t)one, 2);
	read_records(fd, records, sizeof(records), (ssize_t)one, 1);
	/* It is gone, and nobody has got it. */
	send_self(REAL_TIME, PENDING);
	read_records(fd, unmapped, one, -1, 0);
	edges_expect(errno == EFAULT, "EFAULT");
	read_records(fd, records, one, -1, 0);
	send_self(REAL_TIME, PENDING);
	send_self(REAL_TIME, PENDING);
	truth_before();
	edges_expect(readv(fd, &part, 1) == 2 * (ssize_t)one, "readv of a signalfd");
	truth_after_many(own, RECEIVED, 2, 0);
	truth_add(&signal_fate_of(own, getpid(), REAL_TIME)->delivered, 2);
	edges_expect(SEND(own, write(fd, records, one)) < 0 && errno == EINVAL, "write to a signalfd");
	close(fd);
}

/* SIGPIPE comes from the kernel, as it says from ourselves; one that we send is ours. */
static void broken_pipe(void)
{
	struct truth_channel *channel;
	unsigned before = handled;
	int fds[2];

	edges_expect(!pipe(fds), "pipe");
	channel = truth_file_channel("pipe", fds[1]);
	close(fds[0]);
	edges_expect(SEND(channel, write(fds[1], "x", 1)) < 0 && errno == EPIPE && untold, "broken pipe");
	expect_handler(SIGPIPE);
	send_self(SIGPIPE, PENDING);
	edges_expect(handled == before + 2, "SIGPIPE");
	fates[SIGPIPE] = NULL;
	close(fds[1]);
}

static void by_pidfd(void)
{
	sigset_t set = set_of(TO_PROCESS);
	int pidfd = open_pidfd(getpid());
	siginfo_t info;

	/* Any of our threads may take it; as many are taken as were sent. */
	edges_expect(!KILL(own, TO_PROCESS, PENDING, kill_by_pidfd(pidfd, TO_PROCESS, 0)), "pidfd_send_signal");
	truth_before();
	edges_expect(signal_after_taken(own, sigwaitinfo(&set, &info)) == TO_PROCESS, "sigwaitinfo");
	close(pidfd);
}

static void edges(void *unused)
{
	(void)unused;
	own = signal_channel(getpid(), NULL);
	truth_end_of(own, getpid());
	merge();
	ignore();
	refuse();
	time_out();
	read_odd_ways();
	broken_pipe();
	by_pidfd();
}

static void *sleep_on(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* A child with two threads, which both run. */
static pid_t new_child(pid_t group)
{
	int *running = truth_shared(sizeof(*running));
	pthread_t thread;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, group < 0 ? getpgid(0) : group);
		if (pthread_create(&thread, NULL, sleep_on, NULL))
			_exit(1);
		__atomic_store_n(running, 1, __ATOMIC_SEQ_CST);
		sleep_on(NULL);
	}
	edges_expect(pid > 0, "fork");
	while (!__atomic_load_n(running, __ATOMIC_SEQ_CST))
		truth_sleep_ms(1);
	return pid;
}

/* What the child gets: at its own end, which is counted where it is traced. */
static void expect_delivered(struct truth_channel *channel, pid_t child, int number)
{
	truth_end_of(channel, child);
	signal_delivered(channel, signal_fate_of(channel, child, number), 1);
}

static void end_child(int number)
{
	pid_t child = new_child(-1);
	struct truth_channel *channel = signal_channel(child, NULL);
	int status;

	edges_expect(!KILL(channel, number, PENDING, kill(child, number)), "kill");
	expect_delivered(channel, child, number);
	edges_expect(waitpid(child, &status, 0) == child && WTERMSIG(status) == number, "child");
}

/* SIGCONT acts when it is sent; nobody has a handler for it, so that the kernel then ignores it. */
static void stop_child(void)
{
	pid_t child = new_child(-1);
	struct truth_channel *channel = signal_channel(child, NULL);
	int status;

	edges_expect(!KILL(channel, SIGSTOP, PENDING, kill(child, SIGSTOP)), "SIGSTOP");
	edges_expect(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status), "stopped");
	expect_delivered(channel, child, SIGSTOP);
	edges_expect(!KILL(channel, SIGCONT, IGNORED, kill(child, SIGCONT)), "SIGCONT");
	edges_expect(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status), "continued");
	edges_expect(!KILL(channel, SIGKILL, PENDING, kill(child, SIGKILL)), "SIGKILL");
	expect_delivered(channel, child, SIGKILL);
	edges_expect(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL, "child");
}

/* One call reaches three: it counts at each of them. */
static void end_group(void)
{
	pid_t members[3] = {0};

	for (int i = 0; i < 3; i++)
		members[i] = new_child(members[0]);
	edges_expect(!kill(-members[0], SIGINT), "kill of a group");
	for (int i = 0; i < 3; i++) {
		struct truth_channel *channel = signal_channel(members[i], NULL);

		KILL(channel, SIGINT, PENDING, 0);
		expect_delivered(channel, members[i], SIGINT);
		edges_expect(waitpid(members[i], NULL, 0) == members[i], "child");
	}
}

static void children(void *unused)
{
	(void)unused;
	end_child(SIGKILL);
	end_child(SIGTERM);
	end_child(SIGQUIT);
	stop_child();
	end_group();
}

int main(int argc, char **argv)
{
	static const int numbers[] = {SIGUSR2, SIGPIPE};
	struct sigaction action = {.sa_handler = on_signal};
	bool with_children;

	truth_options_parse(argc, argv);
	signals_init();
	with_children = truth_options.variant && !strcmp(truth_options.variant, "children");
	if (with_children)
		signal(SIGPIPE, SIG_DFL);
	else
		bystander = new_child(-1);
	for (unsigned i = 0; !with_children && i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &action, NULL);
	sigaction(REAL_TIME, &action, NULL);
	sigaction(BY_TIMER, &action, NULL);
	signal(SIGURG, SIG_IGN);
	change_mask(SIG_BLOCK, SIGUSR2);
	change_mask(SIG_BLOCK, REAL_TIME);
	change_mask(SIG_BLOCK, BY_TIMER);
	change_mask(SIG_BLOCK, TO_PROCESS);
	for (unsigned i = 0; i < truth_options.threads; i++)
		truth_worker(0, with_children ? children : edges, NULL, -1);
	truth_serve();
}
