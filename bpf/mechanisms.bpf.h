/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each mechanism's file offers to object.bpf.c. The pointers are such as KERNEL_READ follows;
 * numbers are kernel addresses that have yet to go through KERNEL_POINTER.
 */
#ifndef IPCTRACE_MECHANISMS_BPF_H
#define IPCTRACE_MECHANISMS_BPF_H

#include "tables.h"

struct call;
struct file;
struct inode;
struct sock;
struct super_block;
struct task_struct;

/* Is an inode of this file system (a FIFO by its mode) a pipe or a FIFO? */
enum mechanism pipe_mechanism(struct super_block *super);
int pipe_describe(__u64 file, struct object_value *value);
/* Does the pipe or FIFO of FILE hold nothing, or as much as it can? */
int pipe_is_empty(__u64 file);
int pipe_is_full(__u64 file);

/* Is an inode of a file system with this magic (a regular file by its mode) a POSIX message queue? */
enum mechanism mqueue_mechanism(__u64 magic);
int mqueue_describe(__u64 file, struct object_value *value);
/* The messages in the queue of FILE, -1 if that is not the queue NUMBER any more. */
int mqueue_depth(__u64 file, __u64 number);

enum mechanism unix_mechanism(struct sock *sock);
int unix_describe(__u64 sock, struct object_value *value);

enum mechanism inet_mechanism(struct sock *sock);
int inet_describe(__u64 sock, struct object_value *value);

int vsock_describe(__u64 sock, struct object_value *value);

int netlink_describe(__u64 sock, struct object_value *value);
/* Where the datagrams of SOCK go that name no destination: see destination.bpf.h. */
__u64 netlink_destination(__u64 sock);

/*
 * Fills KEY, of which the mechanism is given, for the System V object ID as TASK sees it, whether it exists or
 * not. Returns the kernel address of the IPC namespace, 0 if such objects are not wanted.
 */
__u64 sysv_identify(struct task_struct *task, __u32 id, struct object_key *key);
int sysv_describe(__u64 ipc_namespace, const struct object_key *key, struct object_value *value);

/*
 * The first operation of a semop says which way the call goes: up gives, all others take or wait. It may be in
 * memory that is not there before the kernel asks for it: then the call is CALL_UNDIRECTED, ask again at exit.
 */
int sysv_semaphore_direction(struct call *call);

/* Is this file of the anonymous inode an eventfd? Then fills in object and aux of KEY. */
enum mechanism eventfd_identify(struct file *file, struct object_key *key);

/* Is this file of a character device an end of a pty? Then fills in object and aux of KEY. */
enum mechanism pty_identify(struct file *file, struct inode *inode, struct object_key *key);

#endif
