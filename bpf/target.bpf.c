// SPDX-License-Identifier: GPL-2.0
/*
 * Whom do we trace: marks threads by an entry in the task storage, follows clone, fork and exec,
 * and keeps the book of processes. Knows nothing about calls but that they can be abandoned.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "calls.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "thread.bpf.h"

#define MAX_PROCESSES 32768
#define MAX_TARGETS 1024

#define CLONE_THREAD 0x00010000 /* include/uapi/linux/sched.h */

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

/* Pids or tids given on the command line. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, __u8);
} target_ids SEC(".maps");

/* Threads marked by the iterator, so that the loader knows when there are no more to be found. */
__u32 marked_threads = 0;

static const struct process_value empty_process = {};

__hidden struct thread *thread_lookup(struct task_struct *task)
{
	struct thread *thread = bpf_task_storage_get(&threads, task, NULL, 0);

	return thread && thread->traced ? thread : NULL;
}

__noinline int thread_is_traced(const struct process_key *process, __u32 tid)
{
	struct process_value *value;
	struct process_key key;

	if (!process)
		return false;
	if (target_mode == TARGET_MODE_TIDS && !bpf_map_lookup_elem(&target_ids, &tid))
		return false;
	key = *process; /* before 6.2 (d1673304097c) maps take keys only from the stack */
	value = bpf_map_lookup_elem(&processes, &key);
	return value && !value->exited;
}

static __always_inline void process_key_of(struct task_struct *task, struct process_key *key)
{
	key->pid = task->tgid;
	key->started_ms = BPF_CORE_READ(task, group_leader, start_boottime) / 1000000;
}

static __always_inline void process_add_thread(struct task_struct *task,
					       const struct process_key *key)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, key);
	__u32 threads_now;

	if (!process) {
		bpf_map_update_elem(&processes, key, &empty_process, BPF_NOEXIST);
		process = bpf_map_lookup_elem(&processes, key);
		if (!process) {
			health_count(HEALTH_MAP_FULL);
			return;
		}
		process->ppid = BPF_CORE_READ(task, real_parent, tgid);
		BPF_CORE_READ_STR_INTO(&process->comm, task, group_leader, comm);
	}
	process->exited = 0;
	threads_now = __sync_fetch_and_add(&process->threads, 1) + 1;
	if (threads_now > process->max_threads)
		process->max_threads = threads_now;
}

/* Marks TASK. FRESH: it may be inside a call. Returns whether it was not marked before. */
static __always_inline bool mark(struct task_struct *task, bool fresh, __u32 image)
{
	struct thread *thread;

	if ((__u32)task->tgid == own_pid || (task->flags & PF_KTHREAD))
		return false;
	thread = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		health_count(HEALTH_MAP_FULL);
		return false;
	}
	if (thread->traced)
		return false;
	process_key_of(task, &thread->process);
	thread->fresh = fresh;
	if (image > thread->image) /* one that was left and comes back has had images before */
		thread->image = image;
	process_add_thread(task, &thread->process);
	thread->traced = 1;
	return true;
}

static __always_inline bool comm_is_target(const char *comm)
{
	for (int i = 0; i < 16; i++) {
		if (comm[i] != target_comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

/* Is TASK one of those that the command line names? */
static __always_inline bool is_target(struct task_struct *task)
{
	char comm[16] = {};
	__u32 id;

	switch (target_mode) {
	case TARGET_MODE_PIDS:
		id = task->tgid;
		return bpf_map_lookup_elem(&target_ids, &id);
	case TARGET_MODE_TIDS:
		id = task->pid;
		return bpf_map_lookup_elem(&target_ids, &id);
	case TARGET_MODE_COMM:
		BPF_CORE_READ_STR_INTO(&comm, task, group_leader, comm);
		return comm_is_target(comm);
	case TARGET_MODE_ALL:
		return true;
	default:
		return false;
	}
}

SEC("iter/task")
int mark_targets(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;

	if (task && is_target(task) && mark(task, true, 0))
		__sync_fetch_and_add(&marked_threads, 1);
	return 0;
}

/* Runs in the parent, before the child runs for the first time. */
static __always_inline int task_begins(struct task_struct *child, __u64 clone_flags)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	bool is_thread = clone_flags & CLONE_THREAD;
	struct thread *thread;

	if (target_mode == TARGET_MODE_ALL) {
		mark(child, false, 0);
		return 0;
	}
	thread = traced_thread(parent);
	if (!thread)
		return 0;
	if (follow_children || (is_thread && target_mode != TARGET_MODE_TIDS) ||
	    (target_mode == TARGET_MODE_COMM && is_target(child)))
		mark(child, false, is_thread ? thread->image : 0);
	return 0;
}

SEC("?tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *child, unsigned long clone_flags)
{
	return task_begins(child, clone_flags);
}

extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

SEC("?tracepoint/task/task_newtask")
int on_newtask_unpreempted(struct trace_event_raw_task_newtask *event)
{
	struct task_struct *child;

	if (target_mode != TARGET_MODE_ALL && !traced_thread(bpf_get_current_task_btf()))
		return 0;
	child = bpf_task_from_pid(event->pid);
	if (!child) /* it cannot have ended: it has not run */
		return 0;
	task_begins(child, event->clone_flags);
	bpf_task_release(child);
	return 0;
}

static __always_inline void process_exec(struct task_struct *task, struct thread *thread)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, &thread->process);

	thread->image++;
	if (!process)
		return;
	process->image = thread->image;
	__builtin_memcpy(process->comm, task->comm, sizeof(process->comm));
}

static __always_inline void unmark(struct thread *thread)
{
	struct process_value *process = bpf_map_lookup_elem(&processes, &thread->process);

	thread->traced = 0;
	thread->pending.operation = OP_NONE;
	if (process && __sync_fetch_and_add(&process->threads, -1) == 1)
		process->exited = 1;
}

/* A thread that called execve is alone in its process by now and has the leader's pid. */
static __always_inline int task_execs(struct task_struct *task)
{
	struct thread *thread = NULL;

	if (task->bpf_storage)
		thread = bpf_task_storage_get(&threads, task, NULL, 0);
	if (thread && thread->traced) {
		process_exec(task, thread);
		if (target_mode == TARGET_MODE_COMM && !follow_children && !is_target(task))
			unmark(thread);
		return 0;
	}
	if ((thread && thread->armed) || target_mode == TARGET_MODE_ALL ||
	    (target_mode == TARGET_MODE_COMM && is_target(task)))
		mark(task, false, thread ? thread->image + 1 : 0);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	return task_execs(task);
}

SEC("?tracepoint/sched/sched_process_exec")
int on_exec_unpreempted(void *event)
{
	(void)event;
	return task_execs(bpf_get_current_task_btf());
}

static __always_inline int task_exits(struct task_struct *task)
{
	struct thread *thread = traced_thread(task);

	if (!thread)
		return 0;
	calls_abandon(task, thread);
	unmark(thread);
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	return task_exits(task);
}

SEC("?tracepoint/sched/sched_process_exit")
int on_exit_unpreempted(void *event)
{
	(void)event;
	return task_exits(bpf_get_current_task_btf());
}
