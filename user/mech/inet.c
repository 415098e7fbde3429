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

static void identify_pair(const struct object_record *object, struct channel_identity *out)
{
	const struct address *low = &object->value.local, *high = &object->value.remote;
	const char *kind = mechanism_kind(object->key.mechanism);
	char a[ADDRESS_TEXT_SIZE], b[ADDRESS_TEXT_SIZE];

	if (compare(low, high) > 0) {
		low = &object->value.remote;
		high = &object->value.local;
	}
	format(low, a, sizeof(a));
	format(high, b, sizeof(b));
	snprintf(out->id, sizeof(out->id), "%s:[%s-%s]", kind, a, b);
	snprintf(out->name, sizeof(out->name), "%s <-> %s", a, b);
}

/* The same address in another network namespace is another channel. */
static void identify_address(const struct model_base *base, const struct object_record *object,
			     const struct address *address, struct channel_identity *out)
{
	const char *kind = mechanism_kind(object->key.mechanism);
	char text[ADDRESS_TEXT_SIZE];

	format(address, text, sizeof(text));
	if (object->value.netns == base->own_netns)
		snprintf(out->id, sizeof(out->id), "%s:[%s]", kind, text);
	else
		snprintf(out->id, sizeof(out->id), "%s:[%s netns %u]", kind, text,
			 object->value.netns);
	snprintf(out->name, sizeof(out->name), "%s", text);
}

static bool is_connected(const struct object_record *object)
{
	return object->value.remote.family != 0;
}

/*
 * The socket on this host that datagrams from SENDER to ADDRESS arrive at, or NULL: one that is
 * connected back to the sender before one that takes from everybody.
 */
static const struct object_record *find_receiver(const struct model_base *base,
						 const struct object_record *sender,
						 const struct address *address)
{
	const struct index_entry *entry = index_find(base, INDEX_PORT, address->port);
	const struct object_record *found = NULL;

	for (; entry; entry = entry->next) {
		const struct object_record *object = entry->object;

		if (object == sender || object->value.netns != sender->value.netns ||
		    object->value.local.port != address->port)
			continue;
		if (!is_any(&object->value.local) && compare(&object->value.local, address))
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

static void identify_receiver(const struct model_base *base, const struct object_record *receiver,
			      struct channel_identity *out)
{
	const struct object_record *sender = NULL;

	if (is_connected(receiver))
		sender = find_receiver(base, receiver, &receiver->value.remote);
	if (is_connected(receiver) && (!sender || is_connected(sender)))
		identify_pair(receiver, out);
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
		identify_pair(object, out);
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
		identify_pair(object, out);
	else
		identify_udp(base, object, direction, destination, out);
}

const struct mech mech_inet = {
	.identify = identify,
};
