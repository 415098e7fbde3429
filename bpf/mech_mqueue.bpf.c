// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues: regular files of a file system of their own.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "mechanisms.bpf.h"

#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */

__hidden enum mechanism mqueue_mechanism(__u64 magic)
{
	return magic == MQUEUE_MAGIC ? MECH_MQUEUE : MECH_NONE;
}

/* The inode is a member of mqueue_inode_info (MQUEUE_I in ipc/mqueue.c). */
static __always_inline struct mqueue_inode_info *queue_of(struct inode *inode)
{
	__u64 offset = bpf_core_field_offset(struct mqueue_inode_info, vfs_inode);

	return KERNEL_POINTER(struct mqueue_inode_info, (__u64)inode - offset);
}

__hidden int mqueue_describe(__u64 address, struct object_value *value)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	struct inode *inode = KERNEL_READ(file, f_inode);
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);
	struct mqueue_inode_info *queue = queue_of(inode);

	value->capacity = KERNEL_READ(queue, attr.mq_maxmsg);
	value->queued = KERNEL_READ(queue, attr.mq_curmsgs);
	if (value->max_queued < value->queued)
		value->max_queued = value->queued;
	bpf_probe_read_kernel_str(value->name, sizeof(value->name),
				  KERNEL_READ(dentry, d_name.name));
	return 0;
}

__hidden int mqueue_depth(__u64 address, __u64 number)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	struct inode *inode = KERNEL_READ(file, f_inode);
	struct super_block *super = KERNEL_READ(inode, i_sb);
	struct mqueue_inode_info *queue;

	/* Another thread may have closed the descriptor since the call began. */
	if (KERNEL_READ(inode, i_ino) != number || KERNEL_READ(super, s_magic) != MQUEUE_MAGIC)
		return -1;
	queue = queue_of(inode);
	return KERNEL_READ(queue, attr.mq_curmsgs);
}
