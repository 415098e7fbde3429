/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel types that our BPF programs read, and of those only the members they read. CO-RE
 * moves every access to where the running kernel has the member, so the order and the gaps here
 * mean nothing, and a build needs no BTF of the build machine. A name with ___ after it is a
 * variant of the same kernel type (libbpf cuts from ___ on).
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;
typedef __u32 dev_t;

enum { false = 0, true = 1 };

/* uapi: values of the bpf(2) interface, the same on every kernel. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum bpf_func_id {
	BPF_FUNC_task_pt_regs = 175,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
};

struct bpf_spin_lock {
	__u32 val;
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Threads. */

struct thread_info {
	__u32 status;        /* x86: TS_COMPAT */
	unsigned long flags; /* arm64: TIF_32BIT */
};

struct bpf_local_storage;

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup *ancestors[];
};

struct cgroup___before_6_1 {
	__u64 ancestor_ids[1];
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[];
};

struct signal_struct {
	int nr_threads;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state; /* 5.14, commit 2f064a59a11f */
	unsigned int flags;
	int pid;
	int tgid;
	__u64 start_boottime;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct signal_struct *signal;
	struct pid *thread_pid;
	struct bpf_local_storage *bpf_storage;
};

struct task_struct___before_5_14 {
	long state;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bp;
	unsigned long bx;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};
#endif

struct trace_event_raw_sys_enter {
	long id;
};

struct trace_event_raw_sys_exit {
	long ret;
};

struct trace_event_raw_task_newtask {
	int pid;
	unsigned long clone_flags;
};

/* Files. */

struct super_block {
	dev_t s_dev;
	unsigned long s_magic;
};

struct pipe_buffer {
	unsigned int len;
	void *page; /* here for the size alone */
};

struct pipe_inode_info {
	struct pipe_buffer *bufs;
	unsigned int head;
	unsigned int tail;
	unsigned int max_usage;
	unsigned int ring_size;
};

struct inode {
	__u16 i_mode;
	dev_t i_rdev;
	struct super_block *i_sb;
	unsigned long i_ino;
	struct pipe_inode_info *i_pipe;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
	unsigned int f_mode;
	unsigned int f_flags;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mq_attr {
	long mq_maxmsg;
	long mq_msgsize;
	long mq_curmsgs;
};

struct mqueue_inode_info {
	struct mq_attr attr;
	struct inode vfs_inode;
};

struct eventfd_ctx {
	int id;
};

/* Terminals. */

struct tty_driver {
	int major;
};

struct tty_struct {
	int index;
	struct tty_driver *driver;
	struct tty_struct *link;
	void *driver_data;
};

struct tty_file_private {
	struct tty_struct *tty;
};

struct pts_fs_info {
	struct super_block *sb;
};

/* Sockets. */

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sk_buff {
	struct sk_buff *next;
	unsigned int len;
	char cb[48];
};

struct sk_buff_head {
	struct sk_buff *next;
	__u32 qlen;
};

struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_receive_queue;
	int sk_sndbuf;
	__u16 sk_type;
	__u16 sk_protocol;
	__u8 sk_shutdown;
	struct socket *sk_socket;
};

struct tcp_sock {
	__u32 rcv_nxt;
	__u32 copied_seq;
};

struct udp_sock {
	struct sk_buff_head reader_queue;
};

struct unix_skb_parms {
	__u32 consumed;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};

/* System V IPC. */

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct idr {
	struct xarray idr_rt;
};

struct ipc_ids {
	struct idr ipcs_idr;
};

struct ipc_namespace {
	struct ipc_ids ids[3];
	struct ns_common ns;
};

struct nsproxy {
	struct ipc_namespace *ipc_ns;
};

struct kern_ipc_perm {
	int id;
	int key;
};

struct msg_queue {
	struct kern_ipc_perm q_perm;
	unsigned long q_qbytes;
};

/* Iterators. */

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *key;
	void *value;
};

#pragma clang attribute pop

/* What user programs hand to system calls, 64-bit layout. */

struct iovec {
	void *iov_base;
	unsigned long iov_len;
};

struct user_msghdr {
	void *msg_name;
	int msg_namelen;
	struct iovec *msg_iov;
	unsigned long msg_iovlen;
	void *msg_control;
	unsigned long msg_controllen;
	unsigned int msg_flags;
};

struct mmsghdr {
	struct user_msghdr msg_hdr;
	unsigned int msg_len;
};

#endif
