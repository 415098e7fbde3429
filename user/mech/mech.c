// SPDX-License-Identifier: GPL-2.0
/*
 * The table of mechanisms on the user side.
 */
#include <sys/sysmacros.h>

#include "mech/mech.h"

static const struct mech *const mechs[MECH_COUNT] = {
	[MECH_PIPE] = &mech_pipe,
	[MECH_FIFO] = &mech_pipe,
	[MECH_UNIX_STREAM] = &mech_unix,
	[MECH_UNIX_DGRAM] = &mech_unix,
	[MECH_UNIX_SEQPACKET] = &mech_unix,
	[MECH_TCP] = &mech_inet,
	[MECH_UDP] = &mech_inet,
	[MECH_MQUEUE] = &mech_mqueue,
	[MECH_SYSV_MSG] = &mech_sysv,
	[MECH_SYSV_SEM] = &mech_sysv,
	[MECH_EVENTFD] = &mech_eventfd,
	[MECH_PTY] = &mech_pty,
	[MECH_VSOCK] = &mech_vsock,
	[MECH_NETLINK] = &mech_netlink,
};

const struct mech *mech_of(enum mechanism mechanism)
{
	return (unsigned)mechanism < MECH_COUNT ? mechs[mechanism] : NULL;
}

unsigned long mech_device(__u32 kernel_device)
{
	/* MAJOR() and MINOR() of include/linux/kdev_t.h. */
	return makedev(kernel_device >> 20, kernel_device & 0xfffff);
}
