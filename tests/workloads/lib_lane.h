/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A lane: one sender and one receiver that move a known number of messages over a channel, with
 * every call that fits the kind in turn. Families open the channels; lanes do the moving.
 */
#ifndef LIB_LANE_H
#define LIB_LANE_H

#include <sys/socket.h>

#include "lib_truth.h"

struct lane {
	struct truth_channel *channel;
	int send_fd, receive_fd;
	bool is_socket;
	bool lossy;      /* the sender must not run far ahead (udp) */
	bool empties;    /* empty messages are among those sent */
	bool small;      /* one size for all: several lanes share the channel */
	bool duplex;     /* a second lane goes the other way (sockets only) */
	struct sockaddr_storage to; /* unconnected: where each message goes */
	socklen_t to_length;
	uint64_t quota;     /* bytes, or messages for datagrams, that the receiver takes */
	uint64_t *received; /* shared: messages received so far by all lanes of the channel */
	uint64_t *sent;     /* shared likewise */
};

/* Fills in quota and counters; all other members are set by the caller. */
void lane_prepare(struct lane *lane);

/* Lanes on one channel count together: the second and later ones take over the first one's. */
void lane_join(struct lane *lane, const struct lane *first);

/* Adds the two workers of a lane, and those of its way back. */
void lane_add(struct lane *lane);

#endif
