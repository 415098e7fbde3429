// SPDX-License-Identifier: GPL-2.0
/*
 * eventfds: files of the anonymous inode. What is behind the file, not the inode, tells one from the other.
 * A signalfd is nothing but a way in which whoever reads it takes his signals.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "anonymous.bpf.h"
#include "kernel.bpf.h"
#include "mechanisms.bpf.h"

static const char eventfd_name[ANONYMOUS_NAME_SIZE] = "[eventfd]";   /* do_eventfd() in fs/eventfd.c */
static const char signalfd_name[ANONYMOUS_NAME_SIZE] = "[signalfd]"; /* do_signalfd4() in fs/signalfd.c */

__hidden enum mechanism anonymous_identify(struct file *file, struct object_key *key)
{
	char name[ANONYMOUS_NAME_SIZE] = {};
	struct eventfd_ctx *context;

	read_anonymous_name(file, name);
	/* CONFIG_EVENTFD */
	if (!bpf_core_type_exists(struct eventfd_ctx) || !is_named(name, eventfd_name))
		return is_named(name, signalfd_name) ? MECH_SIGNAL : MECH_NONE;
	context = KERNEL_POINTER(struct eventfd_ctx, KERNEL_READ(file, private_data));
	key->object = (__u64)context;
	key->aux = KERNEL_READ(context, id);
	return MECH_EVENTFD;
}
