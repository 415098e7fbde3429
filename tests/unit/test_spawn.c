// SPDX-License-Identifier: GPL-2.0
/*
 * Starting a command: it waits, it is let go, it fails in each way, and it never outlives us.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/spawn.h"

#define PATIENCE_MS 10000

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static void wait_for_end(struct spawn *spawn)
{
	struct pollfd ended = { .fd = spawn_fd(spawn), .events = POLLIN };

	assert_int_equal(poll(&ended, 1, PATIENCE_MS), 1);
	assert_int_equal(spawn_poll(spawn), 1);
	assert_int_equal(spawn_poll(spawn), 1);
}

/* Runs SCRIPT in a shell from start to end. Returns what spawn_exit_status() says. */
static int run_shell(const char *script, const char *user)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };
	struct spawn spawn;
	int status;

	assert_int_equal(spawn_start(&spawn, argv, user), 0);
	assert_int_equal(spawn_go(&spawn), 0);
	wait_for_end(&spawn);
	status = spawn_exit_status(&spawn);
	spawn_close(&spawn);
	return status;
}

static void test_waits_until_let_go(void **state)
{
	char path[] = "/tmp/test_spawn.XXXXXX";
	char *argv[] = { "sh", "-c", "echo > $0; exit 7", path, NULL };
	int file = mkstemp(path);
	struct spawn spawn;
	struct stat info;

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(spawn_start(&spawn, argv, NULL), 0);
	assert_true(spawn.pid > 0);
	assert_int_equal(getpgid(spawn.pid), getpgrp());
	sleep_ms(50);
	assert_int_equal(spawn_poll(&spawn), 0);
	assert_int_equal(spawn_exit_status(&spawn), -1);
	assert_int_equal(fstat(file, &info), 0);
	assert_int_equal(info.st_size, 0);
	assert_int_equal(spawn_go(&spawn), 0);
	wait_for_end(&spawn);
	assert_int_equal(spawn_exit_status(&spawn), 7);
	assert_int_equal(fstat(file, &info), 0);
	assert_int_equal(info.st_size, 1);
	spawn_close(&spawn);
	unlink(path);
	close(file);
}

static void test_exit_statuses(void **state)
{
	(void)state;
	assert_int_equal(run_shell("exit 0", NULL), 0);
	assert_int_equal(run_shell("exit 255", NULL), 255);
	assert_int_equal(run_shell("kill -KILL $$", NULL), 128 + SIGKILL);
	assert_int_equal(run_shell("kill -INT $$", NULL), 128 + SIGINT);
}

