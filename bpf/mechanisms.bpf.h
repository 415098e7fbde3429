/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each mechanism's file offers to object.bpf.c. The pointers are such as KERNEL_READ follows;
 * numbers are kernel addresses that have yet to go through KERNEL_POINTER.
 */
#ifndef IPCTRACE_MECHANISMS_BPF_H
#define IPCTRACE_MECHANISMS_BPF_H

#include "tables.h"

struct super_block;
struct sock;

/* Is an inode of this file system (a FIFO by its mode) a pipe or a FIFO? */
enum mechanism pipe_mechanism(struct super_block *super);
int pipe_describe(__u64 file, struct object_value *value);
/* Does the pipe or FIFO of FILE hold nothing, or as much as it can? */
int pipe_is_empty(__u64 file);
int pipe_is_full(__u64 file);

/* Is an inode of this file system (a regular file by its mode) a POSIX message queue? */
enum mechanism mqueue_mechanism(struct super_block *super);
int mqueue_describe(__u64 file, struct object_value *value);

enum mechanism unix_mechanism(struct sock *sock);
int unix_describe(__u64 sock, struct object_value *value);

enum mechanism inet_mechanism(struct sock *sock);
int inet_describe(__u64 sock, struct object_value *value);

#endif
