// SPDX-License-Identifier: GPL-2.0
/*
 * Which channels are the targets': those whose queues are there. They are made when a target opens a channel
 * or has it open at the start, so that witnesses are counted from their first call.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "delivery.bpf.h"
#include "fill.bpf.h"
#include "host.bpf.h"
#include "kernel.bpf.h"
#include "object.bpf.h"
#include "queue.bpf.h"
#include "socket.bpf.h"
#include "thread.bpf.h"
#include "witness.bpf.h"

#define MAX_SHARED    65536
#define MAX_LISTENERS 4096
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

/* The numbers of the queues of channels that targets have opened, used or not. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_SHARED);
	__type(key, __u64);
	__type(value, __u8);
} shared SEC(".maps");

/* A target's listening socket: as long as it has this inode number, and listens, it is the same. */
struct listener {
	__u64 sock;
	__u32 inode;
	__u32 padding;
};

/* Listeners by their places: see tcp_place() and unix_place(). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_LISTENERS);
	__type(key, __u64);
	__type(value, struct listener);
} listeners SEC(".maps");

__u32 newcomers = 0;

static __always_inline __u64 tcp_place(__u32 netns, __u16 port, const struct host *host)
{
	__u64 hash = hash_word(hash_word(HASH_START, netns), port);

	return hash_word(hash_word(hash, host->high), host->low);
}

/*
 * What a unix socket that listens and those made for connections to it have in common: the kernel's record of the
 * address (unix_stream_connect() in net/unix/af_unix.c).
 */
static __always_inline __u64 unix_place(__u64 socket)
{
	struct unix_sock *sock = KERNEL_POINTER(struct unix_sock, socket);

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
	struct listener listener = {.sock = object->object, .inode = object->aux};
	struct host host;
	__u64 place;

	if (object->mechanism == MECH_FIFO || object->mechanism == MECH_MQUEUE)
		__sync_fetch_and_or(&newcomers, NEWCOMERS_OPEN);
	if (!listens(object))
		return;
	if (object->mechanism == MECH_TCP) {
		host = host_of(&value->local);
		place = tcp_place(value->netns, value->local.port, &host);
	} else {
		place = unix_place(object->object);
	}
	bpf_map_update_elem(&listeners, &place, &listener, BPF_ANY);
	__sync_fetch_and_or(&newcomers, NEWCOMERS_CONNECT);
}

/* Does a target listen at PLACE? */
static __always_inline bool is_listened_at(__u64 place)
{
	struct listener *listener = bpf_map_lookup_elem(&listeners, &place);
	struct sock *sock;

	if (!listener)
		return false;
	sock = KERNEL_POINTER(struct sock, listener->sock);
	return KERNEL_READ(sock, __sk_common.skc_state) == STATE_LISTEN && socket_inode_number(sock) == listener->inode;
}

/*
 * Has the object been connected to a target's listening socket? One for all addresses is meant only by an address of
 * this host: the loopback's, or the one that the connection comes from, too.
 */
static __always_inline bool leads_to_listener(const struct object_key *object, const struct object_value *value)
{
	struct host any_ipv4 = {.low = MAPPED_IPV4}, any = {}, from, to;

	if (object->mechanism != MECH_TCP)
		return (object->mechanism == MECH_UNIX_STREAM || object->mechanism == MECH_UNIX_SEQPACKET) &&
		       value->peer && is_listened_at(unix_place(value->peer));
	from = host_of(&value->local);
	to = host_of(&value->remote);
	if (is_listened_at(tcp_place(value->netns, value->remote.port, &to)))
		return true;
	if (!is_loopback(&to) && !is_same_host(&from, &to))
		return false;
	return is_listened_at(tcp_place(value->netns, value->remote.port, &any)) ||
	       (is_ipv4(&to) && is_listened_at(tcp_place(value->netns, value->remote.port, &any_ipv4)));
}

static __always_inline void share(__u64 file, const struct object_key *object, const struct object_value *value,
				  enum direction direction, enum scratch scratch)
{
	struct flow_key key = direction_of(object, value, direction);
	__u64 number = queue_of(&key, value, scratch), fill = 0;
	__u8 yes = 1;

	if (!number)
		return;
	bpf_map_update_elem(&shared, &number, &yes, BPF_ANY);
	if (scratch == SCRATCH_OF_ITERATORS)
		fill = fill_of(file, &key, value->peer);
	if (fill)
		delivery_open(&key, number, fill);
}

static __always_inline bool is_shared(const struct flow_key *key, const struct object_value *value, enum scratch scratch)
{
	__u64 number = queue_of(key, value, scratch);

	return number && (bpf_map_lookup_elem(&shared, &number) || delivery_exists(number));
}

static __always_inline void share_both(__u64 file, const struct object_key *object, const struct object_value *value,
				       enum scratch scratch)
{
	if (is_unconnected(object, value))
		anybody_may_send = 1;
	share(file, object, value, DIRECTION_RECEIVE, scratch);
	share(file, object, value, DIRECTION_SEND, scratch);
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
	expect_newcomers(&object, value);
	share_both(file, &object, value, scratch);
	return 0;
}

static __always_inline bool holds(
	const struct object_key *object, const struct object_value *value, enum scratch scratch)
{
	struct flow_key key;

	if (anybody_may_send && is_unconnected(object, value))
		return true;
	key = direction_of(object, value, DIRECTION_RECEIVE);
	if (is_shared(&key, value, scratch))
		return true;
	key = direction_of(object, value, DIRECTION_SEND);
	return is_shared(&key, value, scratch);
}

__noinline int witness_comes(__u64 file)
{
	struct object_key object = {};
	struct object_value *value;

	if (!file || !object_identify(file, &object))
		return 0;
	value = describe(file, &object, SCRATCH_OF_HOOKS);
	if (!value)
		return 0;
	if (!leads_to_listener(&object, value) && !holds(&object, value, SCRATCH_OF_HOOKS))
		return 0;
	share_both(file, &object, value, SCRATCH_OF_HOOKS);
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
	return value && is_shared(key, value, SCRATCH_OF_HOOKS);
}

__noinline int witness_holds(const struct object_key *object, const struct object_value *value)
{
	return object && value && holds(object, value, SCRATCH_OF_ITERATORS);
}

/* The channels that targets, or those who are about to be, have open at the start. */
SEC("iter/task_file")
int share_channels(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct thread *thread;
	__u64 file = 0;

	if (!task || !context->file)
		return 0;
	thread = thread_known(task);
	if (!thread || (thread->traced != TRACED_TARGET && !thread->armed))
		return 0;
	/* As a number: what is handed on to functions that the verifier looks at once must not be a pointer. */
	bpf_core_read(&file, sizeof(file), &context->file);
	witness_share(file, SCRATCH_OF_ITERATORS);
	return 0;
}
