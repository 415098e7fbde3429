/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is at the ends of a channel, in words. All text is raw: the caller escapes it.
 */
#ifndef IPCTRACE_ENDPOINTS_H
#define IPCTRACE_ENDPOINTS_H

#include <stddef.h>

#include "model/model.h"

/* The contract's word for an endpoint's role: writer, reader, both. */
const char *endpoint_role(const struct endpoint *endpoint);

/* "cat(13)"; PID serves when PROCESS is NULL. */
void print_process(char *text, size_t size, const struct process *process, uint32_t pid);

/* "head(12) -> cat(13)", or "redis(1) <-> bench(2)" where both ends send and receive. */
void print_endpoints(char *text, size_t size, const struct channel *channel);

#endif
