/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file descriptor that changes its meaning while a read on it sleeps: the bytes belong to the
 * pipe that it meant when the call began. Also descriptors that are copies of each other.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_edges.h"

static struct truth_channel *channel, *other_channel;
static int fds[2], other[2];
static pid_t reader_tid;

static void reader(void *unused)
{
	char data[64];

	(void)unused;
	__atomic_store_n(&reader_tid, gettid(), __ATOMIC_SEQ_CST);
	edges_expect(RECEIVE(channel, read(fds[0], data, sizeof(data))) == 37, "read of the old pipe");
	edges_expect(RECEIVE(other_channel, read(fds[0], data, sizeof(data))) == 43, "read of the new pipe");
}

static void swap(void *unused)
{
	char data[64] = "";
	int copy;

	(void)unused;
	while (!__atomic_load_n(&reader_tid, __ATOMIC_SEQ_CST))
		truth_sleep_ms(1);
	truth_await_asleep(getpid(), reader_tid, SYS_read);
	edges_expect(dup2(other[0], fds[0]) == fds[0], "dup2");
	copy = dup(fds[1]);
	edges_expect(SEND(channel, write(copy, data, 37)) == 37, "write to a copy");
	truth_sleep_ms(5);
	edges_expect(SEND(other_channel, write(other[1], data, 43)) == 43, "write");
	close(copy);
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	edges_expect(!pipe(fds) && !pipe(other), "pipe");
	channel = truth_file_channel("pipe", fds[0]);
	other_channel = truth_file_channel("pipe", other[0]);
	truth_worker(0, reader, NULL, -1);
	truth_worker(0, swap, NULL, -1);
	truth_serve();
}
