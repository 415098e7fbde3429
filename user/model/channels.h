/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Channels from flows and holders; for derive.c alone.
 */
#ifndef IPCTRACE_CHANNELS_H
#define IPCTRACE_CHANNELS_H

#include "model/base.h"

/*
 * The process, or a nameless one for a pid that the kernel's table had no room for. NULL: out of
 * memory.
 */
struct process *get_process(struct model_base *base, const struct process_key *key);

/* The channel of what goes through an object in one direction; NULL: out of memory. */
struct channel_record *channel_of(struct model_base *base, const struct object_key *key,
				  enum direction direction, __u64 destination_key);

/* edges.c: the list of edges, once all flows have been put to their channels. Returns 0 or -ENOMEM. */
int derive_edges(struct model *model);

/* The end of a channel that is PROCESS's, made when it is new; NULL: out of memory. */
struct endpoint *get_endpoint(struct channel_record *record, const struct process *process);

/* mappings.c: puts all mappings to their channels and processes. Returns 0 or -ENOMEM. */
int derive_mappings(struct model *model);

/* Put all flows, then all holders, to their channels and processes. Return 0 or -ENOMEM. */
int derive_flows(struct model_base *base);
int derive_holders(struct model_base *base);

#endif
