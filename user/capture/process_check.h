/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Can these processes and threads be traced? Looked up in /proc before anything is attached.
 * A process may still end between the check and the attaching.
 */
#ifndef IPCTRACE_PROCESS_CHECK_H
#define IPCTRACE_PROCESS_CHECK_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Every one of IDS must be a living process (for _tids: thread) that is neither the kernel's nor
 * our own. Returns 0, or a negative errno for the first that is not, and writes the reason and
 * what to do into ERROR: one line without our name in front and without a newline.
 */
int process_check_pids(const pid_t *ids, unsigned count, char *error, size_t size);
int process_check_tids(const pid_t *ids, unsigned count, char *error, size_t size);

/* The process that thread TID belongs to. Returns 0, -ESRCH (no such thread) or a negative errno. */
int tgid_of_tid(pid_t tid, pid_t *tgid);

/*
 * Do we see the pids that the kernel side sees? Not inside a PID namespace of its own. Returns 0, or a negative
 * errno with a line in ERROR.
 */
int process_check_namespace(char *error, size_t size);

#endif
