// SPDX-License-Identifier: GPL-2.0
/*
 * How much a queue holds at the moment that we begin to look: by mechanism, from what the kernel keeps of it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "fill.bpf.h"
#include "kernel.bpf.h"

#define MAX_BUFFERS        4096 /* of a pipe: 16 MiB */
#define MAX_BUFFERS_A_CALL 64
#define MAX_MESSAGES       512 /* of a unix stream; its send buffer holds fewer */
#define MESSAGES_A_CALL    16

static __always_inline struct pipe_inode_info *pipe_of(__u64 address)
{
	struct file *file = KERNEL_POINTER(struct file, address);

	return KERNEL_POINTER(struct pipe_inode_info, KERNEL_READ(file, private_data));
}

/* Some of a pipe's buffers, from INDEX on. Global: the verifier looks at it once. */
__noinline __u64 pipe_buffers(__u64 file, __u32 index)
{
	struct pipe_inode_info *pipe = pipe_of(file);
	__u32 head = KERNEL_READ(pipe, head), slots = KERNEL_READ(pipe, ring_size);
	__u64 buffers = (__u64)KERNEL_READ(pipe, bufs), bytes = 0;

	for (int i = 0; i < MAX_BUFFERS_A_CALL && index != head; i++, index++) {
		struct pipe_buffer *buffer =
			(struct pipe_buffer *)(buffers + (__u64)(index & (slots - 1)) *
								 bpf_core_type_size(struct pipe_buffer));
		__u32 length = 0;

		bpf_core_read(&length, sizeof(length), &buffer->len);
		bytes += length;
	}
	return bytes;
}

static __always_inline __u64 pipe_fill(__u64 file)
{
	struct pipe_inode_info *pipe = pipe_of(file);
	__u32 head = KERNEL_READ(pipe, head), tail = KERNEL_READ(pipe, tail);
	__u64 bytes = 0;

	for (__u32 i = 0; i < MAX_BUFFERS && i < head - tail; i += MAX_BUFFERS_A_CALL)
		bytes += pipe_buffers(file, tail + i);
	return bytes;
}

/*
 * Adds up in *BYTES what is left of the messages of a unix stream socket's queue from MESSAGE on, a few at a
 * time. Returns the next one. Global: the verifier looks at it once.
 */
__noinline __u64 unix_messages(__u64 message, __u64 end, __u64 *bytes)
{
	for (int i = 0; i < MESSAGES_A_CALL && message && message != end && bytes; i++) {
		struct sk_buff *buffer = (struct sk_buff *)message;
		__u32 length = 0, consumed = 0;

		bpf_core_read(&length, sizeof(length), &buffer->len);
		bpf_core_read(&consumed, sizeof(consumed),
			(void *)(message + bpf_core_field_offset(struct sk_buff, cb) +
				 bpf_core_field_offset(struct unix_skb_parms, consumed)));
		*bytes += length - consumed;
		bpf_core_read(&message, sizeof(message), &buffer->next);
	}
	return message;
}

static __always_inline __u64 unix_stream_fill(__u64 socket)
{
	struct sock *sock = (struct sock *)socket;
	__u64 end = socket + bpf_core_field_offset(struct sock, sk_receive_queue), message = 0, bytes = 0;

	bpf_core_read(&message, sizeof(message), &sock->sk_receive_queue.next);
	for (int i = 0; i < MAX_MESSAGES && message && message != end; i += MESSAGES_A_CALL)
		message = unix_messages(message, end, &bytes);
	return bytes;
}

static __always_inline __u64 messages_in(__u64 socket)
{
	struct sock *sock = KERNEL_POINTER(struct sock, socket);

	return socket ? KERNEL_READ(sock, sk_receive_queue.qlen) : 0;
}

static __always_inline __u64 udp_fill(__u64 socket)
{
	struct udp_sock *sock = KERNEL_POINTER(struct udp_sock, socket);

	return messages_in(socket) + KERNEL_READ(sock, reader_queue.qlen);
}

static __always_inline __u64 tcp_fill(__u64 socket)
{
	struct tcp_sock *sock = KERNEL_POINTER(struct tcp_sock, socket);

	return KERNEL_READ(sock, rcv_nxt) - KERNEL_READ(sock, copied_seq);
}

static __always_inline __u64 mqueue_fill(__u64 address)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	__u64 inode = (__u64)KERNEL_READ(file, f_inode);
	struct mqueue_inode_info *queue = KERNEL_POINTER(
		struct mqueue_inode_info, inode - bpf_core_field_offset(struct mqueue_inode_info, vfs_inode));

	return KERNEL_READ(queue, attr.mq_curmsgs);
}

__noinline __u64 fill_of(__u64 file, const struct flow_key *key, __u64 peer)
{
	bool receives;

	if (!key)
		return 0;
	receives = key->direction == DIRECTION_RECEIVE;
	switch (key->mechanism) {
	case MECH_PIPE:
	case MECH_FIFO:
		return pipe_fill(file);
	case MECH_MQUEUE:
		return mqueue_fill(file);
	case MECH_UNIX_STREAM:
		return unix_stream_fill(receives ? key->object : peer);
	case MECH_UNIX_DGRAM:
	case MECH_UNIX_SEQPACKET:
		return messages_in(receives ? key->object : peer);
	case MECH_UDP: /* the other end is not known here */
		return receives ? udp_fill(key->object) : 0;
	case MECH_TCP:
		return receives ? tcp_fill(key->object) : 0;
	default:
		return 0;
	}
}
