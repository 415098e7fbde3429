// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of one process, or of two, take turns on the locks of a file: 2 N of them on one file with --shared,
 * else pairs with a file each. Each knows from the kernel's count of its sleeps how often it has waited.
 * The variant is the kind of lock: flock, ofd, or range (of processes, so with --processes and one thread each).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib_edges.h"

#define TURNS 83
#define MAX_FILES 32

static char paths[MAX_FILES][64];

static int set_lock(int fd, int command, int type)
{
	struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET};

	return fcntl(fd, command, &lock);
}

static int take(int fd, bool exclusive)
{
	if (!strcmp(truth_options.variant, "flock"))
		return flock(fd, exclusive ? LOCK_EX : LOCK_SH);
	return set_lock(fd, !strcmp(truth_options.variant, "ofd") ? F_OFD_SETLKW : F_SETLKW,
			exclusive ? F_WRLCK : F_RDLCK);
}

static int give(int fd)
{
	if (!strcmp(truth_options.variant, "flock"))
		return flock(fd, LOCK_UN);
	return set_lock(fd, !strcmp(truth_options.variant, "ofd") ? F_OFD_SETLK : F_SETLK, F_UNLCK);
}

static void take_turns(void *argument)
{
	int fd = open(argument, O_RDWR | O_CLOEXEC);
	struct truth_lock *lock;

	edges_expect(fd >= 0, argument);
	lock = truth_file_lock(fd);
	lock->wakes_unknown = true;
	for (unsigned i = 0; i < TURNS; i++) {
		truth_before();
		edges_expect(!truth_after_lock(lock, take(fd, i % 7 != 3)), "lock");
		truth_sleep_ms(i % 5 == 0);
		truth_before();
		edges_expect(!truth_after_lock(lock, give(fd)), "unlock");
	}
	close(fd);
}

/* A file without a name, so that it is gone with us. Each opens it for himself, through our descriptor. */
static void make_file(char path[64])
{
	int fd;

	snprintf(path, 64, "/tmp/ipctrace-turns-%d", getpid());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	edges_expect(fd >= 0 && !unlink(path), path);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
}

int main(int argc, char **argv)
{
	unsigned files;

	truth_options_parse(argc, argv);
	if (!truth_options.variant)
		truth_options.variant = "flock";
	files = truth_options.shared ? 1 : truth_options.threads;
	for (unsigned i = 0; i < files; i++)
		make_file(paths[i]);
	for (unsigned i = 0; i < truth_options.threads; i++) {
		truth_worker(0, take_turns, paths[i % files], -1);
		truth_worker(1, take_turns, paths[i % files], -1);
	}
	truth_serve();
}
