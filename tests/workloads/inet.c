/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCP and UDP on loopback. Variants: tcp4, tcp6, udp4, udp6 (connected, both ways), open4, open6
 * (an unconnected receiver, named by each sendto), edges-tcp, edges-udp, refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_lane.h"

#define NAME_SIZE 64

struct place {
	struct sockaddr_storage address;
	socklen_t length;
};

static struct place loopback(int family)
{
	struct place place = {.address.ss_family = family};

	if (family == AF_INET) {
		((struct sockaddr_in *)&place.address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		place.length = sizeof(struct sockaddr_in);
	} else {
		((struct sockaddr_in6 *)&place.address)->sin6_addr = in6addr_loopback;
		place.length = sizeof(struct sockaddr_in6);
	}
	return place;
}

static struct place place_of(int fd)
{
	struct place place = {.length = sizeof(place.address)};

	edges_expect(!getsockname(fd, (struct sockaddr *)&place.address, &place.length), "getsockname");
	return place;
}

static void name_of(int fd, char name[NAME_SIZE])
{
	struct place place = place_of(fd);

	if (place.address.ss_family == AF_INET)
		snprintf(name, NAME_SIZE, "127.0.0.1:%u",
			 ntohs(((struct sockaddr_in *)&place.address)->sin_port));
	else
		snprintf(name, NAME_SIZE, "[::1]:%u",
			 ntohs(((struct sockaddr_in6 *)&place.address)->sin6_port));
}

static struct truth_channel *connection(const char *kind, int one, int other)
{
	char a[NAME_SIZE], b[NAME_SIZE], name[2 * NAME_SIZE + 8];

	name_of(one, a);
	name_of(other, b);
	snprintf(name, sizeof(name), "%s <-> %s", a, b);
	return truth_named_channel(kind, name);
}

static int bound_socket(int family, int type)
{
	struct place place = loopback(family);
	int fd = socket(family, type, 0), room = 1 << 20;

	edges_expect(fd >= 0 && !bind(fd, (struct sockaddr *)&place.address, place.length), "bind");
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

static void connect_to(int fd, int other)
{
	struct place place = place_of(other);

	edges_expect(!connect(fd, (struct sockaddr *)&place.address, place.length), "connect");
}

static void tcp_pair(int family, int pair[2])
{
	int listener = bound_socket(family, SOCK_STREAM);

	edges_expect(!listen(listener, 5), "listen");
	pair[0] = socket(family, SOCK_STREAM, 0);
	connect_to(pair[0], listener);
	pair[1] = accept(listener, NULL, NULL);
	edges_expect(pair[1] >= 0, "accept");
	close(listener);
}

static void udp_pair(int family, int pair[2])
{
	pair[0] = bound_socket(family, SOCK_DGRAM);
	pair[1] = bound_socket(family, SOCK_DGRAM);
	connect_to(pair[0], pair[1]);
	connect_to(pair[1], pair[0]);
}

static void open_lane(struct lane *lane, const char *variant)
{
	int pair[2], family = variant[strlen(variant) - 1] == '6' ? AF_INET6 : AF_INET;
	bool tcp = strstr(variant, "tcp") != NULL, open = !strncmp(variant, "open", 4);

	if (tcp) {
		tcp_pair(family, pair);
	} else if (open) {
		char name[NAME_SIZE];
		struct place place;

		pair[0] = socket(family, SOCK_DGRAM, 0);
		pair[1] = bound_socket(family, SOCK_DGRAM);
		place = place_of(pair[1]);
		lane->to = place.address;
		lane->to_length = place.length;
		name_of(pair[1], name);
		lane->channel = truth_named_channel("udp", name);
	} else {
		udp_pair(family, pair);
	}
	if (!open)
		lane->channel = connection(tcp ? "tcp" : "udp", pair[0], pair[1]);
	lane->send_fd = pair[0];
	lane->receive_fd = pair[1];
	lane->is_socket = true;
	lane->small = truth_options.shared;
	lane->lossy = lane->empties = !tcp;
	lane->duplex = !open && !truth_options.shared;
}

static void edges_tcp(void *unused)
{
	int pair[2];

	(void)unused;
	tcp_pair(AF_INET, pair);
	edges_run(connection("tcp", pair[0], pair[1]), pair[0], pair[1]);
}

static void edges_udp(void *unused)
{
	int pair[2];

	(void)unused;
	udp_pair(AF_INET, pair);
	edges_run(connection("udp", pair[0], pair[1]), pair[0], pair[1]);
}

/* Nobody listens: the refusal comes back as an error, and its copy through the error queue. */
static void refused(void *unused)
{
	struct truth_channel *channel;
	int pair[2], on = 1;
	char data[64] = "";
	struct iovec part = {data, sizeof(data)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct pollfd answer = {0};

	(void)unused;
	udp_pair(AF_INET, pair);
	answer.fd = pair[0];
	channel = connection("udp", pair[0], pair[1]);
	setsockopt(pair[0], IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	edges_expect(LOOK(channel, recvmsg(pair[0], &message, MSG_ERRQUEUE)) < 0 && errno == EAGAIN,
		     "empty error queue");
	close(pair[1]);
	edges_expect(SEND(channel, send(pair[0], data, 47, 0)) == 47, "send");
	edges_expect(poll(&answer, 1, 10000) == 1, "the answer to it");
	edges_expect(SEND(channel, send(pair[0], data, 53, 0)) < 0 && errno == ECONNREFUSED, "refusal");
	edges_expect(LOOK(channel, recvmsg(pair[0], &message, MSG_ERRQUEUE)) == 47, "error queue");
	close(pair[0]);
}

int main(int argc, char **argv)
{
	struct lane *lanes;
	const char *variant;

	truth_options_parse(argc, argv);
	variant = truth_options.variant ? truth_options.variant : "tcp4";
	lanes = calloc(truth_options.threads, sizeof(*lanes));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		struct lane *lane = &lanes[i];

		if (!strcmp(variant, "edges-tcp")) {
			truth_worker(0, edges_tcp, NULL, -1);
		} else if (!strcmp(variant, "edges-udp")) {
			truth_worker(0, edges_udp, NULL, -1);
		} else if (!strcmp(variant, "refused")) {
			truth_worker(0, refused, NULL, -1);
		} else {
			if (i > 0 && truth_options.shared)
				*lane = lanes[0];
			else
				open_lane(lane, variant);
			lane->quota = 0;
			lane_prepare(lane);
			if (i > 0 && truth_options.shared)
				lane_join(lane, &lanes[0]);
			lane_add(lane);
		}
	}
	truth_serve();
}
