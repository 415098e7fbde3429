/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The live display: the text views, refreshed in place on a terminal (ncursesw).
 */
#ifndef IPCTRACE_SCREEN_H
#define IPCTRACE_SCREEN_H

#include <stdbool.h>

#include "view/views.h"

struct screen;

enum screen_event {
	SCREEN_NOTHING, /* the time is over, or a signal came */
	SCREEN_REDRAW,  /* the size or the choice has changed: draw again */
	SCREEN_QUIT,    /* q, Ctrl-C, or the terminal has gone */
};

/*
 * Takes over the terminal of stdout; the program has called setlocale(LC_CTYPE, "") before, or text
 * beyond ASCII is shown escaped. TITLE (not copied, untrusted text) says what is traced.
 * Choices made by keys start from OPTIONS and never change them. Returns 0, -ENOTTY or -ENOTSUP
 * when this is no terminal or one that cannot do it (then print tables), or -ENOMEM.
 * The terminal is restored by screen_close(), or by exit() at the latest.
 */
int screen_open(struct screen **screen, const char *title, const struct view_options *options);

/*
 * Draws MODEL's last interval. Does nothing while the user has paused the display, except when
 * the last event was SCREEN_REDRAW. Returns 0 or a negative errno.
 */
int screen_draw(struct screen *screen, const struct model *model);

/* What to poll(2) for keys, if the caller has other things to wait for. */
int screen_fd(const struct screen *screen);

/* Waits up to TIMEOUT_MS for a key or a change of size, and acts on it. */
enum screen_event screen_wait(struct screen *screen, int timeout_ms);

/* Restores the terminal. NULL is fine. */
void screen_close(struct screen *screen);

#endif
