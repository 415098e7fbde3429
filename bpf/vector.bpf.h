/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several messages in one call: sendmmsg and recvmmsg.
 */
#ifndef IPCTRACE_VECTOR_BPF_H
#define IPCTRACE_VECTOR_BPF_H

#include "thread_state.h"

#define VECTOR_PART 32
#define MAX_VECTOR 1024 /* UIO_MAXIOV: the kernel takes no more messages in one call */

/* Layouts of struct mmsghdr as user programs pass it. */
#define MMSGHDR_SIZE_64 64
#define MMSGHDR_LENGTH_64 56
#define MMSGHDR_SIZE_32 32
#define MMSGHDR_LENGTH_32 28

/* Counts COUNT messages, at most VECTOR_PART, of the vector at ADDRESS in user memory. Global. */
int vector_part(const struct flow_key *key, const struct call *call, __u64 address, __u32 count);

static __always_inline void vector_exit(const struct flow_key *key, const struct call *call, long result)
{
	__u32 size = call->flags & CALL_32BIT ? MMSGHDR_SIZE_32 : MMSGHDR_SIZE_64;
	__u64 address = call->arguments[1];

	for (int i = 0; i < MAX_VECTOR; i += VECTOR_PART) {
		if (i >= result)
			break;
		vector_part(key, call, address, result - i);
		address += (__u64)VECTOR_PART * size;
	}
}

#endif
