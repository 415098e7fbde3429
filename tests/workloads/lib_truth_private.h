/* SPDX-License-Identifier: GPL-2.0 */
/* The records that lib_truth.c fills and lib_serve.c prints; no workload includes this. */
#ifndef LIB_TRUTH_PRIVATE_H
#define LIB_TRUTH_PRIVATE_H

#include "lib_truth.h"

#define MAX_CHANNELS 512
#define MAX_LOCKS 512

struct records {
	int busy;       /* spin lock */
	int phase;      /* workers run once each time it grows */
	int finished;   /* workers end */
	uint64_t done;  /* workers that have done this phase */
	uint64_t ready; /* workers that have started */
	struct truth_channel channels[MAX_CHANNELS];
	struct truth_lock locks[MAX_LOCKS];
};
extern struct records *truth_records;

#endif
