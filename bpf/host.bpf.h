/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internet addresses of both families as one.
 */
#ifndef IPCTRACE_HOST_BPF_H
#define IPCTRACE_HOST_BPF_H

#include "hash.bpf.h"
#include "tables.h"

/* An IPv6 address, or an IPv4 one mapped to it. */
struct host {
	__u64 high, low;
};

#define MAPPED_IPV4 0xffff0000ULL      /* ::ffff:0.0.0.0 */
#define LOOPBACK_IPV6 (1ULL << 56)     /* ::1 */
#define AF_INET 2

static __always_inline struct host host_of(const struct address *address)
{
	struct host host = {};

	if (address->family == AF_INET) {
		__builtin_memcpy((char *)&host.low + 4, address->bytes, 4);
		host.low |= MAPPED_IPV4;
	} else {
		__builtin_memcpy(&host, address->bytes, sizeof(host));
	}
	return host;
}

static __always_inline bool is_ipv4(const struct host *host)
{
	return host->high == 0 && (__u32)host->low == MAPPED_IPV4;
}

static __always_inline bool is_loopback(const struct host *host)
{
	if (is_ipv4(host))
		return (host->low >> 32 & 0xff) == 127;
	return host->high == 0 && host->low == LOOPBACK_IPV6;
}

static __always_inline bool is_any(const struct host *host)
{
	return host->high == 0 && (host->low == 0 || host->low == MAPPED_IPV4);
}

static __always_inline bool is_same_host(const struct host *one, const struct host *other)
{
	return one->high == other->high && one->low == other->low;
}

static __always_inline __u64 hash_address(__u64 hash, const struct address *address)
{
	struct host host = host_of(address);

	hash = hash_word(hash, host.high);
	hash = hash_word(hash, host.low);
	return hash_word(hash, address->port);
}

#endif
