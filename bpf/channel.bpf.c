// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that move data through a channel: which object and which way at entry, what it moved at
 * exit.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "channel.bpf.h"
#include "counting.bpf.h"
#include "destination.bpf.h"
#include "errno.bpf.h"
#include "flow.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "mechanisms.bpf.h"
#include "message.bpf.h"
#include "object.bpf.h"
#include "process.bpf.h"
#include "signal.bpf.h"
#include "vector.bpf.h"
#include "wait.bpf.h"
#include "witness.bpf.h"

#define MSG_COPY 040000 /* include/uapi/linux/msg.h */

/* An address that is given goes before the peer. */
static __always_inline void set_destination(struct call *call, __u64 destination)
{
	if (destination)
		call->destination = destination;
}

static __always_inline void receive_flags(struct call *call, __u64 flags)
{
	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		call->flags |= CALL_PEEK;
}

/* What depends on the call beyond the object. */
static __always_inline void details_enter(struct call *call)
{
	bool is_32bit = call->flags & CALL_32BIT;

	switch (call->operation) {
	case OP_SENDTO:
		if (takes_destination(call->mechanism))
			set_destination(call, destination_of(call->arguments[4],
							     call->arguments[5]));
		break;
	case OP_SENDMSG:
	case OP_SENDMMSG: /* the call counts where its first message goes */
		if (takes_destination(call->mechanism))
			set_destination(call, destination_of_msghdr(call->arguments[1], is_32bit));
		break;
	case OP_RECVFROM:
	case OP_RECVMMSG:
		receive_flags(call, call->arguments[3]);
		break;
	case OP_RECVMSG:
		receive_flags(call, call->arguments[2]);
		break;
	}
}

/* Receives of which a result of 0 may mean a message or the end. */
static __always_inline bool may_meet_end(const struct call *call)
{
	return call->direction == DIRECTION_RECEIVE && has_empty_messages(call->mechanism);
}

static __always_inline struct flow_key flow_key_of(const struct thread *thread,
						   const struct call *call)
{
	return (struct flow_key){
		.process = thread->process,
		.object = call->object,
		.destination = call->destination,
		.aux = call->aux,
		.mechanism = call->mechanism,
		.direction = call->direction,
	};
}

/*
 * The flow exists from here on: such an object has no holders, so this shows who waits at it, and what it is
 * called must be read before somebody removes it under the sleeper.
 */
static __always_inline int system_v_enter(struct task_struct *task, struct thread *thread)
{
	struct call *call = &thread->call;
	struct object_key object = {
		.mechanism = call->operation == OP_SEM_OPERATE ? MECH_SYSV_SEM : MECH_SYSV_MSG,
	};
	struct flow_key key;

	call->file = sysv_identify(task, call->arguments[0], &object);
	if (!call->file)
		return 0;
	call->mechanism = object.mechanism;
	call->object = object.object;
	call->aux = object.aux;
	if (call->operation == OP_SEM_OPERATE)
		sysv_semaphore_direction(call);
	else if (call->operation == OP_MSG_SEND)
		call->direction = DIRECTION_SEND;
	else if (call->arguments[4] & MSG_COPY)
		call->flags |= CALL_PEEK;
	if (call->flags & CALL_UNDIRECTED)
		return object_remember(call->file, &object);
	key = flow_key_of(thread, call);
	return is_counted(&key, call) ? flow_open(&key, call->file) : 0;
}

/* Returns whether FD is a channel; fills in which one. */
static __always_inline bool find_object(struct task_struct *task, struct call *call, __u32 fd)
{
	struct object_key key = {};

	call->file = object_file(task, fd);
	if (!call->file) {
		call->flags |= CALL_UNRESOLVED;
		return false;
	}
	if (!object_identify(call->file, &key))
		return false;
	/* Reading a queue's file gives its state in words, not messages. */
	if (key.mechanism == MECH_MQUEUE && call->operation != OP_MQ_SEND &&
	    call->operation != OP_MQ_RECEIVE)
		return false;
	call->mechanism = key.mechanism;
	call->object = key.object;
	call->aux = key.aux;
	if (may_meet_end(call) && has_queued(call->object))
		call->flags |= CALL_QUEUED;
	if (call->direction == DIRECTION_SEND)
		call->destination = peer_of(call->mechanism, call->object);
	return true;
}

/*
 * Who receives from an address is known to nobody before a target sends there: from here on the receiver counts,
 * which the message will wake.
 */
static __always_inline void share_destination(const struct thread *thread, const struct call *call)
{
	struct flow_key key;

	if (!follow_peers || !(call->destination & 1) || (call->flags & CALL_WITNESS))
		return;
	key = flow_key_of(thread, call);
	flow_open(&key, call->file);
}

