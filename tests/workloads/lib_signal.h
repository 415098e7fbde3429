/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals, and the truth about them: beside what lib_truth.h counts of each channel, what became of the signals
 * of each number.
 */
#ifndef LIB_SIGNAL_H
#define LIB_SIGNAL_H

#include <signal.h>

#include "lib_truth.h"

/* What became of the signals of one number: at the sender's end of a channel, or (delivered) at the receiver's. */
struct signal_fate {
	bool used;
	unsigned channel; /* its place among those made here */
	pid_t pid;
	int number;
	uint64_t sent, delivered, ignored, merged, no_room, errors;
};

/* The channel of what PID gets; SHOWN: its id, NULL: as that of a process of this program. */
struct truth_channel *signal_channel(pid_t pid, const char *shown);

/* Call before anything else of this file. */
void signals_init(void);

/* The record of one number at the end of this process. */
struct signal_fate *signal_fate_of(struct truth_channel *channel, pid_t pid, int number);

/* The fate that the caller knows a signal has, where the call succeeds. */
enum fate { PENDING, IGNORED, MERGED };

/* After a call that sends (truth_before() went before it). Returns its result and keeps errno. */
int signal_after_sent(struct truth_channel *channel, int number, enum fate fate, long result);

/* After a call that takes signals: RESULT as that of sigtimedwait, with at most one. */
int signal_after_taken(struct truth_channel *channel, int number);

/* COUNT signals of one number taken without a call of their own. Safe in a handler once FATE is known. */
void signal_delivered(struct truth_channel *channel, struct signal_fate *fate, unsigned count);

#define KILL(channel, number, fate, call) (truth_before(), signal_after_sent(channel, number, fate, call))

/* The calls that C libraries of 2022 have no functions for. */
int queue_to_process(pid_t pid, int number);
int queue_to_thread(pid_t pid, pid_t tid, int number);
int kill_by_pidfd(int pidfd, int number, unsigned flags);
int open_pidfd(pid_t pid);

sigset_t set_of(int number);

#endif
