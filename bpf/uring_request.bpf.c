// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to io_uring: what has to be known of each before it runs, because it cannot be read any more when it is
 * complete.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "delivery.bpf.h"
#include "health.bpf.h"
#include "message.bpf.h"
#include "object.bpf.h"
#include "uring_request.bpf.h"

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
#define RECVMSG_OUT_SIZE 16 /* struct io_uring_recvmsg_out */
#define SPLICE_F_FD_IN_FIXED (1U << 31)

/* The first bits of a request's flags are those of its submission queue entry. */
#define REQ_F_FIXED_FILE (1 << 0)

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

__hidden enum way uring_way(struct io_kiocb *req)
{
	return way_of(KERNEL_READ(req, opcode));
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
	__u64 several = URING_SEVERAL, *found, other;
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
	else if (other != URING_SEVERAL)
		bpf_map_update_elem(&shots, &key, &address, BPF_ANY);
}

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
	if (at_submission && (way_of(opcode) != WAY_RECEIVE || overlaps_matter))
		request->entered_ns = bpf_ktime_get_ns();
	else if (!at_submission)
		request->entered_ns = LONG_AGO;
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
	if (request->flags & REQUEST_MANY)
		note_shots(request, address);
	else if (at_submission && !(flags & REQ_F_FIXED_FILE) && way_of(opcode) == WAY_RECEIVE)
		note_queue(request, req);
	return 0;
}

/* Is REQUEST what is noted of the one at REQ, not of an earlier one in the same place? */
static __always_inline bool is_of(const struct request *request, struct io_kiocb *req)
{
	struct task_struct *task = submitter_of(req);

	return request->ring == (__u64)KERNEL_READ(req, ctx) &&
	       request->user_data == KERNEL_READ(req, cqe.user_data) &&
	       request->submitter == (__u32)KERNEL_READ(task, pid);
}

__hidden struct request *uring_noted(__u64 address)
{
	struct request *request = bpf_map_lookup_elem(&requests, &address);

	return request && is_of(request, request_at(address)) ? request : NULL;
}

__hidden __u64 uring_shot(__u64 ring, __u64 user_data)
{
	struct shot_key key = {.ring = ring, .user_data = user_data};
	__u64 *address = bpf_map_lookup_elem(&shots, &key);

	return address ? *address : 0;
}

__hidden int uring_forget(const struct request *request, __u64 address)
{
	struct shot_key key = {.ring = request->ring, .user_data = request->user_data};
	__u64 *found;

	if (request->flags & REQUEST_MANY) {
		found = bpf_map_lookup_elem(&shots, &key);
		if (found && *found == address)
			bpf_map_delete_elem(&shots, &key);
	}
	bpf_map_delete_elem(&requests, &address);
	return 0;
}
