// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that processes send to each other: who, whom, which, and what became of them. What counts is what
 * the kernel says of a signal, that a process sent it (SI_USER, SI_QUEUE, SI_TKILL and other codes of
 * programs' own); SIGCHLD of a child that ends, faults, timers, terminals and SIGPIPE are the kernel's and do
 * not.
 *
 * Both hooks run with interrupts off, under the lock of the receiver's signals: nothing can preempt them, and
 * no run may add two entries to one map (from 6.1 on what a map has in stock, which may be one, is renewed by
 * an interrupt). So what describes a process is kept of strangers only.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "edge.bpf.h"
#include "errno.bpf.h"
#include "flow.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "object.bpf.h"
#include "process.bpf.h"
#include "signal.bpf.h"
#include "thread.bpf.h"

/* include/uapi/asm-generic/siginfo.h: codes below 0 are programs' own, but for these. */
#define SI_USER    0
#define SI_TIMER   (-2)
#define SI_SIGIO   (-5)
#define SI_ASYNCNL (-60)
#define SI_KERNEL  0x80

#define MAX_SIGNAL        64
#define SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h */

/* What sends without a struct kernel_siginfo (SEND_SIG_NOINFO, SEND_SIG_PRIV in
 * include/linux/sched/signal.h). */
#define NO_INFO    0
#define PRIVILEGED 1

/* struct siginfo and struct signalfd_siginfo as user programs have them. */
#define SIGINFO_CODE  8
#define SIGNALFD_SIZE 128
#define SIGNALFD_MOST 1024 /* records of one read that are looked at */
#define SIGNALFD_STEP 8

struct signalfd_record {
	__u32 number;
	__s32 error, code;
};

static __always_inline bool is_from_process(int code)
{
	return code == SI_USER || (code < 0 && !(code <= SI_TIMER && code >= SI_SIGIO) && code != SI_ASYNCNL);
}

/* The code of the struct kernel_siginfo at INFO, which may be one of the two special values. */
static __always_inline int code_of(__u64 info)
{
	struct kernel_siginfo *details;

	if (info == NO_INFO)
		return SI_USER;
	if (info == PRIVILEGED)
		return SI_KERNEL;
	details = KERNEL_POINTER(struct kernel_siginfo, info);
	return KERNEL_READ(details, si_code);
}

static __always_inline __u64 bit_of(__u32 number)
{
	return 1ULL << ((number - 1) & 63);
}

static __always_inline struct flow_key key_of(const struct process_key *process,
	const struct process_key *receiver, enum direction direction, __u64 kind)
{
	return (struct flow_key){
		.process = *process,
		.object = receiver->pid,
		.destination = kind,
		.aux = receiver->started_ms,
		.mechanism = MECH_SIGNAL,
		.direction = direction,
	};
}

/* The process RECEIVER, which is traced, has taken signal NUMBER. */
static __always_inline void received(const struct process_key *receiver, __u32 number)
{
	struct flow_key key =
		key_of(receiver, receiver, DIRECTION_RECEIVE, SIGNAL_KIND(number, SIGNAL_PENDING));
	struct flow_value *flow = flow_get(&key, 0);

	if (flow)
		flow_message(flow, 0);
}

/* Is the signal that THREAD takes one that a process has sent? */
static __always_inline bool is_sent(struct thread *thread, __u32 number, int code)
{
	__u64 bit = bit_of(number);

	if (code == SI_USER && (thread->own_signals & bit)) {
		thread->own_signals &= ~bit;
		return false;
	}
	return is_from_process(code);
}

static __always_inline bool is_pending(__u32 result)
{
	return result == SIGNAL_PENDING || result == SIGNAL_NAMELESS;
}

/* The sender is no target: its name comes with the object that it is itself. */
static __always_inline void remember_stranger(const struct process_key *process)
{
	struct object_key object = {
		.object = process->pid,
		.aux = process->started_ms,
		.mechanism = MECH_SIGNAL,
	};

	object_remember(bpf_get_current_task(), &object);
}

/* STRANGER: the address of a thread of the receiver, 0 if that is traced. */
static __always_inline void sent(const struct process_key *sender, const struct process_key *receiver,
	__u32 number, __u32 result, __u64 stranger)
{
	struct flow_key key = key_of(sender, receiver, DIRECTION_SEND, SIGNAL_KIND(number, result));
	struct flow_value *flow = flow_get(&key, stranger);
	struct edge_key edge = {
		.from = *sender,
		.to = *receiver,
		.object = {.object = receiver->pid, .aux = receiver->started_ms, .mechanism = MECH_SIGNAL},
	};

	if (!flow)
		return;
	__sync_fetch_and_add(&flow->calls, 1);
	if (is_pending(result)) {
		flow_message(flow, 0);
		edge_add(&edge, 1, 0);
	} else if (result == SIGNAL_NO_ROOM) {
		__sync_fetch_and_add(&flow->would_block, 1);
	}
}

/*
 * A signal that ends the whole process is never delivered as such: complete_signal() has marked each of its
 * threads for death by now, and whichever comes first says SIGKILL (get_signal()).
 */
static __always_inline bool was_fatal(struct task_struct *task, __u32 number)
{
	struct signal_struct *signal = task->signal;

	return (signal->flags & SIGNAL_GROUP_EXIT) && signal->group_exit_code == (int)number;
}

/* Arguments that are pointers are read from the context: what the verifier takes them for differs. */
SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal_generate, int number, void *info, struct task_struct *task, int group, int result)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct process_key sender, receiver;
	__u64 details = 0, address = 0;
	struct thread *thread;

	(void)info;
	(void)group;
	/* Single threads that are traced need not be their processes' first ones. */
	if (!is_wanted(MECH_SIGNAL) || (!current->bpf_storage && !task->group_leader->bpf_storage &&
					       target_mode != TARGET_MODE_TIDS))
		return 0;
	bpf_probe_read_kernel(&details, sizeof(details), ctx + 1);
	bpf_probe_read_kernel(&address, sizeof(address), ctx + 2);
	if (!is_from_process(code_of(details)))
		return 0;
	thread = target_thread(current);
	process_key_of(current, &sender);
	process_key_of(task, &receiver);
	if (details == NO_INFO && sender.pid == receiver.pid) {
		/* Nobody called: send_sig() for something that the thread did, as writing without a reader.
		 */
		if (thread && is_pending(result))
			thread->own_signals |= bit_of(number);
		return 0;
	}
	if (process_is_target(&receiver)) {
		sent(&sender, &receiver, number, result, 0);
		if (is_pending(result) && was_fatal(task, number))
			process_dies(&receiver, number);
		if (!process_is_target(&sender))
			remember_stranger(&sender);
	} else if (thread) {
		sent(&sender, &receiver, number, result, address);
	}
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal_deliver, int number, void *info, void *action)
{
	struct thread *thread = target_thread(bpf_get_current_task_btf());
	__u64 details = 0;

	(void)info;
	(void)action;
	if (!thread || !is_wanted(MECH_SIGNAL))
		return 0;
	bpf_probe_read_kernel(&details, sizeof(details), ctx + 1);
	if (details == NO_INFO)
		number = process_died(&thread->process);
	else if (!is_sent(thread, number, code_of(details)))
		number = 0;
	if (number)
		received(&thread->process, number);
	return 0;
}

