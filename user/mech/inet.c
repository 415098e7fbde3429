// SPDX-License-Identifier: GPL-2.0
/*
 * TCP and UDP. A connection is the pair of its addresses; datagrams to a socket that is not
 * connected back belong to the receiving socket or, when that is not on this host, to the remote
 * address.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "mech/mech.h"
#include "model/index.h"

#define ADDRESS_TEXT_SIZE (INET6_ADDRSTRLEN + 16)
#define NETNS_TEXT_SIZE 20

/* ::ffff:a.b.c.d is IPv4 to everybody but the socket. */
static struct address plain(const struct address *address)
{
	static const __u8 prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct address out = *address;

	if (address->family == AF_INET6 && !memcmp(address->bytes, prefix, sizeof(prefix))) {
		memset(out.bytes, 0, sizeof(out.bytes));
		memcpy(out.bytes, address->bytes + sizeof(prefix), 4);
		out.family = AF_INET;
	}
	return out;
}

static void format(const struct address *address, char *text, size_t size)
{
	struct address a = plain(address);
	char host[INET6_ADDRSTRLEN] = "?";

	if (a.family)
		inet_ntop(a.family, a.bytes, host, sizeof(host));
	snprintf(text, size, a.family == AF_INET6 ? "[%s]:%u" : "%s:%u", host, a.port);
}

static int compare(const struct address *one, const struct address *other)
{
	struct address a = plain(one), b = plain(other);
	int order = memcmp(a.bytes, b.bytes, sizeof(a.bytes));

	if (a.family != b.family)
		return a.family < b.family ? -1 : 1;
	return order ? order : (int)a.port - (int)b.port;
}

static bool is_any(const struct address *address)
{
	static const __u8 zeros[sizeof(address->bytes)];

	return !memcmp(address->bytes, zeros, sizeof(zeros));
}

static bool is_loopback(const struct address *address)
{
	struct address a = plain(address);

	return a.family == AF_INET ? a.bytes[0] == 127 : !memcmp(a.bytes, &in6addr_loopback, sizeof(a.bytes));
}

/* What tells the same address in another network namespace from ours. */
static void format_netns(const struct model_base *base, const struct object_record *object, char *text,
			 size_t size)
{
	text[0] = '\0';
	if (object->value.netns != base->own_netns)
		snprintf(text, size, " netns %u", object->value.netns);
}

static void identify_pair(const struct model_base *base, const struct object_record *object,
			  struct channel_identity *out)
{
	const struct address *low = &object->value.local, *high = &object->value.remote;
	const char *kind = mechanism_kind(object->key.mechanism);
	char a[ADDRESS_TEXT_SIZE], b[ADDRESS_TEXT_SIZE], netns[NETNS_TEXT_SIZE] = "";

	if (compare(low, high) > 0) {
		low = &object->value.remote;
		high = &object->value.local;
	}
	format(low, a, sizeof(a));
	format(high, b, sizeof(b));
	if (is_loopback(low)) /* else the other end may be in another namespace */
		format_netns(base, object, netns, sizeof(netns));
	snprintf(out->id, sizeof(out->id), "%s:[%s-%s%s]", kind, a, b, netns);
	snprintf(out->name, sizeof(out->name), "%s <-> %s", a, b);
}

/* The same address in another network namespace is another channel. */
static void identify_address(const struct model_base *base, const struct object_record *object,
			     const struct address *address, struct channel_identity *out)
{
	const char *kind = mechanism_kind(object->key.mechanism);
	char text[ADDRESS_TEXT_SIZE], netns[NETNS_TEXT_SIZE];

	format(address, text, sizeof(text));
	format_netns(base, object, netns, sizeof(netns));
	snprintf(out->id, sizeof(out->id), "%s:[%s%s]", kind, text, netns);
	snprintf(out->name, sizeof(out->name), "%s", text);
}

static bool is_connected(const struct object_record *object)
{
	return object->value.remote.family != 0;
}

/*
 * Can OBJECT be where ADDRESS leads to, seen from SENDER? In another network namespace only if it is bound to that
 * very address: what others there have is not known.
 */
static bool is_reached(const struct object_record *object, const struct object_record *sender,
		       const struct address *address, bool same_netns)
{
	const struct address *local = &object->value.local;

	if (object == sender || object->key.mechanism != MECH_UDP || local->port != address->port ||
	    (object->value.netns == sender->value.netns) != same_netns)
		return false;
	if (same_netns && is_any(local))
		return true;
	return !compare(local, address) && (same_netns || !is_loopback(address));
}

static const struct object_record *find_reached(const struct model_base *base,
						const struct object_record *sender,
						const struct address *address, bool same_netns)
{
	const struct index_entry *entry = index_find(base, INDEX_PORT, address->port);
	const struct object_record *found = NULL;

	for (; entry; entry = entry->next) {
		const struct object_record *object = entry->object;

		if (!is_reached(object, sender, address, same_netns))
			continue;
		if (is_connected(object) &&
		    object->value.remote.port == sender->value.local.port)
			return object;
		if (!is_connected(object) &&
		    (!found || object->value.described_ns > found->value.described_ns))
			found = object;
	}
	return found;
}

/*
 * The socket on this host that datagrams from SENDER to ADDRESS arrive at, or NULL: one that is
 * connected back to the sender before one that takes from everybody.
 */
static const struct object_record *find_receiver(const struct model_base *base,
						 const struct object_record *sender,
						 const struct address *address)
{
	const struct object_record *found = find_reached(base, sender, address, true);

	return found ? found : find_reached(base, sender, address, false);
}

static void identify_receiver(const struct model_base *base, const struct object_record *receiver,
			      struct channel_identity *out)
{
	const struct object_record *sender = NULL;

	if (is_connected(receiver))
		sender = find_receiver(base, receiver, &receiver->value.remote);
	if (is_connected(receiver) && (!sender || is_connected(sender)))
		identify_pair(base, receiver, out);
	else
		identify_address(base, receiver, &receiver->value.local, out);
}

static void identify_udp(const struct model_base *base, const struct object_record *object,
			 enum direction direction, const struct destination_record *destination,
			 struct channel_identity *out)
{
	const struct object_record *receiver = object;
	const struct address *to = destination ? &destination->value.inet : &object->value.remote;

	if (direction == DIRECTION_SEND)
		receiver = to->family ? find_receiver(base, object, to) : NULL;
	if (receiver)
		identify_receiver(base, receiver, out);
	else if (destination || !to->family)
		identify_address(base, object, to, out);
	else
		identify_pair(base, object, out);
}

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	out->capacity = object->value.capacity;
	if (!object->described || (object->key.mechanism == MECH_TCP && !is_connected(object)))
		snprintf(out->id, sizeof(out->id), "%s:[%u]",
			 mechanism_kind(object->key.mechanism), object->key.aux);
	else if (object->key.mechanism == MECH_TCP)
		identify_pair(base, object, out);
	else
		identify_udp(base, object, direction, destination, out);
}

const struct mech mech_inet = {
	.identify = identify,
};
