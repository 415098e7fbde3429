// SPDX-License-Identifier: GPL-2.0
/*
 * Unix sockets. Two connected sockets are one channel; datagrams to a socket that is not connected
 * back belong to the receiving socket. Names are paths or, after "@", abstract names.
 */
#include <stdio.h>
#include <string.h>

#include "mech/mech.h"

/* The socket at the other end, or NULL; it may have been closed, or not yet been accepted. */
static const struct object_record *peer_of(const struct model_base *base,
					   const struct object_record *object)
{
	struct object_key key = {
		.object = object->value.peer,
		.aux = object->value.peer_aux,
		.mechanism = object->key.mechanism,
	};

	return object->value.peer ? model_find_object(base, &key) : NULL;
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
	__u32 a = object->key.aux, b = object->value.peer_aux;

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

/* The socket that is bound to a name, or NULL. */
static const struct object_record *find_bound(const struct model_base *base,
					      enum mechanism mechanism, const char *name,
					      __u32 length)
{
	const struct object_record *object;

	for (object = base->objects; object; object = object->hh.next)
		if (object->key.mechanism == mechanism && object->value.name_length == length &&
		    !memcmp(object->value.name, name, length))
			return object;
	return NULL;
}

static void identify_destination(const struct model_base *base, const struct object_record *object,
				 const struct destination_value *destination,
				 struct channel_identity *out)
{
	size_t length = destination->name_length;
	const struct object_record *receiver;

	/* A path's closing zero may or may not be part of the address that was given. */
	if (length && destination->name[0])
		length = strnlen(destination->name, length);
	receiver = find_bound(base, object->key.mechanism, destination->name, length);
	if (!receiver && destination->name[0])
		receiver = find_bound(base, object->key.mechanism, destination->name, length + 1);
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

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	const struct object_record *peer = peer_of(base, object);

	out->capacity = object->value.capacity;
	if (object->key.mechanism != MECH_UNIX_DGRAM) {
		if (object->value.peer_aux)
			identify_pair(object, peer, out);
		else
			identify_single(object, out);
	} else if (destination) {
		identify_destination(base, object, &destination->value, out);
	} else if (is_mutual(object, peer)) {
		identify_pair(object, peer, out);
	} else if (direction == DIRECTION_SEND && peer) {
		identify_single(peer, out);
	} else if (direction == DIRECTION_SEND && object->value.peer_aux) {
		snprintf(out->id, sizeof(out->id), "unix-dgram:[%u]", object->value.peer_aux);
	} else {
		identify_single(object, out);
	}
}

const struct mech mech_unix = {
	.identify = identify,
};
