// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines and cgroups of processes, from /proc while they live.
 */
#include "capture/process_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_SIZE 1024 /* as much is kept of a command line */
#define PROC_SIZE 8192

/* Returns the length of what is in /proc/PID/FILE, which is given an end; 0: nothing, or it cannot be read. */
static size_t read_proc(__u32 pid, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		length = 0;
	text[length] = '\0';
	return length;
}

/* Is the process with this pid still the one of KEY? Its start is told in ticks of the clock. */
static bool is_still(const struct process_key *key)
{
	char text[1024], *behind_comm;
	unsigned long long start;
	__u32 tick_ms = 1000 / sysconf(_SC_CLK_TCK);

	if (!read_proc(key->pid, "stat", text, sizeof(text)))
		return false;
	behind_comm = strrchr(text, ')'); /* a name may hold brackets itself */
	if (!behind_comm || sscanf(behind_comm, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
				   "%*d %*d %*d %llu", &start) != 1)
		return false;
	return (__u32)(start * tick_ms) / tick_ms == key->started_ms / tick_ms;
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = strdup(with); /* without memory it stays unknown */
}

static void read_cmdline(struct process *process)
{
	char text[CMDLINE_SIZE];
	size_t length = read_proc(process->key.pid, "cmdline", text, sizeof(text));

	while (length > 0 && !text[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
	if (length)
		replace(&process->cmdline, text);
}

/* The line of cgroup v2 is "0::PATH"; where there is none, that of the first hierarchy of v1 with one. */
static void read_cgroup(struct process *process)
{
	char text[PROC_SIZE], *line, *rest = text, *path, *found = NULL;

	read_proc(process->key.pid, "cgroup", text, sizeof(text));
	while ((line = strsep(&rest, "\n"))) {
		path = strchr(line, ':');
		path = path ? strchr(path + 1, ':') : NULL;
		if (!path)
			continue;
		if ((!strncmp(line, "0::", 3) && path[1] && path[2]) || !found || !found[1])
			found = path + 1;
	}
	if (found)
		replace(&process->cgroup, found);
}

void process_names_fill(struct model *model)
{
	struct process_record *record;

	for (record = model->base->processes; record; record = record->hh.next) {
		struct process *process = &record->process;

		if (record->read_image == record->image + 1 || process->exited)
			continue;
		record->read_image = record->image + 1;
		if (!is_still(&process->key))
			continue;
		read_cmdline(process);
		read_cgroup(process);
	}
}
