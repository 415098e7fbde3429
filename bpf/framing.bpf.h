/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How mechanisms treat messages: the columns of mechanisms.def.
 */
#ifndef IPCTRACE_FRAMING_BPF_H
#define IPCTRACE_FRAMING_BPF_H

#include "tables.h"

static __always_inline enum framing framing_of(enum mechanism mechanism)
{
	switch (mechanism) {
#define MECHANISM(name, kind, framing, handle)                                                             \
	case MECH_##name:                                                                          \
		return framing;
#include "mechanisms.def"
#undef MECHANISM
	default:
		return STREAM;
	}
}

/* Is what finds no room dropped, so that a message may be sent and never be received? */
static __always_inline bool may_be_dropped(enum mechanism mechanism)
{
	return mechanism == MECH_UDP || mechanism == MECH_NETLINK;
}

static __always_inline enum handle handle_of(enum mechanism mechanism)
{
	switch (mechanism) {
#define MECHANISM(name, kind, framing, handle)                                                     \
	case MECH_##name:                                                                          \
		return handle;
#include "mechanisms.def"
#undef MECHANISM
	default:
		break;
	}
	return HANDLE_FILE;
}

#endif
