// SPDX-License-Identifier: GPL-2.0
/*
 * Unix sockets. Two connected sockets are one channel; datagrams to a socket that is not connected
 * back belong to the receiving socket. Names are paths or, after "@", abstract names.
 */
#include <stdio.h>
#include <string.h>

#include "mech/mech.h"
#include "model/index.h"

/*
 * How well the first use of OTHER fits to that of OBJECT, the less the better. Of a connection the
 * accepted socket has the listener's name; it does not know its peer's inode number when the peer
 * has been used and closed before, nor the peer its own when it has not been accepted yet. So the
 * peer of an accepted socket comes before it; the addresses of both may be used again after it.
 */
static __u64 misfit(const struct object_record *object, const struct object_record *other)
{
	const __u64 wrong_side = 1ULL << 63, same_side = 1ULL << 62;
	__u64 mine = object->value.described_ns, its = other->value.described_ns;
	__u64 distance = mine > its ? mine - its : its - mine;
	bool accepted = object->value.name_length && !other->value.name_length;
	bool was_accepted = !object->value.name_length && other->value.name_length;

	if (!accepted && !was_accepted) /* unless a client has bound a name of its own */
		distance |= same_side;
	if ((accepted && its > mine) || (was_accepted && its < mine))
		distance |= wrong_side;
	return distance;
}

#define MOST_CANDIDATES 256 /* of those that had the same address, one after the other */

/*
 * The socket whose sock is at ADDRESS; where the address was used more than once, the one that fits
 * best in time to OBJECT. MUTUAL: only one that has OBJECT as its peer.
 */
static const struct object_record *find_by_address(const struct model_base *base, __u64 address,
						   const struct object_record *object, bool mutual)
{
	const struct index_entry *entry = index_find(base, INDEX_ADDRESS, address);
	const struct object_record *best = NULL;

	/* The latest come first. */
	for (unsigned i = 0; entry && i < MOST_CANDIDATES; entry = entry->next, i++) {
		const struct object_record *other = entry->object;

		if (other->key.mechanism != object->key.mechanism || other == object ||
		    (mutual && other->value.peer != object->key.object))
			continue;
		if (!best || misfit(object, other) < misfit(object, best))
			best = other;
	}
	return best;
}

/*
 * The socket at the other end, or NULL. Its inode number tells it for sure; it has none before it
 * is accepted and after its owner has closed it: then who has whom for a peer tells.
 */
static const struct object_record *peer_of(const struct model_base *base,
					   const struct object_record *object)
{
	struct object_key key = {
		.object = object->value.peer,
		.aux = object->value.peer_aux,
		.mechanism = object->key.mechanism,
	};
	const struct object_record *peer = NULL;

	if (key.object && key.aux)
		peer = model_find_object(base, &key);
	if (!peer && key.object && !key.aux)
		peer = find_by_address(base, key.object, object, true);
	return peer;
}

static bool has_name(const struct object_record *object)
{
	return object && object->value.name_length > 0;
}

/* An abstract name may hold any bytes, zeros included; those are shown as "@". */
static void copy_name(char *out, size_t size, const char *name, size_t length)
{
	bool is_abstract = length > 0 && name[0] == '\0';
	size_t used = is_abstract ? length : strnlen(name, length);

	if (used >= size)
		used = size - 1;
	for (size_t i = 0; i < used; i++)
		out[i] = name[i] ? name[i] : '@';
	out[used] = '\0';
}

static void set_name(struct channel_identity *out, const struct object_record *object)
{
	copy_name(out->name, sizeof(out->name), object->value.name, object->value.name_length);
}

static void identify_pair(const struct object_record *object, const struct object_record *peer,
			  struct channel_identity *out)
{
	__u32 a = object->key.aux, b = peer ? peer->key.aux : object->value.peer_aux;

	snprintf(out->id, sizeof(out->id), "%s:[%u:%u]", mechanism_kind(object->key.mechanism),
		 a < b ? a : b, a < b ? b : a);
	if (has_name(object))
		set_name(out, object);
	else if (has_name(peer))
		set_name(out, peer);
}

static void identify_single(const struct object_record *object, struct channel_identity *out)
{
	snprintf(out->id, sizeof(out->id), "%s:[%u]", mechanism_kind(object->key.mechanism),
		 object->key.aux);
	if (has_name(object))
		set_name(out, object);
}

/*
 * The socket that is bound to a name, or NULL: of several, one after the other, the latest. Abstract
 * names belong to a network namespace.
 */
static const struct object_record *find_bound(const struct model_base *base,
					      const struct object_record *sender, const char *name,
					      size_t length)
{
	__u64 key = index_name_key(name, length);
	const struct index_entry *entry = index_find(base, INDEX_NAME, key);
	const struct object_record *best = NULL;

	for (; entry; entry = entry->next) {
		const struct object_record *object = entry->object;
		const struct object_value *value = &object->value;

		if (index_name_key(value->name, value->name_length) != key ||
		    (!name[0] && value->netns != sender->value.netns))
			continue;
		if (!best || value->described_ns > best->value.described_ns)
			best = object;
	}
	return best;
}

static void identify_destination(const struct model_base *base, const struct object_record *object,
				 const struct destination_value *destination,
				 struct channel_identity *out)
{
	size_t length = destination->name_length;
	const struct object_record *receiver = find_bound(base, object, destination->name, length);

	if (receiver) {
		identify_single(receiver, out);
		return;
	}
	copy_name(out->name, sizeof(out->name), destination->name, length);
	snprintf(out->id, sizeof(out->id), "%s:[%.112s]", mechanism_kind(object->key.mechanism),
		 out->name);
}

static bool is_mutual(const struct object_record *object, const struct object_record *peer)
{
	return peer && peer->value.peer == object->key.object;
}

/* Datagrams to the peer that the socket is, or was, connected to. */
static void identify_connected(const struct model_base *base, const struct object_record *object,
			       __u64 address, struct channel_identity *out)
{
	const struct object_record *peer = NULL;

	if (address == object->value.peer)
		peer = peer_of(base, object);
	if (!peer)
		peer = find_by_address(base, address, object, false);
	if (is_mutual(object, peer))
		identify_pair(object, peer, out);
	else if (peer)
		identify_single(peer, out);
	else if (address == object->value.peer && object->value.peer_aux)
		snprintf(out->id, sizeof(out->id), "unix-dgram:[%u]", object->value.peer_aux);
	else
		snprintf(out->id, sizeof(out->id), "unix-dgram:[%u to a closed socket]",
			 object->key.aux);
}

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	const struct object_record *peer = peer_of(base, object);

	out->capacity = object->value.capacity;
	if (object->key.mechanism != MECH_UNIX_DGRAM) {
		if (peer || object->value.peer_aux)
			identify_pair(object, peer, out);
		else
			identify_single(object, out);
	} else if (destination && (destination->key & 1)) {
		identify_destination(base, object, &destination->value, out);
	} else if (direction == DIRECTION_SEND && (destination || object->value.peer)) {
		identify_connected(base, object,
				   destination ? destination->key : object->value.peer, out);
	} else if (is_mutual(object, peer)) {
		identify_pair(object, peer, out);
	} else {
		identify_single(object, out);
	}
}

const struct mech mech_unix = {
	.identify = identify,
};
