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

#include "flow.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "mechanisms.bpf.h"
#include "message.bpf.h"
#include "object.bpf.h"
#include "thread.bpf.h"

#define MAX_REQUESTS 65536
#define MAX_SHOTS 16384

/* include/uapi/linux/io_uring.h */
enum opcode {
	IORING_OP_READV = 1,
	IORING_OP_WRITEV = 2,
	IORING_OP_READ_FIXED = 4,
	IORING_OP_WRITE_FIXED = 5,
	IORING_OP_SENDMSG = 9,
	IORING_OP_RECVMSG = 10,
	IORING_OP_CONNECT = 16,
	IORING_OP_READ = 22,
	IORING_OP_WRITE = 23,
	IORING_OP_SEND = 26,
	IORING_OP_RECV = 27,
	IORING_OP_SPLICE = 30,
	IORING_OP_TEE = 33,
	IORING_OP_MSG_RING = 40,
	IORING_OP_SEND_ZC = 47,
	IORING_OP_SENDMSG_ZC = 48,
	IORING_OP_READ_MULTISHOT = 49,
	IORING_OP_RECV_ZC = 58,
	IORING_OP_READV_FIXED = 60,
	IORING_OP_WRITEV_FIXED = 61,
	OPCODES = 64,
};
#define IORING_RECV_MULTISHOT (1 << 1)
#define IORING_RECVSEND_BUNDLE (1 << 4)
#define IORING_CQE_F_MORE (1 << 1)
#define RECVMSG_OUT_SIZE 16 /* struct io_uring_recvmsg_out */
#define SPLICE_F_FD_IN_FIXED (1U << 31)

/* The first bits of a request's flags are those of its submission queue entry. */
#define REQ_F_FIXED_FILE (1 << 0)
#define REQ_F_CQE_SKIP (1 << 6)

enum way {
	WAY_NONE,
	WAY_SEND,
	WAY_RECEIVE,
	WAY_BETWEEN, /* from one file to another */
	WAY_CONNECT,
	WAY_UNCOVERED,
};

static const __u8 ways[OPCODES] = {
	[IORING_OP_READV] = WAY_RECEIVE,
	[IORING_OP_WRITEV] = WAY_SEND,
	[IORING_OP_READ_FIXED] = WAY_RECEIVE,
	[IORING_OP_WRITE_FIXED] = WAY_SEND,
	[IORING_OP_SENDMSG] = WAY_SEND,
	[IORING_OP_RECVMSG] = WAY_RECEIVE,
	[IORING_OP_CONNECT] = WAY_CONNECT,
	[IORING_OP_READ] = WAY_RECEIVE,
	[IORING_OP_WRITE] = WAY_SEND,
	[IORING_OP_SEND] = WAY_SEND,
	[IORING_OP_RECV] = WAY_RECEIVE,
	[IORING_OP_SPLICE] = WAY_BETWEEN,
	[IORING_OP_TEE] = WAY_BETWEEN,
	[IORING_OP_MSG_RING] = WAY_UNCOVERED,
	[IORING_OP_SEND_ZC] = WAY_SEND,
	[IORING_OP_SENDMSG_ZC] = WAY_SEND,
	[IORING_OP_READ_MULTISHOT] = WAY_RECEIVE,
	[IORING_OP_RECV_ZC] = WAY_UNCOVERED,
	[IORING_OP_READV_FIXED] = WAY_RECEIVE,
	[IORING_OP_WRITEV_FIXED] = WAY_SEND,
};

enum request_flag {
	REQUEST_LOOK = 1 << 0,       /* takes nothing from its input */
	REQUEST_QUEUED = 1 << 1,     /* there was a message in the queue when it was submitted */
	REQUEST_MANY = 1 << 2,       /* completes more than once */
	REQUEST_UNRESOLVED = 1 << 3, /* the file that it reads from is not known */
	REQUEST_FORWARDS = 1 << 4,   /* an end of the input is no message at the output */
};

