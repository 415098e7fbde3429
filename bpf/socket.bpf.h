/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What unix and inet sockets have in common.
 */
#ifndef IPCTRACE_SOCKET_BPF_H
#define IPCTRACE_SOCKET_BPF_H

#include "kernel.bpf.h"

/* include/linux/net.h */
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_SEQPACKET 5

/* Inode number of the socket that owns SOCK; 0 when its owner has closed it. */
static __always_inline __u32 socket_inode_number(struct sock *sock)
{
	struct socket *socket = KERNEL_READ(sock, sk_socket);
	struct file *file = socket ? KERNEL_READ(socket, file) : NULL;
	struct inode *inode = file ? KERNEL_READ(file, f_inode) : NULL;

	return inode ? KERNEL_READ(inode, i_ino) : 0;
}

static __always_inline __u32 socket_netns(struct sock *sock)
{
	struct net *net = KERNEL_READ(sock, __sk_common.skc_net.net);

	return KERNEL_READ(net, ns.inum);
}

#endif
