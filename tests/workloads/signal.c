/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals between threads, in every way of sending and of taking them; with --processes those of one process go to
 * the other. Real-time signals are queued: each one arrives. Standard ones are sent one at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_signal.h"

#define MESSAGES 53
#define NUMBERS 15 /* real-time signals that lanes share: some of each kind */

enum way {
	WAITED_FOR, /* sigqueue and kill, sigwaitinfo */
	READ,       /* rt_tgsigqueueinfo, signalfd */
	HANDLED,    /* tgkill, handler */
	ONE_BY_ONE, /* tgkill of a standard signal, sigwaitinfo */
	WAYS,
};

struct lane {
	unsigned number;
	struct truth_channel *channel;
	pid_t pid, tid;   /* of the receiver */
	uint64_t taken;   /* in this way */
	uint64_t way;     /* that the receiver is ready for, plus one; counts on from phase to phase */
	uint64_t sending; /* the ways that the sender has begun */
};

static struct lane *lanes;

static __thread struct lane *own_lane;
static __thread struct signal_fate *own_fate;

static int real_time(const struct lane *lane, enum way way)
{
	unsigned number = truth_options.shared ? 0 : lane->number % (NUMBERS - 1);

	/* Each thread has pending ones of its own; the process has one list. */
	return SIGRTMIN + 1 + (way == WAITED_FOR ? (int)number : NUMBERS);
}

static int send_in(enum way way, const struct lane *lane, bool by_kill)
{
	switch (way) {
	case WAITED_FOR:
		return by_kill ? kill(lane->pid, real_time(lane, way)) :
				 queue_to_process(lane->pid, real_time(lane, way));
	case READ: return queue_to_thread(lane->pid, lane->tid, real_time(lane, way));
	case HANDLED: return tgkill(lane->pid, lane->tid, real_time(lane, way));
	default: return tgkill(lane->pid, lane->tid, SIGUSR2);
	}
}

static void await(const uint64_t *counter, uint64_t value)
{
	while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < value)
		truth_sleep_ms(1);
}

static void lane_send(void *argument)
{
	struct lane *lane = argument;

	for (enum way way = 0; way < WAYS; way++) {
		int number = way == ONE_BY_ONE ? SIGUSR2 : real_time(lane, way);

		await(&lane->way, ++lane->sending);
		for (unsigned i = 0; i < MESSAGES; i++) {
			if (i % 29 == 7)
				truth_sleep_ms(3);
			while (KILL(lane->channel, number, PENDING, send_in(way, lane, i % 2)) < 0) {
				edges_expect(errno == EAGAIN, "send");
				truth_sleep_ms(1);
			}
			if (way == ONE_BY_ONE)
				await(&lane->taken, i + 1);
		}
	}
}

static void on_signal(int number)
{
	(void)number;
	signal_delivered(own_lane->channel, own_fate, 1);
	truth_add(&own_lane->taken, 1);
}

static void take_by_wait(struct lane *lane, int number)
{
	sigset_t set = set_of(number);
	siginfo_t info;
	int taken;

	truth_before();
	taken = sigwaitinfo(&set, lane->taken % 3 ? &info : NULL);
	if (signal_after_taken(lane->channel, taken) < 0)
		edges_expect(errno == EINTR, "sigwaitinfo"); /* another thread was faster */
	else
		truth_add(&lane->taken, taken == number);
}

static void take_by_read(struct lane *lane, int fd, int number)
{
	struct signalfd_siginfo records[3];
	ssize_t got;

	truth_before();
	got = read(fd, records, lane->taken % 2 ? sizeof(records) : sizeof(records[0]) + 7);
	edges_expect(got > 0, "read of a signalfd");
	got /= (ssize_t)sizeof(records[0]);
	truth_after_many(lane->channel, RECEIVED, got, 0);
	truth_add(&signal_fate_of(lane->channel, getpid(), number)->delivered, got);
	truth_add(&lane->taken, got);
}

static void take_by_handler(struct lane *lane, int number)
{
	sigset_t set = set_of(number);

	own_fate = signal_fate_of(lane->channel, getpid(), number);
	truth_end_of(lane->channel, getpid());
	sigaction(number, &(struct sigaction){.sa_handler = on_signal}, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	await(&lane->taken, MESSAGES);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void lane_receive(void *argument)
{
	struct lane *lane = own_lane = argument;

	lane->pid = getpid();
	lane->tid = gettid();
	lane->channel = signal_channel(lane->pid, NULL);
	for (enum way way = 0; way < WAYS; way++) {
		int number = way == ONE_BY_ONE ? SIGUSR2 : real_time(lane, way);
		sigset_t set = set_of(number);
		int fd = way == READ ? signalfd(-1, &set, SFD_CLOEXEC) : -1;

		__atomic_store_n(&lane->taken, 0, __ATOMIC_SEQ_CST);
		truth_add(&lane->way, 1);
		if (way == HANDLED)
			take_by_handler(lane, number);
		while (lane->taken < MESSAGES) {
			if (fd >= 0)
				take_by_read(lane, fd, number);
			else
				take_by_wait(lane, number);
		}
		if (fd >= 0)
			close(fd);
	}
}

int main(int argc, char **argv)
{
	sigset_t all;

	truth_options_parse(argc, argv);
	signals_init();
	sigemptyset(&all);
	sigaddset(&all, SIGUSR2);
	for (int number = SIGRTMIN + 1; number <= SIGRTMIN + 1 + NUMBERS; number++)
		sigaddset(&all, number);
	sigprocmask(SIG_BLOCK, &all, NULL);
	lanes = truth_shared(truth_options.threads * sizeof(*lanes));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		lanes[i].number = i;
		truth_worker(0, lane_send, &lanes[i], -1);
		truth_worker(1, lane_receive, &lanes[i], -1);
	}
	truth_serve();
}
