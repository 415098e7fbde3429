/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of the anonymous inode, which many kinds of files share: what they are called tells the kind.
 */
#ifndef IPCTRACE_ANONYMOUS_BPF_H
#define IPCTRACE_ANONYMOUS_BPF_H

#include "kernel.bpf.h"

/* In words, which takes the least of the stack. The names that are asked for are shorter; zeros follow. */
union anonymous_name {
	char text[16];
	__u64 words[2];
};

static __always_inline bool is_named(const union anonymous_name *name, const union anonymous_name *wanted)
{
	return name->words[0] == wanted->words[0] && name->words[1] == wanted->words[1];
}

static __always_inline void read_anonymous_name(struct file *file, union anonymous_name *name)
{
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);

	bpf_probe_read_kernel_str(name->text, sizeof(name->text), KERNEL_READ(dentry, d_name.name));
}

#endif
