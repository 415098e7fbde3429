// SPDX-License-Identifier: GPL-2.0
/*
 * splice, tee, vmsplice, sendfile: the two ends of a call, and which of them it sleeps for. Counts nothing:
 * each end is handed to channel.bpf.c as a call of its own.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "channel.bpf.h"
#include "kernel.bpf.h"
#include "mechanisms.bpf.h"
#include "object.bpf.h"
#include "splice.bpf.h"

#define FMODE_WRITE 2 /* include/linux/fs.h */

#define EXCHANGE(one, other)                                                                       \
	do {                                                                                       \
		typeof(one) kept__ = one;                                                          \
		(one) = other;                                                                     \
		(other) = kept__;                                                                  \
	} while (0)

static __always_inline void exchange_ends(struct call *call)
{
	struct far_end *far = &call->far;

	EXCHANGE(call->object, far->object);
	EXCHANGE(call->destination, far->destination);
	EXCHANGE(call->file, far->file);
	EXCHANGE(call->blocked_ns, far->blocked_ns);
	EXCHANGE(call->runqueue_ns, far->runqueue_ns);
	EXCHANGE(call->aux, far->aux);
	EXCHANGE(call->flags, far->flags);
	EXCHANGE(call->mechanism, far->mechanism);
	EXCHANGE(call->direction, far->direction);
}

/* What a call is told of its files: descriptors and how much to move. */
struct ends {
	__u32 input, output;
	__u64 length;
};

static __always_inline struct ends ends_of(const struct call *call)
{
	const __u64 *arguments = call->arguments;

	switch (call->operation) {
	case OP_SPLICE: /* (input, offset, output, offset, length, flags) */
		return (struct ends){arguments[0], arguments[2], arguments[4]};
	case OP_TEE: /* (input, output, length, flags) */
		return (struct ends){arguments[0], arguments[1], arguments[2]};
	default: /* sendfile(output, input, offset, length) */
		return (struct ends){arguments[1], arguments[0], arguments[3]};
	}
}

/* vmsplice(fd, vector, parts, flags): its one end is the output if it can be written to. */
static __always_inline void enter_vmsplice(struct task_struct *task, struct call *call)
{
	struct file *file = KERNEL_POINTER(struct file, object_file(task, call->arguments[0]));
	bool writes = KERNEL_READ(file, f_mode) & FMODE_WRITE;

	call->direction = writes ? DIRECTION_SEND : DIRECTION_RECEIVE;
	channel_find(call, call->arguments[0]);
}

/* Leaves CALL at its input if that is a channel. */
static __always_inline void enter_both(struct call *call)
{
	struct ends ends = ends_of(call);
	__u16 flags = call->flags;

	call->direction = DIRECTION_SEND;
	channel_find(call, ends.output);
	exchange_ends(call);
	call->destination = 0;
	call->blocked_ns = 0;
	call->runqueue_ns = 0;
	call->mechanism = MECH_NONE;
	call->flags = flags;
	/* Neither takes a message out of the input, not even an empty one. */
	if (call->operation == OP_TEE || !ends.length)
		call->flags |= CALL_PEEK;
	call->direction = DIRECTION_RECEIVE;
	if (!channel_find(call, ends.input) && call->far.mechanism != MECH_NONE)
		exchange_ends(call);
}

__hidden int splice_enter(struct task_struct *task, struct thread *thread)
{
	struct call *call = &thread->call;

	call->destination = 0;
	call->far.mechanism = MECH_NONE;
	call->far.flags = 0;
	if (call->operation == OP_VMSPLICE)
		enter_vmsplice(task, call);
	else
		enter_both(call);
	return 0;
}

__hidden int splice_exit(struct thread *thread, struct call *call, long result)
{
	for (int end = 0; end < 2; end++) {
		if (result == 0) {
			/* The input has ended, or nothing was asked for, of whatever descriptors. */
			call->flags &= ~CALL_UNRESOLVED;
			if (call->direction == DIRECTION_SEND)
				call->flags |= CALL_PEEK; /* no empty message */
		}
		channel_moved(thread, call, result);
		exchange_ends(call);
	}
	return 0;
}

__hidden int splice_abandon(struct thread *thread, struct call *call)
{
	channel_abandon(thread, call);
	exchange_ends(call);
	channel_abandon(thread, call);
	return 0;
}

static __always_inline bool is_pipe(__u8 mechanism)
{
	return mechanism == MECH_PIPE || mechanism == MECH_FIFO;
}

/*
 * Between two channels: what the kernel waits for is something to read while a pipe at the input is empty, else
 * room while a pipe at the output is full, else what is no pipe.
 */
static __always_inline bool waits_for_output(__u64 input, bool input_is_pipe, __u64 output,
					     bool output_is_pipe)
{
	if (input_is_pipe && pipe_is_empty(input))
		return false;
	return !output_is_pipe || pipe_is_full(output);
}

__hidden int splice_sleep(struct thread *thread)
{
	struct call *call = &thread->call;
	bool near_is_pipe = is_pipe(call->mechanism), far_is_pipe = is_pipe(call->far.mechanism);
	bool for_output;

	if (call->mechanism == MECH_NONE || call->far.mechanism == MECH_NONE)
		return 0;
	if (call->direction == DIRECTION_RECEIVE)
		for_output = waits_for_output(call->file, near_is_pipe, call->far.file, far_is_pipe);
	else
		for_output = waits_for_output(call->far.file, far_is_pipe, call->file, near_is_pipe);
	if (for_output != (call->direction == DIRECTION_SEND))
		exchange_ends(call);
	return 0;
}
