// SPDX-License-Identifier: GPL-2.0
/*
 * What each process delivered to each other one: the counters. Who delivered what is delivery.bpf.c's.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "edge.bpf.h"
#include "health.bpf.h"
#include "table.bpf.h"

#define MAX_EDGES 131072

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_EDGES);
	__type(key, struct edge_key);
	__type(value, struct edge_value);
} edges SEC(".maps");

static const struct edge_value no_edge = {};

__noinline int edge_add(const struct edge_key *given, __u64 messages, __u64 bytes)
{
	struct edge_value *edge;
	struct edge_key key;

	if (!given)
		return 0;
	key = *given; /* before 6.2 (d1673304097c) maps take keys only from the stack */
	edge = bpf_map_lookup_elem(&edges, &key);
	if (edge && edge->state.retired) {
		key.object.mechanism |= EDGE_GENERATION;
		edge = bpf_map_lookup_elem(&edges, &key);
	}
	if (!edge) {
		table_insertion(TABLE_edges, bpf_map_update_elem(&edges, &key, &no_edge, BPF_NOEXIST));
		edge = bpf_map_lookup_elem(&edges, &key);
	}
	if (!edge) {
		health_count(HEALTH_MAP_FULL);
		return 0;
	}
	entry_used(TABLE_edges, &edge->state);
	__sync_fetch_and_add(&edge->messages, messages);
	__sync_fetch_and_add(&edge->bytes, bytes);
	return 0;
}

TABLE_DELETE(edges, struct edge_key)
