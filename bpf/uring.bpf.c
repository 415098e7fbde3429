// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: requests that move data through channels. A request is noted when it is submitted and counted when
 * it completes, to the process that has submitted it: the submitter itself, a worker thread or the ring's own
 * thread may carry it out. Each completion that tells a result is one call. Touches no system call's state: a
 * request may complete in the middle of any call.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "delivery.bpf.h"
#include "errno.bpf.h"
#include "flow.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "mechanisms.bpf.h"
#include "message.bpf.h"
#include "object.bpf.h"
#include "thread.bpf.h"
#include "process.bpf.h"
#include "witness.bpf.h"
#include "uring_request.bpf.h"

#define IORING_CQE_F_MORE (1 << 1) /* include/uapi/linux/io_uring.h */

/* The first bits of a request's flags are those of its submission queue entry. */
#define REQ_F_FIXED_FILE (1 << 0)
#define REQ_F_CQE_SKIP (1 << 6)

static __always_inline bool is_channel_request(struct task_struct *task, struct io_kiocb *req)
{
	struct object_key object = {};

	if (KERNEL_READ(req, flags) & REQ_F_FIXED_FILE)
		return true;
	return object_identify(object_file(task, KERNEL_READ(req, cqe.fd)), &object);
}

static __always_inline int submitted(__u64 address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process_key process;
	struct thread *thread;
	struct io_kiocb *req;
	enum way way;

	if (!task->bpf_storage)
		return 0;
	req = request_at(address);
	way = uring_way(req);
	thread = way == WAY_NONE ? NULL : thread_lookup(task);
	if (!thread)
		return 0;
	if (way == WAY_UNCOVERED) {
		health_count(HEALTH_UNCOVERED_CALLS);
		return 0;
	}
	/* Nothing tells that it has succeeded. */
	if ((KERNEL_READ(req, flags) & REQ_F_CQE_SKIP) && is_channel_request(task, req))
		health_count(HEALTH_UNCOVERED_CALLS);
	process = thread->process;
	uring_note(address, &process, task->pid, true);
	return 0;
}

/* A look takes none; a receive of nothing is an empty message, or the end. */
static __always_inline bool is_message(const struct flow_key *key, __s64 bytes, __u32 flags)
{
	if ((flags & REQUEST_LOOK) && key->direction == DIRECTION_RECEIVE)
		return false;
	if (bytes > 0)
		return true;
	if (framing_of(key->mechanism) != DATAGRAM)
		return false;
	if (key->direction == DIRECTION_SEND)
		return !(flags & REQUEST_FORWARDS);
	return !has_empty_messages(key->mechanism) || (flags & REQUEST_QUEUED) || !is_shut(key->object);
}

/* Of witnesses, what they do to the targets' channels. */
static __always_inline bool is_counted(const struct flow_key *key, __u64 file)
{
	return process_is_target(&key->process) || flow_exists(key) || witness_shares(key, file);
}

/* Counts a completion with RESULT at one end. Global: the verifier looks at it once. */
__noinline int uring_count(const struct flow_key *key_given, __u64 file, const struct request *request, __s64 result)
{
	struct flow_value *flow;
	struct flow_key key;

	if (!key_given || !request)
		return 0;
	key = *key_given; /* before 6.2 (d1673304097c) maps take keys only from the stack */
	flow = is_counted(&key, file) ? flow_get(&key, file) : NULL;
	if (!flow)
		return 0;
	__sync_fetch_and_add(&flow->calls, 1);
	if (result == -EAGAIN) {
		__sync_fetch_and_add(&flow->would_block, 1);
	} else if (result < 0) {
		__sync_fetch_and_add(&flow->errors, 1);
		errno_count(&key, -result);
	} else if (is_message(&key, result, request->flags)) {
		flow_message(flow, result);
		__sync_fetch_and_add(&flow->uring_messages, 1);
		__sync_fetch_and_add(&flow->uring_bytes, result);
		if (flow->queue)
			pass_message(&key, flow->queue, request->entered_ns, result, 0);
	}
	return 0;
}

static __always_inline void count_input(const struct request *request, __s64 result)
{
	struct flow_key key = {
		.process = request->process,
		.object = request->input.object,
		.aux = request->input.aux,
		.mechanism = request->input.mechanism,
		.direction = DIRECTION_RECEIVE,
	};

	if ((request->flags & REQUEST_UNRESOLVED) && result > 0)
		health_count(HEALTH_UNRESOLVED_FDS);
	if (key.mechanism != MECH_NONE)
		uring_count(&key, request->input_file, request, result);
}

