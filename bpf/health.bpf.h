/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts what we lose or miss; the causes are in include/health.def.
 */
#ifndef IPCTRACE_HEALTH_BPF_H
#define IPCTRACE_HEALTH_BPF_H

#include "tables.h"

extern __u64 health_counts[HEALTH_COUNT];

static __always_inline void health_count(enum health cause)
{
	__sync_fetch_and_add(&health_counts[cause], 1);
}

#endif