__hidden int channel_enter(struct task_struct *task, struct thread *thread)
{
	struct call *call = &thread->call;

	call->destination = 0;
	call->direction = DIRECTION_RECEIVE;
	switch (call->operation) {
	case OP_WRITE:
	case OP_SENDTO:
	case OP_SENDMSG:
	case OP_SENDMMSG:
	case OP_MQ_SEND:
		call->direction = DIRECTION_SEND;
		break;
	case OP_MSG_SEND:
	case OP_MSG_RECEIVE:
	case OP_SEM_OPERATE:
		return system_v_enter(task, thread);
	case OP_PROCESS_VM_READ:
	case OP_PROCESS_VM_WRITE:
	case OP_SIGNAL_WAIT:
		return process_enter(task, thread);
	}
	if (find_object(task, call, call->arguments[0])) {
		details_enter(call);
		if (call->mechanism == MECH_SIGNAL)
			signal_file_enter(thread);
		share_destination(thread, call);
	}
	return 0;
}

__noinline int channel_find(struct call *call, __u32 fd)
{
	return call && find_object(bpf_get_current_task_btf(), call, fd);
}

/*
 * A receive that returns 0 took an empty message, or met the end: it met the end when the socket
 * has been shut down and nothing was queued when it began.
 */
static __always_inline bool met_end(const struct call *call)
{
	return may_meet_end(call) && !(call->flags & CALL_QUEUED) && is_shut(call->object);
}

static __always_inline void success(const struct flow_key *key, struct flow_value *flow,
				    const struct call *call, long result, bool vectors)
{
	if (call->flags & CALL_PEEK)
		return;
	switch (vectors ? call->operation : OP_NONE) {
	case OP_SENDMMSG:
	case OP_RECVMMSG:
		vector_exit(key, call, result);
		return;
	case OP_MQ_SEND: /* return 0 */
	case OP_MSG_SEND:
		message(key, flow, call, call->arguments[2]);
		return;
	}
	if (result > 0 || (framing_of(call->mechanism) == DATAGRAM && !met_end(call)))
		message(key, flow, call, result);
}

static __always_inline bool would_block(const struct call *call, long result)
{
	return result == -EAGAIN || (result == -ENOMSG && call->operation == OP_MSG_RECEIVE);
}

/* EAGAIN is what most programs that wait with poll() end in: it has its counter, and needs no other. */
static __always_inline void failure(const struct flow_key *key, struct flow_value *flow, const struct call *call,
				    long result)
{
	if (would_block(call, result))
		__sync_fetch_and_add(&flow->would_block, 1);
	else
		__sync_fetch_and_add(&flow->errors, 1);
	if (result != -EAGAIN)
		errno_count(key, -result);
}

static __always_inline int end(struct thread *thread, struct call *call,
			       long result, bool vectors)
{
	struct flow_key key;
	struct flow_value *flow;

	if (call->mechanism == MECH_NONE) {
		if ((call->flags & CALL_UNRESOLVED) && result >= 0)
			health_count(HEALTH_UNRESOLVED_FDS);
		return 0;
	}
	if (call->flags & CALL_UNDIRECTED) {
		sysv_semaphore_direction(call);
		if ((call->flags & CALL_UNDIRECTED) && result >= 0)
			health_count(HEALTH_UNREADABLE_MEMORY);
	}
	key = flow_key_of(thread, call);
	flow = is_counted(&key, call) ? flow_get(&key, call->file) : NULL;
	if (!flow)
		return 0;
	__sync_fetch_and_add(&flow->calls, 1);
	if (vectors && result >= 0 && call->mechanism == MECH_SIGNAL)
		signal_taken(thread, call, result);
	else if (result >= 0)
		success(&key, flow, call, result, vectors);
	else
		failure(&key, flow, call, result);
	if (call->mechanism == MECH_MQUEUE)
		object_count_queued(&key, call->file);
	if (call->blocked_ns || call->runqueue_ns) {
		flow_sleep(&key, flow, call);
		wait_add(thread, call);
	}
	return 0;
}

__hidden int channel_exit(struct thread *thread, struct call *call,
			   long result)
{
	return end(thread, call, result, true);
}

__noinline int channel_moved(struct thread *thread, struct call *call, long result)
{
	return thread && call ? end(thread, call, result, false) : 0;
}

__hidden int channel_connected(const struct call *call)
{
	struct object_key key = {
		.object = call->object,
		.aux = call->aux,
		.mechanism = call->mechanism,
	};

	if (call->mechanism == MECH_NONE)
		return 0;
	object_refresh(call->file, &key);
	if (follow_peers && !(call->flags & CALL_WITNESS))
		witness_share(call->file, SCRATCH_OF_HOOKS);
	else if (newcomers & NEWCOMERS_CONNECT)
		witness_comes(call->file);
	return 0;
}

__hidden int channel_abandon(struct thread *thread, struct call *call)
{
	struct flow_key key;
	struct flow_value *flow;

	if (call->mechanism == MECH_NONE || (!call->blocked_ns && !call->runqueue_ns))
		return 0;
	key = flow_key_of(thread, call);
	flow = is_counted(&key, call) ? flow_get(&key, call->file) : NULL;
	if (!flow)
		return 0;
	flow_sleep(&key, flow, call);
	wait_add(thread, call);
	return 0;
}
