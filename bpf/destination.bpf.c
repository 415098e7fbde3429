// SPDX-License-Identifier: GPL-2.0
/*
 * Where unconnected datagrams go: socket addresses from user memory, kept once each.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "destination.bpf.h"
#include "hash.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "table.bpf.h"

#define MAX_DESTINATIONS 16384

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16

/* A struct sockaddr_un is the longest we know: 110 bytes, in whole words for the hash. */
#define ADDRESS_WORDS 14
#define ADDRESS_SIZE 110

union socket_address {
	__u64 words[ADDRESS_WORDS];
	struct {
		__u16 family;
		char path[ADDRESS_SIZE - sizeof(__u16)];
	} unix_address;
	struct {
		__u16 family;
		__be16 port;
		__u8 bytes[4];
	} inet;
	struct {
		__u16 family;
		__be16 port;
		__be32 flow_info;
		__u8 bytes[16];
	} inet6;
	struct {
		__u16 family;
		__u16 padding;
		__u32 port;
		__u32 groups;
	} netlink;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_DESTINATIONS);
	__type(key, __u64);
	__type(value, struct destination_value);
} destinations SEC(".maps");

/* Entries are filled here, and are whole when others see them: who sends to them next looks at once. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct destination_value);
} new_destinations SEC(".maps");

/* Only what names the receiver may be hashed: the padding of a sockaddr_in is anything. */
static __always_inline __u32 significant_length(const union socket_address *address, __u32 length)
{
	switch (address->inet.family) {
	case AF_INET:
		return 8;
	case AF_INET6:
		return 24;
	case AF_NETLINK:
		return 12;
	default:
		return length;
	}
}

/* What is to be filled for KEY, and then inserted; NULL if there is an entry already. */
static __always_inline struct destination_value *begin_entry(const __u64 *key)
{
	struct destination_value *value;
	__u32 zero = 0;

	value = bpf_map_lookup_elem(&destinations, key);
	if (value) {
		entry_met(TABLE_destinations, &value->state);
		return NULL;
	}
	value = bpf_map_lookup_elem(&new_destinations, &zero);
	if (value)
		__builtin_memset(value, 0, sizeof(*value));
	return value;
}

static __always_inline void insert_entry(const __u64 *key, struct destination_value *value)
{
	long result;

	entry_used(TABLE_destinations, &value->state);
	result = bpf_map_update_elem(&destinations, key, value, BPF_NOEXIST);
	table_insertion(TABLE_destinations, result);
	if (result && result != -EEXIST)
		health_count(HEALTH_MAP_FULL);
}

static __always_inline void remember(__u64 key, const union socket_address *from, __u32 length)
{
	struct destination_value *value = begin_entry(&key);

	if (!value)
		return;
	switch (from->inet.family) {
	case AF_INET:
		__builtin_memcpy(value->inet.bytes, from->inet.bytes, 4);
		value->inet.port = bpf_ntohs(from->inet.port);
		value->inet.family = AF_INET;
		break;
	case AF_INET6:
		__builtin_memcpy(value->inet.bytes, from->inet6.bytes, 16);
		value->inet.port = bpf_ntohs(from->inet6.port);
		value->inet.family = AF_INET6;
		break;
	case AF_NETLINK:
		value->inet.netlink.port = from->netlink.port;
		value->inet.netlink.groups = from->netlink.groups;
		value->inet.family = AF_NETLINK;
		break;
	case AF_UNIX:
		__builtin_memcpy(value->name, from->unix_address.path,
				 sizeof(from->unix_address.path));
		value->name_length = length - sizeof(__u16);
		break;
	}
	insert_entry(&key, value);
}

static __always_inline __u64 key_of(union socket_address *from, __u32 length)
{
	__u64 hash = HASH_START;

	length = significant_length(from, length);
	if (from->inet.family == AF_INET6)
		from->inet6.flow_info = 0;
	hash ^= length;
	for (int i = 0; i < ADDRESS_WORDS; i++)
		hash = hash_word(hash, i * sizeof(__u64) < length ? from->words[i] : 0);
	hash |= 1; /* 0 means none */
	remember(hash, from, length);
	return hash;
}

__noinline __u64 destination_of(__u64 address, __u32 length)
{
	union socket_address from = {};

	if (!address || length < sizeof(__u16))
		return 0;
	if (length > ADDRESS_SIZE)
		length = ADDRESS_SIZE;
	if (bpf_probe_read_user(&from, length, (void *)address)) {
		health_count(HEALTH_UNREADABLE_MEMORY);
		return 0;
	}
	return key_of(&from, length);
}

__noinline __u64 destination_of_copy(__u64 address, __u32 length)
{
	union socket_address from = {};

	if (!address || length < sizeof(__u16))
		return 0;
	if (length > ADDRESS_SIZE)
		length = ADDRESS_SIZE;
	bpf_probe_read_kernel(&from, length, (void *)address);
	return key_of(&from, length);
}

__hidden const struct destination_value *destination_get(__u64 key)
{
	return bpf_map_lookup_elem(&destinations, &key);
}

__noinline __u64 destination_of_netlink(__u32 port, __u32 group)
{
	__u64 key = (__u64)port << 32 | (group << 1 | 1);
	struct destination_value *value;

	if (!port && !group)
		return 0;
	value = begin_entry(&key);
	if (value) {
		value->inet.netlink.port = port;
		value->inet.netlink.group = group;
		value->inet.family = AF_NETLINK;
		insert_entry(&key, value);
	}
	return key;
}

TABLE_DELETE(destinations, __u64)