/* A request on its way, by its kernel address. */
struct request {
	struct process_key process; /* that has submitted it */
	__u32 submitter;            /* and the thread */
	__u32 header_size; /* of what comes before the data that it reports */
	__u64 ring, user_data;
	__u64 destination; /* as in flow_key, 0: none is given */
	__u64 input_file;
	struct object_key input; /* of a request with two files */
	__u32 flags;
	__u32 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_REQUESTS);
	__type(key, __u64);
	__type(value, struct request);
} requests SEC(".maps");

/* Completions that are not the last one name no request, only what the submitter calls it. */
struct shot_key {
	__u64 ring, user_data;
};

#define SEVERAL 1 /* requests of the same name: which of them it is cannot be told */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_SHOTS);
	__type(key, struct shot_key);
	__type(value, __u64);
} shots SEC(".maps");

static const struct request no_request = {};

static __always_inline enum way way_of(__u8 opcode)
{
	return opcode < OPCODES ? ways[opcode] : WAY_NONE;
}

static __always_inline struct io_kiocb *request_at(__u64 address)
{
	return KERNEL_POINTER(struct io_kiocb, address);
}

/* A pointer in kernel memory as a number: the verifier lets us reckon with it and hand it around. */
#define NUMBER_READ(pointer, member)                                                               \
	({                                                                                         \
		__u64 number__ = 0;                                                                \
		bpf_core_read(&number__, sizeof(void *), &(pointer)->member);                      \
		number__;                                                                          \
	})

static __always_inline struct task_struct *submitter_of(struct io_kiocb *req)
{
	struct io_uring_task *context;

	if (!bpf_core_field_exists(struct io_uring_task, task))
		return KERNEL_READ(req, task);
	context = KERNEL_READ(req, tctx);
	return KERNEL_READ(context, task);
}

static __always_inline bool is_32bit(struct io_kiocb *req, struct task_struct *current_task)
{
	struct io_ring_ctx *ring = KERNEL_READ(req, ctx);

	if (bpf_core_field_exists(struct io_ring_ctx, compat))
		return BPF_CORE_READ_BITFIELD_PROBED(ring, compat);
	return in_32bit_syscall(current_task);
}

/* Where a SEND goes. Since 6.13 the kernel takes a copy of the address at once. */
static __always_inline __u64 destination_of_send(struct io_kiocb *req, struct io_sr_msg *message)
{
	struct io_async_msghdr *copy;

	if (bpf_core_field_exists(struct io_sr_msg, addr))
		return destination_of(NUMBER_READ(message, addr), KERNEL_READ(message, addr_len));
	if (!bpf_core_field_exists(struct io_async_msghdr, msg))
		return 0;
	copy = KERNEL_POINTER(struct io_async_msghdr, KERNEL_READ(req, async_data));
	return copy ? destination_of_copy(NUMBER_READ(copy, msg.msg_name), KERNEL_READ(copy, msg.msg_namelen))
		    : 0;
}

/* What a receive of many messages puts before each of them: sizes of the user's struct msghdr. */
static __always_inline __u32 header_size_of(__u64 address, bool is_32bit)
{
	struct {
		__u32 name, name_length, parts, part_count, control, control_length;
	} header_32 = {};
	struct user_msghdr header = {};

	if (is_32bit) {
		bpf_probe_read_user(&header_32, sizeof(header_32), (void *)address);
		return RECVMSG_OUT_SIZE + header_32.name_length + header_32.control_length;
	}
	bpf_probe_read_user(&header, sizeof(header), (void *)address);
	return RECVMSG_OUT_SIZE + header.msg_namelen + header.msg_controllen;
}

/* The same of a request that waits: the kernel has taken a copy, and keeps something else in the address. */
static __always_inline __u32 header_size_of_copy(struct io_kiocb *req)
{
	struct io_async_msghdr *copy =
		KERNEL_POINTER(struct io_async_msghdr, KERNEL_READ(req, async_data));

	if (!copy || !bpf_core_field_exists(struct io_async_msghdr, controllen))
		return 0;
	return RECVMSG_OUT_SIZE + KERNEL_READ(copy, namelen) + KERNEL_READ(copy, controllen);
}

