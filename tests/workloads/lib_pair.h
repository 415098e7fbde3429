/* SPDX-License-Identifier: GPL-2.0 */
/* Two connected sockets, by the kind of their channel: tcp (IPv4 on loopback), unix-stream, unix-seqpacket. */
#ifndef LIB_PAIR_H
#define LIB_PAIR_H

#include "lib_truth.h"

/* Opens both, and returns their channel, which is new. */
struct truth_channel *pair_open(const char *kind, int pair[2]);

#endif
