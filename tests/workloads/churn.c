/* SPDX-License-Identifier: GPL-2.0 */
/* Short lives: 499 threads (default), 101 forked children, 2,003 or a storm of 10,000; each writes once and is gone. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_edges.h"

#define THREADS 499
#define CHILDREN 101
#define MANY 2003
#define STORM 10000
#define ALIVE 200 /* at most, of a storm */
#define MESSAGE_BYTES 41

static struct truth_channel *channel;
static int fds[2];
static unsigned children, wanted_children;

static unsigned children_of(const char *variant)
{
	if (!strcmp(variant, "storm"))
		return STORM;
	return strcmp(variant, "many") ? CHILDREN : MANY;
}

static void *write_once(void *unused)
{
	char data[MESSAGE_BYTES] = "";

	(void)unused;
	edges_expect(SEND(channel, write(fds[1], data, sizeof(data))) == sizeof(data), "write");
	return NULL;
}

static void start_threads(void *unused)
{
	pthread_t threads[8];

	(void)unused;
	for (unsigned started = 0; started < THREADS;) {
		unsigned count = 0;

		while (count < 8 && started + count < THREADS) {
			edges_expect(!pthread_create(&threads[count], NULL, write_once, NULL), "thread");
			count++;
		}
		for (unsigned i = 0; i < count; i++)
			pthread_join(threads[i], NULL);
		started += count;
	}
}

/* The children's figures are printed as one sum: they are too many for a record each. */
static void start_children(void *unused)
{
	char data[MESSAGE_BYTES] = "";

	(void)unused;
	for (unsigned i = 0, alive = 0; i < wanted_children; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(write(fds[1], data, sizeof(data)) != sizeof(data));
		edges_expect(child > 0, "fork");
		alive++;
		while (alive >= ALIVE && waitpid(-1, NULL, 0) > 0)
			alive--;
		if (i % 5 == 4)
			while (waitpid(-1, NULL, WNOHANG) > 0)
				alive--;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	children = wanted_children;
}

static void reader(void *unused)
{
	char data[MESSAGE_BYTES];
	unsigned count = wanted_children ? wanted_children : THREADS;

	(void)unused;
	for (unsigned i = 0; i < count; i++)
		edges_expect(RECEIVE(channel, read(fds[0], data, sizeof(data))) == sizeof(data), "read");
}

static void print_children(void)
{
	printf(",\"children\":{\"count\":%u,\"messages\":%u,\"bytes\":%u}", children, children,
	       children * MESSAGE_BYTES);
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	edges_expect(!pipe(fds), "pipe");
	channel = truth_file_channel("pipe", fds[0]);
	if (truth_options.variant)
		wanted_children = children_of(truth_options.variant);
	truth_print_more = print_children;
	truth_worker(0, truth_options.variant ? start_children : start_threads, NULL, -1);
	truth_worker(0, reader, NULL, -1);
	truth_serve();
}