/* The request's own file: a request that ended before it began has none. */
static __always_inline void count_file(const struct request *request, __u64 file, enum way way, __s64 result)
{
	struct object_key object = {};
	struct flow_key key = {};

	if (!file || !object_identify(file, &object) || object.mechanism == MECH_MQUEUE)
		return;
	if (way == WAY_CONNECT) {
		object_refresh(file, &object);
		return;
	}
	key.process = request->process;
	key.object = object.object;
	key.aux = object.aux;
	key.mechanism = object.mechanism;
	key.direction = way == WAY_RECEIVE ? DIRECTION_RECEIVE : DIRECTION_SEND;
	if (way != WAY_RECEIVE) {
		if (takes_destination(key.mechanism))
			key.destination = request->destination;
		if (!key.destination)
			key.destination = peer_of(key.mechanism, key.object);
	}
	uring_count(&key, file, request, result);
}

/* Counts one completion of the request at ADDRESS. */
static __always_inline void count(const struct request *request, __u64 address, __s64 result)
{
	struct io_kiocb *req = request_at(address);
	enum way way = uring_way(req);

	if (result > request->header_size)
		result -= request->header_size;
	else if (result > 0)
		result = 0;
	if (way == WAY_BETWEEN)
		count_input(request, result);
	count_file(request, NUMBER_READ(req, file), way, result);
}

/* Notes a request that was submitted before its process was traced. NULL: it is not traced. */
static __always_inline struct request *note_late(__u64 address)
{
	struct task_struct *task = submitter_of(request_at(address)), *leader;
	struct process_key process;
	__u32 tid;

	if (!KERNEL_READ(task, bpf_storage))
		return NULL;
	leader = KERNEL_READ(task, group_leader);
	process.pid = KERNEL_READ(task, tgid);
	process.started_ms = KERNEL_READ(leader, start_boottime) / 1000000;
	tid = KERNEL_READ(task, pid);
	if (!thread_is_traced(&process, tid))
		return NULL;
	health_count(HEALTH_STRADDLING_CALLS);
	uring_note(address, &process, tid, false);
	return uring_noted(address);
}

#define BUCKET_LENGTH 64 /* requests that are looked at */

/* Is the request at ADDRESS one that moves data, called USER_DATA in its ring? Global: see uring_find_waiting. */
__noinline int uring_is_called(__u64 address, __u64 ring_address, __u64 user_data)
{
	struct io_kiocb *req = request_at(address);

	return KERNEL_READ(req, cqe.user_data) == user_data && (__u64)KERNEL_READ(req, ctx) == ring_address &&
	       uring_way(req) != WAY_NONE;
}

/*
 * The request called USER_DATA among those of the ring that wait for their file to be ready, 0: none. This is
 * how a request is found that was submitted before its process was traced. Global: the verifier looks at it once.
 */
__noinline __u64 uring_find_waiting(__u64 ring_address, __u64 user_data, __u32 locked)
{
	struct io_ring_ctx *ring = KERNEL_POINTER(struct io_ring_ctx, ring_address);
	struct io_hash_bucket *bucket;
	__u64 buckets, index, node;
	__u32 bits;

	if (locked && !bpf_core_field_exists(struct io_ring_ctx, cancel_table_locked))
		return 0;
	if (locked) {
		buckets = NUMBER_READ(ring, cancel_table_locked.hbs);
		bits = KERNEL_READ(ring, cancel_table_locked.hash_bits);
	} else {
		buckets = NUMBER_READ(ring, cancel_table.hbs);
		bits = KERNEL_READ(ring, cancel_table.hash_bits);
	}
	/* hash_long() of include/linux/hash.h */
	index = bits ? user_data * 0x61C8864680B583EBULL >> (64 - bits) : 0;
	bucket = KERNEL_POINTER(struct io_hash_bucket,
				buckets + index * bpf_core_type_size(struct io_hash_bucket));
	node = NUMBER_READ(bucket, list.first);
	for (int i = 0; i < BUCKET_LENGTH && node; i++) {
		__u64 address = node - bpf_core_field_offset(struct io_kiocb, hash_node);
		struct io_kiocb *req = request_at(address);

		if (uring_is_called(address, ring_address, user_data))
			return address;
		node = NUMBER_READ(req, hash_node.next);
	}
	return 0;
}

/* The request behind a completion that does not name it. */
static __always_inline struct request *find_shot(__u64 ring, __u64 user_data, __u64 *address)
{
	struct request *request;

	*address = uring_shot(ring, user_data);
	if (*address == URING_SEVERAL) {
		health_count(HEALTH_UNCOVERED_CALLS);
		return NULL;
	}
	request = *address ? uring_noted(*address) : NULL;
	if (request || !traced_thread(bpf_get_current_task_btf()))
		return request;
	*address = uring_find_waiting(ring, user_data, false);
	if (!*address)
		*address = uring_find_waiting(ring, user_data, true);
	return *address ? note_late(*address) : NULL;
}

