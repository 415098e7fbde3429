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
#include "futex.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "thread.bpf.h"

static __always_inline enum operation operation_of(__u64 number, bool is_32bit)
{
	if (number >= SYSCALL_TABLE_SIZE)
		return OP_NONE;
	return is_32bit ? operation_of_syscall_32[number] : operation_of_syscall[number];
}

static __always_inline bool is_futex(enum operation operation)
{
	return operation >= OP_FUTEX && operation <= OP_FUTEX_WAITV;
}

static __always_inline bool is_channel(enum operation operation)
{
	return operation >= OP_READ && operation <= OP_MQ_SEND;
}

/*
 * The number at the exit of rt_sigreturn, which restores the interrupted registers: the kernel sets
 * it so that the restored state is not taken for a call to restart.
 */
#define NO_SYSCALL 0xffffffffULL

/* Does the call that begins now go on with the one that was interrupted? */
static __always_inline bool resumes(const struct thread *thread, enum operation operation,
				    __u64 number, const __u64 arguments[3])
{
	const struct call *pending = &thread->pending;

	if (operation == OP_RESTART)
		return true;
	return pending->number == number && pending->arguments[0] == arguments[0] &&
	       pending->arguments[1] == arguments[1] && pending->arguments[2] == arguments[2];
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long syscall)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 number = (__u32)syscall;
	enum operation operation;
	struct thread *thread;
	__u64 arguments[3];
	struct call *call;
	bool is_32bit;

	if (!task->bpf_storage)
		return 0;
	is_32bit = in_32bit_syscall(task);
	operation = operation_of(number, is_32bit);
	if (operation == OP_NONE)
		return 0;
	thread = thread_lookup(task);
	if (!thread)
		return 0;

	thread->fresh = 0;
	thread->off_cpu = OFF_CPU_NOT;
	call = &thread->call;
	for (int i = 0; i < 3; i++)
		arguments[i] = syscall_argument(regs, i, is_32bit);
	if (call_is_pending(thread) && resumes(thread, operation, number, arguments)) {
		*call = thread->pending;
		call->number = number;
		thread->pending.operation = OP_NONE;
		return 0;
	}
	if (operation == OP_UNREADABLE) {
		health_count(HEALTH_UNKNOWN_SYSCALLS_32);
		return 0;
	}
	call->operation = operation;
	call->number = number;
	call->flags = is_32bit ? CALL_32BIT : 0;
	call->mechanism = MECH_NONE;
	call->blocked_ns = 0;
	call->runqueue_ns = 0;
	for (int i = 0; i < 3; i++)
		call->arguments[i] = arguments[i];
	if (is_channel(operation))
		channel_enter(task, thread, regs);
	else if (is_futex(operation))
		futex_enter(thread, regs);
	return 0;
}

/* Ends CALL with RESULT. CALL is the one in flight or a pending one, already taken from its place. */
static __always_inline void call_end(struct task_struct *task, struct thread *thread,
				     struct call *call, long result)
{
	if (is_channel(call->operation))
		channel_exit(task, thread, call, result);
	else if (is_futex(call->operation))
		futex_exit(task, thread, call, result);
}

/*
 * A signal handler has returned. The kernel put the result of the call that the signal interrupted
 * into the registers that rt_sigreturn restores: -EINTR if the handler ended the call.
 */
static __always_inline void handler_end(struct task_struct *task, struct thread *thread, long result)
{
	if (call_is_pending(thread) && result == -EINTR) {
		call_end(task, thread, &thread->pending, -EINTR);
		thread->pending.operation = OP_NONE;
	}
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
	if (!is_channel(operation) && !is_futex(operation))
		return false;
	call->operation = operation;
	call->number = number;
	call->flags = CALL_STRADDLING | (is_32bit ? CALL_32BIT : 0);
	call->mechanism = MECH_NONE;
	call->blocked_ns = 0;
	call->runqueue_ns = 0;
	for (int i = 0; i < 3; i++)
		call->arguments[i] = syscall_argument(regs, i, is_32bit);
	if (is_channel(operation)) {
		channel_enter(task, thread, regs);
		if (call->mechanism == MECH_NONE)
			return false;
	} else {
		futex_enter(thread, regs);
	}
	health_count(HEALTH_STRADDLING_CALLS);
	return true;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	enum operation operation;
	struct thread *thread;
	struct call *call;
	bool is_32bit;
	__u64 number;

	if (!task->bpf_storage)
		return 0;
	is_32bit = in_32bit_syscall(task);
	number = syscall_number(regs);
	operation = number == NO_SYSCALL ? OP_SIGRETURN : operation_of(number, is_32bit);
	if (operation == OP_NONE)
		return 0;
	thread = thread_lookup(task);
	if (!thread)
		return 0;
	if (operation == OP_SIGRETURN) {
		thread->call.operation = OP_NONE;
		handler_end(task, thread, result);
		return 0;
	}
	call = &thread->call;
	/*
	 * Where the kernel skipped the entry's run (missed_runs), the state is of an older call and
	 * the number is likely to differ: such a call is not guessed at.
	 */
	if ((call->operation == OP_NONE || call->number != number) &&
	    !straddles(task, thread, regs, operation, number, is_32bit)) {
		call->operation = OP_NONE;
		return 0;
	}
	if (call_goes_on(result)) {
		if (call_is_pending(thread))
			call_end(task, thread, &thread->pending, -EINTR);
		thread->pending = *call;
	} else {
		call_end(task, thread, call, result);
	}
	call->operation = OP_NONE;
	return 0;
}

static __always_inline void call_abandon(struct task_struct *task, struct thread *thread,
					 struct call *call)
{
	if (is_channel(call->operation))
		channel_abandon(task, thread, call);
	else if (is_futex(call->operation))
		futex_abandon(task, thread, call);
	call->operation = OP_NONE;
}

__hidden int calls_abandon(struct task_struct *task, struct thread *thread)
{
	call_abandon(task, thread, &thread->pending);
	call_abandon(task, thread, &thread->call);
	return 0;
}
