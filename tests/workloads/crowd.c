/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several processes send through one channel and several receive: crowd KIND WRITERS READERS MESSAGES [ahead].
 * Each message says who sent it, so the readers know who delivered how much to whom. "ahead": so many messages as
 * the channel holds are sent before the tests attach. Speaks the protocol of lib_truth.h; prints
 *     {"ready":1,"pid":...,"child":0,"writers":[...],"readers":[...]}
 *     {"truth":1,"id":"...","edges":[[FROM, TO, MESSAGES], ...]}    FROM 0: sent ahead
 */
#include <mqueue.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_truth.h"

#define MOST 32
#define SIZE 67
#define AHEAD 7

static struct {
	atomic_uint begun, claimed;
	atomic_uint delivered[MOST + 1][MOST]; /* writer 0: ahead */
} *shared;

static const char *kind;
static unsigned writers, readers, messages, total, ahead;
static int send_fd, receive_fd;
static pid_t writer_pids[MOST], reader_pids[MOST];
static char id[128];

static void open_channel(void)
{
	struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = SIZE};
	struct stat st, other;
	int fds[2];

	if (!strcmp(kind, "pipe") && !pipe(fds)) {
		fstat(fds[0], &st);
		snprintf(id, sizeof(id), "pipe:[%u:%lu]", minor(st.st_dev), (unsigned long)st.st_ino);
	} else if (!strcmp(kind, "unix-dgram") && !socketpair(AF_UNIX, SOCK_DGRAM, 0, fds)) {
		fstat(fds[0], &st);
		fstat(fds[1], &other);
		snprintf(id, sizeof(id), "unix-dgram:[%lu:%lu]", (unsigned long)st.st_ino,
			 (unsigned long)other.st_ino);
	} else if (!strcmp(kind, "mqueue")) {
		fds[0] = mq_open("/ipctrace-crowd", O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
		mq_unlink("/ipctrace-crowd");
		if (fds[0] < 0)
			truth_die("mq_open");
		fds[1] = fds[0];
		fstat(fds[0], &st);
		snprintf(id, sizeof(id), "mqueue:[%u:%lu]", minor(st.st_dev), (unsigned long)st.st_ino);
	} else {
		truth_die("crowd KIND");
	}
	receive_fd = fds[0];
	send_fd = fds[1];
}

static void send_one(unsigned writer)
{
	char message[SIZE] = {(char)writer};
	bool sent = !strcmp(kind, "mqueue") ? !mq_send(send_fd, message, SIZE, 3)
					    : write(send_fd, message, SIZE) == SIZE;

	if (!sent)
		truth_die("send");
}

static void work_writer(unsigned writer)
{
	for (unsigned i = 0; i < messages; i++)
		send_one(writer + 1);
}

static void work_reader(unsigned reader)
{
	char message[SIZE];

	while (atomic_fetch_add(&shared->claimed, 1) < total) {
		ssize_t got = !strcmp(kind, "mqueue") ? mq_receive(receive_fd, message, SIZE, NULL)
						      : read(receive_fd, message, SIZE);

		if (got != SIZE)
			truth_die("receive");
		atomic_fetch_add(&shared->delivered[(unsigned char)message[0]][reader], 1);
	}
}

static pid_t start(void (*work)(unsigned), unsigned index)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(&shared->begun))
		truth_sleep_ms(1);
	work(index);
	while (atomic_load(&shared->begun) == 1)
		truth_sleep_ms(1);
	_exit(0);
}

static void print_pids(const char *name, const pid_t *pids, unsigned count)
{
	printf(",\"%s\":[", name);
	for (unsigned i = 0; i < count; i++)
		printf("%s%d", i ? "," : "", pids[i]);
	printf("]");
}

static void print_truth(void)
{
	const char *comma = "";

	printf("{\"truth\":1,\"id\":\"%s\",\"edges\":[", id);
	for (unsigned w = 0; w <= writers; w++) {
		for (unsigned r = 0; r < readers; r++) {
			unsigned count = atomic_load(&shared->delivered[w][r]);

			if (!count)
				continue;
			printf("%s[%d,%d,%u]", comma, w ? writer_pids[w - 1] : 0, reader_pids[r], count);
			comma = ",";
		}
	}
	printf("]}\n");
	fflush(stdout);
}

static unsigned delivered(void)
{
	unsigned sum = 0;

	for (unsigned w = 0; w <= writers; w++)
		for (unsigned r = 0; r < readers; r++)
			sum += atomic_load(&shared->delivered[w][r]);
	return sum;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		truth_die("crowd KIND WRITERS READERS MESSAGES [ahead]");
	kind = argv[1];
	writers = strtoul(argv[2], NULL, 10);
	readers = strtoul(argv[3], NULL, 10);
	messages = strtoul(argv[4], NULL, 10);
	ahead = argc > 5 ? AHEAD : 0;
	total = writers * messages + ahead;
	if (!writers || !readers || writers > MOST || readers > MOST)
		truth_die("1 to 32 writers and readers");
	shared = truth_shared(sizeof(*shared));
	open_channel();
	for (unsigned i = 0; i < ahead; i++)
		send_one(0);
	for (unsigned i = 0; i < writers; i++)
		writer_pids[i] = start(work_writer, i);
	for (unsigned i = 0; i < readers; i++)
		reader_pids[i] = start(work_reader, i);
	printf("{\"ready\":1,\"pid\":%d,\"child\":0", getpid());
	print_pids("writers", writer_pids, writers);
	print_pids("readers", reader_pids, readers);
	printf("}\n");
	fflush(stdout);
	truth_await_turn();
	atomic_store(&shared->begun, 1);
	while (delivered() < total)
		truth_sleep_ms(1);
	print_truth();
	truth_await_turn();
	atomic_store(&shared->begun, 2);
	while (wait(NULL) > 0)
		;
	return 0;
}
