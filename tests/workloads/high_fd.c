/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pipe behind file descriptors above 65,536. Where the limit on open files does not allow them,
 * the program says so and ends with status 77.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib_edges.h"

#define READ_FD 65537
#define WRITE_FD 70001
#define STATUS_SKIP 77

static struct truth_channel *channel;

static void talk(void *unused)
{
	char data[128] = "";

	(void)unused;
	for (int i = 0; i < 41; i++) {
		edges_expect(SEND(channel, write(WRITE_FD, data, 101)) == 101, "write");
		edges_expect(RECEIVE(channel, read(READ_FD, data, sizeof(data))) == 101, "read");
	}
}

int main(int argc, char **argv)
{
	struct rlimit limit = {WRITE_FD + 1, WRITE_FD + 1};
	int fds[2];

	truth_options_parse(argc, argv);
	if (setrlimit(RLIMIT_NOFILE, &limit)) {
		fprintf(stderr, "high_fd: the limit on open files is below %d\n", WRITE_FD);
		return STATUS_SKIP;
	}
	edges_expect(!pipe(fds), "pipe");
	edges_expect(dup2(fds[0], READ_FD) == READ_FD && dup2(fds[1], WRITE_FD) == WRITE_FD, "dup2");
	close(fds[0]);
	close(fds[1]);
	channel = truth_file_channel("pipe", READ_FD);
	truth_worker(0, talk, NULL, -1);
	truth_serve();
}
