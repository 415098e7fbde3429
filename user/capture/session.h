/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The BPF programs, from loading to detaching, and the reading of their maps into a model.
 */
#ifndef IPCTRACE_SESSION_H
#define IPCTRACE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cli.h"
#include "model/base.h"

struct session;

#define SESSION_ERROR_SIZE 512

/* Loads and attaches; nothing is traced yet. Returns 0, or a negative errno with a line in ERROR. */
int session_open(struct session **session, const struct options *options,
		 char error[SESSION_ERROR_SIZE]);
void session_close(struct session *session);

/* Writes and reads one byte through a private pipe and looks whether it was counted. */
int session_self_test(struct session *session, char error[SESSION_ERROR_SIZE]);

/* Marks all threads that the options name, until there are no more to be found. */
int session_mark_targets(struct session *session, const struct options *options,
			 char error[SESSION_ERROR_SIZE]);

/* Marks a process to be traced from its next execve on. */
int session_arm(struct session *session, pid_t pid, char error[SESSION_ERROR_SIZE]);

enum snapshot {
	SNAPSHOT_QUICK, /* what has changed */
	SNAPSHOT_WHOLE, /* everything, and the holders of all channels */
	SNAPSHOT_PART,  /* what has changed; the interval goes on after it */
};

/*
 * Reads the maps into MODEL as a new snapshot: between model_begin() and model_end(). Searches for
 * the holders of channels also when a channel with one end has come up, and as often as it is cheap.
 */
int session_snapshot(struct session *session, struct model *model, enum snapshot kind);

/* Must a snapshot be taken soon, so that there is room in the kernel's tables? Costs nothing. */
bool session_is_crowded(const struct session *session);

/* Searches for the holders of channels alone, without a snapshot. */
int session_find_holders(struct session *session, struct model *model);

/* Can the maps still be read and the iterators be run? For privileges_drop(). */
bool session_still_works(void *session);

/* Map memory in bytes, as the kernel accounts it; 0 if it does not say. */
size_t session_map_memory(const struct session *session);

#endif
