// SPDX-License-Identifier: GPL-2.0
/*
 * Sleeping, waking, running: how long the call in flight of a traced thread was asleep, and how
 * long it then waited for a CPU. The two never overlap, and nothing else counts as blocked.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "calls.bpf.h"
#include "file_lock.bpf.h"
#include "futex.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "sched.bpf.h"
#include "splice.bpf.h"
#include "thread.bpf.h"
#include "witness.bpf.h"

/* include/linux/sched.h. Whoever waits for a lock is in it; the kernel's own pauses for memory are not. */
#define TASK_INTERRUPTIBLE 1
#define TASK_WAKING 0x200

static __always_inline long task_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return BPF_CORE_READ((struct task_struct___before_5_14 *)task, state);
}

/* THREAD is on a CPU again: its call was asleep and in the run queue until then. */
static __always_inline void arrive(struct thread *thread)
{
	struct call *call = &thread->call;
	__u64 now = bpf_ktime_get_ns();

	/* NOLINTNEXTLINE(bugprone-branch-clone): the order of the conditions matters */
	if (thread->off_cpu == OFF_CPU_PREEMPTED) {
		call->runqueue_ns += now - thread->off_cpu_ns;
	} else if (thread->woken_ns >= thread->off_cpu_ns) {
		call->blocked_ns += thread->woken_ns - thread->off_cpu_ns;
		call->flags |= CALL_SLEPT;
		call->runqueue_ns += now - thread->woken_ns;
	} else if (thread->woken_ns) {
		/* The waker had begun before the sleeper was off its CPU: it did not sleep. */
		call->runqueue_ns += now - thread->off_cpu_ns;
	} else {
		/* The wake could not be recorded; all of it may have been sleep. */
		call->blocked_ns += now - thread->off_cpu_ns;
		call->flags |= CALL_SLEPT;
		health_count(HEALTH_STORAGE_BUSY);
	}
	thread->off_cpu = OFF_CPU_NOT;
	thread->woken_ns = 0;
}

__hidden int sched_arrived_unseen(struct thread *thread)
{
	if (thread->woken_ns) /* else arrive() counts it */
		health_count(HEALTH_STORAGE_BUSY);
	arrive(thread);
	return 0;
}

/* A receive sleeps for want of data. */
static __always_inline void found_nothing(struct thread *thread)
{
	struct call *call = &thread->call;

	if (call->mechanism == MECH_NONE || call->direction != DIRECTION_RECEIVE)
		return;
	call->entered_ns = thread->off_cpu_ns;
	call->flags |= CALL_FOUND_NOTHING;
}

/*
 * What state THREAD has given up the CPU in; 0: it could go on. Somebody on another CPU may have begun to wake it by
 * now, and have changed the state of its task: the hook's fourth argument is what it was. Without that, what sleep it
 * was is lost; most are interruptible.
 */
static __always_inline long state_left(const struct thread *thread, struct task_struct *task, const __u64 *arguments)
{
	long now = task_state(task);

	if (!switch_tells_state)
		return now == TASK_WAKING ? TASK_INTERRUPTIBLE : now;
	/* Nobody has woken it: __schedule() lets it go on for a signal. The argument tells only since 8feb053d5319, 6.16. */
	if (now == 0 && !thread->woken_ns)
		return 0;
	return (__u32)arguments[3];
}

/* PREVIOUS leaves the CPU: asleep if it has given it up of its own will. */
static __always_inline void leave(struct task_struct *previous, bool preempted, const __u64 *arguments)
{
	struct thread *thread = traced_thread(previous);
	long state;

	if (!thread || thread->call.operation == OP_NONE)
		return;
	if (thread->off_cpu != OFF_CPU_NOT)
		sched_arrived_unseen(thread);
	thread->off_cpu_ns = bpf_ktime_get_ns();
	if (thread->call.direction == DIRECTION_SEND && !thread->call.entered_ns)
		thread->call.entered_ns = thread->off_cpu_ns;
	state = state_left(thread, previous, arguments);
	if (preempted || state == 0) {
		thread->off_cpu = OFF_CPU_PREEMPTED;
		return;
	}
	thread->off_cpu = OFF_CPU_ASLEEP;
	if (thread->call.operation >= OP_FUTEX && thread->call.operation <= OP_FUTEX_WAITV)
		futex_sleep(thread);
	else if (is_splice(thread->call.operation))
		splice_sleep(thread);
	else if (is_file_lock(thread->call.operation) && (state & TASK_INTERRUPTIBLE))
		file_lock_sleep(thread);
	else if (state & TASK_INTERRUPTIBLE) /* locks inside the kernel are waited for in other states */
		found_nothing(thread);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool preempted, struct task_struct *previous,
	     struct task_struct *next)
{
	struct thread *thread;

	leave(previous, preempted, ctx);
	thread = traced_thread(next);
	if (thread && thread->off_cpu != OFF_CPU_NOT)
		arrive(thread);
	return 0;
}

static __always_inline bool is_in_target_call(const struct thread *thread)
{
	return thread && thread->traced == TRACED_TARGET && thread->call.operation != OP_NONE &&
	       thread->call.mechanism != MECH_NONE;
}

/*
 * Whoever wakes a target from its channel, or is woken by what a target does to one, is likely to be at the other
 * end. (Or is just on the CPU that an interrupt came to: then it does none of our calls.)
 */
static __always_inline void find_witness(struct task_struct *task, struct thread *thread)
{
	struct task_struct *waker = bpf_get_current_task_btf();
	struct thread *waking = traced_thread(waker);

	if (!thread && is_in_target_call(waking))
		witness_mark(task);
	else if (!waking && is_in_target_call(thread) && thread->off_cpu == OFF_CPU_ASLEEP &&
		 calls_is_in_one(waker))
		witness_mark(waker);
}

SEC("tp_btf/sched_waking")
int BPF_PROG(on_sched_waking, struct task_struct *task)
{
	struct thread *thread = traced_thread(task);

	if (follow_peers)
		find_witness(task, thread);
	if (!thread || thread->call.operation == OP_NONE)
		return 0;
	if (is_file_lock(thread->call.operation) && thread->off_cpu == OFF_CPU_ASLEEP && !thread->woken_ns)
		file_lock_wake(thread);
	thread->woken_ns = bpf_ktime_get_ns();
	return 0;
}
