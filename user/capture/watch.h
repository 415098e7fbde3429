/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When to stop: a signal, the end of the targets, the end of the command.
 */
#ifndef IPCTRACE_WATCH_H
#define IPCTRACE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/spawn.h"
#include "cli.h"

struct watch;

enum watch_event {
	WATCH_TIME,    /* the time has come */
	WATCH_SIGNAL,  /* Ctrl-C, SIGTERM, SIGHUP: see watch_last_signal() */
	WATCH_ENDED,   /* all targets, or the command, have ended */
};

/*
 * Blocks the signals that end a run, until a watch takes them. First of all: none may come between.
 * Returns 0 or a negative errno.
 */
int watch_block_signals(void);

/* SPAWN: the command, or NULL. Returns 0 or a negative errno. */
int watch_open(struct watch **watch, const struct options *options, struct spawn *spawn);

/* Waits until UNTIL_NS (CLOCK_MONOTONIC; 0: only looks). */
enum watch_event watch_wait(struct watch *watch, uint64_t until_ns);

/* The signal of the last WATCH_SIGNAL. */
int watch_last_signal(const struct watch *watch);

void watch_close(struct watch *watch);

#endif