static void check_not_executed(const char *command, int err, int status)
{
	char *argv[] = { (char *)command, NULL };
	struct spawn spawn;

	assert_int_equal(spawn_start(&spawn, argv, NULL), 0);
	assert_int_equal(spawn_go(&spawn), err);
	assert_non_null(strstr(spawn.error, strerror(-err)));
	assert_int_equal(spawn_exit_status(&spawn), status);
	assert_int_equal(kill(spawn.pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	spawn_close(&spawn);
}

static void test_not_executed(void **state)
{
	(void)state;
	check_not_executed("/nonexistent/program", -ENOENT, 127);
	check_not_executed("no-such-program-anywhere", -ENOENT, 127);
	check_not_executed("", -ENOENT, 127);
	check_not_executed("/", -EACCES, 126);
	check_not_executed("/proc/self/status", -EACCES, 126);
	check_not_executed("/proc/self/status/x", -ENOTDIR, 126);
}

static void test_close_before_go(void **state)
{
	char *argv[] = { "true", NULL };
	struct spawn spawn;
	pid_t pid;

	(void)state;
	assert_int_equal(spawn_start(&spawn, argv, NULL), 0);
	pid = spawn.pid;
	spawn_close(&spawn);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void test_killed_before_go(void **state)
{
	char *argv[] = { "true", NULL };
	struct spawn spawn;

	(void)state;
	assert_int_equal(spawn_start(&spawn, argv, NULL), 0);
	kill(spawn.pid, SIGTERM);
	assert_int_equal(spawn_go(&spawn), 0);
	wait_for_end(&spawn);
	assert_int_equal(spawn_exit_status(&spawn), 128 + SIGTERM);
	spawn_close(&spawn);
}

/* The tracer is killed outright: the command must neither run nor stay. */
static void test_tracer_killed(void **state)
{
	char path[] = "/tmp/test_spawn.XXXXXX";
	char *argv[] = { "sh", "-c", "echo > $0", path, NULL };
	int file = mkstemp(path), status;
	pid_t *started = mmap(NULL, sizeof(*started), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
	struct stat info;
	pid_t tracer;

	(void)state;
	/* What the tracer leaves behind becomes our child. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	tracer = fork();
	if (!tracer) {
		struct spawn spawn;

		if (!spawn_start(&spawn, argv, NULL))
			*started = spawn.pid;
		sleep_ms(50);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(tracer, &status, 0), tracer);
	assert_true(WIFSIGNALED(status));
	assert_true(*started > 0);
	for (int ms = 0; ms < PATIENCE_MS && !kill(*started, 0); ms += 10) {
		waitpid(*started, NULL, WNOHANG);
		sleep_ms(10);
	}
	assert_int_equal(kill(*started, 0), -1);
	assert_int_equal(fstat(file, &info), 0);
	assert_int_equal(info.st_size, 0);
	munmap(started, sizeof(*started));
	unlink(path);
	close(file);
}

/* Nothing of the hand-over is left in the command: no descriptor, no signal setting. */
static void test_inherits_nothing(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	sigset_t blocked, mask_before;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &mask_before);
	sigaction(SIGPIPE, &ignore, &before);
	assert_int_equal(run_shell("! ls -l /proc/$$/fd | grep -q memfd", NULL), 0);
	assert_int_equal(run_shell("! grep -q memfd /proc/$$/maps", NULL), 0);
	assert_int_equal(run_shell("exec grep -q '^SigBlk:.0*$' /proc/self/status", NULL), 0);
	assert_int_equal(run_shell("kill -PIPE $$", NULL), 128 + SIGPIPE);
	sigaction(SIGPIPE, &before, NULL);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

static unsigned count_channels(pid_t pid)
{
	char path[64], link[64] = "";
	unsigned channels = 0;
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		ssize_t length = readlinkat(dirfd(directory), entry->d_name, link, sizeof(link) - 1);

		link[length > 0 ? length : 0] = '\0';
		channels += !strncmp(link, "pipe:", 5) || !strncmp(link, "socket:", 7);
	}
	closedir(directory);
	return channels;
}

/* While it waits, it holds no pipe or socket that a tracer would take for a channel of the command. */
static void test_no_channel_of_ours(void **state)
{
	char *argv[] = { "true", NULL };
	unsigned before = count_channels(getpid());
	struct spawn spawn;

	(void)state;
	assert_int_equal(spawn_start(&spawn, argv, NULL), 0);
	sleep_ms(50);
	assert_int_equal(count_channels(spawn.pid), before);
	spawn_close(&spawn);
}

static void test_keeps_ignored_signals(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;

	(void)state;
	sigaction(SIGHUP, &ignore, &before);
	assert_int_equal(run_shell("kill -HUP $$; exit 3", NULL), 3);
	sigaction(SIGHUP, &before, NULL);
}

static void test_unknown_user(void **state)
{
	char *argv[] = { "true", NULL };
	struct spawn spawn;

	(void)state;
	assert_int_equal(spawn_start(&spawn, argv, "no-such-user"), -EINVAL);
	assert_non_null(strstr(spawn.error, "unknown user 'no-such-user'"));
	assert_int_equal(spawn.pid, 0);
	spawn_close(&spawn);
}

static void test_user(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(run_shell("test $(id -un) = nobody && test $(id -G) = $(id -g nobody) && "
				   "test $USER = nobody && test $LOGNAME = nobody && "
				   "test $HOME = $(getent passwd nobody | cut -d: -f6)", "nobody"), 0);
	assert_int_equal(run_shell("grep -q '^CapEff:.0*$' /proc/$$/status", "nobody"), 0);
}

int main(void)
{
	const struct CMUnitTest spawn[] = {
		cmocka_unit_test(test_waits_until_let_go),
		cmocka_unit_test(test_exit_statuses),
		cmocka_unit_test(test_not_executed),
		cmocka_unit_test(test_close_before_go),
		cmocka_unit_test(test_killed_before_go),
		cmocka_unit_test(test_tracer_killed),
		cmocka_unit_test(test_inherits_nothing),
		cmocka_unit_test(test_no_channel_of_ours),
		cmocka_unit_test(test_keeps_ignored_signals),
		cmocka_unit_test(test_unknown_user),
		cmocka_unit_test(test_user),
	};

	return cmocka_run_group_tests(spawn, NULL, NULL);
}
