/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of the anonymous inode, which many kinds of files share: what they are called tells the kind.
 */
#ifndef IPCTRACE_ANONYMOUS_BPF_H
#define IPCTRACE_ANONYMOUS_BPF_H

#include "kernel.bpf.h"

#define ANONYMOUS_NAME_SIZE 16 /* the names that are asked for are shorter */

static __always_inline bool is_named(const char name[ANONYMOUS_NAME_SIZE],
				     const char wanted[ANONYMOUS_NAME_SIZE])
{
	for (__u32 i = 0; i < ANONYMOUS_NAME_SIZE; i++) {
		if (name[i] != wanted[i])
			return false;
		if (!wanted[i])
			break;
	}
	return true;
}

static __always_inline void read_anonymous_name(struct file *file, char name[ANONYMOUS_NAME_SIZE])
{
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);

	bpf_probe_read_kernel_str(name, ANONYMOUS_NAME_SIZE, KERNEL_READ(dentry, d_name.name));
}

#endif
