/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters and histograms of flows.
 */
#ifndef IPCTRACE_FLOW_BPF_H
#define IPCTRACE_FLOW_BPF_H

#include "tables.h"
#include "thread_state.h"

/*
 * The counters of a flow, for use before the program ends; KEY's generation is set. A new one is inserted, and its
 * object described (from the struct file at FILE; 0: it needs no description). NULL: no room, counted.
 */
struct flow_value *flow_get(struct flow_key *key, __u64 file);

/* Makes a flow if it is new. */
int flow_open(const struct flow_key *key, __u64 file);

/* One message of BYTES. */
int flow_message(struct flow_value *flow, __u64 bytes);

/* Adds the time that CALL slept and waited for a CPU. */
int flow_sleep(const struct flow_key *key, struct flow_value *flow, const struct call *call);

/* Is there such a flow? */
int flow_exists(const struct flow_key *key);

#endif
