// SPDX-License-Identifier: GPL-2.0
/*
 * When to stop. Processes are watched through pidfds; single threads have none on older kernels, nor have cgroups:
 * these are looked at ten times a second.
 */
#include "capture/watch.h"

#include "capture/cgroup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 100000000ULL

struct watch {
	const struct options *options;
	struct spawn *spawn;
	struct cgroup cgroup; /* TARGET_CGROUP */
	int last_signal;
	unsigned count;
	struct pollfd *fds; /* the signals first, then the processes; those that ended are -1 */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static sigset_t ending_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	return signals;
}

int watch_block_signals(void)
{
	sigset_t signals = ending_signals();

	return sigprocmask(SIG_BLOCK, &signals, NULL) < 0 ? -errno : 0;
}

static int open_signals(void)
{
	sigset_t signals = ending_signals();

	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Takes the signal, or the next wait would see it again. */
static void take_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->fds[0].fd, &info, sizeof(info)) == sizeof(info))
		watch->last_signal = info.ssi_signo;
}

int watch_last_signal(const struct watch *watch)
{
	return watch->last_signal;
}

static void add(struct watch *watch, int fd)
{
	watch->fds[watch->count].fd = fd;
	watch->fds[watch->count].events = POLLIN;
	watch->count++;
}

int watch_open(struct watch **out, const struct options *options, struct spawn *spawn)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	char error[256];
	int err = 0, fd;

	if (!watch)
		return -ENOMEM;
	if (options->target == TARGET_CGROUP)
		err = cgroup_find(options->cgroup, &watch->cgroup, error, sizeof(error));
	if (err) {
		free(watch);
		return err;
	}
	watch->options = options;
	watch->spawn = spawn;
	watch->fds = calloc(options->id_count + 2, sizeof(*watch->fds));
	if (!watch->fds) {
		free(watch);
		return -ENOMEM;
	}
	fd = open_signals();
	if (fd < 0)
		err = -errno;
	else
		add(watch, fd);
	if (!err && spawn)
		add(watch, spawn_fd(spawn));
	for (unsigned i = 0; !err && options->target == TARGET_PIDS && i < options->id_count; i++) {
		fd = syscall(SYS_pidfd_open, options->ids[i], 0);
		if (fd >= 0)
			add(watch, fd);
		else if (errno != ESRCH)
			err = -errno;
	}
	if (err) {
		watch_close(watch);
		return err;
	}
	*out = watch;
	return 0;
}

static bool threads_ended(const struct watch *watch)
{
	for (unsigned i = 0; i < watch->options->id_count; i++)
		if (kill(watch->options->ids[i], 0) == 0 || errno != ESRCH)
			return false;
	return true;
}

/* Have all processes with a pidfd ended? */
static bool processes_ended(struct watch *watch)
{
	bool ended = true;

	for (unsigned i = 1; i < watch->count; i++) {
		struct pollfd *process = &watch->fds[i];

		if (process->fd < 0)
			continue;
		if (!(process->revents & POLLIN)) {
			ended = false;
			continue;
		}
		if (!watch->spawn)
			close(process->fd);
		process->fd = -1;
	}
	return ended;
}

static bool targets_ended(struct watch *watch)
{
	if (watch->spawn)
		return spawn_poll(watch->spawn) != 0;
	switch (watch->options->target) {
	case TARGET_PIDS:
		return processes_ended(watch);
	case TARGET_TIDS:
		return threads_ended(watch);
	case TARGET_CGROUP:
		return cgroup_is_gone(&watch->cgroup);
	default:
		return false;
	}
}

/* There is no descriptor that would tell the end of these. */
static bool must_look(const struct watch *watch)
{
	return watch->options->target == TARGET_TIDS || watch->options->target == TARGET_CGROUP;
}

enum watch_event watch_wait(struct watch *watch, uint64_t until_ns)
{
	for (;;) {
		uint64_t now = now_ns();
		uint64_t left = until_ns > now ? until_ns - now : 0;
		struct timespec timeout;

		if (must_look(watch) && left > LOOK_NS)
			left = LOOK_NS;
		timeout.tv_sec = left / 1000000000;
		timeout.tv_nsec = left % 1000000000;
		if (ppoll(watch->fds, watch->count, &timeout, NULL) < 0)
			continue;
		if (watch->fds[0].revents & POLLIN) {
			take_signal(watch);
			return WATCH_SIGNAL;
		}
		if (targets_ended(watch))
			return WATCH_ENDED;
		if (now_ns() >= until_ns)
			return WATCH_TIME;
	}
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	for (unsigned i = 0; i < watch->count; i++)
		if (watch->fds[i].fd >= 0 && !(watch->spawn && i == 1))
			close(watch->fds[i].fd);
	free(watch->fds);
	free(watch);
}
