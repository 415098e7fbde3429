// SPDX-License-Identifier: GPL-2.0
/*
 * See vector.bpf.h.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "counting.bpf.h"
#include "health.bpf.h"
#include "message.bpf.h"
#include "vector.bpf.h"

/*
 * A message of the vector at ADDRESS that sendmmsg or recvmmsg has moved. Global: the verifier looks at it once,
 * not at each turn of the loop.
 */
__noinline int vector_message(const struct flow_key *key, const struct call *call, __u64 address)
{
	struct flow_key to;
	struct flow_value *flow;
	__u32 bytes = 0;
	bool is_32bit;

	if (!key || !call)
		return 0;
	is_32bit = call->flags & CALL_32BIT;
	to = *key;
	if (bpf_probe_read_user(&bytes, sizeof(bytes),
				(void *)(address + (is_32bit ? MMSGHDR_LENGTH_32 : MMSGHDR_LENGTH_64))))
		health_count(HEALTH_UNREADABLE_MEMORY);
	if (to.direction == DIRECTION_SEND && to.mechanism != MECH_UNIX_STREAM &&
	    to.mechanism != MECH_UNIX_SEQPACKET && to.mechanism != MECH_TCP &&
	    to.mechanism != MECH_VSOCK) {
		__u64 destination = destination_of_msghdr(address, is_32bit);

		to.destination = destination ? destination : peer_of(to.mechanism, to.object);
	}
	flow = is_counted(&to, call) ? flow_get(&to, call->file) : NULL;
	if (flow && (bytes || framing_of(to.mechanism) == DATAGRAM)) /* else the end of a stream */
		message(&to, flow, call, bytes);
	return 0;
}

/* COUNT messages, at most VECTOR_PART. Two short loops, not a long one: the verifier follows each turn. */
__noinline int vector_part(const struct flow_key *key, const struct call *call, __u64 address, __u32 count)
{
	__u32 size;

	if (!key || !call)
		return 0;
	size = call->flags & CALL_32BIT ? MMSGHDR_SIZE_32 : MMSGHDR_SIZE_64;
	for (__u32 i = 0; i < VECTOR_PART && i < count; i++) {
		vector_message(key, call, address);
		address += size;
	}
	return 0;
}
