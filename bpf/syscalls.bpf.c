// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks on system call entry and exit: is it ours, what does it do, who handles it.
 * Knows nothing about files, counters or futexes.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "calls.bpf.h"
#include "channel.bpf.h"
#include "decode.bpf.h"
#include "delivery.bpf.h"
#include "file_lock.bpf.h"
#include "framing.bpf.h"
#include "futex.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "mapping.bpf.h"
#include "object.bpf.h"
#include "sched.bpf.h"
#include "signal.bpf.h"
#include "splice.bpf.h"
#include "thread.bpf.h"
#include "witness.bpf.h"

static __always_inline bool is_futex(enum operation operation)
{
	return operation >= OP_FUTEX && operation <= OP_FUTEX_WAITV;
}

static __always_inline bool is_lock(enum operation operation)
{
	return is_futex(operation) || is_file_lock(operation);
}

static __always_inline bool is_channel(enum operation operation)
{
	return (operation >= OP_READ && operation <= OP_MQ_SEND) ||
	       (operation >= OP_SIGNAL_WAIT && operation <= OP_SEM_OPERATE) ||
	       operation == OP_PROCESS_VM_READ || operation == OP_PROCESS_VM_WRITE;
}

static __always_inline bool is_kill(enum operation operation)
{
	return operation >= OP_KILL && operation <= OP_PIDFD_KILL;
}

/*
 * The number at the exit of rt_sigreturn, which restores the interrupted registers: the kernel sets
 * it so that the restored state is not taken for a call to restart.
 */
#define NO_SYSCALL 0xffffffffULL

/* Does the call that begins now go on with the one that was interrupted? */
static __always_inline bool resumes(const struct thread *thread, __u64 number)
{
	const struct call *call = &thread->call, *pending = &thread->pending;

	if (call->operation == OP_RESTART)
		return true;
	if (pending->number != number)
		return false;
	for (int i = 0; i < 3; i++)
		if (pending->arguments[i] != call->arguments[i])
			return false;
	return true;
}

/* Most sends do with the time at which they first leave the CPU, if they do, which needs no further reading. */
static __always_inline bool needs_clock(const struct call *call)
{
	if (call->mechanism == MECH_NONE)
		return false;
	return overlaps_matter || is_splice(call->operation) ||
	       (call->direction == DIRECTION_SEND && may_be_dropped(call->mechanism));
}

/* Begins the call in flight, which is decoded. */
static __always_inline void call_begin(struct task_struct *task, struct thread *thread, __u64 number,
				       __u16 flags)
{
	struct call *call = &thread->call;

	call->number = number;
	call->flags = flags;
	call->mechanism = MECH_NONE;
	call->blocked_ns = 0;
	call->runqueue_ns = 0;
	if (thread->traced == TRACED_WITNESS)
		call->flags |= CALL_WITNESS;
	if (is_channel(call->operation) || call->operation == OP_CONNECT)
		channel_enter(task, thread);
	else if (is_futex(call->operation))
		futex_enter(thread);
	else if (is_splice(call->operation))
		splice_enter(task, thread);
	else if (is_mapping(call->operation))
		mapping_enter(task, thread);
	else if (is_file_lock(call->operation))
		file_lock_enter(task, thread);
	call->entered_ns = needs_clock(call) ? bpf_ktime_get_ns() : 0;
}

static __always_inline bool is_of_targets_alone(enum operation operation)
{
	return is_lock(operation) || is_mapping(operation) || operation == OP_UNREADABLE || operation == OP_URING ||
	       operation == OP_OPEN_PAIR || operation == OP_OPEN_SOCKETS || operation == OP_SIGNAL_WAIT ||
	       (operation >= OP_PROCESS_VM_READ && operation <= OP_PIDFD_KILL);
}

/* Who has come to the target cgroup may have been a witness before. */
static __always_inline struct thread *find_thread(struct task_struct *task, bool inside)
{
	struct thread *thread = thread_lookup(task), *arrived = NULL;

	if (cgroup_has_arrivals() && (!thread || thread->traced == TRACED_WITNESS))
		arrived = thread_arrives(task, inside);
	return arrived ? arrived : thread;
}

