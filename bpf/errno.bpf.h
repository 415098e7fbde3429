/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failed calls by flow, or lock, and error number.
 */
#ifndef IPCTRACE_ERRNO_BPF_H
#define IPCTRACE_ERRNO_BPF_H

#include "tables.h"

/* One call of the flow KEY ended in the error with this number, above 0. */
int errno_count(const struct flow_key *key, __u32 error);

/* The same for a call on the lock KEY. */
int errno_count_lock(const struct lock_key *key, __u32 error);

#endif
