// SPDX-License-Identifier: GPL-2.0
/*
 * Whom do we trace: has threads marked, and follows clone, fork and exec. Knows nothing about calls but that
 * they can be abandoned.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "calls.bpf.h"
#include "cgroup.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "mapping.bpf.h"
#include "process.bpf.h"
#include "table.bpf.h"
#include "thread.bpf.h"
#include "witness.bpf.h"

#define MAX_PROCESSES 32768
#define MAX_TARGETS 1024

/* include/uapi/linux/sched.h */
#define CLONE_VM 0x00000100
#define CLONE_THREAD 0x00010000

/* Pids or tids given on the command line. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, __u8);
} target_ids SEC(".maps");

/* Processes that hold the other end of a target's channel. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_PROCESSES);
	__type(key, __u32);
	__type(value, __u8);
} witness_ids SEC(".maps");

/* The loader has looked for all that were there at the start. */
__u32 all_are_marked = 0;

/* Threads marked by the iterator, so that the loader knows when there are no more to be found. */
__u32 marked_threads = 0;

__u32 cgroup_moves = 0, cgroup_arriving = 0;

__noinline int thread_is_traced(const struct process_key *process, __u32 tid)
{
	struct process_key key;

	if (!process)
		return false;
	if (target_mode == TARGET_MODE_TIDS && !bpf_map_lookup_elem(&target_ids, &tid))
		return false;
	key = *process; /* before 6.2 (d1673304097c) maps take keys only from the stack */
	return process_is_target(&key);
}

static __always_inline bool mark(struct task_struct *task, bool fresh, __u32 image)
{
	return thread_mark(task, fresh, image, TRACED_TARGET);
}

__hidden int witness_mark(struct task_struct *task)
{
	thread_mark(task, true, 0, TRACED_WITNESS);
	return 0;
}

__hidden int witness_add(__u32 pid)
{
	__u8 yes = 1;

	if (!bpf_map_lookup_elem(&witness_ids, &pid))
		bpf_map_update_elem(&witness_ids, &pid, &yes, BPF_ANY);
	return 0;
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
	case TARGET_MODE_CGROUP:
		return cgroup_holds(task);
	default:
		return false;
	}
}

SEC("iter/task")
int mark_targets(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;

	__u32 pid;

	if (!task)
		return 0;
	pid = task->tgid;
	if (is_target(task)) {
		if (mark(task, true, 0))
			__sync_fetch_and_add(&marked_threads, 1);
	} else if (follow_peers && bpf_map_lookup_elem(&witness_ids, &pid) &&
		   thread_mark(task, true, 0, TRACED_WITNESS)) {
		__sync_fetch_and_add(&marked_threads, 1);
		if (all_are_marked)
			health_count(HEALTH_LATE_WITNESSES);
	}
	return 0;
}

/* Marks a child that is born; it has its parent's mappings unless the two share all of their memory. */
static __always_inline void mark_child(struct task_struct *child, __u64 clone_flags, __u32 image)
{
	struct process_key key;

	if (!mark(child, false, image) || (clone_flags & CLONE_VM))
		return;
	process_key_of(child, &key);
	mapping_fork(child, &key);
}

/* Runs in the parent, before the child runs for the first time. */
static __always_inline int task_begins(struct task_struct *child, __u64 clone_flags)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	bool is_thread = clone_flags & CLONE_THREAD;
	struct thread *thread;

	if (target_mode == TARGET_MODE_ALL) {
		mark_child(child, clone_flags, 0);
		return 0;
	}
	thread = traced_thread(parent);
	if (target_mode == TARGET_MODE_CGROUP && is_target(child)) { /* whatever its parent's is: see clone3 */
		mark_child(child, clone_flags, thread && is_thread ? thread->image : 0);
		return 0;
	}
	if (!thread)
		return 0;
	if (thread->traced == TRACED_TARGET &&
	    (follow_children || (is_thread && target_mode != TARGET_MODE_TIDS && target_mode != TARGET_MODE_CGROUP) ||
	     (target_mode == TARGET_MODE_COMM && is_target(child))))
		mark_child(child, clone_flags, is_thread ? thread->image : 0);
	else if (follow_peers) /* it has what its parent has open */
		thread_mark(child, false, is_thread ? thread->image : 0, TRACED_WITNESS);
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

	if (target_mode != TARGET_MODE_ALL && target_mode != TARGET_MODE_CGROUP &&
	    !traced_thread(bpf_get_current_task_btf()))
		return 0;
	child = bpf_task_from_pid(event->pid);
	if (!child) /* it cannot have ended: it has not run */
		return 0;
	task_begins(child, event->clone_flags);
	bpf_task_release(child);
	return 0;
}

/* By its execve, whether it was a witness or nothing. */
static __always_inline bool becomes_target(struct task_struct *task, const struct thread *thread)
{
	return (thread && thread->armed) || (target_mode == TARGET_MODE_COMM && is_target(task));
}

__hidden struct thread *thread_arrives(struct task_struct *task, bool fresh)
{
	return cgroup_holds(task) && mark(task, fresh, 0) ? thread_lookup(task) : NULL;
}

__hidden int thread_leaves(struct task_struct *task, struct thread *thread)
{
	__u32 moves = cgroup_moves;

	if (thread->cgroup_moves == moves || thread->traced != TRACED_TARGET)
		return 0;
	thread->cgroup_moves = moves;
	if (follow_children || cgroup_holds(task)) /* whoever was followed is not left because it moves */
		return 0;
	thread_unmark(thread);
	return 1;
}

/*
 * TASK has been moved to another cgroup, of whatever hierarchy; if WHOLE, all threads of its process have, and it
 * is the first of them. What runs here cannot be preempted: the hook is inside of a spin lock.
 */
SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *to, const char *path, struct task_struct *task, bool whole)
{
	(void)to;
	(void)path;
	__sync_fetch_and_add(&cgroup_moves, 1);
	if (!is_target(task))
		return 0;
	mark(task, true, 0);
	if (whole && BPF_CORE_READ(task, signal, nr_threads) > 1)
		__sync_fetch_and_add(&cgroup_arriving, 1);
	return 0;
}

/* A thread that called execve is alone in its process by now and has the leader's pid. */
static __always_inline int task_execs(struct task_struct *task)
{
	struct thread *thread = task->bpf_storage ? thread_known(task) : NULL;
	bool was_target = thread && thread->traced == TRACED_TARGET;

	if (thread && thread->traced)
		process_execs(task, thread);
	else if (thread) /* it was left, and may come back */
		thread->image++;
	if (was_target && target_mode == TARGET_MODE_COMM && !follow_children && !is_target(task))
		thread_unmark(thread);
	else if (!was_target && (target_mode == TARGET_MODE_ALL || becomes_target(task, thread)))
		mark(task, false, thread ? thread->image : 0);
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
	calls_abandon(thread);
	thread_unmark(thread);
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