static __always_inline void note_receive(struct request *request, struct io_kiocb *req,
					 struct io_sr_msg *message, bool is_recvmsg, bool at_submission)
{
	if (KERNEL_READ(message, msg_flags) & (MSG_PEEK | MSG_ERRQUEUE))
		request->flags |= REQUEST_LOOK;
	if (!(KERNEL_READ(message, flags) & IORING_RECV_MULTISHOT))
		return;
	request->flags |= REQUEST_MANY;
	if (is_recvmsg && at_submission)
		request->header_size = header_size_of(NUMBER_READ(message, buf),
						      is_32bit(req, bpf_get_current_task_btf()));
	else if (is_recvmsg)
		request->header_size = header_size_of_copy(req);
}

static __always_inline void note_message(struct request *request, struct io_kiocb *req, __u64 address,
					 __u8 opcode, bool at_submission)
{
	struct io_sr_msg *message = KERNEL_POINTER(struct io_sr_msg, address);

	switch (opcode) {
	case IORING_OP_SENDMSG:
	case IORING_OP_SENDMSG_ZC:
		request->destination = destination_of_msghdr(NUMBER_READ(message, buf),
							     is_32bit(req, bpf_get_current_task_btf()));
		break;
	case IORING_OP_SEND:
	case IORING_OP_SEND_ZC:
		request->destination = destination_of_send(req, message);
		if (opcode == IORING_OP_SEND && (KERNEL_READ(message, flags) & IORING_RECVSEND_BUNDLE))
			request->flags |= REQUEST_MANY;
		break;
	default:
		note_receive(request, req, message, opcode == IORING_OP_RECVMSG, at_submission);
	}
}

/* The input's descriptor is looked up when the request runs, which may be a little later. */
static __always_inline void note_input(struct request *request, __u64 address, bool is_tee)
{
	struct io_splice *splice = KERNEL_POINTER(struct io_splice, address);
	struct object_key input = {};

	request->flags |= REQUEST_FORWARDS;
	if (is_tee || !KERNEL_READ(splice, len))
		request->flags |= REQUEST_LOOK;
	if (!(KERNEL_READ(splice, flags) & SPLICE_F_FD_IN_FIXED))
		request->input_file =
			object_file(bpf_get_current_task_btf(), KERNEL_READ(splice, splice_fd_in));
	if (!request->input_file)
		request->flags |= REQUEST_UNRESOLVED;
	else if (object_identify(request->input_file, &input))
		request->input = input;
}

static __always_inline void note_queue(struct request *request, struct io_kiocb *req)
{
	struct object_key object = {};
	__u64 file = object_file(bpf_get_current_task_btf(), KERNEL_READ(req, cqe.fd));

	if (file && object_identify(file, &object) && has_empty_messages(object.mechanism) &&
	    has_queued(object.object))
		request->flags |= REQUEST_QUEUED;
}

static __always_inline void note_shots(const struct request *request, __u64 address)
{
	struct shot_key key = {.ring = request->ring, .user_data = request->user_data};
	__u64 several = SEVERAL, *found, other;
	struct request *known;

	if (!bpf_map_update_elem(&shots, &key, &address, BPF_NOEXIST))
		return;
	found = bpf_map_lookup_elem(&shots, &key);
	if (!found) {
		health_count(HEALTH_MAP_FULL);
		return;
	}
	/* What is left of a request that has ended unseen is no other. */
	other = *found;
	known = bpf_map_lookup_elem(&requests, &other);
	if (known && other != address && known->ring == key.ring && known->user_data == key.user_data &&
	    (known->flags & REQUEST_MANY))
		bpf_map_update_elem(&shots, &key, &several, BPF_ANY);
	else if (other != SEVERAL)
		bpf_map_update_elem(&shots, &key, &address, BPF_ANY);
}