__hidden int signal_file_enter(struct thread *thread)
{
	struct call *call = &thread->call;

	call->object = thread->process.pid;
	call->aux = thread->process.started_ms;
	call->file = 0;
	return 0;
}

/* A call has taken a signal. Global: see vector_message. Each frame counts here, for the depth of calls. */
__noinline int signal_take(struct thread *thread, __u32 number, int code)
{
	if (thread && is_sent(thread, number, code))
		received(&thread->process, number);
	return 0;
}

/* A word of a vector in user memory. Global: see signal_take. */
__noinline __u64 vector_word(__u64 address, __u32 is_32bit)
{
	return user_word(address, is_32bit);
}

static __always_inline void waited(struct thread *thread, const struct call *call, __u32 number)
{
	__u64 info = call->arguments[1];
	int code = SI_USER;

	/* Who did not ask where it came from cannot be asked. */
	if (info && bpf_probe_read_user(&code, sizeof(code), (void *)(info + SIGINFO_CODE)))
		health_count(HEALTH_UNREADABLE_MEMORY);
	signal_take(thread, number, code);
}

/* The record that a signalfd has put at ADDRESS in user memory. */
static __always_inline void record_read(struct thread *thread, __u64 address)
{
	struct signalfd_record record = {};

	if (bpf_probe_read_user(&record, sizeof(record), (void *)address) || !record.number ||
		record.number > MAX_SIGNAL)
		health_count(HEALTH_UNREADABLE_MEMORY);
	else if (is_sent(thread, record.number, record.code))
		received(&thread->process, record.number);
}

