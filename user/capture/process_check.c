// SPDX-License-Identifier: GPL-2.0
/*
 * Reads /proc/ID/status and /proc/ID/stat (which exist for threads, too, though they are not
 * listed) and judges by them. Attaches to nothing.
 */
#include "capture/process_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h; the flags are part of /proc/PID/stat */

struct task_facts {
	pid_t tgid;
	char state;       /* as ps shows it: 'Z' has ended */
	unsigned flags;   /* PF_* */
	unsigned threads; /* of the whole process */
};

__attribute__((format(printf, 4, 5)))
static int fail(int err, char *error, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, size, format, arguments);
	va_end(arguments);
	return err;
}

static FILE *open_proc(pid_t id, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", id, file);
	return fopen(path, "re");
}

/* A task that is gone while we read gives ESRCH; one that never was, ENOENT. */
static int gone_or(int err)
{
	return err == ENOENT || err == ESRCH ? -ESRCH : -err;
}

int tgid_of_tid(pid_t tid, pid_t *tgid)
{
	FILE *file = open_proc(tid, "status");
	char line[256];
	int err = -ESRCH;

	if (!file)
		return gone_or(errno);
	while (err && fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", tgid) == 1)
			err = 0;
	fclose(file);
	return err;
}

static int read_stat(pid_t id, struct task_facts *facts)
{
	FILE *file = open_proc(id, "stat");
	char line[1024], *comm_end;
	int err = -ESRCH;
	size_t length;

	if (!file)
		return gone_or(errno);
	length = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[length] = '\0';
	/* The command's name may itself hold blanks, newlines and brackets: fields start behind its last one. */
	comm_end = strrchr(line, ')');
	if (comm_end && sscanf(comm_end, ") %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			       "%*d %u", &facts->state, &facts->flags, &facts->threads) == 3)
		err = 0;
	return err;
}

/* The checks that processes and threads share. WHAT is "process" or "thread". */
static int check_task(pid_t id, const char *what, struct task_facts *facts, char *error, size_t size)
{
	int err = tgid_of_tid(id, &facts->tgid);

	if (!err)
		err = read_stat(id, facts);
	if (err == -ESRCH && access("/proc/self/stat", R_OK))
		return fail(-ENOENT, error, size, "cannot read /proc: mount it (mount -t proc proc /proc)");
	if (err == -ESRCH)
		return fail(err, error, size, "there is no %s %d: see ps -eL for those that run", what, id);
	if (err)
		return fail(err, error, size, "cannot read /proc/%d: %s; try sudo", id, strerror(-err));
	if (facts->tgid == getpid())
		return fail(-EINVAL, error, size, "cannot trace itself: leave %d out", id);
	if (facts->flags & PF_KTHREAD)
		return fail(-EINVAL, error, size, "%d is a kernel thread, which makes no system calls: "
			    "give a process", id);
	return 0;
}

static int check_pid(pid_t pid, char *error, size_t size)
{
	struct task_facts facts = { 0 };
	int err = check_task(pid, "process", &facts, error, size);

	if (err)
		return err;
	if (facts.tgid != pid)
		return fail(-EINVAL, error, size, "%d is a thread of process %d; use -t %d or -p %d", pid,
			    facts.tgid, pid, facts.tgid);
	/* Its first thread may have ended while others go on: only the last one ends a process. */
	if (facts.state == 'X' || (facts.state == 'Z' && facts.threads <= 1))
		return fail(-ESRCH, error, size, "process %d has already ended and waits to be reaped: "
			    "give one that runs", pid);
	return 0;
}

static int check_tid(pid_t tid, char *error, size_t size)
{
	struct task_facts facts = { 0 };
	int err = check_task(tid, "thread", &facts, error, size);

	if (err)
		return err;
	if (facts.state == 'X' || facts.state == 'Z')
		return fail(-ESRCH, error, size, "thread %d has already ended: give one that runs", tid);
	return 0;
}

int process_check_pids(const pid_t *ids, unsigned count, char *error, size_t size)
{
	int err = 0;

	for (unsigned i = 0; i < count && !err; i++)
		err = check_pid(ids[i], error, size);
	return err;
}

int process_check_tids(const pid_t *ids, unsigned count, char *error, size_t size)
{
	int err = 0;

	for (unsigned i = 0; i < count && !err; i++)
		err = check_tid(ids[i], error, size);
	return err;
}

/* The first PID namespace's, include/linux/proc_ns.h: PROC_PID_INIT_INO. */
#define FIRST_PID_NAMESPACE 0xeffffffcu

int process_check_namespace(char *error, size_t size)
{
	struct stat own;

	if (stat("/proc/self/ns/pid", &own))
		return fail(-ENOENT, error, size, "cannot read /proc: mount it (mount -t proc proc /proc)");
	if (own.st_ino == FIRST_PID_NAMESPACE)
		return 0;
	return fail(-EOPNOTSUPP, error, size, "inside a PID namespace (a container) pids are not the kernel's: run it "
		    "on the host, where -p takes the host's pids and -G the container's cgroup");
}
