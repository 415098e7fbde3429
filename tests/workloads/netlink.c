/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink. Variants: user (messages to another socket's port), joined (the sender has connected to it), kernel
 * (requests and the kernel's answers, of several protocols), edges.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_lane.h"

#define REQUESTS 61
#define ANSWER_ROOM 65536
#define UEVENTS 1 /* the multicast group of KOBJECT_UEVENT */

static struct sockaddr_nl address_of(int fd)
{
	struct sockaddr_nl address = {0};
	socklen_t length = sizeof(address);

	edges_expect(!getsockname(fd, (struct sockaddr *)&address, &length), "getsockname");
	return address;
}

/* A socket with a port of its own, in GROUPS. */
static int new_socket(int protocol, unsigned groups)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol);

	edges_expect(fd >= 0 && !bind(fd, (struct sockaddr *)&own, sizeof(own)), "bind");
	return fd;
}

static struct truth_channel *channel_of(int fd, const char *protocol)
{
	struct truth_channel *channel = truth_socket_channel("netlink", fd);
	char name[64];

	snprintf(name, sizeof(name), "%s port %u", protocol, address_of(fd).nl_pid);
	truth_channel_name(channel, name, strlen(name));
	return channel;
}

static void open_lane(struct lane *lane, bool joined)
{
	struct sockaddr_nl address;

	lane->send_fd = new_socket(NETLINK_USERSOCK, 0);
	lane->receive_fd = new_socket(NETLINK_USERSOCK, 0);
	lane->channel = channel_of(lane->receive_fd, "USERSOCK");
	lane->is_socket = true;
	lane->small = truth_options.shared;
	address = address_of(lane->receive_fd);
	if (joined) {
		edges_expect(!connect(lane->send_fd, (struct sockaddr *)&address, sizeof(address)), "connect");
		return;
	}
	memcpy(&lane->to, &address, sizeof(address));
	lane->to_length = sizeof(address);
}

struct client {
	int route, generic, uevent;
	struct truth_channel *route_channel, *generic_channel, *uevent_channel;
};

/* Receives until the kernel has said all; returns the error that it ended with. */
static int take_answer(struct truth_channel *channel, int fd)
{
	char *data = malloc(ANSWER_ROOM);
	int error = 1;

	while (error == 1) {
		struct nlmsghdr *header = (struct nlmsghdr *)data;
		ssize_t length = RECEIVE(channel, recv(fd, data, ANSWER_ROOM, 0));

		edges_expect(length > 0, "answer");
		for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
			if (header->nlmsg_type == NLMSG_ERROR)
				error = ((struct nlmsgerr *)NLMSG_DATA(header))->error;
			else if (header->nlmsg_type == NLMSG_DONE || !(header->nlmsg_flags & NLM_F_MULTI))
				error = 0;
		}
	}
	free(data);
	return error;
}

static void ask_route(const struct client *client, int index, unsigned flags, int expected)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {{.nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | flags},
		     {.ifi_index = index}};
	ssize_t sent;

	if (flags) /* with an address or without: the kernel is who is meant */
		sent = SEND(client->route_channel, send(client->route, &request, sizeof(request), 0));
	else
		sent = SEND(client->route_channel, sendto(client->route, &request, sizeof(request), 0,
							  (struct sockaddr *)&kernel, sizeof(kernel)));
	edges_expect(sent == sizeof(request), "request");
	edges_expect(take_answer(client->route_channel, client->route) == expected, "answer of ROUTE");
}

static void ask_generic(const struct client *client)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr command;
		struct nlattr name;
		char text[8]; /* cppcheck-suppress unusedStructMember ; of a message to the kernel */
	} request = {{.nlmsg_len = sizeof(request), .nlmsg_type = GENL_ID_CTRL, .nlmsg_flags = NLM_F_REQUEST},
		     {.cmd = CTRL_CMD_GETFAMILY, .version = 1},
		     {.nla_len = NLA_HDRLEN + sizeof("nlctrl"), .nla_type = CTRL_ATTR_FAMILY_NAME}, "nlctrl"};

	edges_expect(SEND(client->generic_channel, write(client->generic, &request, sizeof(request))) ==
			     sizeof(request), "request");
	edges_expect(!take_answer(client->generic_channel, client->generic), "answer of GENERIC");
}

