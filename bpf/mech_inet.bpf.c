// SPDX-License-Identifier: GPL-2.0
/*
 * TCP and UDP over IPv4 and IPv6: which of the two, and the addresses of both ends.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "mechanisms.bpf.h"
#include "socket.bpf.h"

/* include/uapi/linux/in.h */
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262

#define AF_INET6 10

__hidden enum mechanism inet_mechanism(struct sock *sock)
{
	__u16 protocol = KERNEL_READ(sock, sk_protocol);

	switch (KERNEL_READ(sock, sk_type)) {
	case SOCK_STREAM:
		return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP ? MECH_TCP : MECH_NONE;
	case SOCK_DGRAM:
		return protocol == IPPROTO_UDP ? MECH_UDP : MECH_NONE;
	default:
		return MECH_NONE;
	}
}

__hidden int inet_describe(__u64 object, struct object_value *value)
{
	struct sock *sock = KERNEL_POINTER(struct sock, object);
	__u16 family = KERNEL_READ(sock, __sk_common.skc_family);

	value->capacity = KERNEL_READ(sock, sk_sndbuf);
	value->netns = socket_netns(sock);
	value->local.port = KERNEL_READ(sock, __sk_common.skc_num);
	value->remote.port = bpf_ntohs(KERNEL_READ(sock, __sk_common.skc_dport));
	if (family == AF_INET6) {
		bpf_core_read(value->local.bytes, 16,
			      &sock->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		bpf_core_read(value->remote.bytes, 16,
			      &sock->__sk_common.skc_v6_daddr.in6_u.u6_addr8);
	} else {
		__be32 local = KERNEL_READ(sock, __sk_common.skc_rcv_saddr);
		__be32 remote = KERNEL_READ(sock, __sk_common.skc_daddr);

		__builtin_memcpy(value->local.bytes, &local, sizeof(local));
		__builtin_memcpy(value->remote.bytes, &remote, sizeof(remote));
	}
	value->local.family = family;
	value->remote.family = value->remote.port ? family : 0;
	return 0;
}