/*
 * COUNT records, or as many as one step takes. One loop of all steps' turns would keep the verifier busy.
 */
__noinline int signal_take_records(struct thread *thread, __u64 address, __u32 count)
{
	for (__u32 i = 0; i < SIGNALFD_STEP && i < count && thread; i++)
		record_read(thread, address + (__u64)i * SIGNALFD_SIZE);
	return 0;
}

__noinline int signal_taken(struct thread *thread, const struct call *call, long result)
{
	__u32 count = (__u64)result / SIGNALFD_SIZE, looked_at = count, is_32bit;
	__u64 address;

	if (!thread || !call)
		return 0;
	if (call->operation == OP_SIGNAL_WAIT) {
		waited(thread, call, result);
		return 0;
	}
	address = call->arguments[1];
	/* read has room for as many bytes, readv has not as many parts; only its first one is looked at. */
	if (call->arguments[2] < (__u64)result) {
		is_32bit = call->flags & CALL_32BIT;
		looked_at = vector_word(address + (is_32bit ? 4 : 8), is_32bit) / SIGNALFD_SIZE;
		address = vector_word(address, is_32bit);
	}
	if (count > SIGNALFD_MOST || count > looked_at)
		health_count(HEALTH_UNREADABLE_MEMORY);
	if (count > looked_at)
		count = looked_at;
	for (__u32 i = 0; i < SIGNALFD_MOST && i < count; i += SIGNALFD_STEP)
		signal_take_records(thread, address + (__u64)i * SIGNALFD_SIZE, count - i);
	return 0;
}

__hidden int signal_sent(struct task_struct *task, struct thread *thread, struct call *call, long result)
{
	__u32 number = call->arguments[call->operation == OP_THREAD_KILL ? 2 : 1];
	struct object_key object = {};
	struct flow_key key = {};
	struct flow_value *flow;
	__u64 address;

	/* Success and a full queue have been seen as signals; number 0 only asks. */
	if (!is_wanted(MECH_SIGNAL) || result >= 0 || result == -EAGAIN || !number)
		return 0;
	if (call->operation == OP_PIDFD_KILL)
		address = process_identify_fd(task, call->arguments[0], &object);
	else
		address = process_identify(task, call->arguments[0], &object);
	key.process = thread->process;
	key.object = object.object;
	key.aux = object.aux;
	key.destination = SIGNAL_KIND(number <= MAX_SIGNAL ? number : SIGNAL_INVALID, SIGNAL_PENDING);
	key.mechanism = MECH_SIGNAL;
	key.direction = DIRECTION_SEND;
	flow = flow_get(&key, address);
	if (!flow)
		return 0;
	__sync_fetch_and_add(&flow->calls, 1);
	__sync_fetch_and_add(&flow->errors, 1);
	errno_count(&key, -result);
	return 0;
}