/* Asks for an event of the loopback device; others may come before it. */
static void cause_event(const struct client *client)
{
	static const char mine[] = "change@/devices/virtual/net/lo";
	int fd = open("/sys/class/net/lo/uevent", O_WRONLY | O_CLOEXEC);
	char text[8192] = "";

	edges_expect(fd >= 0 && write(fd, "change", 6) == 6, "uevent");
	close(fd);
	do
		edges_expect(RECEIVE(client->uevent_channel, recv(client->uevent, text, sizeof(text) - 1, 0)) > 0,
			     "event");
	while (strcmp(text, mine));
}

static void ask_kernel(void *argument)
{
	const struct client *client = argument;

	for (unsigned i = 0; i < REQUESTS; i++) {
		ask_route(client, 1, 0, 0);
		if (i % 7 == 3)
			ask_route(client, 0, NLM_F_DUMP, 0);
		if (i % 7 == 5)
			ask_route(client, 0x7ffffff, 0, -ENODEV);
		ask_generic(client);
	}
	cause_event(client);
}

static void open_client(struct client *client)
{
	client->route = new_socket(NETLINK_ROUTE, 0);
	client->route_channel = channel_of(client->route, "ROUTE");
	client->generic = new_socket(NETLINK_GENERIC, 0);
	client->generic_channel = channel_of(client->generic, "GENERIC");
	client->uevent = new_socket(NETLINK_KOBJECT_UEVENT, UEVENTS);
	client->uevent_channel = channel_of(client->uevent, "KOBJECT_UEVENT");
}

/* Whoever is in the group gets it, but there is no kernel to take its copy: the call fails all the same. */
static void multicast(unsigned group)
{
	struct sockaddr_nl all = {.nl_family = AF_NETLINK, .nl_groups = 1u << (group - 1)};
	int sender = new_socket(NETLINK_USERSOCK, 0), receiver = new_socket(NETLINK_USERSOCK, all.nl_groups);
	struct truth_channel *channel = channel_of(receiver, "USERSOCK"), *to;
	char data[64] = "", name[32];

	snprintf(name, sizeof(name), "USERSOCK group %u", group);
	to = truth_named_channel("netlink", name);
	edges_expect(SEND(to, sendto(sender, data, 29, 0, (struct sockaddr *)&all, sizeof(all))) < 0 &&
			     errno == ECONNREFUSED, "multicast");
	edges_expect(RECEIVE(channel, recv(receiver, data, sizeof(data), 0)) == 29, "multicast");
	close(sender);
	close(receiver);
}

static void refuse(int sender)
{
	struct sockaddr_nl nobody = {.nl_family = AF_NETLINK};
	int gone = new_socket(NETLINK_USERSOCK, 0);
	struct truth_channel *channel;
	char data[64] = "";

	nobody.nl_pid = address_of(gone).nl_pid;
	channel = channel_of(gone, "USERSOCK");
	edges_expect(SEND(channel, sendto(sender, data, 7, 0, (struct sockaddr *)&nobody, sizeof(nobody))) == 7,
		     "send");
	edges_expect(RECEIVE(channel, recv(gone, data, sizeof(data), 0)) == 7, "receive");
	close(gone);
	for (int i = 0; i < 3; i++)
		edges_expect(SEND(channel, sendto(sender, data, 7, 0, (struct sockaddr *)&nobody,
						  sizeof(nobody))) < 0 && errno == ECONNREFUSED, "refused");
}

