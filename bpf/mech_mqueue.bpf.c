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

__hidden int mqueue_describe(__u64 address, struct object_value *value)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	struct inode *inode = KERNEL_READ(file, f_inode);
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);
	/* The inode is a member of mqueue_inode_info (MQUEUE_I in ipc/mqueue.c). */
	__u64 offset = bpf_core_field_offset(struct mqueue_inode_info, vfs_inode);
	struct mqueue_inode_info *queue =
		KERNEL_POINTER(struct mqueue_inode_info, (__u64)inode - offset);

	value->capacity = KERNEL_READ(queue, attr.mq_maxmsg);
	bpf_probe_read_kernel_str(value->name, sizeof(value->name),
				  KERNEL_READ(dentry, d_name.name));
	return 0;
}