/* Notes the request at ADDRESS of PROCESS. Global: the verifier looks at it once. */
__noinline int uring_note(__u64 address, const struct process_key *process, __u32 submitter,
			  __u32 at_submission)
{
	struct io_kiocb *req = request_at(address);
	__u8 opcode = KERNEL_READ(req, opcode);
	__u32 flags = KERNEL_READ(req, flags);
	struct request *request;

	if (!process)
		return 0;
	bpf_map_update_elem(&requests, &address, &no_request, BPF_ANY);
	request = bpf_map_lookup_elem(&requests, &address);
	if (!request) {
		health_count(HEALTH_MAP_FULL);
		return 0;
	}
	request->process = *process;
	request->submitter = submitter;
	request->ring = (__u64)KERNEL_READ(req, ctx);
	request->user_data = KERNEL_READ(req, cqe.user_data);
	switch (opcode) {
	case IORING_OP_SPLICE:
	case IORING_OP_TEE:
		note_input(request, address, opcode == IORING_OP_TEE);
		break;
	case IORING_OP_SEND:
	case IORING_OP_SENDMSG:
	case IORING_OP_SEND_ZC:
	case IORING_OP_SENDMSG_ZC:
	case IORING_OP_RECV:
	case IORING_OP_RECVMSG:
		note_message(request, req, address, opcode, at_submission);
		break;
	case IORING_OP_READ_MULTISHOT:
		request->flags |= REQUEST_MANY;
		break;
	}
	if (at_submission && !(flags & REQ_F_FIXED_FILE) && way_of(opcode) == WAY_RECEIVE)
		note_queue(request, req);
	if (request->flags & REQUEST_MANY)
		note_shots(request, address);
	return 0;
}

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
	way = way_of(KERNEL_READ(req, opcode));
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

/* A receive of nothing: an empty message, or the end. */
static __always_inline bool is_message(const struct flow_key *key, __s64 bytes, __u32 flags)
{
	if (bytes > 0)
		return true;
	if (framing_of(key->mechanism) != DATAGRAM)
		return false;
	if (key->direction == DIRECTION_SEND)
		return !(flags & REQUEST_FORWARDS);
	return !has_empty_messages(key->mechanism) || (flags & REQUEST_QUEUED) || !is_shut(key->object);
}

/* Counts a completion with RESULT at one end. Global: the verifier looks at it once. */
__noinline int uring_count(const struct flow_key *key_given, __u64 file, __s64 result, __u32 flags)
{
	struct flow_value *flow;
	struct flow_key key;

	if (!key_given)
		return 0;
	key = *key_given; /* before 6.2 (d1673304097c) maps take keys only from the stack */
	flow = flow_get(&key, file);
	if (!flow)
		return 0;
	__sync_fetch_and_add(&flow->calls, 1);
	if (result == -EAGAIN) {
		__sync_fetch_and_add(&flow->would_block, 1);
	} else if (result < 0) {
		__sync_fetch_and_add(&flow->errors, 1);
	} else if (!(flags & REQUEST_LOOK) && is_message(&key, result, flags)) {
		flow_message(flow, result);
		__sync_fetch_and_add(&flow->uring_messages, 1);
		__sync_fetch_and_add(&flow->uring_bytes, result);
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
		uring_count(&key, request->input_file, result, request->flags);
}

/* The request's own file: a request that ended before it began has none. */
static __always_inline void count_file(const struct request *request, __u64 file, enum way way, __s64 result)
{
	__u32 flags = request->flags;
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
		if (key.mechanism == MECH_UNIX_DGRAM && !key.destination)
			key.destination = peer_of(key.object);
	}
	if (way == WAY_BETWEEN)
		flags &= ~REQUEST_LOOK; /* which is about the input */
	uring_count(&key, file, result, flags);
}

/* Counts one completion of the request at ADDRESS. */
static __always_inline void count(const struct request *request, __u64 address, __s64 result)
{
	struct io_kiocb *req = request_at(address);
	enum way way = way_of(KERNEL_READ(req, opcode));

	if (result > request->header_size)
		result -= request->header_size;
	else if (result > 0)
		result = 0;
	if (way == WAY_BETWEEN)
		count_input(request, result);
	count_file(request, NUMBER_READ(req, file), way, result);
}

/* Is REQUEST what is noted of the one at REQ, not of an earlier one in the same place? */
static __always_inline bool is_of(const struct request *request, struct io_kiocb *req)
{
	struct task_struct *task = submitter_of(req);

	return request->ring == (__u64)KERNEL_READ(req, ctx) &&
	       request->user_data == KERNEL_READ(req, cqe.user_data) &&
	       request->submitter == (__u32)KERNEL_READ(task, pid);
}

static __always_inline struct request *lookup(__u64 address)
{
	struct request *request = bpf_map_lookup_elem(&requests, &address);

	return request && is_of(request, request_at(address)) ? request : NULL;
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
	return lookup(address);
}

