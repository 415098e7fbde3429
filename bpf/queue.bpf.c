// SPDX-License-Identifier: GPL-2.0
/*
 * Which queue a flow's data goes through, by mechanism. What the two ends of a connection have in common is a
 * hash of the receiving socket's address (unix), or of the pair of addresses in the order in which the data
 * goes (TCP). UDP's queue is the receiving port: in a network namespace, of all local addresses or of the one
 * that the socket is bound to; netlink's, too, is the receiving port.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "destination.bpf.h"
#include "host.bpf.h"
#include "kernel.bpf.h"
#include "queue.bpf.h"

#define NAME_WORDS (OBJECT_NAME_SIZE / sizeof(__u64))

struct unix_name {
	__u64 words[NAME_WORDS];
};

/* Too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, __u32);
	__type(value, struct unix_name);
} unix_names SEC(".maps");

static __always_inline __u64 tcp_queue(__u64 hash, enum direction direction, const struct object_value *object)
{
	const struct address *from = &object->local, *to = &object->remote;
	struct host host = host_of(from);

	if (!object->remote.family)
		return 0;
	if (direction == DIRECTION_RECEIVE) {
		from = &object->remote;
		to = &object->local;
	}
	if (is_loopback(&host)) /* each network namespace has its own */
		hash = hash_word(hash, object->netns);
	return hash_address(hash_address(hash, from), to);
}

static __always_inline __u64 udp_queue(__u64 hash, const struct flow_key *key, const struct object_value *object)
{
	const struct destination_value *destination = NULL;
	struct address to = object->local;
	struct host host;

	if (key->direction == DIRECTION_SEND) {
		to = object->remote;
		if (key->destination)
			destination = destination_get(key->destination);
		if (destination)
			to = destination->inet;
	}
	if (!to.port)
		return 0;
	host = host_of(&to);
	hash = hash_word(hash, object->netns);
	if (is_any(&host) || is_loopback(&host))
		return hash_word(hash, to.port);
	return hash_address(hash, &to);
}

/* A path ends at its first zero; an abstract name may hold any, and is of one network namespace. */
static __always_inline __u64 hash_name(__u64 hash, const char *name, __u32 length, __u32 netns, __u32 scratch)
{
	struct unix_name *copy;
	char first = 0;

	copy = bpf_map_lookup_elem(&unix_names, &scratch);
	if (!copy || length > OBJECT_NAME_SIZE)
		return 0;
	__builtin_memset(copy, 0, sizeof(*copy));
	bpf_probe_read_kernel(&first, sizeof(first), name);
	if (first) {
		bpf_probe_read_kernel_str(copy, sizeof(*copy), name);
	} else {
		bpf_probe_read_kernel(copy, length, name);
		hash = hash_word(hash_word(hash, length), netns);
	}
	for (__u32 i = 0; i < NAME_WORDS; i++)
		hash = hash_word(hash, copy->words[i]);
	return hash;
}

/* The queue of datagrams to the socket at ADDRESS: by its name if it has one, since others send to that. */
static __always_inline __u64 hash_unix_socket(__u64 hash, __u64 socket, __u32 netns, __u32 scratch)
{
	struct unix_sock *sock = KERNEL_POINTER(struct unix_sock, socket);
	struct unix_address *address = KERNEL_READ(sock, addr);

	if (!address)
		return hash_word(hash, socket);
	return hash_name(hash, (const char *)address + bpf_core_field_offset(struct unix_address, name) + sizeof(short),
			 KERNEL_READ(address, len) - sizeof(short), netns, scratch);
}

static __always_inline __u64 unix_dgram_queue(__u64 hash, const struct flow_key *key,
					      const struct object_value *object, __u32 scratch)
{
	const struct destination_value *destination;

	if (key->direction == DIRECTION_RECEIVE)
		return hash_unix_socket(hash, key->object, object->netns, scratch);
	if (!key->destination)
		return 0;
	if (!(key->destination & 1)) /* the peer's sock */
		return hash_unix_socket(hash, key->destination, object->netns, scratch);
	destination = destination_get(key->destination);
	if (!destination)
		return 0;
	return hash_name(hash, destination->name, destination->name_length, object->netns, scratch);
}

/* The receiving sock's address; it is used again when the socket is gone, see delivery.bpf.c. */
static __always_inline __u64 unix_queue(__u64 hash, const struct flow_key *key, const struct object_value *object)
{
	__u64 receiver = key->direction == DIRECTION_RECEIVE ? key->object : object->peer;

	return receiver ? hash_word(hash, receiver) : 0;
}

/* What the master writes the slave reads, and back. */
static __always_inline __u64 pty_queue(__u64 hash, const struct flow_key *key)
{
	bool is_master = key->object & PTY_MASTER, receives = key->direction == DIRECTION_RECEIVE;

	hash = hash_word(hash, key->object & ~PTY_MASTER);
	return hash_word(hash, (__u64)key->aux << 1 | (is_master == receives));
}

/* Within this machine one end may not know its own context, nor call the other's by the same number: by ports. */
static __always_inline __u64 vsock_queue(__u64 hash, enum direction direction, const struct object_value *object)
{
	__u32 from = object->local.vsock.port, to = object->remote.vsock.port;

	if (!object->remote.family)
		return 0;
	if (direction == DIRECTION_RECEIVE)
		return hash_word(hash, (__u64)to << 32 | from);
	return hash_word(hash, (__u64)from << 32 | to);
}

/* Where the kernel sends, too, nobody can tell whose message a receive takes. */
static __always_inline __u64 netlink_queue(__u64 hash, const struct flow_key *key, const struct object_value *object)
{
	const struct destination_value *destination;
	__u32 port = object->local.netlink.port;

	if (object->local.port != NETLINK_USERSOCK)
		return 0;
	if (key->direction == DIRECTION_SEND) {
		destination = key->destination ? destination_get(key->destination) : NULL;
		if (!destination || destination->inet.netlink.group || destination->inet.netlink.groups)
			return 0;
		port = destination->inet.netlink.port;
	}
	return port ? hash_word(hash_word(hash, object->netns), port) : 0;
}

static __always_inline __u64 number_of(const struct flow_key *key, const struct object_value *object, __u32 scratch)
{
	__u64 hash = hash_word(HASH_START, key->mechanism);

	switch (key->mechanism) {
	case MECH_TCP:
		return tcp_queue(hash, key->direction, object);
	case MECH_UDP:
		return udp_queue(hash, key, object);
	case MECH_UNIX_DGRAM:
		return unix_dgram_queue(hash, key, object, scratch);
	case MECH_UNIX_STREAM:
	case MECH_UNIX_SEQPACKET:
		return unix_queue(hash, key, object);
	case MECH_PTY:
		return pty_queue(hash, key);
	case MECH_VSOCK:
		return vsock_queue(hash, key->direction, object);
	case MECH_NETLINK:
		return netlink_queue(hash, key, object);
	case MECH_SIGNAL: /* who gets it is known when it is sent */
	case MECH_PROCESS_VM:
	case MECH_SYSV_SEM: /* carries no data */
		return 0;
	default:
		return hash_word(hash_word(hash, key->object), key->aux);
	}
}

__noinline __u64 queue_of(const struct flow_key *key, const struct object_value *object, enum scratch scratch)
{
	__u64 number;

	if (!key || !object)
		return 0;
	number = number_of(key, object, scratch);
	return number ? number | 1 : 0;
}
