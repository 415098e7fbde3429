// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep by thread and object: where each thread spends its time asleep.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "file_lock.bpf.h"
#include "health.bpf.h"
#include "table.bpf.h"
#include "wait.bpf.h"

#define MAX_WAITS 65536

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_WAITS);
	__type(key, struct wait_key);
	__type(value, struct wait_value);
} waits SEC(".maps");

static const struct wait_value empty_wait = {};

static __always_inline void add(const struct thread *thread, const struct call *call)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool is_file = is_file_lock(call->operation);
	struct wait_key key = {
		.process = thread->process,
		.tid = task->pid,
		.mechanism = call->mechanism,
		.object = call->object,
		.destination = call->destination,
		.aux = call->mechanism == MECH_NONE && !is_file ? thread->image : call->aux,
		.lock_type = is_file ? LOCK_TYPE_FILE : LOCK_TYPE_FUTEX,
	};
	struct wait_value *wait;

	wait = bpf_map_lookup_elem(&waits, &key);
	if (wait && wait->state.retired) {
		key.generation = 1;
		wait = bpf_map_lookup_elem(&waits, &key);
	}
	if (!wait) {
		table_insertion(TABLE_waits, bpf_map_update_elem(&waits, &key, &empty_wait, BPF_NOEXIST));
		wait = bpf_map_lookup_elem(&waits, &key);
		if (!wait) {
			health_count(HEALTH_MAP_FULL);
			return;
		}
	}
	entry_used(TABLE_waits, &wait->state);
	/* Only this thread writes the entry. */
	wait->count += !!(call->flags & CALL_SLEPT);
	wait->blocked_ns += call->blocked_ns;
	wait->runqueue_ns += call->runqueue_ns;
	__builtin_memcpy(wait->comm, task->comm, sizeof(wait->comm));
}

__noinline int wait_add(const struct thread *thread, const struct call *call)
{
	if (thread && call && !(call->flags & CALL_WITNESS))
		add(thread, call);
	return 0;
}

TABLE_DELETE(waits, struct wait_key)
