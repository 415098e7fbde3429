/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is a message and where does it go: what system calls and io_uring's requests have in common.
 */
#ifndef IPCTRACE_MESSAGE_BPF_H
#define IPCTRACE_MESSAGE_BPF_H

#include "destination.bpf.h"
#include "framing.bpf.h"
#include "kernel.bpf.h"
#include "mechanisms.bpf.h"
#include "tables.h"

/* include/linux/socket.h */
#define MSG_PEEK 0x2
#define MSG_ERRQUEUE 0x2000
#define RCV_SHUTDOWN 1 /* include/net/sock.h */

/* Receives of which a result of 0 may mean a message or the end. */
static __always_inline bool has_empty_messages(enum mechanism mechanism)
{
	return mechanism == MECH_UNIX_SEQPACKET || mechanism == MECH_UNIX_DGRAM || mechanism == MECH_UDP;
}

/* Stream sockets ignore an address: only datagrams have a destination of their own. */
static __always_inline bool takes_destination(enum mechanism mechanism)
{
	return mechanism == MECH_UDP || mechanism == MECH_UNIX_DGRAM || mechanism == MECH_NETLINK;
}

/* Layouts of struct msghdr as user programs pass it. */
struct msghdr_64 {
	__u64 name;
	__u32 name_length;
};

struct msghdr_32 {
	__u32 name;
	__u32 name_length;
};

static __always_inline __u64 destination_of_msghdr(__u64 address, bool is_32bit)
{
	struct msghdr_64 header = {};
	struct msghdr_32 header_32 = {};

	if (!is_32bit) {
		if (bpf_probe_read_user(&header, sizeof(header), (void *)address))
			return 0;
	} else {
		if (bpf_probe_read_user(&header_32, sizeof(header_32), (void *)address))
			return 0;
		header.name = header_32.name;
		header.name_length = header_32.name_length;
	}
	return destination_of(header.name, header.name_length);
}

static __always_inline bool has_queued(__u64 object)
{
	struct sock *sock = KERNEL_POINTER(struct sock, object);

	return KERNEL_READ(sock, sk_receive_queue.qlen);
}

/*
 * The peer that a unix datagram or netlink socket is connected to, 0: none. Part of the flow's key: it may be
 * connected to another one later.
 */
static __always_inline __u64 peer_of(__u32 mechanism, __u64 object)
{
	struct unix_sock *sock;

	if (mechanism == MECH_NETLINK)
		return netlink_destination(object);
	if (mechanism != MECH_UNIX_DGRAM)
		return 0;
	sock = KERNEL_POINTER(struct unix_sock, object);
	return (__u64)KERNEL_READ(sock, peer);
}

static __always_inline bool is_shut(__u64 object)
{
	struct sock *sock = KERNEL_POINTER(struct sock, object);

	return KERNEL_READ(sock, sk_shutdown) & RCV_SHUTDOWN;
}

#endif