static __always_inline int call_enters(struct task_struct *task, struct pt_regs *regs, __u64 number)
{
	bool is_32bit = in_32bit_syscall(task);
	enum operation operation;
	struct thread *thread;

	operation = operation_of(number, is_32bit);
	if (operation == OP_NONE)
		return 0;
	thread = find_thread(task, false);
	if (!thread)
		return 0;
	if (target_mode == TARGET_MODE_CGROUP && !call_is_pending(thread) && thread_leaves(task, thread))
		return 0;

	thread->fresh = 0;
	thread->off_cpu = OFF_CPU_NOT;
	thread->woken_ns = 0;
	decode(&thread->call, regs, operation, is_32bit);
	if (call_is_pending(thread) && resumes(thread, number)) {
		thread->call = thread->pending;
		thread->call.number = number;
		thread->pending.operation = OP_NONE;
		return 0;
	}
	if (thread->traced == TRACED_WITNESS && is_of_targets_alone(thread->call.operation)) {
		thread->call.operation = OP_NONE;
		return 0;
	}
	if (operation == OP_UNREADABLE || operation == OP_URING) {
		if (operation == OP_UNREADABLE)
			health_count(HEALTH_UNKNOWN_SYSCALLS_32);
		else if (!uring_is_followed)
			health_count(HEALTH_UNCOVERED_CALLS);
		thread->call.operation = OP_NONE;
		return 0;
	}
	call_begin(task, thread, number, is_32bit ? CALL_32BIT : 0);
	return 0;
}

/* What most threads pay: see traced_thread(). */
static __always_inline bool is_candidate(struct task_struct *task)
{
	return task->bpf_storage || cgroup_has_arrivals();
}

/*
 * Each hook that can be preempted exists twice, and session.c chooses. Where the kernel runs the raw
 * tracepoint's programs preemptibly, a thread that loses its CPU inside of one keeps all others on that CPU
 * out of that program, and their calls are missed. The programs of the perf event, which cost some 80 ns
 * more on a 2.6 GHz EPYC, run with preemption off on all kernels. (The scheduler's hooks run with interrupts
 * off anyway.)
 */
SEC("?tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long number)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return is_candidate(task) ? call_enters(task, regs, (__u32)number) : 0;
}

SEC("?tracepoint/raw_syscalls/sys_enter")
int on_sys_enter_unpreempted(struct trace_event_raw_sys_enter *event)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!is_candidate(task))
		return 0;
	return call_enters(task, (struct pt_regs *)bpf_task_pt_regs(task), (__u32)event->id);
}

/* A target has one or two new descriptors; or a witness one, which may be a target's channel. */
static __always_inline void opened(struct task_struct *task, const struct call *call, long result)
{
	__u32 pair[2] = {};

	if (result < 0)
		return;
	if (call->flags & CALL_WITNESS) {
		if (newcomers & NEWCOMERS_OPEN)
			witness_comes(object_file(task, result));
		return;
	}
	if (call->operation == OP_OPEN) {
		witness_share(object_file(task, result), SCRATCH_OF_HOOKS);
		return;
	}
	if (bpf_probe_read_user(pair, sizeof(pair), (void *)(call->operation == OP_OPEN_SOCKETS
									    ? call->arguments[3]
									    : call->arguments[0])))
		health_count(HEALTH_UNREADABLE_MEMORY);
	witness_share(object_file(task, pair[0]), SCRATCH_OF_HOOKS);
	witness_share(object_file(task, pair[1]), SCRATCH_OF_HOOKS);
}

/* Ends CALL with RESULT. CALL is the one in flight or a pending one, already taken from its place. */
static __always_inline void call_end(struct task_struct *task, struct thread *thread,
				     struct call *call, long result)
{
	if (is_channel(call->operation))
		channel_exit(thread, call, result);
	else if (call->operation == OP_CONNECT)
		channel_connected(call);
	else if (is_futex(call->operation))
		futex_exit(thread, call, result);
	else if (is_splice(call->operation))
		splice_exit(thread, call, result);
	else if (is_file_lock(call->operation))
		file_lock_exit(thread, call, result);
	else if (call->operation >= OP_OPEN && call->operation <= OP_OPEN_SOCKETS)
		opened(task, call, result);
	else if (is_kill(call->operation))
		signal_sent(task, thread, call, result);
	else if (is_mapping(call->operation))
		mapping_exit(task, thread, call, result);
}

