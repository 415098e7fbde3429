/* SPDX-License-Identifier: GPL-2.0 */
/* Pipes: lanes of their own or one shared by all; variant "edges": every way a call can end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib_lane.h"

static void open_lanes(void)
{
	struct lane *lanes = calloc(truth_options.threads, sizeof(*lanes));
	int fds[2] = {-1, -1};

	for (unsigned i = 0; i < truth_options.threads; i++) {
		struct lane *lane = &lanes[i];
		bool joins = i > 0 && truth_options.shared;

		if (!joins && pipe(fds))
			truth_die("pipe");
		*lane = (struct lane){.send_fd = fds[1], .receive_fd = fds[0],
				      .small = truth_options.shared};
		lane->channel = joins ? lanes[0].channel : truth_file_channel("pipe", fds[0]);
		lane_prepare(lane);
		if (joins)
			lane_join(lane, &lanes[0]);
		lane_add(lane);
	}
}

/* Not a constant, or the compiler would refuse the calls that are meant to fail. */
static void *volatile unmapped = (void *)8;

static void expect(bool truth, const char *what)
{
	if (!truth)
		truth_die(what);
}

/* Not blocking: full, partly written, drained, empty. */
static void fill_and_drain(struct truth_channel *channel, const int fds[2])
{
	static char data[131071];

	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 7; i++)
		expect(RECEIVE(channel, read(fds[0], data, 11)) < 0 && errno == EAGAIN, "empty");
	expect(SEND(channel, write(fds[1], data, sizeof(data))) == 65536, "partial write");
	for (int i = 0; i < 5; i++)
		expect(SEND(channel, write(fds[1], data, 13)) < 0 && errno == EAGAIN, "full");
	while (RECEIVE(channel, read(fds[0], data, 8191)) > 0)
		;
}

static void fail(struct truth_channel *channel, const int fds[2])
{
	struct iovec bad = {unmapped, 17};
	char data[64] = "";

	expect(SEND(channel, write(fds[1], data, 23)) == 23, "write");
	expect(RECEIVE(channel, read(fds[0], unmapped, 23)) < 0 && errno == EFAULT, "read EFAULT");
	expect(RECEIVE(channel, readv(fds[0], &bad, 1)) < 0 && errno == EFAULT, "readv EFAULT");
	expect(SEND(channel, write(fds[1], unmapped, 23)) < 0 && errno == EFAULT, "write EFAULT");
	expect(SEND(channel, writev(fds[1], &bad, 1)) < 0 && errno == EFAULT, "writev EFAULT");
	expect(RECEIVE(channel, pread(fds[0], data, 1, 0)) < 0 && errno == ESPIPE, "pread");
	expect(SEND(channel, pwrite(fds[1], data, 1, 0)) < 0 && errno == ESPIPE, "pwrite");
	expect(SEND(channel, write(fds[1], data, 0)) == 0, "empty write");
}

/* Channels of its own in every phase: some of them are closed before it ends. */
static void edges(void *unused)
{
	char data[64] = "";
	int fds[2], broken[2];
	struct truth_channel *channel;

	(void)unused;
	expect(!pipe(fds) && !pipe(broken), "pipe");
	channel = truth_file_channel("pipe", fds[0]);
	fill_and_drain(channel, fds);
	fail(channel, fds);
	close(fds[1]);
	while (RECEIVE(channel, read(fds[0], data, 19)) > 0)
		;
	expect(RECEIVE(channel, read(fds[0], data, 19)) == 0, "end of file");
	close(fds[0]);

	channel = truth_file_channel("pipe", broken[0]);
	close(broken[0]);
	for (int i = 0; i < 3; i++)
		expect(SEND(channel, write(broken[1], data, 29)) < 0 && errno == EPIPE, "EPIPE");
	errno = 0;
	expect(write(-1, data, 1) < 0 && read(1000, data, 1) < 0 && errno == EBADF, "EBADF");
	close(broken[1]);
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	if (truth_options.variant && !strcmp(truth_options.variant, "edges")) {
		for (unsigned i = 0; i < truth_options.threads; i++)
			truth_worker(0, edges, NULL, -1);
	} else {
		open_lanes();
	}
	truth_serve();
}
