// SPDX-License-Identifier: GPL-2.0
/*
 * Checking and giving up capabilities, each in a child, since nothing brings them back.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/privileges.h"

static char error[128];

static bool has(cap_value_t cap, cap_flag_t set)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (caps)
		cap_get_flag(caps, cap, set, &value);
	cap_free(caps);
	return value == CAP_SET;
}

static bool has_everything(void)
{
	return !geteuid() && has(CAP_BPF, CAP_EFFECTIVE) && has(CAP_PERFMON, CAP_EFFECTIVE) &&
	       has(CAP_SYS_PTRACE, CAP_EFFECTIVE) && has(CAP_DAC_READ_SEARCH, CAP_EFFECTIVE) &&
	       has(CAP_SETPCAP, CAP_EFFECTIVE) && has(CAP_SYS_ADMIN, CAP_EFFECTIVE);
}

/* Runs BODY in a child: it returns 0, or the number of the line that was wrong. */
static void in_child(int (*body)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(body() & 255);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define EXPECT(condition)                \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

static bool works(void *calls)
{
	++*(int *)calls;
	return true;
}

static bool works_with_perfmon(void *calls)
{
	++*(int *)calls;
	return has(CAP_PERFMON, CAP_EFFECTIVE);
}

static bool never_works(void *calls)
{
	++*(int *)calls;
	return false;
}

static int drop_all(void)
{
	int calls = 0;

	EXPECT(!privileges_check(error, sizeof(error)));
	EXPECT(!privileges_drop(works, &calls));
	EXPECT(calls == 1);
	for (cap_value_t cap = 0; CAP_IS_SUPPORTED(cap); cap++) {
		bool kept = cap == CAP_SYS_PTRACE || cap == CAP_DAC_READ_SEARCH;

		EXPECT(has(cap, CAP_EFFECTIVE) == kept);
		EXPECT(has(cap, CAP_PERMITTED) == kept);
		EXPECT(!has(cap, CAP_INHERITABLE));
		EXPECT(cap_get_bound(cap) == 0);
		EXPECT(cap_get_ambient(cap) == 0);
	}
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	EXPECT(privileges_check(error, sizeof(error)) == -EPERM);
	return 0;
}

static int drop_some(void)
{
	int calls = 0;

	EXPECT(!privileges_drop(works_with_perfmon, &calls));
	EXPECT(calls == 3);
	EXPECT(has(CAP_BPF, CAP_PERMITTED) && has(CAP_PERFMON, CAP_PERMITTED));
	EXPECT(!has(CAP_SYS_ADMIN, CAP_PERMITTED) && !has(CAP_KILL, CAP_PERMITTED));
	return 0;
}

static int drop_nothing(void)
{
	int calls = 0;

	EXPECT(privileges_drop(never_works, &calls) == -EPERM);
	EXPECT(calls == 4);
	EXPECT(has_everything());
	return 0;
}

static int become_nobody(void)
{
	EXPECT(!setuid(65534));
	EXPECT(privileges_check(error, sizeof(error)) == -EPERM);
	EXPECT(!strcmp(error, "needs root (or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE); try sudo"));
	return 0;
}

static void run_privileged(void **state)
{
	if (!has_everything())
		skip();
	in_child((int (*)(void))*state);
}

int main(void)
{
	const struct CMUnitTest privileges[] = {
		{ "drop_all", run_privileged, NULL, NULL, drop_all },
		{ "drop_some", run_privileged, NULL, NULL, drop_some },
		{ "drop_nothing", run_privileged, NULL, NULL, drop_nothing },
		{ "become_nobody", run_privileged, NULL, NULL, become_nobody },
	};

	return cmocka_run_group_tests(privileges, NULL, NULL);
}
