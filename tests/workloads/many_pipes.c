/* SPDX-License-Identifier: GPL-2.0 */
/* 9,000 pipes in one process, one message through each; the truth is a list of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib_edges.h"

#define PIPES 9000

static int fds[PIPES][2];

static size_t size_at(unsigned number)
{
	return number % 97 + 1;
}

static void use_all(void *unused)
{
	char data[128] = "";

	(void)unused;
	for (unsigned i = 0; i < PIPES; i++) {
		edges_expect(write(fds[i][1], data, size_at(i)) == (ssize_t)size_at(i), "write");
		edges_expect(read(fds[i][0], data, sizeof(data)) == (ssize_t)size_at(i), "read");
	}
}

static void print_pipes(void)
{
	struct stat st;

	printf(",\"pipes\":[");
	for (unsigned i = 0; i < PIPES; i++) {
		fstat(fds[i][0], &st);
		printf("%s[\"pipe:[%ju:%ju]\",%zu]", i ? "," : "", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino, size_at(i));
	}
	putchar(']');
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	truth_options_parse(argc, argv);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned i = 0; i < PIPES; i++)
		if (pipe(fds[i]))
			truth_die("pipe");
	truth_print_more = print_pipes;
	truth_worker(0, use_all, NULL, -1);
	truth_serve();
}
