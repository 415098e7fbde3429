// SPDX-License-Identifier: GPL-2.0
/*
 * eventfds: files of the anonymous inode, which many kinds of files share. What they are called tells
 * the kind; what is behind the file, not the inode, tells one from the other.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "mechanisms.bpf.h"

static const char name_of_all[] = "[eventfd]"; /* do_eventfd() in fs/eventfd.c */

static __always_inline bool is_named_eventfd(struct file *file)
{
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);
	char name[sizeof(name_of_all)] = {};

	bpf_probe_read_kernel(name, sizeof(name), KERNEL_READ(dentry, d_name.name));
	for (__u32 i = 0; i < sizeof(name); i++)
		if (name[i] != name_of_all[i])
			return false;
	return true;
}

__hidden enum mechanism eventfd_identify(struct file *file, struct object_key *key)
{
	struct eventfd_ctx *context;

	/* CONFIG_EVENTFD */
	if (!bpf_core_type_exists(struct eventfd_ctx) || !is_named_eventfd(file))
		return MECH_NONE;
	context = KERNEL_POINTER(struct eventfd_ctx, KERNEL_READ(file, private_data));
	key->object = (__u64)context;
	key->aux = KERNEL_READ(context, id);
	return MECH_EVENTFD;
}
