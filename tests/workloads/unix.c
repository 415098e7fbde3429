/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unix sockets. Variants: stream, dgram, seqpacket (socket pairs, both ways), listen (an abstract
 * address, accepted), bound (datagrams sent to an abstract address), joined (the sender has
 * connected to it), and edges-stream, edges-dgram, edges-seqpacket.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_lane.h"

static int type_of(const char *variant)
{
	if (strstr(variant, "seqpacket"))
		return SOCK_SEQPACKET;
	return strstr(variant, "stream") || strstr(variant, "listen") ? SOCK_STREAM : SOCK_DGRAM;
}

static const char *kind_of(int type)
{
	return type == SOCK_STREAM ? "unix-stream" : type == SOCK_DGRAM ? "unix-dgram" : "unix-seqpacket";
}

static socklen_t address_of(struct sockaddr_un *address, unsigned number)
{
	int length;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	length = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "ipctrace-%d-%u",
			  getpid(), number);
	return offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

static int bound_socket(int type, unsigned number)
{
	struct sockaddr_un address;
	socklen_t length = address_of(&address, number);
	int fd = socket(AF_UNIX, type, 0);

	edges_expect(fd >= 0 && !bind(fd, (struct sockaddr *)&address, length), "bind");
	return fd;
}

static void open_accepted(struct lane *lane, unsigned number)
{
	struct sockaddr_un address;
	socklen_t length = address_of(&address, number);
	int listener = bound_socket(SOCK_STREAM, number);

	edges_expect(!listen(listener, 5), "listen");
	lane->send_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	edges_expect(!connect(lane->send_fd, (struct sockaddr *)&address, length), "connect");
	lane->receive_fd = accept(listener, NULL, NULL);
	edges_expect(lane->receive_fd >= 0, "accept");
	close(listener);
	lane->channel = truth_pair_channel("unix-stream", lane->send_fd, lane->receive_fd);
	truth_channel_name(lane->channel, address.sun_path + 1, strlen(address.sun_path + 1));
}

static void open_bound(struct lane *lane, unsigned number, bool joined)
{
	struct sockaddr_un address;
	socklen_t length = address_of(&address, number);

	/* A request that finds the receiver's queue full would wait for an event that does not come. */
	lane->lossy = truth_options.uring;
	lane->receive_fd = bound_socket(SOCK_DGRAM, number);
	lane->send_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	lane->channel = truth_socket_channel("unix-dgram", lane->receive_fd);
	truth_channel_name(lane->channel, address.sun_path + 1, strlen(address.sun_path + 1));
	if (joined) {
		edges_expect(!connect(lane->send_fd, (struct sockaddr *)&address, length), "connect");
		return;
	}
	memcpy(&lane->to, &address, length);
	lane->to_length = length;
}

static void open_lane(struct lane *lane, const char *variant, unsigned number)
{
	int pair[2], type = type_of(variant);

	lane->is_socket = true;
	lane->small = truth_options.shared;
	lane->empties = type != SOCK_STREAM;
	if (!strcmp(variant, "listen")) {
		open_accepted(lane, number);
	} else if (!strcmp(variant, "bound") || !strcmp(variant, "joined")) {
		open_bound(lane, number, variant[0] == 'j');
		return;
	} else {
		edges_expect(!socketpair(AF_UNIX, type, 0, pair), "socketpair");
		lane->send_fd = pair[0];
		lane->receive_fd = pair[1];
		lane->channel = truth_pair_channel(kind_of(type), pair[0], pair[1]);
	}
	lane->duplex = !truth_options.shared;
}

static void edges(void *variant)
{
	int pair[2], type = type_of(variant);

	edges_expect(!socketpair(AF_UNIX, type, 0, pair), "socketpair");
	edges_run(truth_pair_channel(kind_of(type), pair[0], pair[1]), pair[0], pair[1]);
}

int main(int argc, char **argv)
{
	struct lane *lanes;
	const char *variant;

	truth_options_parse(argc, argv);
	variant = truth_options.variant ? truth_options.variant : "stream";
	lanes = calloc(truth_options.threads, sizeof(*lanes));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		struct lane *lane = &lanes[i];

		if (!strncmp(variant, "edges", 5)) {
			truth_worker(0, edges, (void *)variant, -1);
			continue;
		}
		if (i > 0 && truth_options.shared)
			*lane = lanes[0];
		else
			open_lane(lane, variant, i);
		lane->quota = 0;
		lane_prepare(lane);
		if (i > 0 && truth_options.shared)
			lane_join(lane, &lanes[0]);
		lane_add(lane);
	}
	truth_serve();
}
