/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failed calls by the name of their error.
 */
#ifndef IPCTRACE_ERRNOS_H
#define IPCTRACE_ERRNOS_H

#include "view/lines.h"
#include "view/views.h"

#define ERRNO_NAME_SIZE 32

/* "EPIPE", or "error 524" where there is no name. */
void errno_name(char name[ERRNO_NAME_SIZE], int error);

/* "head(12): EPIPE 3, ECONNRESET 1; cat(13): EAGAIN 2", and of a lock "EINTR 2". Raw text. */
void print_channel_errnos(char *text, size_t size, const struct channel *channel, enum window w);
void print_lock_errnos(char *text, size_t size, const struct lock *lock, enum window w);

/* The same as lines of a page, one for each process. For struct table: ROW is a channel, or a lock. */
unsigned add_channel_errnos(struct lines *lines, const void *row, enum window w);
unsigned add_lock_errnos(struct lines *lines, const void *row, enum window w);

#endif
