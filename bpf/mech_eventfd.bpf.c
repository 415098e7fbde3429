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

static const union anonymous_name eventfd_name = {"[eventfd]"};   /* do_eventfd() in fs/eventfd.c */
static const union anonymous_name signalfd_name = {"[signalfd]"}; /* do_signalfd4() in fs/signalfd.c */

__hidden enum mechanism anonymous_identify(struct file *file, struct object_key *key)
{
	union anonymous_name name = {};
	struct eventfd_ctx *context;

	read_anonymous_name(file, &name);
	/* CONFIG_EVENTFD */
	if (!bpf_core_type_exists(struct eventfd_ctx) || !is_named(&name, &eventfd_name))
		return is_named(&name, &signalfd_name) ? MECH_SIGNAL : MECH_NONE;
	context = KERNEL_POINTER(struct eventfd_ctx, KERNEL_READ(file, private_data));
	key->object = (__u64)context;
	key->aux = KERNEL_READ(context, id);
	return MECH_EVENTFD;
}
