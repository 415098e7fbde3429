/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a call that has ended counts: channel.bpf.c's and vector.bpf.c's.
 */
#ifndef IPCTRACE_COUNTING_BPF_H
#define IPCTRACE_COUNTING_BPF_H

#include "delivery.bpf.h"
#include "flow.bpf.h"
#include "kernel.bpf.h"
#include "process.bpf.h"
#include "thread_state.h"
#include "witness.bpf.h"

/* A witness's calls on System V objects are not: it cannot be known before it has done some. */
static __always_inline bool is_counted(const struct flow_key *key, const struct call *call)
{
	if (!(call->flags & CALL_WITNESS))
		return true;
	if (key->mechanism == MECH_SYSV_MSG || key->mechanism == MECH_SYSV_SEM || key->mechanism == MECH_SIGNAL)
		return false;
	return flow_exists(key) || witness_shares(key, call->file);
}

/* What chooses among the messages of a queue. */
static __always_inline __u64 tag_of(const struct call *call)
{
	__u32 priority = 0;

	switch (call->operation) {
	case OP_MQ_SEND:
		return call->arguments[3] + 1;
	case OP_MQ_RECEIVE:
		if (bpf_probe_read_user(&priority, sizeof(priority), (void *)call->arguments[3]))
			return 0;
		return priority + 1ULL;
	case OP_MSG_SEND:
	case OP_MSG_RECEIVE:
		return user_word(call->arguments[1], call->flags & CALL_32BIT);
	default:
		return call->flags & CALL_FOUND_NOTHING ? call->entered_ns : 0;
	}
}

/* A message of BYTES has been sent or received. */
static __always_inline void message(const struct flow_key *key, struct flow_value *flow, const struct call *call,
				    __u64 bytes)
{
	flow_message(flow, bytes);
	if (flow->queue)
		pass_message(key, flow->queue, call->entered_ns, bytes, tag_of(call));
	else if (key->mechanism == MECH_PROCESS_VM)
		process_vm_moved(key, bytes);
}

#endif
