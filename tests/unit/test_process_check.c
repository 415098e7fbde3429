// SPDX-License-Identifier: GPL-2.0
/*
 * Which processes and threads may be traced: each refusal with its one line.
 */
#include <errno.h>
#include <pthread.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/process_check.h"

static char error[256];

/* A process of two threads that lives until it is killed. */
static struct victim {
	pid_t pid;
	pid_t tid; /* of its second thread */
} *victim;

static void *second_thread(void *unused)
{
	(void)unused;
	__atomic_store_n(&victim->tid, gettid(), __ATOMIC_RELEASE);
	pause();
	return NULL;
}

static pid_t start_victim(void)
{
	pid_t pid = fork();
	pthread_t thread;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A name that would mislead a careless reader of /proc/PID/stat. */
	prctl(PR_SET_NAME, "a) Z 1 (b\n) X");
	pthread_create(&thread, NULL, second_thread, NULL);
	pthread_exit(NULL);
}

static int set_up(void **state)
{
	(void)state;
	victim = mmap(NULL, sizeof(*victim), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (victim == MAP_FAILED)
		return -1;
	victim->pid = start_victim();
	for (int ms = 0; ms < 10000 && !__atomic_load_n(&victim->tid, __ATOMIC_ACQUIRE); ms++)
		usleep(1000);
	return victim->tid ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	kill(victim->pid, SIGKILL);
	waitpid(victim->pid, NULL, 0);
	munmap(victim, sizeof(*victim));
	return 0;
}

static int check_pid(pid_t pid)
{
	error[0] = '\0';
	return process_check_pids(&pid, 1, error, sizeof(error));
}

static int check_tid(pid_t tid)
{
	error[0] = '\0';
	return process_check_tids(&tid, 1, error, sizeof(error));
}

/* The first thread of the victim has ended, which is no reason to refuse the process. */
static void test_good(void **state)
{
	(void)state;
	assert_int_equal(check_pid(victim->pid), 0);
	assert_int_equal(check_tid(victim->tid), 0);
	assert_int_equal(check_pid(1), 0);
	assert_string_equal(error, "");
}

static void test_thread_as_process(void **state)
{
	char expected[128];

	(void)state;
	snprintf(expected, sizeof(expected), "%d is a thread of process %d; use -t %d or -p %d", victim->tid,
		 victim->pid, victim->tid, victim->pid);
	assert_int_equal(check_pid(victim->tid), -EINVAL);
	assert_string_equal(error, expected);
}

static void test_ourselves(void **state)
{
	(void)state;
	assert_int_equal(check_pid(getpid()), -EINVAL);
	assert_non_null(strstr(error, "cannot trace itself"));
	assert_int_equal(check_tid(getpid()), -EINVAL);
}

static void test_unknown(void **state)
{
	pid_t ids[] = { victim->pid, 4194304 }; /* beyond what any kernel hands out */

	(void)state;
	assert_int_equal(process_check_pids(ids, 2, error, sizeof(error)), -ESRCH);
	assert_non_null(strstr(error, "there is no process 4194304"));
	assert_int_equal(check_tid(4194304), -ESRCH);
	assert_non_null(strstr(error, "there is no thread 4194304"));
}

static void test_zombie(void **state)
{
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(check_pid(pid), -ESRCH);
	assert_non_null(strstr(error, "already ended"));
	assert_int_equal(check_tid(pid), -ESRCH);
	waitpid(pid, NULL, 0);
	assert_int_equal(check_pid(pid), -ESRCH);
	assert_non_null(strstr(error, "there is no process"));
}

/* Where /proc shows kernel threads, kthreadd is process 2. */
static void test_kernel_thread(void **state)
{
	char comm[32] = "";
	FILE *file = fopen("/proc/2/comm", "r");

	(void)state;
	if (file) {
		if (!fgets(comm, sizeof(comm), file))
			comm[0] = '\0';
		fclose(file);
	}
	if (strcmp(comm, "kthreadd\n"))
		skip();
	assert_int_equal(check_pid(2), -EINVAL);
	assert_non_null(strstr(error, "2 is a kernel thread"));
	assert_int_equal(check_tid(2), -EINVAL);
}

static void test_tgid_of_tid(void **state)
{
	pid_t tgid = 0;

	(void)state;
	assert_int_equal(tgid_of_tid(victim->tid, &tgid), 0);
	assert_int_equal(tgid, victim->pid);
	assert_int_equal(tgid_of_tid(victim->pid, &tgid), 0);
	assert_int_equal(tgid, victim->pid);
	assert_int_equal(tgid_of_tid(4194304, &tgid), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest process_check[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_thread_as_process),
		cmocka_unit_test(test_ourselves),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_kernel_thread),
		cmocka_unit_test(test_tgid_of_tid),
	};

	return cmocka_run_group_tests(process_check, set_up, tear_down);
}
