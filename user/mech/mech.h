/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a mechanism knows on the user side: which channel a kernel object is an end of, and what
 * people call it. One file each, one row each in mech.c.
 */
#ifndef IPCTRACE_MECH_H
#define IPCTRACE_MECH_H

#include "model/base.h"

#define CHANNEL_ID_SIZE 192
#define CHANNEL_NAME_SIZE 512

struct channel_identity {
	char id[CHANNEL_ID_SIZE];     /* never empty */
	char name[CHANNEL_NAME_SIZE]; /* empty: the id is the best name there is; untrusted text */
	uint64_t capacity;            /* 0: unknown */
	uint64_t queued, max_queued;  /* of a queue whose capacity is in messages */
};

struct mech {
	/*
	 * Fills OUT, which is all zero, for what goes in DIRECTION through OBJECT, to DESTINATION if
	 * it is not NULL. The object may not be described.
	 */
	void (*identify)(const struct model_base *base, const struct object_record *object,
			 enum direction direction, const struct destination_record *destination,
			 struct channel_identity *out);
};

extern const struct mech mech_pipe;
extern const struct mech mech_mqueue;
extern const struct mech mech_sysv;
extern const struct mech mech_unix;
extern const struct mech mech_inet;
extern const struct mech mech_eventfd;
extern const struct mech mech_pty;
extern const struct mech mech_vsock;
extern const struct mech mech_netlink;

/* The row of a mechanism; never NULL for one that the kernel side counts. */
const struct mech *mech_of(enum mechanism mechanism);

/* A device number as the kernel has it, as stat(2) shows it. */
unsigned long mech_device(__u32 kernel_device);

#endif
