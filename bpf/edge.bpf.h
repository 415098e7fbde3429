/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each process delivered to each other one.
 */
#ifndef IPCTRACE_EDGE_BPF_H
#define IPCTRACE_EDGE_BPF_H

#include "tables.h"

/* Adds to an edge. Global: the verifier looks at it once. */
int edge_add(const struct edge_key *key, __u64 messages, __u64 bytes);

#endif
