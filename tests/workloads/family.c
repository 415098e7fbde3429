/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children of every kind, each writing a prime number of bytes to one pipe: by fork, by vfork and
 * exec, by clone, by fork twice (the first is gone before its child writes), and a thread's fork.
 * The parent reads it all. `family --write FD BYTES` is what exec runs.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_edges.h"

static struct truth_channel *channel;
static int fds[2];
static uint64_t *grandchild_done;
static const unsigned fork_bytes = 1009, vfork_bytes = 2003, clone_bytes = 3001, grandchild_bytes = 401;

static void write_bytes(int fd, unsigned size)
{
	static char data[4096];

	if (write(fd, data, size) != (ssize_t)size)
		_exit(1);
}

/* A child's one call, booked by the parent: an exec'd child cannot reach the records. */
static void book(pid_t pid, unsigned bytes)
{
	struct truth_figures *figures = &truth_end_of(channel, pid)->figures[SENT];

	figures->calls++;
	figures->messages++;
	figures->bytes += bytes;
}

static void take(unsigned bytes)
{
	char data[4096];

	edges_expect(RECEIVE(channel, read(fds[0], data, bytes)) == (ssize_t)bytes, "read");
}

static void by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		write_bytes(fds[1], fork_bytes);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	book(pid, fork_bytes);
	take(fork_bytes);
}

static void by_vfork(void)
{
	char fd_text[16], size_text[16];
	pid_t pid;

	snprintf(fd_text, sizeof(fd_text), "%d", fds[1]);
	snprintf(size_text, sizeof(size_text), "%u", vfork_bytes);
	pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): what is tested */
	if (pid == 0) {
		execl("/proc/self/exe", "family", "--write", fd_text, size_text, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	book(pid, vfork_bytes);
	take(vfork_bytes);
}

/* clone() as a child of its own memory, and as one that shares memory and files with us. */
static int cloned(void *unused)
{
	(void)unused;
	write_bytes(fds[1], clone_bytes);
	return 0;
}

static void by_clone(int flags)
{
	char *stack = malloc(1 << 16);
	pid_t pid = clone(cloned, stack + (1 << 16), flags | SIGCHLD, NULL);

	edges_expect(pid > 0, "clone");
	waitpid(pid, NULL, 0);
	free(stack);
	book(pid, clone_bytes);
	take(clone_bytes);
}

static void by_grandchild(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pid_t first = getpid();

		if (fork() == 0) {
			while (getppid() == first)
				truth_sleep_ms(1);
			write_bytes(fds[1], grandchild_bytes);
			__atomic_store_n(grandchild_done, getpid(), __ATOMIC_SEQ_CST);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	while (!__atomic_load_n(grandchild_done, __ATOMIC_SEQ_CST))
		truth_sleep_ms(1);
	book(*grandchild_done, grandchild_bytes);
	take(grandchild_bytes);
	*grandchild_done = 0;
}

static void whole_family(void *unused)
{
	(void)unused;
	by_fork();
	by_vfork();
	by_clone(0);
	by_clone(CLONE_VM | CLONE_FILES);
	by_grandchild();
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--write")) {
		write_bytes(atoi(argv[2]), atoi(argv[3]));
		return 0;
	}
	truth_options_parse(argc, argv);
	edges_expect(!pipe(fds), "pipe");
	channel = truth_file_channel("pipe", fds[0]);
	grandchild_done = truth_shared(sizeof(*grandchild_done));
	truth_worker(0, whole_family, NULL, -1);
	truth_serve();
}