/* The first exit of a thread that was inside a call when we marked it. */
static __always_inline bool straddles(struct task_struct *task, struct thread *thread,
				      struct pt_regs *regs, enum operation operation, __u64 number,
				      bool is_32bit)
{
	struct call *call = &thread->call;

	if (!thread->fresh || call->operation != OP_NONE)
		return false;
	thread->fresh = 0;
	decode(call, regs, operation, is_32bit);
	if (!is_channel(call->operation) && !is_lock(call->operation) && !is_splice(call->operation))
		return false;
	if (thread->traced == TRACED_WITNESS && is_of_targets_alone(call->operation))
		return false;
	call_begin(task, thread, number, CALL_STRADDLING | (is_32bit ? CALL_32BIT : 0));
	call->entered_ns = LONG_AGO;
	if (!is_lock(call->operation) && call->mechanism == MECH_NONE)
		return false;
	health_count(HEALTH_STRADDLING_CALLS);
	return true;
}

/*
 * A thread that is not traced has connected or opened something: if that is a target's channel it is a witness from
 * here on, and the channel is counted. (Calls by way of the 32-bit socketcall are not looked at.)
 */
static __noinline int newcomer_exits(struct task_struct *task, struct pt_regs *regs, enum operation operation,
				     long result)
{
	long fd = -1;

	if (operation == OP_CONNECT && (newcomers & NEWCOMERS_CONNECT) && (!result || result == -EINPROGRESS))
		fd = syscall_argument(regs, 0, in_32bit_syscall(task));
	else if (operation == OP_OPEN && (newcomers & NEWCOMERS_OPEN))
		fd = result;
	if (fd < 0 || !witness_comes(object_file(task, fd)))
		return 0;
	witness_mark(task);
	return witness_add(task->tgid);
}

static __always_inline int call_exits(struct task_struct *task, struct pt_regs *regs, long result)
{
	bool is_32bit = in_32bit_syscall(task), goes_on = false;
	__u64 number = syscall_number(regs);
	enum operation operation;
	struct thread *thread;
	struct call *ended;

	operation = number == NO_SYSCALL ? OP_SIGRETURN : operation_of(number, is_32bit);
	if (operation == OP_NONE || (!is_candidate(task) && operation != OP_CONNECT && operation != OP_OPEN))
		return 0;
	thread = find_thread(task, true);
	if (!thread)
		return newcomers ? newcomer_exits(task, regs, operation, result) : 0;
	ended = &thread->call;
	if (thread->off_cpu != OFF_CPU_NOT)
		sched_arrived_unseen(thread);
	if (operation == OP_SIGRETURN) {
		/*
		 * A signal handler has returned. The kernel put the result of the call that the signal
		 * interrupted into the registers that rt_sigreturn restores: -EINTR if the handler ended
		 * the call. Those of a 32-bit program are not sign-extended.
		 */
		ended->operation = OP_NONE;
		if ((__s32)result == -EINTR)
			ended = &thread->pending;
		result = -EINTR;
	} else if ((ended->operation == OP_NONE || ended->number != number) &&
		   !straddles(task, thread, regs, operation, number, is_32bit)) {
		/*
		 * Where the kernel skipped the entry's run (missed_runs), the state is of an older call
		 * and the number is likely to differ: such a call is not guessed at.
		 */
		ended->operation = OP_NONE;
		return 0;
	} else if (call_goes_on(result)) {
		/* Whatever was pending is given up for it. */
		goes_on = true;
		ended = &thread->pending;
		result = -EINTR;
	}
	if (ended->operation != OP_NONE)
		call_end(task, thread, ended, result);
	ended->operation = OP_NONE;
	if (goes_on) {
		thread->pending = thread->call;
		thread->call.operation = OP_NONE;
	}
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return is_candidate(task) || newcomers ? call_exits(task, regs, result) : 0;
}

SEC("?tracepoint/raw_syscalls/sys_exit")
int on_sys_exit_unpreempted(struct trace_event_raw_sys_exit *event)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!is_candidate(task) && !newcomers)
		return 0;
	return call_exits(task, (struct pt_regs *)bpf_task_pt_regs(task), event->ret);
}

static __always_inline void call_abandon(struct thread *thread, struct call *call)
{
	if (is_channel(call->operation))
		channel_abandon(thread, call);
	else if (is_futex(call->operation))
		futex_abandon(thread, call);
	else if (is_splice(call->operation))
		splice_abandon(thread, call);
	else if (is_file_lock(call->operation))
		file_lock_abandon(thread, call);
	call->operation = OP_NONE;
}

__hidden int calls_is_in_one(struct task_struct *task)
{
	struct pt_regs *regs;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return true;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return operation_of(syscall_number(regs), in_32bit_syscall(task)) != OP_NONE;
}

__hidden int calls_abandon(struct thread *thread)
{
	call_abandon(thread, &thread->pending);
	call_abandon(thread, &thread->call);
	return 0;
}
