// SPDX-License-Identifier: GPL-2.0
/*
 * The book of processes that are traced, and the marks of their threads, which are entries in the task
 * storage.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "health.bpf.h"
#include "kernel.bpf.h"
#include "process.bpf.h"
#include "table.bpf.h"
#include "thread.bpf.h"

#define MAX_PROCESSES 32768

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_PROCESSES);
	__type(key, struct process_key);
	__type(value, struct process_value);
} processes SEC(".maps");

static const struct process_value empty_process = {};

__hidden struct thread *thread_lookup(struct task_struct *task)
{
	struct thread *thread = bpf_task_storage_get(&threads, task, NULL, 0);

	return thread && thread->traced ? thread : NULL;
}

__hidden struct thread *thread_known(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, NULL, 0);
}

__hidden int process_has_ended(const struct process_key *key)
{
	struct process_key own = *key; /* see TABLE_DELETE */
	struct process_value *process = bpf_map_lookup_elem(&processes, &own);

	return process && process->exited;
}

TABLE_DELETE(processes, struct process_key)

/* Returns whether there was room for the process. */
static __always_inline bool process_add_thread(
	struct task_struct *task, const struct process_key *key, enum traced as)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, key);
	__u32 threads_now;

	if (!process) {
		table_insertion(
			TABLE_processes, bpf_map_update_elem(&processes, key, &empty_process, BPF_NOEXIST));
		process = bpf_map_lookup_elem(&processes, key);
		if (!process)
			return false;
		process->is_witness = as == TRACED_WITNESS;
		process->ppid = BPF_CORE_READ(task, real_parent, tgid);
		process->ns_pid = namespace_pid(task);
		BPF_CORE_READ_STR_INTO(&process->comm, task, group_leader, comm);
	}
	if (as == TRACED_TARGET)
		process->is_witness = 0;
	else if (!process->is_witness && !process->exited)
		return false; /* others of its threads are targets, this one is not (threaded cgroups) */
	process->exited = 0;
	threads_now = __sync_fetch_and_add(&process->threads, 1) + 1;
	if (threads_now > process->max_threads)
		process->max_threads = threads_now;
	return true;
}

__hidden int thread_unmark(struct thread *thread)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, &thread->process);

	thread->traced = TRACED_NOT;
	thread->pending.operation = OP_NONE;
	if (process && __sync_fetch_and_add(&process->threads, -1) == 1)
		process->exited = 1;
	return 0;
}

__hidden int thread_mark(struct task_struct *task, bool fresh, __u32 image, enum traced as)
{
	struct thread *thread;

	if ((__u32)task->tgid == own_pid || (task->flags & PF_KTHREAD))
		return false;
	/*
	 * A thread that has exited is found until somebody has waited for it, but says nothing any more. (A target is listed
	 * even if it ends while we attach.)
	 */
	if (as == TRACED_WITNESS && (task->flags & PF_EXITING))
		return false;
	thread = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		if (as == TRACED_TARGET) /* a witness is found again as it goes on */
			health_count(HEALTH_MAP_FULL);
		return false;
	}
	if (thread->traced == TRACED_TARGET || thread->traced == as)
		return false;
	if (thread->traced == TRACED_WITNESS)
		thread_unmark(thread);
	process_key_of(task, &thread->process);
	thread->fresh = fresh;
	thread->cgroup_moves = cgroup_moves;
	if (image > thread->image) /* one that was left and comes back has had images before */
		thread->image = image;
	if (!process_add_thread(task, &thread->process, as)) {
		if (as == TRACED_WITNESS)
			return false;
		health_count(HEALTH_MAP_FULL);
	}
	thread->traced = as;
	return true;
}

__hidden int process_is_target(const struct process_key *key)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, key);

	return process && !process->exited && !process->is_witness;
}

#define DEATH_SEEN 0x100 /* beyond the numbers of signals */

__hidden int process_dies(const struct process_key *key, __u32 number)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, key);

	if (process)
		__sync_val_compare_and_swap(&process->killed, 0, number);
	return 0;
}

__hidden int process_died(const struct process_key *key)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, key);
	__u32 number = process ? process->killed : 0;

	if (!number || number >= DEATH_SEEN ||
		__sync_val_compare_and_swap(&process->killed, number, DEATH_SEEN | number) != number)
		return 0;
	return number;
}

__hidden int process_execs(struct task_struct *task, struct thread *thread)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, &thread->process);

	thread->image++;
	if (!process)
		return 0;
	process->image = thread->image;
	__builtin_memcpy(process->comm, task->comm, sizeof(process->comm));
	return 0;
}
