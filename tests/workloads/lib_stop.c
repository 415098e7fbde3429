/* SPDX-License-Identifier: GPL-2.0 */
/* See lib_stop.h. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_stop.h"

static bool is_stopped(pid_t pid)
{
	char path[64], text[256] = "", *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file || !fgets(text, sizeof(text), file))
		return false;
	fclose(file);
	state = strrchr(text, ')');
	return state && state[2] == 'T';
}

void stop_and_continue(void)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		kill(parent, SIGSTOP);
		while (!is_stopped(parent))
			;
		kill(parent, SIGCONT);
		_exit(0);
	}
	edges_expect(child > 0 && waitpid(child, NULL, 0) == child, "stopping child");
}