static __always_inline void forget(const struct request *request, __u64 address)
{
	struct shot_key key = {.ring = request->ring, .user_data = request->user_data};
	__u64 *found;

	if (request->flags & REQUEST_MANY) {
		found = bpf_map_lookup_elem(&shots, &key);
		if (found && *found == address)
			bpf_map_delete_elem(&shots, &key);
	}
	bpf_map_delete_elem(&requests, &address);
}

#define BUCKET_LENGTH 64 /* requests that are looked at */

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

		if (KERNEL_READ(req, cqe.user_data) == user_data &&
		    (__u64)KERNEL_READ(req, ctx) == ring_address &&
		    way_of(KERNEL_READ(req, opcode)) != WAY_NONE)
			return address;
		node = NUMBER_READ(req, hash_node.next);
	}
	return 0;
}

/* The request behind a completion that does not name it. */
static __always_inline struct request *find_shot(const struct shot_key *key, __u64 *address)
{
	__u64 *known = bpf_map_lookup_elem(&shots, key);
	struct request *request;

	if (known && *known == SEVERAL) {
		health_count(HEALTH_UNCOVERED_CALLS);
		return NULL;
	}
	*address = known ? *known : 0;
	request = known ? lookup(*address) : NULL;
	if (request || !traced_thread(bpf_get_current_task_btf()))
		return request;
	*address = uring_find_waiting(key->ring, key->user_data, false);
	if (!*address)
		*address = uring_find_waiting(key->ring, key->user_data, true);
	return *address ? note_late(*address) : NULL;
}

static __always_inline int completed_once_more(__u64 ring, __u64 user_data, __s32 result, __u32 cqe_flags)
{
	struct shot_key key = {.ring = ring, .user_data = user_data};
	struct request *request;
	__u64 address = 0;

	if (!(cqe_flags & IORING_CQE_F_MORE))
		return 0;
	request = find_shot(&key, &address);
	if (request)
		count(request, address, result);
	return 0;
}

static __always_inline int completed(__u64 address, __s32 result)
{
	struct io_kiocb *req = request_at(address);
	enum way way = way_of(KERNEL_READ(req, opcode));
	struct request *request;

	if (way == WAY_NONE || way == WAY_UNCOVERED)
		return 0;
	request = lookup(address);
	if (!request)
		request = note_late(address);
	if (!request)
		return 0;
	count(request, address, result);
	forget(request, address);
	return 0;
}

#define OVERFLOWS 256 /* requests that are looked at */

/*
 * There is no room for a completion, which names no request. Where the kernel has not told it as complete before
 * (it did up to 6.1), it is the first of those that end together now that has not been counted.
 */
static __always_inline int overflowed(__u64 ring_address, __u64 user_data, __s32 result)
{
	struct io_ring_ctx *ring = KERNEL_POINTER(struct io_ring_ctx, ring_address);
	__u64 node;

	if (!bpf_core_field_exists(struct io_kiocb, big_cqe))
		return 0;
	node = NUMBER_READ(ring, submit_state.compl_reqs.first);
	for (int i = 0; i < OVERFLOWS && node; i++) {
		__u64 address = node - bpf_core_field_offset(struct io_kiocb, comp_list);
		struct io_kiocb *req = request_at(address);

		if (KERNEL_READ(req, cqe.user_data) == user_data && KERNEL_READ(req, cqe.res) == result &&
		    lookup(address)) {
			completed(address, result);
			break;
		}
		node = NUMBER_READ(req, comp_list.next);
	}
	return 0;
}

/* Argument INDEX of a raw tracepoint as a number, which the verifier lets us hand around. */
static __always_inline __u64 argument(const unsigned long long *ctx, int index)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &ctx[index]);
	return value;
}

/* The loader chooses: by whether hooks can be preempted, by names and by arguments (user/capture/uring.c). */
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
	if (req)
		return completed((__u64)req, cqe->res);
	return completed_once_more(argument(ctx, 0), cqe->user_data, cqe->res, cqe->flags);
}

SEC("?tp_btf/io_uring_complete") /* its arguments before 6.16 */
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
