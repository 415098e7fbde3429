/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a flow to the queue that its data goes through: the sender's flow and the receiver's must come to the same
 * number, each from what it can see of the other.
 */
#ifndef IPCTRACE_QUEUE_BPF_H
#define IPCTRACE_QUEUE_BPF_H

#include "tables.h"

#define NETLINK_USERSOCK 2 /* include/uapi/linux/netlink.h: between processes */

/* Whose memory is used: a hook may take an iterator's CPU away, and nothing a hook's. */
enum scratch {
	SCRATCH_OF_HOOKS = 0,
	SCRATCH_OF_ITERATORS = 1,
	SCRATCH_COUNT = 2,
};

/*
 * The number of the queue, or 0: none that the two ends can agree on. OBJECT is what is known of the flow's object.
 * Global: the verifier looks at it once.
 */
__u64 queue_of(const struct flow_key *key, const struct object_value *object, enum scratch scratch);

#endif
