/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects by what others know them by: the address of a sock, a bound unix name, a local UDP port, the number
 * of a process.
 */
#ifndef IPCTRACE_INDEX_H
#define IPCTRACE_INDEX_H

#include "model/base.h"

enum index_kind {
	INDEX_PROCESS = 0, /* the number of the process that is a channel */
	INDEX_ADDRESS = 1, /* the address of the sock */
	INDEX_NAME = 2,    /* index_name_key() of a unix socket's name */
	INDEX_PORT = 3,    /* the local port of a UDP, vsock or netlink socket */
};

struct index_entry {
	const struct object_record *object;
	struct index_entry *next;
};

/*
 * All objects under a key, as a list; NULL: none. A socket may have changed since it was entered:
 * the caller looks whether it still is what it seeks.
 */
const struct index_entry *index_find(const struct model_base *base, enum index_kind kind,
				     __u64 key);

/* The key of a unix name of LENGTH bytes; a path's closing zero makes no difference. */
__u64 index_name_key(const char *name, size_t length);

/* Enters OBJECT under all its keys, once each. Returns 0 or -ENOMEM. */
int index_add(struct model_base *base, struct object_record *object);

void index_free(struct model_base *base);

#endif
