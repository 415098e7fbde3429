/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names made to break a terminal, a table, CSV or JSON: the command name of the process, the
 * paths of unix sockets (one in the file system, one abstract) and of a message queue.
 */
#include <mqueue.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib_edges.h"

static const char comm[] = "a\033[31m\n\"b,\\\t";
static const char ending[] = "x\033[2J\033]0;t\007\n\r\"q\",;<b>&\\ \xc3\xa9\xe2\x82\xac";

static struct truth_channel *channels[3];
static int receivers[2], senders[2];
static mqd_t queue;

static void use(void *unused)
{
	char data[64] = "";
	int failed;

	(void)unused;
	for (int i = 0; i < 2; i++) {
		edges_expect(SEND(channels[i], send(senders[i], data, 13, 0)) == 13, "send");
		edges_expect(RECEIVE(channels[i], recv(receivers[i], data, 64, 0)) == 13, "recv");
	}
	truth_before();
	failed = mq_send(queue, data, 13, 0);
	truth_after(channels[2], SENT, failed ? -1 : 13);
	edges_expect(RECEIVE(channels[2], mq_receive(queue, data, 64, NULL)) == 13, "mq_receive");
}

static void open_socket(int number)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char *path = address.sun_path + number;
	socklen_t length;

	length = snprintf(path, sizeof(address.sun_path) - 1, "%s/%d-%s", number ? "" : "/tmp", getpid(),
			  ending);
	length += offsetof(struct sockaddr_un, sun_path) + number;
	receivers[number] = socket(AF_UNIX, SOCK_DGRAM, 0);
	senders[number] = socket(AF_UNIX, SOCK_DGRAM, 0);
	edges_expect(!bind(receivers[number], (struct sockaddr *)&address, length), "bind");
	edges_expect(!connect(senders[number], (struct sockaddr *)&address, length), "connect");
	if (number == 0)
		unlink(path);
	channels[number] = truth_socket_channel("unix-dgram", receivers[number]);
	truth_channel_name(channels[number], path, strlen(path));
}

int main(int argc, char **argv)
{
	struct mq_attr attributes = {.mq_maxmsg = 3, .mq_msgsize = 64};
	char name[96];

	truth_options_parse(argc, argv);
	open_socket(0);
	open_socket(1);
	snprintf(name, sizeof(name), "/%d-%s", getpid(), ending);
	queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
	edges_expect(queue >= 0, "mq_open");
	mq_unlink(name);
	channels[2] = truth_file_channel("mqueue", queue);
	truth_channel_name(channels[2], name + 1, strlen(name + 1));
	prctl(PR_SET_NAME, comm);
	truth_worker(0, use, NULL, -1);
	truth_serve();
}
