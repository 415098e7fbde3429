/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets between virtual machines, within this one. Variants: stream, seqpacket (both ways), edges-stream,
 * edges-seqpacket. Ends with status 77 where the kernel has no such loopback.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <linux/vm_sockets.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_lane.h"

#define STATUS_SKIPPED 77

static struct sockaddr_vm address_of(int fd)
{
	struct sockaddr_vm address;
	socklen_t length = sizeof(address);

	edges_expect(!getsockname(fd, (struct sockaddr *)&address, &length), "getsockname");
	return address;
}

static void skip(const char *what)
{
	fprintf(stderr, "no vsock loopback: %s: %s\n", what, strerror(errno));
	exit(STATUS_SKIPPED);
}

static int new_socket(int type)
{
	int fd = socket(AF_VSOCK, type, 0);

	if (fd < 0)
		skip("socket");
	return fd;
}

static void connected_pair(int type, int pair[2])
{
	struct sockaddr_vm any = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = VMADDR_PORT_ANY};
	struct sockaddr_vm address;
	struct timeval timeout = {0, 300000};
	int listener = new_socket(type);

	edges_expect(!bind(listener, (struct sockaddr *)&any, sizeof(any)) && !listen(listener, 5), "listen");
	address = address_of(listener);
	address.svm_cid = VMADDR_CID_LOCAL;
	pair[0] = new_socket(type);
	setsockopt(pair[0], AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &timeout, sizeof(timeout));
	if (connect(pair[0], (struct sockaddr *)&address, sizeof(address)))
		skip("connect");
	pair[1] = accept(listener, NULL, NULL);
	edges_expect(pair[1] >= 0, "accept");
	close(listener);
}

static struct truth_channel *channel_of(int type, const int pair[2])
{
	struct truth_channel *channel;
	char name[64];

	snprintf(name, sizeof(name), "1:%u <-> 1:%u", address_of(pair[0]).svm_port, address_of(pair[1]).svm_port);
	channel = truth_named_channel("vsock", name);
	channel->datagrams = type == SOCK_SEQPACKET;
	return channel;
}

static void open_lane(struct lane *lane, int type)
{
	int pair[2];

	connected_pair(type, pair);
	lane->channel = channel_of(type, pair);
	lane->send_fd = pair[0];
	lane->receive_fd = pair[1];
	lane->is_socket = true;
	lane->small = truth_options.shared;
	lane->duplex = !truth_options.shared;
}

/* Of several receivers on one seqpacket socket, some kernels (7.2) fail one with ENOBUFS and reset the socket. */
static bool is_shared(unsigned lane, int type)
{
	return lane > 0 && truth_options.shared && type == SOCK_STREAM;
}

/* Messages without data and messages with bad addresses end in other ways than on other sockets, by kernel. */
static void edges(void *type_of)
{
	static void *volatile unmapped = (void *)8;
	int type = *(int *)type_of, pair[2];
	struct truth_channel *channel;
	struct msghdr message = {0};
	char data[64] = "";

	connected_pair(type, pair);
	channel = channel_of(type, pair);
	if (type == SOCK_STREAM) {
		edges_would_block(channel, pair[1]);
		edges_fill_and_drain(channel, pair[0], pair[1]);
		edges_look(channel, pair[0], pair[1]);
	} else {
		edges_expect(SEND(channel, send(pair[0], data, 37, 0)) == 37, "send");
		edges_expect(RECEIVE(channel, recv(pair[1], data, 17, 0)) == 17, "short receive");
	}
	edges_expect(SEND(channel, sendmsg(pair[0], unmapped, 0)) < 0 && errno == EFAULT, "sendmsg EFAULT");
	edges_expect(RECEIVE(channel, recvmsg(pair[1], unmapped, 0)) < 0 && errno == EFAULT, "recvmsg EFAULT");
	message.msg_iovlen = 1 << 20;
	edges_expect(SEND(channel, sendmsg(pair[0], &message, 0)) < 0 && errno == EMSGSIZE, "too many parts");
	edges_end_of_file(channel, pair[0], pair[1]);
	close(pair[0]);
	close(pair[1]);
}

int main(int argc, char **argv)
{
	static int type;
	struct lane *lanes;
	const char *variant;

	truth_options_parse(argc, argv);
	variant = truth_options.variant ? truth_options.variant : "stream";
	type = strstr(variant, "seqpacket") ? SOCK_SEQPACKET : SOCK_STREAM;
	lanes = calloc(truth_options.threads, sizeof(*lanes));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		struct lane *lane = &lanes[i];

		if (!strncmp(variant, "edges", 5)) {
			truth_worker(0, edges, &type, -1);
			continue;
		}
		if (is_shared(i, type))
			*lane = lanes[0];
		else
			open_lane(lane, type);
		lane->quota = 0;
		lane_prepare(lane);
		if (is_shared(i, type))
			lane_join(lane, &lanes[0]);
		lane_add(lane);
	}
	truth_serve();
}