static void edges(void *number)
{
	static void *volatile unmapped = (void *)8;
	static char large[4 << 20];
	int one = new_socket(NETLINK_USERSOCK, 0), other = new_socket(NETLINK_USERSOCK, 0);
	struct sockaddr_nl address = address_of(other);
	struct truth_channel *channel = channel_of(other, "USERSOCK");
	char data[64] = "";
	struct iovec good = {data, 43}, bad = {unmapped, 43};
	struct mmsghdr vector[3] = {{.msg_hdr = {.msg_iov = &good, .msg_iovlen = 1}},
				    {.msg_hdr = {.msg_iov = &good, .msg_iovlen = 1}},
				    {.msg_hdr = {.msg_iov = &bad, .msg_iovlen = 1}}};

	refuse(one);
	edges_expect(!connect(one, (struct sockaddr *)&address, sizeof(address)), "connect");
	edges_would_block(channel, other);
	edges_fill_and_drain(channel, one, other);
	edges_look(channel, one, other);
	edges_expect(SEND(channel, send(one, data, 41, 0)) == 41, "send");
	edges_expect(RECEIVE(channel, recv(other, data, 17, 0)) == 17, "short receive");
	edges_expect(SEND(channel, send(one, data, 47, 0)) == 47, "send");
	edges_expect(RECEIVE(channel, recv(other, data, 17, MSG_TRUNC)) == 47, "MSG_TRUNC");
	edges_expect(SEND(channel, send(one, unmapped, 23, 0)) < 0 && errno == EFAULT, "send EFAULT");
	edges_expect(SEND(channel, sendmsg(one, unmapped, 0)) < 0 && errno == EFAULT, "sendmsg EFAULT");
	edges_expect(RECEIVE(channel, recvmsg(other, unmapped, 0)) < 0 && errno == EFAULT, "recvmsg EFAULT");
	edges_expect(SEND(channel, send(one, large, sizeof(large), 0)) < 0 && errno == EMSGSIZE, "EMSGSIZE");
	truth_before();
	edges_expect(sendmmsg(one, vector, 3, 0) == 2, "partial sendmmsg");
	truth_after_many(channel, SENT, 2, 86);
	for (int i = 0; i < 2; i++)
		edges_expect(RECEIVE(channel, recv(other, data, 43, 0)) == 43, "receive");
	close(one);
	close(other);
	multicast(*(unsigned *)number + 5);
}

static void add_lane(struct lane *lane, const struct lane *first, bool joined)
{
	if (first)
		*lane = *first;
	else
		open_lane(lane, joined);
	lane->quota = 0;
	lane_prepare(lane);
	if (first)
		lane_join(lane, first);
	lane_add(lane);
}

int main(int argc, char **argv)
{
	struct client *clients;
	struct lane *lanes;
	unsigned *numbers;
	const char *variant;

	truth_options_parse(argc, argv);
	variant = truth_options.variant ? truth_options.variant : "user";
	lanes = calloc(truth_options.threads, sizeof(*lanes));
	clients = calloc(truth_options.threads, sizeof(*clients));
	numbers = calloc(truth_options.threads, sizeof(*numbers));
	if (!lanes || !clients || !numbers)
		truth_die("calloc");
	/*
	 * The first port is the PID, which the kernel would give to another socket as soon as it is free: then nobody
	 * could tell to which of them a message was sent. This socket keeps it.
	 */
	new_socket(NETLINK_USERSOCK, 0);
	for (unsigned i = 0; i < truth_options.threads; i++) {
		numbers[i] = i;
		if (!strcmp(variant, "edges")) {
			truth_worker(0, edges, &numbers[i], -1);
		} else if (!strcmp(variant, "kernel")) {
			open_client(&clients[i]); /* never shared: answers would go to whoever asks for one */
			truth_worker((int)i % 2, ask_kernel, &clients[i], -1);
		} else {
			add_lane(&lanes[i], i > 0 && truth_options.shared ? &lanes[0] : NULL, variant[0] == 'j');
		}
	}
	truth_serve();
}
