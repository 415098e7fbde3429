// SPDX-License-Identifier: GPL-2.0
/*
 * Unix sockets: type, bound name and the kernel's own link to the peer (never credentials, which
 * are fixed at connect and stale after fork or fd passing).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "mechanisms.bpf.h"
#include "socket.bpf.h"

__hidden enum mechanism unix_mechanism(struct sock *sock)
{
	switch (KERNEL_READ(sock, sk_type)) {
	case SOCK_STREAM:
		return MECH_UNIX_STREAM;
	case SOCK_DGRAM:
		return MECH_UNIX_DGRAM;
	case SOCK_SEQPACKET:
		return MECH_UNIX_SEQPACKET;
	default:
		return MECH_NONE;
	}
}

__hidden int unix_describe(__u64 object, struct object_value *value)
{
	struct sock *sock = KERNEL_POINTER(struct sock, object);
	struct unix_sock *unix_sock = KERNEL_POINTER(struct unix_sock, object);
	struct unix_address *address = KERNEL_READ(unix_sock, addr);
	struct sock *peer = KERNEL_READ(unix_sock, peer);
	__u32 length;

	value->capacity = KERNEL_READ(sock, sk_sndbuf);
	value->netns = socket_netns(sock);
	value->peer = (__u64)peer;
	value->peer_aux = peer ? socket_inode_number(peer) : 0;
	if (!address)
		return 0;
	/* len counts the two bytes of sun_family. */
	length = KERNEL_READ(address, len) - sizeof(short);
	if (length > sizeof(address->name[0].sun_path))
		return 0;
	bpf_probe_read_kernel(value->name, length,
			      (void *)((__u64)address +
				       bpf_core_field_offset(struct unix_address, name) +
				       sizeof(short)));
	value->name_length = length;
	return 0;
}
