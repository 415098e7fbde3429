/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 20,000 channels open at once: 20 children with 1,000 each, pipes and pairs of unix sockets by turns. In a phase
 * each child moves a message through each of its first N channels (the variant; default: all). The truth is one
 * of its own: of each child its pid and the bytes that it has moved in this phase.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_edges.h"

#define CHILDREN 20
#define CHANNELS 1000

struct child {
	pid_t pid;
	_Atomic unsigned done; /* phases, the opening included */
	unsigned long bytes;
};

static struct child *children;
static unsigned used = CHANNELS;

static size_t size_at(unsigned number)
{
	return number % 97 + 1;
}

static unsigned long use_channels(int fds[CHANNELS][2])
{
	unsigned long sum = 0;
	char data[128] = "";

	for (unsigned i = 0; i < used; i++) {
		edges_expect(write(fds[i][1], data, size_at(i)) == (ssize_t)size_at(i), "write");
		edges_expect(read(fds[i][0], data, sizeof(data)) == (ssize_t)size_at(i), "read");
		sum += size_at(i);
	}
	return sum;
}

static void be_child(struct child *self)
{
	static int fds[CHANNELS][2];
	sigset_t signals;
	int number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < CHANNELS; i++)
		if (i % 2 ? pipe(fds[i]) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]))
			truth_die("open");
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	self->done = 1;
	while (!sigwait(&signals, &number)) {
		self->bytes = use_channels(fds);
		self->done++;
	}
}

static void await_children(unsigned phases)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		while (children[i].done < phases)
			truth_sleep_ms(1);
}

static void use_all(void *unused)
{
	static unsigned phases = 1;

	(void)unused;
	phases++;
	for (unsigned i = 0; i < CHILDREN; i++)
		kill(children[i].pid, SIGUSR1);
	await_children(phases);
}

static void print_children(void)
{
	printf(",\"messages\":%u,\"children\":[", used);
	for (unsigned i = 0; i < CHILDREN; i++)
		printf("%s[%d,%lu]", i ? "," : "", children[i].pid, children[i].bytes);
	putchar(']');
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	if (truth_options.variant)
		used = atoi(truth_options.variant);
	children = truth_shared(CHILDREN * sizeof(*children));
	for (unsigned i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			truth_die("fork");
		if (pid == 0) {
			be_child(&children[i]);
			_exit(0);
		}
		children[i].pid = pid;
	}
	await_children(1);
	truth_print_more = print_children;
	truth_worker(0, use_all, NULL, -1);
	truth_serve();
}
