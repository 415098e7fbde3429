// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink. A socket is a channel to and from the kernel; what processes send to each other belongs to the
 * receiving socket, or to the multicast group that it is sent to. Called by protocol and port.
 */
#include <stdio.h>
#include <strings.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "mech/mech.h"
#include "model/index.h"

#define PROTOCOL_TEXT_SIZE 24

static void name_protocol(unsigned protocol, char text[PROTOCOL_TEXT_SIZE])
{
	/* include/uapi/linux/netlink.h, without NETLINK_ */
	static const char *const names[] = {
		[NETLINK_ROUTE] = "ROUTE",
		[NETLINK_USERSOCK] = "USERSOCK",
		[NETLINK_FIREWALL] = "FIREWALL",
		[NETLINK_SOCK_DIAG] = "SOCK_DIAG",
		[NETLINK_NFLOG] = "NFLOG",
		[NETLINK_XFRM] = "XFRM",
		[NETLINK_SELINUX] = "SELINUX",
		[NETLINK_ISCSI] = "ISCSI",
		[NETLINK_AUDIT] = "AUDIT",
		[NETLINK_FIB_LOOKUP] = "FIB_LOOKUP",
		[NETLINK_CONNECTOR] = "CONNECTOR",
		[NETLINK_NETFILTER] = "NETFILTER",
		[NETLINK_IP6_FW] = "IP6_FW",
		[NETLINK_DNRTMSG] = "DNRTMSG",
		[NETLINK_KOBJECT_UEVENT] = "KOBJECT_UEVENT",
		[NETLINK_GENERIC] = "GENERIC",
		[NETLINK_SCSITRANSPORT] = "SCSITRANSPORT",
		[NETLINK_ECRYPTFS] = "ECRYPTFS",
		[NETLINK_RDMA] = "RDMA",
		[NETLINK_CRYPTO] = "CRYPTO",
		[NETLINK_SMC] = "SMC",
	};

	if (protocol < sizeof(names) / sizeof(names[0]) && names[protocol])
		snprintf(text, PROTOCOL_TEXT_SIZE, "%s", names[protocol]);
	else
		snprintf(text, PROTOCOL_TEXT_SIZE, "protocol %u", protocol);
}

static void identify_socket(const struct object_record *object, struct channel_identity *out)
{
	const struct address *local = &object->value.local;
	char protocol[PROTOCOL_TEXT_SIZE];

	snprintf(out->id, sizeof(out->id), "netlink:[%u]", object->key.aux);
	out->capacity = object->value.capacity;
	if (!local->family)
		return;
	name_protocol(local->port, protocol);
	snprintf(out->name, sizeof(out->name), "%s port %u", protocol, local->netlink.port);
}

/*
 * The socket on this host with PORT, of the protocol and in the network of SENDER, or NULL: of several the one that had
 * it last. (A socket may have been known before it got its port, which another has had meanwhile.)
 */
static const struct object_record *find_receiver(const struct model_base *base,
						 const struct object_record *sender, __u32 port)
{
	const struct index_entry *entry = index_find(base, INDEX_PORT, port);
	const struct object_record *found = NULL;

	for (; entry; entry = entry->next) {
		const struct object_record *object = entry->object;
		const struct object_value *value = &object->value;

		if (object->key.mechanism != MECH_NETLINK || value->local.netlink.port != port ||
		    value->local.port != sender->value.local.port || value->netns != sender->value.netns)
			continue;
		if (!found || object->latest_ns > found->latest_ns)
			found = object;
	}
	return found;
}

static void identify_destination(const struct model_base *base, const struct object_record *object,
				 const struct address *to, struct channel_identity *out)
{
	unsigned group = to->netlink.group ? to->netlink.group : (unsigned)ffs((int)to->netlink.groups);
	const struct object_record *receiver = NULL;
	char protocol[PROTOCOL_TEXT_SIZE], where[32];

	if (!group && to->netlink.port)
		receiver = find_receiver(base, object, to->netlink.port);
	if (receiver || (!group && !to->netlink.port)) {
		identify_socket(receiver ? receiver : object, out);
		return;
	}
	name_protocol(object->value.local.port, protocol);
	if (group)
		snprintf(where, sizeof(where), "group %u", group);
	else
		snprintf(where, sizeof(where), "port %u", to->netlink.port);
	snprintf(out->name, sizeof(out->name), "%s %s", protocol, where);
	snprintf(out->id, sizeof(out->id), "netlink:[%s %s netns %u]", protocol, where, object->value.netns);
}

static void identify(const struct model_base *base, const struct object_record *object,
		     enum direction direction, const struct destination_record *destination,
		     struct channel_identity *out)
{
	if (direction == DIRECTION_SEND && destination && destination->value.inet.family == AF_NETLINK)
		identify_destination(base, object, &destination->value.inet, out);
	else
		identify_socket(object, out);
}

const struct mech mech_netlink = {
	.identify = identify,
};
