/* SPDX-License-Identifier: GPL-2.0 */
/* See lib_signal.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_signal.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#define SYS_pidfd_open 434
#endif

#define MOST_CHANNELS 200
#define MOST_FATES 1024

struct known {
	int busy; /* spin lock */
	unsigned channel_count;
	struct truth_channel *channels[MOST_CHANNELS];
	struct signal_fate fates[MOST_FATES];
};
static struct known *known;

static void print_fates(void)
{
	const char *separator = "";

	printf(",\"signals\":[");
	for (unsigned i = 0; i < MOST_FATES && known->fates[i].used; i++) {
		const struct signal_fate *fate = &known->fates[i];

		printf("%s{\"channel\":\"%s\",\"pid\":%d,\"number\":%d,\"sent\":%" PRIu64
		       ",\"delivered\":%" PRIu64 ",\"ignored\":%" PRIu64 ",\"merged\":%" PRIu64
		       ",\"no_room\":%" PRIu64 ",\"errors\":%" PRIu64 "}",
		       separator, known->channels[fate->channel]->id, fate->pid, fate->number, fate->sent,
		       fate->delivered, fate->ignored, fate->merged, fate->no_room, fate->errors);
		separator = ",";
	}
	putchar(']');
	/* They start anew with every phase. */
	for (unsigned i = 0; i < MOST_FATES; i++)
		memset(&known->fates[i].sent, 0, 6 * sizeof(uint64_t));
}

void signals_init(void)
{
	known = truth_shared(sizeof(*known));
	truth_print_more = print_fates;
}

static void lock_known(void)
{
	while (__atomic_exchange_n(&known->busy, 1, __ATOMIC_ACQUIRE))
		;
}

static void unlock_known(void)
{
	__atomic_store_n(&known->busy, 0, __ATOMIC_RELEASE);
}

struct truth_channel *signal_channel(pid_t pid, const char *shown)
{
	struct truth_channel *channel = NULL;
	char id[64];

	if (shown)
		snprintf(id, sizeof(id), "signal:[%s]", shown);
	else
		snprintf(id, sizeof(id), "signal:[%d]", pid);
	lock_known();
	for (unsigned i = 0; i < known->channel_count && !channel; i++)
		if (!strcmp(known->channels[i]->id, id))
			channel = known->channels[i];
	if (!channel) {
		if (known->channel_count == MOST_CHANNELS)
			truth_die("too many channels");
		channel = truth_named_channel("signal", "");
		channel->datagrams = true;
		memcpy(channel->id, id, sizeof(id));
		known->channels[known->channel_count++] = channel;
	}
	unlock_known();
	return channel;
}

struct signal_fate *signal_fate_of(struct truth_channel *channel, pid_t pid, int number)
{
	struct signal_fate *fate = NULL;
	unsigned place = 0;

	if (number > 64)
		number = 0;
	lock_known();
	while (known->channels[place] != channel)
		place++;
	for (unsigned i = 0; i < MOST_FATES && !fate; i++) {
		struct signal_fate *one = &known->fates[i];

		if (!one->used)
			*one = (struct signal_fate){.used = true, .channel = place, .pid = pid, .number = number};
		if (one->channel == place && one->pid == pid && one->number == number)
			fate = one;
	}
	unlock_known();
	if (!fate)
		truth_die("too many signals");
	return fate;
}

int signal_after_sent(struct truth_channel *channel, int number, enum fate fate, long result)
{
	int error = errno;
	struct signal_fate *counts = signal_fate_of(channel, getpid(), number);

	errno = error;
	if (result < 0) {
		truth_after(channel, SENT, -1);
		truth_add(error == EAGAIN ? &counts->no_room : &counts->errors, 1);
	} else if (fate == PENDING) {
		truth_after_many(channel, SENT, 1, 0);
		truth_add(&counts->sent, 1);
	} else {
		truth_after_many(channel, SENT, 0, 0);
		truth_add(fate == IGNORED ? &counts->ignored : &counts->merged, 1);
	}
	errno = error;
	return (int)result;
}

int signal_after_taken(struct truth_channel *channel, int number)
{
	int error = errno;

	if (number < 0) {
		truth_after(channel, RECEIVED, -1);
	} else {
		truth_after_many(channel, RECEIVED, 1, 0);
		truth_add(&signal_fate_of(channel, getpid(), number)->delivered, 1);
	}
	errno = error;
	return number;
}

void signal_delivered(struct truth_channel *channel, struct signal_fate *fate, unsigned count)
{
	for (unsigned i = 0; i < channel->end_count; i++)
		if (channel->ends[i].pid == fate->pid)
			truth_add(&channel->ends[i].figures[RECEIVED].messages, count);
	truth_add(&fate->delivered, count);
}

int queue_to_process(pid_t pid, int number)
{
	return sigqueue(pid, number, (union sigval){.sival_int = 47});
}

int queue_to_thread(pid_t pid, pid_t tid, int number)
{
	siginfo_t info = {.si_signo = number, .si_code = SI_QUEUE};

	return (int)syscall(SYS_rt_tgsigqueueinfo, pid, tid, number, &info);
}

int kill_by_pidfd(int pidfd, int number, unsigned flags)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, flags);
}

int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

sigset_t set_of(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	return set;
}
