/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where unconnected datagrams go.
 */
#ifndef IPCTRACE_DESTINATION_BPF_H
#define IPCTRACE_DESTINATION_BPF_H

#include "tables.h"

/*
 * Key of the socket address of LENGTH bytes at ADDRESS in the current process, which is remembered
 * for the user side; 0 if there is none, or it cannot be read (counted). Global: see
 * histogram_slot.
 */
__u64 destination_of(__u64 address, __u32 length);

/* What is remembered under KEY, or NULL. */
const struct destination_value *destination_get(__u64 key);

/* The same for a netlink socket's port and multicast group; of both 0, the kernel, it is 0. */
__u64 destination_of_netlink(__u32 port, __u32 group);

#endif
