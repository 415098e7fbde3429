/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of entries that have been taken out of the kernel's tables, and may come up there again: then they
 * count from 0, and what they had counted before is added.
 */
#ifndef IPCTRACE_PAST_H
#define IPCTRACE_PAST_H

#include "model/base.h"

struct flow_past {
	struct flow_counts counts;
	struct histogram sizes, blocked;
};

struct lock_past {
	struct lock_counts counts;
	struct histogram wait;
};

/* The entry is in the table (again). Return 0 or -ENOMEM. */
int flow_returns(struct flow *flow);
int lock_returns(struct lock_record *record);

void flow_past_free(struct flow_past *past);
void lock_past_free(struct lock_past *past);

#endif
