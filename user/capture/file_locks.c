// SPDX-License-Identifier: GPL-2.0
/*
 * Who holds the locks on files, from /proc/locks, and what these files are called, from /proc/PID/fd. Reading
 * /proc/locks holds up everybody who locks or unlocks a file just then, so it is read only while somebody waits.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/file_locks.h"
#include "mech/mech.h"
#include "model/array.h"

/* A line of /proc/locks, or of "lock:" in /proc/PID/fdinfo. */
struct lock_line {
	bool is_waiter;
	bool of_description; /* belongs to an open file, not to a process */
	int pid;             /* -1: not told */
	__u32 device;        /* kernel's dev_t */
	__u64 inode;
};

/* "1: -> FLOCK  ADVISORY  WRITE 123 fe:00:4711 0 EOF", from behind the number. */
static bool parse_line(const char *text, struct lock_line *line)
{
	unsigned long long inode;
	unsigned major, minor;
	char type[16];

	text = strstr(text, ": ");
	if (!text)
		return false;
	text += 2;
	text += strspn(text, " ");
	line->is_waiter = !strncmp(text, "->", 2);
	if (line->is_waiter)
		text += 2;
	if (sscanf(text, "%15s %*s %*s %d %x:%x:%llu", type, &line->pid, &major, &minor, &inode) != 5)
		return false;
	line->of_description = strcmp(type, "POSIX") != 0;
	line->device = major << 20 | minor;
	line->inode = inode;
	/* Leases are no locks. */
	return !line->of_description || !strcmp(type, "FLOCK") || !strcmp(type, "OFDLCK");
}

/* The first line of a file in /proc/PID; false: there is no such process. */
static bool read_comm(int pid, char comm[16])
{
	char path[64];
	FILE *file;
	bool is_read;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	is_read = fgets(comm, 16, file) != NULL;
	fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
	return is_read;
}

/* Does an open file of process PID, by its number FD in /proc, hold the lock? */
static bool description_holds(const char *pid, const char *fd, const struct lock *lock)
{
	char path[600], text[256];
	struct lock_line line;
	bool holds = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!holds && fgets(text, sizeof(text), file))
		holds = !strncmp(text, "lock:", 5) && parse_line(text + 5, &line) && line.of_description &&
			line.device == lock->key.image && line.inode == lock->key.address;
	fclose(file);
	return holds;
}

static bool process_holds(const char *pid, const struct lock *lock)
{
	char path[300];
	struct dirent *entry;
	bool holds = false;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo", pid);
	directory = opendir(path);
	if (!directory)
		return false;
	while (!holds && (entry = readdir(directory)))
		holds = entry->d_name[0] != '.' && description_holds(pid, entry->d_name, lock);
	closedir(directory);
	return holds;
}

/* Every process that has the open file to which the lock belongs holds it: they share it since a fork. */
static bool add_holders_of_description(struct model *model, struct lock *lock)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	bool found = false;
	char comm[16];

	while (directory && (entry = readdir(directory))) {
		int pid = atoi(entry->d_name);

		if (pid <= 0 || !process_holds(entry->d_name, lock) || !read_comm(pid, comm))
			continue;
		model_lock_holder(model, lock, pid, comm);
		found = true;
	}
	if (directory)
		closedir(directory);
	return found;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* A search through all open files of the system may take this share of the time. */
#define SEARCH_SHARE 100

static void find_unnamed_holder(struct file_locks_search *search, struct model *model, struct lock *lock)
{
	uint64_t begin_ns = now_ns(), end_ns;
	bool found = false;

	if (begin_ns >= search->next_ns) {
		found = add_holders_of_description(model, lock);
		end_ns = now_ns();
		search->next_ns = end_ns + SEARCH_SHARE * (end_ns - begin_ns);
	}
	if (!found)
		model_lock_holder(model, lock, 0, "");
}

/* Does anybody wait, or has waited or failed in the interval? */
static bool is_contended(const struct lock *lock)
{
	const struct lock_counts *interval = &lock->window[WINDOW_INTERVAL];

	return lock->waiting || interval->waits || interval->max_waiters || interval->would_block;
}

/* The path under which process PID has the file of LOCK open. */
static void name_by_waiter(struct model *model, struct lock *lock, int pid)
{
	char path[300], name[4096];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && !lock->is_named && (entry = readdir(directory))) {
		ssize_t length;
		struct stat st;

		if (fstatat(dirfd(directory), entry->d_name, &st, 0) || st.st_ino != lock->key.address ||
		    st.st_dev != mech_device(lock->key.image))
			continue;
		length = readlinkat(dirfd(directory), entry->d_name, name, sizeof(name) - 1);
		if (length <= 0)
			continue;
		name[length] = '\0';
		model_name_lock(model, lock, name);
	}
	if (directory)
		closedir(directory);
}

static void take_line(struct file_locks_search *search, struct model *model, const struct lock_line *line)
{
	bool is_target = line->is_waiter && model_target(model, line->pid);
	struct lock_record *record =
		model_file_lock(model, line->inode, line->device, is_target && !search->has_looked);
	char comm[16];

	if (!record)
		return;
	if (!record->lock.looks[WINDOW_INTERVAL]) {
		if (!is_contended(&record->lock) && !is_target)
			return;
		model_look_begin(&record->lock);
	}
	if (is_target) {
		model_lock_waiter(&record->lock);
		if (!record->lock.is_named && !record->lock.user_pid)
			name_by_waiter(model, &record->lock, line->pid);
	}
	if (line->is_waiter)
		return;
	if (line->pid > 0 && read_comm(line->pid, comm))
		model_lock_holder(model, &record->lock, line->pid, comm);
	else
		find_unnamed_holder(search, model, &record->lock);
}

static void look_at_locks(struct file_locks_search *search, struct model *model)
{
	struct lock_line *lines = NULL;
	unsigned count = 0, room = 0;
	FILE *file = fopen("/proc/locks", "re");
	char text[256];

	if (!file)
		return;
	while (fgets(text, sizeof(text), file)) {
		if (array_grow((void **)&lines, count, &room, sizeof(*lines)))
			break;
		count += parse_line(text, &lines[count]);
	}
	fclose(file);
	/* Waiters first: on the first look it is they who make a file one to look at. */
	for (int waiters = 1; waiters >= 0; waiters--)
		for (unsigned i = 0; i < count; i++)
			if (lines[i].is_waiter == waiters)
				take_line(search, model, &lines[i]);
	free(lines);
	search->has_looked = true;
}

/* The path under which its last user has the file open, if that still is the file. */
static void name_file(struct model *model, struct lock *lock)
{
	char link[64], path[4096], *last;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%u/fd/%u", lock->user_pid, lock->user_fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return;
	path[length] = '\0';
	last = strrchr(path, '/');
	/* The kernel's " (deleted)" may follow. Until it is named, it has the last part of its path as a name. */
	if (path[0] == '/' && !strncmp(last + 1, lock->name, strlen(lock->name)))
		model_name_lock(model, lock, path);
}

void file_locks_look(struct file_locks_search *search, struct model *model)
{
	bool contended = !search->has_looked;
	struct lock_record *record;

	for (record = model->base->locks; record; record = record->hh.next) {
		struct lock *lock = &record->lock;

		if (!lock_is_file(lock))
			continue;
		if (is_contended(lock)) {
			contended = true;
			model_look_begin(lock);
		}
		if (!lock->is_named && lock->user_pid)
			name_file(model, lock);
	}
	if (contended)
		look_at_locks(search, model);
}
