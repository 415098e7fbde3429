/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What we keep of each traced thread: whose it is, the call in flight, and whether it sleeps.
 * An entry in the task storage is the mark of a traced thread.
 */
#ifndef IPCTRACE_THREAD_BPF_H
#define IPCTRACE_THREAD_BPF_H

#include "settings.bpf.h"
#include "tables.h"
#include "thread_state.h"

/* The entry of a traced thread, or NULL; in process.bpf.c, as thread_mark(). */
struct thread *thread_lookup(struct task_struct *task);

/*
 * The same, where most threads are not traced. The test costs these one load: a task without any
 * storage at all is not ours. (The member came with task storage for tracing programs: 5.13,
 * commit a10787e6d58c.)
 */
static __always_inline struct thread *traced_thread(struct task_struct *task)
{
	return task->bpf_storage ? thread_lookup(task) : NULL;
}

/* The same, if it is a target. */
static __always_inline struct thread *target_thread(struct task_struct *task)
{
	struct thread *thread = traced_thread(task);

	return thread && thread->traced == TRACED_TARGET ? thread : NULL;
}

/* The same of a thread that is, or was, traced. */
struct thread *thread_known(struct task_struct *task);

/*
 * Marks TASK; a witness may become a target. FRESH: it may be inside a call. IMAGE: how often its process has
 * exec'd since it is traced. Returns whether it was not marked before.
 */
int thread_mark(struct task_struct *task, bool fresh, __u32 image, enum traced as);

int thread_unmark(struct thread *thread);

/*
 * Is the thread TID of PROCESS traced? For threads other than the current one, that kernels do not let us look
 * up. Global: the verifier looks at it once.
 */
int thread_is_traced(const struct process_key *process, __u32 tid);

/*
 * Threads that are moved between cgroups; only with TARGET_MODE_CGROUP. A thread that was moved marks, or unmarks,
 * itself when it next enters a call: the hook on the move sees but the first one of a process.
 */
extern __u32 cgroup_moves;    /* how often anybody was moved */
extern __u32 cgroup_arriving; /* moves of processes with several threads to the target since the loader's last look */

/* Marks the current thread if it is in the target cgroup by now. FRESH: it is inside a call. */
struct thread *thread_arrives(struct task_struct *task, bool fresh);

/* Unmarks the current thread, which is in no call, if it is no longer in the target cgroup; returns whether. */
int thread_leaves(struct task_struct *task, struct thread *thread);

static __always_inline bool cgroup_has_arrivals(void)
{
	return target_mode == TARGET_MODE_CGROUP && cgroup_arriving;
}

static __always_inline bool call_is_pending(const struct thread *thread)
{
	return thread->pending.operation != OP_NONE;
}

#endif
