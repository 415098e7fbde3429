// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets between virtual machines and their host (vsock): a connection is the pair of its addresses, each a
 * context (cid) and a port.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>

#include "mech/mech.h"
#include "model/index.h"

#define ADDRESS_TEXT_SIZE 32

/*
 * The other end, where it is on this host: within a machine, one end may say that it is connected to any of the
 * machine's contexts, and does not know its own.
 */
static const struct object_record *find_peer(const struct model_base *base,
					     const struct object_record *object)
{
	const struct address *local = &object->value.local, *remote = &object->value.remote;
	const struct index_entry *entry = index_find(base, INDEX_PORT, remote->vsock.port);

	for (; entry; entry = entry->next) {
		const struct object_record *other = entry->object;
		const struct address *its = &other->value.local, *mine = &other->value.remote;

		if (other == object || other->key.mechanism != MECH_VSOCK || mine->family != AF_VSOCK)
			continue;
		if (its->vsock.port != remote->vsock.port || mine->vsock.port != local->vsock.port)
			continue;
		if ((its->vsock.cid == remote->vsock.cid || its->vsock.cid == VMADDR_CID_ANY) &&
		    (local->vsock.cid == mine->vsock.cid || local->vsock.cid == VMADDR_CID_ANY))
			return other;
	}
	return NULL;
}

static void format(__u32 cid, __u32 port, char text[ADDRESS_TEXT_SIZE])
{
	if (cid == VMADDR_CID_ANY)
		snprintf(text, ADDRESS_TEXT_SIZE, "*:%u", port);
	else
		snprintf(text, ADDRESS_TEXT_SIZE, "%u:%u", cid, port);
}

static void identify_pair(const struct model_base *base, const struct object_record *object,
			  struct channel_identity *out)
{
	const struct address *local = &object->value.local, *remote = &object->value.remote;
	const struct object_record *peer = find_peer(base, object);
	__u32 cid = local->vsock.cid, far_cid = remote->vsock.cid;
	char mine[ADDRESS_TEXT_SIZE], its[ADDRESS_TEXT_SIZE];
	bool first;

	if (cid == VMADDR_CID_ANY && peer)
		cid = peer->value.remote.vsock.cid;
	else if (cid == VMADDR_CID_ANY && far_cid == VMADDR_CID_LOCAL)
		cid = VMADDR_CID_LOCAL;
	first = cid != far_cid ? cid < far_cid : local->vsock.port < remote->vsock.port;
	format(cid, local->vsock.port, mine);
	format(far_cid, remote->vsock.port, its);
	snprintf(out->id, sizeof(out->id), "vsock:[%s-%s]", first ? mine : its, first ? its : mine);
	snprintf(out->name, sizeof(out->name), "%s <-> %s", first ? mine : its, first ? its : mine);
}

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	const struct address *local = &object->value.local;

	(void)direction;
	(void)destination;
	if (object->value.remote.family) {
		identify_pair(base, object, out);
		return;
	}
	snprintf(out->id, sizeof(out->id), "vsock:[%u]", object->key.aux);
	if (local->family && local->vsock.port != VMADDR_PORT_ANY)
		format(local->vsock.cid, local->vsock.port, out->name);
}

const struct mech mech_vsock = {
	.identify = identify,
};
