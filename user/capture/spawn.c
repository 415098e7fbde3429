// SPDX-License-Identifier: GPL-2.0
/*
 * Holds a forked child back with file locks on a memfd rather than with a pipe or a signal: a pipe
 * or a socket would show up as a channel of the command that we trace, and a stopped process
 * would outlive us.
 *
 * Two locks, each owned by one open file description:
 *   GATE   held by us, wanted by the child before it executes. Released by spawn_go() or by our death;
 *          state->open tells the two apart.
 *   BEFORE held by the child until its copy is closed: by a successful execve (O_CLOEXEC) or by its
 *          end; state->failure tells the two apart.
 */
#include "capture/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u /* Linux 6.3; hosts with vm.memfd_noexec=2 insist on it */
#endif

enum lock_byte {
	GATE = 0,
	BEFORE = 1,
};

/* Shared by the two processes until the child executes. */
struct gate_state {
	atomic_int open;
	atomic_int failure;      /* errno, or 0 */
	atomic_int user_failure; /* it was the change of user */
};

__attribute__((format(printf, 3, 4)))
static int fail(struct spawn *spawn, int err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(spawn->error, sizeof(spawn->error), format, arguments);
	va_end(arguments);
	return err;
}

static int lock(int fd, enum lock_byte byte, short type)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	while (fcntl(fd, F_OFD_SETLKW, &range))
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Opens the lock file twice: two descriptions, of which each process will keep one. */
static int open_gate(int *ours, int *childs)
{
	char path[64];
	int err;

	*childs = -1;
	*ours = memfd_create("ipctrace-gate", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (*ours < 0 && errno == EINVAL)
		*ours = memfd_create("ipctrace-gate", MFD_CLOEXEC);
	if (*ours < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *ours);
	*childs = open(path, O_RDWR | O_CLOEXEC);
	if (*childs < 0)
		return -errno;
	err = lock(*ours, GATE, F_WRLCK);
	return err ? err : lock(*childs, BEFORE, F_WRLCK);
}

/*
 * Signals as a new program expects them. Handlers would be reset by execve, but must not run in the
 * child before. What was ignored when we were started (nohup) stays ignored; SIGPIPE we ignore ourselves.
 */
static void reset_signals(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	struct sigaction now;
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		if (!sigaction(number, NULL, &now) && now.sa_handler != SIG_IGN)
			sigaction(number, &by_default, NULL);
	sigaction(SIGPIPE, &by_default, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Becomes USER for good; the groups must go first, while we still may. */
static int become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid) ||
	    setenv("HOME", user->pw_dir, 1) || setenv("USER", user->pw_name, 1) ||
	    setenv("LOGNAME", user->pw_name, 1))
		return -errno;
	return 0;
}

__attribute__((noreturn))
static void run_child(struct gate_state *state, int gate, char **argv, const struct passwd *user)
{
	reset_signals();
	if (user && become(user)) {
		state->failure = errno;
		state->user_failure = 1;
		_exit(EXIT_FAILURE);
	}
	if (lock(gate, GATE, F_WRLCK) || !state->open)
		_exit(EXIT_FAILURE);
	execvp(argv[0], argv);
	state->failure = errno;
	_exit(EXIT_FAILURE);
}

/* Forks with all signals blocked, so that none meets a handler of ours in the child. */
static pid_t fork_blocked(sigset_t *before)
{
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, before);
	pid = fork();
	if (pid)
		sigprocmask(SIG_SETMASK, before, NULL);
	return pid;
}

int spawn_start(struct spawn *spawn, char **argv, const char *user)
{
	const struct passwd *entry = NULL;
	int childs_gate = -1, err;
	sigset_t before;

	*spawn = (struct spawn){ .name = argv[0], .pidfd = -1, .gate = -1 };
	if (user && !(entry = getpwnam(user)))
		return fail(spawn, -EINVAL, "unknown user '%s': give a name of getent passwd", user);
	spawn->state = mmap(NULL, sizeof(*spawn->state), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (spawn->state == MAP_FAILED) {
		spawn->state = NULL;
		return fail(spawn, -errno, "cannot share memory with '%s': %m", spawn->name);
	}
	err = open_gate(&spawn->gate, &childs_gate);
	if (err) {
		fail(spawn, err, "cannot hold '%s' back: %s", spawn->name, strerror(-err));
		goto cleanup;
	}
	spawn->pid = fork_blocked(&before);
	if (!spawn->pid) {
		close(spawn->gate);
		run_child(spawn->state, childs_gate, argv, entry);
	}
	if (spawn->pid < 0) {
		err = fail(spawn, -errno, "cannot fork: %m");
		spawn->pid = 0;
		goto cleanup;
	}
	spawn->pidfd = syscall(SYS_pidfd_open, spawn->pid, 0);
	if (spawn->pidfd < 0)
		err = fail(spawn, -errno, "cannot watch '%s': %m", spawn->name);
cleanup:
	if (childs_gate >= 0)
		close(childs_gate);
	return err;
}

/* Waits for the end of the process and keeps how it ended. */
static int reap(struct spawn *spawn, int flags)
{
	pid_t pid;

	if (spawn->reaped)
		return 1;
	do {
		pid = waitpid(spawn->pid, &spawn->wait_status, flags);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	spawn->reaped = pid > 0;
	return spawn->reaped;
}

int spawn_go(struct spawn *spawn)
{
	int err;

	spawn->gone = true;
	spawn->state->open = 1;
	err = lock(spawn->gate, GATE, F_UNLCK);
	if (!err)
		err = lock(spawn->gate, BEFORE, F_RDLCK);
	if (err)
		return fail(spawn, err, "cannot let '%s' go: %s", spawn->name, strerror(-err));
	spawn->failure = spawn->state->failure;
	if (!spawn->failure)
		return 0;
	reap(spawn, 0);
	return fail(spawn, -spawn->failure, "cannot %s '%s': %s",
		    spawn->state->user_failure ? "change the user for" : "execute", spawn->name,
		    strerror(spawn->failure));
}

int spawn_fd(const struct spawn *spawn)
{
	return spawn->pidfd;
}

int spawn_poll(struct spawn *spawn)
{
	return reap(spawn, WNOHANG);
}

int spawn_exit_status(const struct spawn *spawn)
{
	if (spawn->failure)
		return spawn->failure == ENOENT ? 127 : 126;
	if (!spawn->reaped)
		return -1;
	return WIFSIGNALED(spawn->wait_status) ? 128 + WTERMSIG(spawn->wait_status) :
						 WEXITSTATUS(spawn->wait_status);
}

void spawn_close(struct spawn *spawn)
{
	/* Closing the gate with state->open unset ends a child that still waits. */
	if (spawn->gate >= 0)
		close(spawn->gate);
	if (spawn->pid && !spawn->gone)
		reap(spawn, 0);
	if (spawn->pidfd >= 0)
		close(spawn->pidfd);
	if (spawn->state)
		munmap(spawn->state, sizeof(*spawn->state));
	*spawn = (struct spawn){ .pidfd = -1, .gate = -1 };
}