static __always_inline int completed_once_more(__u64 ring, __u64 user_data, __s32 result, __u32 cqe_flags)
{
	struct request *request;
	__u64 address = 0;

	if (!(cqe_flags & IORING_CQE_F_MORE))
		return 0;
	request = find_shot(ring, user_data, &address);
	if (request)
		count(request, address, result);
	return 0;
}

static __always_inline void count_last(struct request *request, __u64 address, __s32 result)
{
	count(request, address, result);
	uring_forget(request, address);
}

static __always_inline int completed(__u64 address, __s32 result)
{
	struct io_kiocb *req = request_at(address);
	enum way way = uring_way(req);
	struct request *request;

	if (way == WAY_NONE || way == WAY_UNCOVERED)
		return 0;
	request = uring_noted(address);
	if (!request)
		request = note_late(address);
	if (!request)
		return 0;
	count_last(request, address, result);
	return 0;
}

#define OVERFLOWS 256 /* requests that are looked at */

enum ended {
	ENDED_OTHER, /* not the one that is looked for */
	ENDED_KNOWN, /* it is not ours, or has been counted */
	ENDED_COUNTED,
};

/* Counts the request at ADDRESS if it is one that ends with RESULT. Global: the verifier looks at it once. */
__noinline int uring_ended(__u64 address, __u64 user_data, __s32 result)
{
	struct io_kiocb *req = request_at(address);
	struct request *request;

	if (KERNEL_READ(req, cqe.user_data) != user_data || KERNEL_READ(req, cqe.res) != result)
		return ENDED_OTHER;
	request = uring_noted(address);
	if (!request)
		return ENDED_KNOWN;
	count_last(request, address, result);
	return ENDED_COUNTED;
}

/*
 * There is no room for a completion, and what tells of it names no request: it is the first of those that end
 * together now that has not been counted. (On 6.1 one that a worker thread carries out ends by itself.)
 */
static __always_inline int overflowed(__u64 ring_address, __u64 user_data, __s32 result)
{
	struct io_ring_ctx *ring = KERNEL_POINTER(struct io_ring_ctx, ring_address);
	__u64 node = NUMBER_READ(ring, submit_state.compl_reqs.first);
	__u32 known = 0;

	for (int i = 0; i < OVERFLOWS && node; i++) {
		__u64 address = node - bpf_core_field_offset(struct io_kiocb, comp_list);
		int ended = uring_ended(address, user_data, result);

		if (ended == ENDED_COUNTED)
			return 0;
		known |= ended;
		node = NUMBER_READ(request_at(address), comp_list.next);
	}
	if (!known && traced_thread(bpf_get_current_task_btf()))
		health_count(HEALTH_UNCOVERED_CALLS);
	return 0;
}

/* Argument INDEX of a raw tracepoint as a number, which the verifier lets us hand around. */
static __always_inline __u64 argument(const unsigned long long *ctx, int index)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &ctx[index]);
	return value;
}

/* The loader chooses: by whether hooks can be preempted, by names and by arguments (user/capture/session.c). */
SEC("?tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit)
{
	return submitted(argument(ctx, 0));
}

SEC("?tp_btf/io_uring_submit_sqe") /* its name before 6.3 */
int BPF_PROG(on_uring_submit_sqe)
{
	return submitted(argument(ctx, 0));
}

SEC("?tracepoint/io_uring/io_uring_submit_req")
int on_uring_submit_unpreempted(struct trace_event_raw_io_uring_submit_req *event)
{
	return submitted((__u64)event->req);
}

SEC("?tp_btf/io_uring_complete")
int BPF_PROG(on_uring_complete, void *ring, void *req, struct io_uring_cqe *cqe)
{
	(void)ring;
	if (req)
		return completed((__u64)req, cqe->res);
	return completed_once_more(argument(ctx, 0), cqe->user_data, cqe->res, cqe->flags);
}

SEC("?tp_btf/io_uring_complete") /* its arguments in 6.12 and before */
int BPF_PROG(on_uring_complete_values, void *ring, void *req, __u64 user_data, int result, unsigned int flags)
{
	if (req)
		return completed((__u64)req, result);
	return completed_once_more((__u64)ring, user_data, result, flags);
}

SEC("?tracepoint/io_uring/io_uring_complete")
int on_uring_complete_unpreempted(struct trace_event_raw_io_uring_complete *event)
{
	if (event->req)
		return completed((__u64)event->req, event->res);
	return completed_once_more((__u64)event->ctx, event->user_data, event->res, event->cflags);
}

SEC("?tp_btf/io_uring_cqe_overflow")
int BPF_PROG(on_uring_overflow, void *ring, __u64 user_data, __s32 result)
{
	return overflowed((__u64)ring, user_data, result);
}

SEC("?tracepoint/io_uring/io_uring_cqe_overflow")
int on_uring_overflow_unpreempted(struct trace_event_raw_io_uring_cqe_overflow *event)
{
	return overflowed((__u64)event->ctx, event->user_data, event->res);
}
