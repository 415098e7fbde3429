// SPDX-License-Identifier: GPL-2.0
/*
 * Which channels are the targets': those whose queues are there. They are made when a target opens a channel or has
 * it open at the start, so that witnesses are counted from their first call.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "delivery.bpf.h"
#include "fill.bpf.h"
#include "kernel.bpf.h"
#include "object.bpf.h"
#include "queue.bpf.h"
#include "thread.bpf.h"
#include "witness.bpf.h"

/* Too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, __u32);
	__type(value, struct object_value);
} descriptions SEC(".maps");

/* The flow key of an object's own direction; nobody's, to nowhere but to its peer. */
static __always_inline struct flow_key direction_of(const struct object_key *object, const struct object_value *value,
						    enum direction direction)
{
	return (struct flow_key){
		.object = object->object,
		.aux = object->aux,
		.mechanism = object->mechanism,
		.direction = direction,
		.destination = object->mechanism == MECH_UNIX_DGRAM && direction == DIRECTION_SEND ? value->peer : 0,
	};
}

static __always_inline struct object_value *describe(__u64 file, const struct object_key *key, __u32 scratch)
{
	struct object_value *value = bpf_map_lookup_elem(&descriptions, &scratch);

	if (!value)
		return NULL;
	value->peer = 0;
	value->name_length = 0;
	value->remote.family = 0;
	object_describe(file, key, value);
	return value;
}

/* A target has a socket whose datagrams go wherever each is told to, or come from wherever. */
__u32 anybody_may_send = 0;

static __always_inline bool is_unconnected(const struct object_key *object, const struct object_value *value)
{
	return (object->mechanism == MECH_UDP && !value->remote.family) ||
	       (object->mechanism == MECH_UNIX_DGRAM && !value->peer) ||
	       (object->mechanism == MECH_NETLINK && value->local.port == NETLINK_USERSOCK);
}

static __always_inline void share(__u64 file, const struct object_key *object, const struct object_value *value,
				  enum direction direction, enum scratch scratch)
{
	struct flow_key key = direction_of(object, value, direction);
	__u64 number = queue_of(&key, value, scratch);

	if (number)
		delivery_open(&key, number, scratch == SCRATCH_OF_ITERATORS ? fill_of(file, &key, value->peer) : 0);
}

__noinline int witness_share(__u64 file, enum scratch scratch)
{
	struct object_value *value;
	struct object_key object = {};

	if (!file || !object_identify(file, &object))
		return 0;
	value = describe(file, &object, scratch);
	if (!value)
		return 0;
	if (is_unconnected(&object, value))
		anybody_may_send = 1;
	share(file, &object, value, DIRECTION_RECEIVE, scratch);
	share(file, &object, value, DIRECTION_SEND, scratch);
	return 0;
}

__noinline int witness_shares(const struct flow_key *key, __u64 file)
{
	struct object_key object = {};
	struct object_value *value;

	if (!key)
		return 0;
	object.object = key->object;
	object.aux = key->aux;
	object.mechanism = key->mechanism;
	value = describe(file, &object, SCRATCH_OF_HOOKS);
	return value && delivery_exists(queue_of(key, value, SCRATCH_OF_HOOKS));
}

__noinline int witness_holds(const struct object_key *object, const struct object_value *value)
{
	struct flow_key key;

	if (!object || !value)
		return 0;
	if (anybody_may_send && is_unconnected(object, value))
		return 1;
	key = direction_of(object, value, DIRECTION_RECEIVE);
	if (delivery_exists(queue_of(&key, value, SCRATCH_OF_ITERATORS)))
		return 1;
	key = direction_of(object, value, DIRECTION_SEND);
	return delivery_exists(queue_of(&key, value, SCRATCH_OF_ITERATORS));
}

/* The channels that targets have open at the start. */
SEC("iter/task_file")
int share_channels(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct thread *thread;
	__u64 file = 0;

	if (!task || !context->file)
		return 0;
	thread = thread_lookup(task);
	if (!thread || thread->traced != TRACED_TARGET)
		return 0;
	/* As a number: what is handed on to functions that the verifier looks at once must not be a pointer. */
	bpf_core_read(&file, sizeof(file), &context->file);
	witness_share(file, SCRATCH_OF_ITERATORS);
	return 0;
}
