// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink sockets: the protocol and the port that others send to. A port of 0 as the destination is the
 * kernel.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "destination.bpf.h"
#include "mechanisms.bpf.h"
#include "socket.bpf.h"

#define AF_NETLINK 16

__hidden int netlink_describe(__u64 object, struct object_value *value)
{
	struct sock *sock = KERNEL_POINTER(struct sock, object);
	struct netlink_sock *netlink = KERNEL_POINTER(struct netlink_sock, object);

	value->capacity = KERNEL_READ(sock, sk_sndbuf);
	value->netns = socket_netns(sock);
	value->local.netlink.port = KERNEL_READ(netlink, portid);
	value->local.port = KERNEL_READ(sock, sk_protocol);
	value->local.family = AF_NETLINK;
	return 0;
}

__hidden __u64 netlink_destination(__u64 object)
{
	struct netlink_sock *netlink = KERNEL_POINTER(struct netlink_sock, object);

	return destination_of_netlink(KERNEL_READ(netlink, dst_portid), KERNEL_READ(netlink, dst_group));
}
