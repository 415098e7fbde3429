// SPDX-License-Identifier: GPL-2.0
/*
 * Which channels are the targets': those whose queues are there. They are made when a target opens a channel
 * or has it open at the start, so that witnesses are counted from their first call.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "delivery.bpf.h"
#include "fill.bpf.h"
#include "kernel.bpf.h"
#include "object.bpf.h"
#include "queue.bpf.h"
#include "socket.bpf.h"
#include "thread.bpf.h"
#include "witness.bpf.h"

#define MAX_PLACES   4096
#define STATE_LISTEN 10 /* TCP_LISTEN in include/net/tcp_states.h, of unix sockets, too */

/* Too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, __u32);
	__type(value, struct object_value);
} descriptions SEC(".maps");

/* The flow key of an object's own direction; nobody's, to nowhere but to its peer. */
static __always_inline struct flow_key direction_of(
	const struct object_key *object, const struct object_value *value, enum direction direction)
{
	return (struct flow_key){
		.object = object->object,
		.aux = object->aux,
		.mechanism = object->mechanism,
		.direction = direction,
		.destination =
			object->mechanism == MECH_UNIX_DGRAM && direction == DIRECTION_SEND ? value->peer : 0,
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

/* Where targets listen: see place_of(). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_PLACES);
	__type(key, __u64);
	__type(value, __u8);
} places SEC(".maps");

__u32 newcomers = 0;

/*
 * What a listening socket and those that connect to it have in common: of unix sockets the kernel's record of
 * the address, which the sockets made for connections share (unix_stream_connect() in net/unix/af_unix.c); of
 * TCP the port in its network namespace. 0: none.
 */
static __always_inline __u64 place_of(
	const struct object_key *object, const struct object_value *value, bool listens)
{
	struct unix_sock *sock;

	if (object->mechanism == MECH_TCP)
		return 1ULL << 63 | (__u64)value->netns << 16 |
		       (listens ? value->local.port : value->remote.port);
	if (object->mechanism != MECH_UNIX_STREAM && object->mechanism != MECH_UNIX_SEQPACKET)
		return 0;
	sock = KERNEL_POINTER(struct unix_sock, listens ? object->object : value->peer);
	return (__u64)KERNEL_READ(sock, addr);
}

static __always_inline bool listens(const struct object_key *object)
{
	struct sock *sock;

	if (object->mechanism != MECH_TCP && object->mechanism != MECH_UNIX_STREAM &&
		object->mechanism != MECH_UNIX_SEQPACKET)
		return false;
	sock = KERNEL_POINTER(struct sock, object->object);
	return KERNEL_READ(sock, __sk_common.skc_state) == STATE_LISTEN;
}

/* Others may come to this object of a target by its name or address. */
static __always_inline void expect_newcomers(
	const struct object_key *object, const struct object_value *value)
{
	__u8 yes = 1;
	__u64 place;

	if (object->mechanism == MECH_FIFO || object->mechanism == MECH_MQUEUE)
		newcomers |= NEWCOMERS_OPEN;
	if (!listens(object))
		return;
	place = place_of(object, value, true);
	bpf_map_update_elem(&places, &place, &yes, BPF_ANY);
	newcomers |= NEWCOMERS_CONNECT;
}

static __always_inline void share(__u64 file, const struct object_key *object,
	const struct object_value *value, enum direction direction, enum scratch scratch)
{
	struct flow_key key = direction_of(object, value, direction);
	__u64 number = queue_of(&key, value, scratch);

	if (number)
		delivery_open(
			&key, number, scratch == SCRATCH_OF_ITERATORS ? fill_of(file, &key, value->peer) : 0);
}

__noinline int witness_share(__u64 file, enum scratch scratch, bool by_target)
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
	if (by_target)
		expect_newcomers(&object, value);
	share(file, &object, value, DIRECTION_RECEIVE, scratch);
	share(file, &object, value, DIRECTION_SEND, scratch);
	return 0;
}

static __always_inline bool holds(
	const struct object_key *object, const struct object_value *value, enum scratch scratch)
{
	struct flow_key key;

	if (anybody_may_send && is_unconnected(object, value))
		return true;
	key = direction_of(object, value, DIRECTION_RECEIVE);
	if (delivery_exists(queue_of(&key, value, scratch)))
		return true;
	key = direction_of(object, value, DIRECTION_SEND);
	return delivery_exists(queue_of(&key, value, scratch));
}

__noinline int witness_comes(__u64 file)
{
	struct object_key object = {};
	struct object_value *value;
	__u64 place;

	if (!file || !object_identify(file, &object))
		return 0;
	value = describe(file, &object, SCRATCH_OF_HOOKS);
	if (!value)
		return 0;
	place = place_of(&object, value, false);
	if (!(place && bpf_map_lookup_elem(&places, &place)) && !holds(&object, value, SCRATCH_OF_HOOKS))
		return 0;
	witness_share(file, SCRATCH_OF_HOOKS, false);
	return 1;
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
	return object && value && holds(object, value, SCRATCH_OF_ITERATORS);
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
	/* As a number: what is handed on to functions that the verifier looks at once must not be a pointer.
	 */
	bpf_core_read(&file, sizeof(file), &context->file);
	witness_share(file, SCRATCH_OF_ITERATORS, true);
	return 0;
}
