// SPDX-License-Identifier: GPL-2.0
/*
 * Failed calls by flow, or lock, and error number. Only calls that fail come here.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "errno.bpf.h"
#include "health.bpf.h"
#include "table.bpf.h"

#define MAX_ERRNOS 32768

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ERRNOS);
	__type(key, struct flow_key);
	__type(value, __u64);
} errnos SEC(".maps");

static __always_inline void add_one(const struct flow_key *key)
{
	__u64 *count = bpf_map_lookup_elem(&errnos, key), none = 0;

	if (!count) {
		table_insertion(TABLE_errnos, bpf_map_update_elem(&errnos, key, &none, BPF_NOEXIST));
		count = bpf_map_lookup_elem(&errnos, key);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		health_count(HEALTH_MAP_FULL);
}

/* Global, not hidden: the verifier looks at it once, not at each call. */
__noinline int errno_count(const struct flow_key *key, __u32 error)
{
	struct flow_key own;

	if (!key)
		return 0;
	own = *key;
	own.error = error;
	add_one(&own);
	return 0;
}

__noinline int errno_count_lock(const struct lock_key *key, __u32 error)
{
	struct flow_key own = {.mechanism = MECH_NONE, .error = error};

	if (!key)
		return 0;
	own.process = key->process;
	own.object = key->address;
	own.aux = key->image;
	own.direction = key->type;
	add_one(&own);
	return 0;
}

TABLE_DELETE(errnos, struct flow_key)
