// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes and FIFOs: the same machinery in the kernel, told apart by the file system.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "mechanisms.bpf.h"

#define PIPEFS_MAGIC 0x50495045 /* include/uapi/linux/magic.h */
#define PAGE_SIZE 4096ULL       /* of a ring's slot; scaled by the user side where pages differ */

__hidden enum mechanism pipe_mechanism(struct super_block *super)
{
	return KERNEL_READ(super, s_magic) == PIPEFS_MAGIC ? MECH_PIPE : MECH_FIFO;
}

__hidden int pipe_describe(__u64 address, struct object_value *value)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	struct inode *inode = KERNEL_READ(file, f_inode);
	struct pipe_inode_info *pipe = KERNEL_READ(inode, i_pipe);
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);

	if (pipe)
		value->capacity = KERNEL_READ(pipe, ring_size) * PAGE_SIZE;
	bpf_probe_read_kernel_str(value->name, sizeof(value->name),
				  KERNEL_READ(dentry, d_name.name));
	return 0;
}

static __always_inline struct pipe_inode_info *pipe_of(__u64 address)
{
	struct file *file = KERNEL_POINTER(struct file, address);

	return KERNEL_POINTER(struct pipe_inode_info, KERNEL_READ(file, private_data));
}

__hidden int pipe_is_empty(__u64 file)
{
	struct pipe_inode_info *pipe = pipe_of(file);

	return KERNEL_READ(pipe, head) == KERNEL_READ(pipe, tail);
}

__hidden int pipe_is_full(__u64 file)
{
	struct pipe_inode_info *pipe = pipe_of(file);
	__u32 slots = KERNEL_READ(pipe, head) - KERNEL_READ(pipe, tail);

	return slots >= KERNEL_READ(pipe, max_usage);
}
