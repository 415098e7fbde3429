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

/* What is known of a process; NULL: nothing. */
struct process_record *find_record(struct model_base *base, const struct process_key *key);

/* The object, or a new one that nothing is known of. NULL: out of memory. */
struct object_record *get_object(struct model_base *base, const struct object_key *key);

/* The channel of what goes through an object in one direction; NULL: out of memory. */
struct channel_record *object_channel(struct model_base *base, struct object_record *object,
				      enum direction direction, __u64 destination_key);

/* The same if it is one of this snapshot already, else NULL. */
struct channel_record *known_channel(struct model_base *base, const struct object_record *object,
				     enum direction direction);

/* The same by the object's key. */
struct channel_record *channel_of(struct model_base *base, const struct object_key *key,
				  enum direction direction, __u64 destination_key);

/* edges.c: the object that an edge was received from. */
struct object_key edge_object(const struct edge_key *key);

/* edges.c: the list of edges, once all flows have been put to their channels. Returns 0 or -ENOMEM. */
int derive_edges(struct model *model);

/*
 * The end of a channel that is PROCESS's, made when it is new. HINT: its index in the last snapshot, or any.
 * NULL: out of memory.
 */
struct endpoint *get_endpoint(struct channel_record *record, const struct process *process, unsigned hint);

/* mappings.c: puts all mappings to their channels and processes. Returns 0 or -ENOMEM. */
int derive_mappings(struct model *model);

void flow_counts_add(struct flow_counts *to, const struct flow_counts *from);

/* Puts all flows to their channels and processes. Returns 0 or -ENOMEM. */
int derive_flows(struct model_base *base);

/* holders.c: the same of all holders. */
int derive_holders(struct model_base *base);

#endif
