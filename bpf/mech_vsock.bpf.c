// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets between virtual machines and their host: the addresses of both ends. The family is a module on most
 * kernels, whose types vmlinux does not have.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "mechanisms.bpf.h"
#include "socket.bpf.h"

#define AF_VSOCK 40
#define VMADDR_PORT_ANY (~0U) /* include/uapi/linux/vm_sockets.h */

/* The first bytes of a struct sockaddr_vm (the same file). */
struct vsock_address {
	__u16 family;
	__u16 reserved;
	__u32 port;
	__u32 cid;
	__u32 flags;
};

/*
 * What struct vsock_sock begins with, after its struct sock (include/net/af_vsock.h). Where this does not fit to
 * the kernel, the families in it are not AF_VSOCK, and the addresses stay unknown.
 */
struct vsock_rest {
	__u64 transport;
	struct vsock_address local, remote;
};

__hidden int vsock_describe(__u64 object, struct object_value *value)
{
	struct sock *sock = KERNEL_POINTER(struct sock, object);
	struct vsock_rest rest = {};

	value->netns = socket_netns(sock);
	bpf_probe_read_kernel(&rest, sizeof(rest), (void *)(object + bpf_core_type_size(struct sock)));
	if (rest.local.family != AF_VSOCK || rest.remote.family != AF_VSOCK)
		return 0;
	value->local.vsock.cid = rest.local.cid;
	value->local.vsock.port = rest.local.port;
	value->local.family = AF_VSOCK;
	value->remote.vsock.cid = rest.remote.cid;
	value->remote.vsock.port = rest.remote.port;
	value->remote.family = rest.remote.port == VMADDR_PORT_ANY ? 0 : AF_VSOCK;
	return 0;
}
