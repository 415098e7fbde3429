/* SPDX-License-Identifier: GPL-2.0 */
/* See lib_pair.h. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_pair.h"

static void connect_on_loopback(int pair[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	edges_expect(!bind(listener, (struct sockaddr *)&address, sizeof(address)) && !listen(listener, 1) &&
			     !getsockname(listener, (struct sockaddr *)&address, &length), "listen");
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	edges_expect(!connect(pair[0], (struct sockaddr *)&address, length), "connect");
	pair[1] = accept(listener, NULL, NULL);
	edges_expect(pair[1] >= 0, "accept");
	close(listener);
}

static unsigned port_of(int fd)
{
	struct sockaddr_in address = {0};
	socklen_t length = sizeof(address);

	edges_expect(!getsockname(fd, (struct sockaddr *)&address, &length), "getsockname");
	return ntohs(address.sin_port);
}

struct truth_channel *pair_open(const char *kind, int pair[2])
{
	int type = strstr(kind, "stream") ? SOCK_STREAM : SOCK_SEQPACKET;
	char name[64];

	if (strcmp(kind, "tcp")) {
		edges_expect(!socketpair(AF_UNIX, type, 0, pair), "socketpair");
		return truth_pair_channel(kind, pair[0], pair[1]);
	}
	connect_on_loopback(pair);
	snprintf(name, sizeof(name), "127.0.0.1:%u <-> 127.0.0.1:%u", port_of(pair[0]), port_of(pair[1]));
	return truth_named_channel(kind, name);
}
