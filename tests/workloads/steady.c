/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A little traffic for a known time: `steady MS` writes a message to its own pipe every 5 ms and
 * reads it again in another thread, so that a live view has something to show in every interval.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib_truth.h"

#define MESSAGE_BYTES 101

static struct truth_channel *channel;
static int fds[2];
static unsigned messages;

static void writer(void *unused)
{
	char data[MESSAGE_BYTES] = "";

	(void)unused;
	for (unsigned i = 0; i < messages; i++) {
		truth_sleep_ms(5);
		if (SEND(channel, write(fds[1], data, sizeof(data))) != sizeof(data))
			truth_die("write");
	}
}

static void reader(void *unused)
{
	char data[MESSAGE_BYTES];

	(void)unused;
	for (unsigned i = 0; i < messages; i++)
		if (RECEIVE(channel, read(fds[0], data, sizeof(data))) != sizeof(data))
			truth_die("read");
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	messages = (truth_options.variant ? atoi(truth_options.variant) : 1000) / 5;
	if (pipe(fds))
		truth_die("pipe");
	channel = truth_file_channel("pipe", fds[0]);
	truth_worker(0, writer, NULL, fds[1]);
	truth_worker(1, reader, NULL, fds[0]);
	truth_serve();
}
