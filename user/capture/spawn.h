/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Starts a command that waits, not yet executed, until the caller has marked its process; then
 * lets it go, and reaps it. The command is a child in our own process group, so that it keeps the
 * terminal. If we die before spawn_go(), it ends without having executed anything.
 */
#ifndef IPCTRACE_SPAWN_H
#define IPCTRACE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct spawn {
	pid_t pid;       /* 0: nothing was started */
	char error[256]; /* why spawn_start() or spawn_go() failed: one line, without our name */
	/* Private to spawn.c. */
	const char *name; /* argv[0], the caller's */
	int pidfd;
	int gate;        /* the file whose locks hold the child back and tell of its exec */
	struct gate_state *state;
	bool gone;       /* spawn_go() was called */
	bool reaped;
	int failure;     /* errno of what the child could not do, 0: nothing */
	int wait_status; /* of waitpid(), once reaped */
};

/*
 * Forks the process that will execute ARGV (looked up in PATH), as USER if not NULL. Returns 0,
 * or a negative errno with the reason in SPAWN->error (-EINVAL: there is no such user). In any
 * case SPAWN is then good for spawn_close().
 */
int spawn_start(struct spawn *spawn, char **argv, const char *user);

/*
 * Lets the process execute and waits until it has. Returns 0, or a negative errno with the reason
 * in SPAWN->error; the process has then ended and spawn_exit_status() is known.
 */
int spawn_go(struct spawn *spawn);

/* Becomes readable when the process has ended. Owned by SPAWN. */
int spawn_fd(const struct spawn *spawn);

/* Reaps without waiting. Returns 1 once the process has ended, 0 while it runs, or a negative errno. */
int spawn_poll(struct spawn *spawn);

/*
 * The status to exit with, as shells have it: the command's own, 128+N if signal N ended it,
 * 127 if it does not exist, 126 if it could not be executed; -1 while it runs.
 */
int spawn_exit_status(const struct spawn *spawn);

/* Frees everything. Ends and reaps a process that has not been let go; others go on. */
void spawn_close(struct spawn *spawn);

#endif
