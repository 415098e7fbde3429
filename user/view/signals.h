/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which signals went through a channel of signals, and what became of them.
 */
#ifndef IPCTRACE_SIGNALS_H
#define IPCTRACE_SIGNALS_H

#include "model/model.h"

#define SIGNAL_COUNT 65 /* by number; 0: a number that is none */
#define SIGNAL_NAME_SIZE 24

struct signal_counts {
	uint64_t sent;      /* made pending */
	uint64_t delivered; /* to a handler or the default action, or taken by a call */
	uint64_t ignored;
	uint64_t merged;    /* such a one was pending already, so that both are one */
	uint64_t no_room;   /* sigqueue and its kin: EAGAIN */
	uint64_t errors;
};

/* Those of PROCESS, or of all (NULL). */
void signals_count(const struct channel *channel, const struct process *process, enum window w,
		   struct signal_counts counts[SIGNAL_COUNT]);

bool signals_any(const struct signal_counts *counts);

/* As kill(1) knows it: "SIGUSR1", "SIGRTMIN+3"; "signal 32" for those that the C library keeps for itself. */
void signal_name(char name[SIGNAL_NAME_SIZE], unsigned number);

/* "SIGUSR1 211 (2 ignored, 1 merged), SIGTERM 1"; empty for channels of another kind. */
void print_signals(char *text, size_t size, const struct channel *channel, enum window w);

#endif
