/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this process may do: checked before tracing, and given up as soon as everything is attached.
 */
#ifndef IPCTRACE_PRIVILEGES_H
#define IPCTRACE_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * May we trace? Returns 0, or -EPERM with what is needed in ERROR: one line without our name in
 * front and without a newline.
 */
int privileges_check(char *error, size_t size);

/*
 * Gives up every capability that is not needed to go on, for good: the calling thread keeps
 * CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH (for /proc) and, only where STILL_WORKS(CONTEXT) says
 * that reading maps and iterators fails without, CAP_BPF, then CAP_PERFMON, then
 * CAP_SYS_ADMIN. Programs executed later gain nothing; children forked before are unaffected.
 * Returns 0; -EPERM if STILL_WORKS failed even with all of them: then the effective capabilities
 * are as they were; or another negative errno.
 */
int privileges_drop(bool (*still_works)(void *context), void *context);

#endif
