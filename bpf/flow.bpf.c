// SPDX-License-Identifier: GPL-2.0
/*
 * Counters and histograms of flows. Entries are updated in place; only a new flow is inserted.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "delivery.bpf.h"
#include "flow.bpf.h"
#include "health.bpf.h"
#include "histogram.bpf.h"
#include "object.bpf.h"
#include "queue.bpf.h"
#include "table.bpf.h"

#define MAX_FLOWS 131072

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_FLOWS);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
} flows SEC(".maps");

/* Times asleep, apart from the counters: most flows never sleep. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_FLOWS);
	__type(key, struct flow_key);
	__type(value, struct time_histogram);
} flow_sleeps SEC(".maps");

static const struct flow_value empty_flow = {.queue = QUEUE_UNKNOWN};

/* What FLOW, which is new, goes through. Several threads may find it new. */
static __always_inline void describe(const struct flow_key *key, struct flow_value *flow, __u64 file)
{
	struct object_key object_key = {
		.object = key->object,
		.aux = key->aux,
		.mechanism = key->mechanism,
	};
	struct object_value *object;
	__u64 queue = 0;

	object_remember(file, &object_key);
	object = object_get(&object_key);
	if (object)
		queue = queue_of(key, object, SCRATCH_OF_HOOKS);
	if (queue && !delivery_open(key, queue, 0))
		queue = 0;
	if (__sync_val_compare_and_swap(&flow->queue, QUEUE_UNKNOWN, queue) != QUEUE_UNKNOWN && queue)
		delivery_close(queue); /* another thread has opened it for this flow */
}

__hidden struct flow_value *flow_get(struct flow_key *key, __u64 file)
{
	struct flow_value *flow = bpf_map_lookup_elem(&flows, key);

	if (flow && flow->state.retired) {
		key->generation ^= 1;
		flow = bpf_map_lookup_elem(&flows, key);
	}
	if (flow && flow->queue != QUEUE_UNKNOWN) {
		entry_used(TABLE_flows, &flow->state);
		return flow;
	}
	if (!flow) {
		table_insertion(TABLE_flows, bpf_map_update_elem(&flows, key, &empty_flow, BPF_NOEXIST));
		flow = bpf_map_lookup_elem(&flows, key);
	}
	if (!flow) {
		health_count(HEALTH_MAP_FULL);
		return NULL;
	}
	entry_used(TABLE_flows, &flow->state);
	if (file)
		describe(key, flow, file);
	else
		flow->queue = 0;
	return flow;
}

__hidden int flow_exists(const struct flow_key *key)
{
	return bpf_map_lookup_elem(&flows, key) != NULL;
}

__hidden int flows_delete(const struct flow_key *key)
{
	struct flow_key own = *key; /* see TABLE_DELETE */
	struct flow_value *flow = bpf_map_lookup_elem(&flows, &own);
	__u64 queue = flow ? flow->queue : 0;

	table_deletion(TABLE_flows, bpf_map_delete_elem(&flows, &own));
	if (queue)
		delivery_close(queue);
	return 0;
}

TABLE_DELETE(flow_sleeps, struct flow_key)

__hidden struct entry_state *flow_state(const struct flow_key *key)
{
	struct flow_key own = *key; /* see TABLE_DELETE */
	struct flow_value *flow = bpf_map_lookup_elem(&flows, &own);

	return flow ? &flow->state : NULL;
}

/* Global, not hidden: the verifier looks at it once, not at each call. */
__noinline int flow_open(const struct flow_key *key, __u64 file)
{
	struct flow_key own;

	if (!key)
		return 0;
	own = *key; /* before 6.2 (d1673304097c) maps take keys only from the stack */
	flow_get(&own, file);
	return 0;
}

/* Raises *MAXIMUM to VALUE; other CPUs may be doing the same. */
static __always_inline void raise_maximum(__u64 *maximum, __u64 value)
{
	__u64 seen = *maximum;

	for (int tries = 0; tries < 8 && value > seen; tries++) {
		__u64 found = __sync_val_compare_and_swap(maximum, seen, value);

		if (found == seen)
			break;
		seen = found;
	}
}

__hidden int flow_message(struct flow_value *flow, __u64 bytes)
{
	__u32 slot = histogram_slot(bytes, SIZE_STEPS_LOG2);

	if (slot >= SIZE_SLOTS)
		slot = SIZE_SLOTS - 1;
	__sync_fetch_and_add(&flow->messages, 1);
	__sync_fetch_and_add(&flow->bytes, bytes);
	__sync_fetch_and_add(&flow->sizes[slot], 1);
	raise_maximum(&flow->max_bytes, bytes);
	raise_maximum(&flow->min_bytes_inverted, ~bytes);
	return 0;
}

__hidden int flow_sleep(const struct flow_key *key, struct flow_value *flow,
			 const struct call *call)
{
	struct time_histogram *sleeps;

	__sync_fetch_and_add(&flow->blocked_ns, call->blocked_ns);
	__sync_fetch_and_add(&flow->runqueue_ns, call->runqueue_ns);
	if (!(call->flags & CALL_SLEPT))
		return 0;
	sleeps = bpf_map_lookup_elem(&flow_sleeps, key);
	if (!sleeps) {
		table_insertion(TABLE_flow_sleeps, bpf_map_update_elem(&flow_sleeps, key,
								       empty_time_histogram,
								       BPF_NOEXIST));
		sleeps = bpf_map_lookup_elem(&flow_sleeps, key);
	}
	if (sleeps)
		time_histogram_add(sleeps, call->blocked_ns);
	else
		health_count(HEALTH_MAP_FULL);
	return 0;
}
