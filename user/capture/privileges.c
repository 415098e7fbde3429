// SPDX-License-Identifier: GPL-2.0
/*
 * Checks and drops capabilities with libcap. Knows nothing of maps: whether tracing still works
 * with less is for the caller to say.
 */
#include "capture/privileges.h"

#include <errno.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* For /proc/PID/fd and /proc/PID/maps of others. */
static const cap_value_t always_kept[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH };

/*
 * In the order in which they are given back where reading fails without. CAP_BPF: before Linux 5.19
 * (c8644cd0efe7) bpf() refuses everything to others while unprivileged use of it is disabled.
 * CAP_SYS_ADMIN: whoever was given nothing finer.
 */
static const cap_value_t maybe_kept[] = { CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN };

static bool has(cap_t caps, cap_value_t cap, cap_flag_t set)
{
	cap_flag_value_t value = CAP_CLEAR;

	return !cap_get_flag(caps, cap, set, &value) && value == CAP_SET;
}

int privileges_check(char *error, size_t size)
{
	cap_t caps = cap_get_proc();
	bool enough = false;

	if (caps) {
		enough = has(caps, CAP_SYS_ADMIN, CAP_EFFECTIVE) ||
			 (has(caps, CAP_BPF, CAP_EFFECTIVE) && has(caps, CAP_PERFMON, CAP_EFFECTIVE) &&
			  has(caps, CAP_SYS_PTRACE, CAP_EFFECTIVE));
		cap_free(caps);
	}
	if (enough)
		return 0;
	snprintf(error, size, "needs root (or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE); try sudo");
	return -EPERM;
}

/* Raises in SET of CAPS those of COUNT VALUES that BEFORE permits. Returns 0 or a negative errno. */
static int raise_permitted(cap_t caps, cap_flag_t set, cap_t before, const cap_value_t *values,
			   unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (has(before, values[i], CAP_PERMITTED) && cap_set_flag(caps, set, 1, &values[i], CAP_SET))
			return -errno;
	return 0;
}

/* Lowers the effective set to what is always kept and the first COUNT of maybe_kept. */
static int lower_effective(cap_t before, unsigned count)
{
	cap_t caps = cap_dup(before);
	int err;

	if (!caps)
		return -errno;
	err = cap_clear_flag(caps, CAP_EFFECTIVE) ? -errno : 0;
	if (!err)
		err = raise_permitted(caps, CAP_EFFECTIVE, before, always_kept, LENGTH(always_kept));
	if (!err)
		err = raise_permitted(caps, CAP_EFFECTIVE, before, maybe_kept, count);
	if (!err && cap_set_proc(caps))
		err = -errno;
	cap_free(caps);
	return err;
}

/* Makes the effective set all there is. */
static int forget_the_rest(void)
{
	cap_t now = cap_get_proc();
	int err = 0;

	if (!now)
		return -errno;
	if (cap_fill(now, CAP_PERMITTED, CAP_EFFECTIVE) || cap_clear_flag(now, CAP_INHERITABLE) ||
	    cap_set_proc(now))
		err = -errno;
	cap_free(now);
	return err;
}

/* Programs that we might execute later shall gain nothing. Needs CAP_SETPCAP for the bounding set. */
static void bound_children(cap_t before)
{
	for (cap_value_t cap = 0; has(before, CAP_SETPCAP, CAP_EFFECTIVE) && CAP_IS_SUPPORTED(cap); cap++)
		cap_drop_bound(cap);
	cap_reset_ambient();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int privileges_drop(bool (*still_works)(void *context), void *context)
{
	cap_t before = cap_get_proc();
	unsigned given_back = 0;
	int err;

	if (!before)
		return -errno;
	bound_children(before);
	for (;;) {
		err = lower_effective(before, given_back);
		if (err || still_works(context))
			break;
		if (given_back++ == LENGTH(maybe_kept)) {
			err = cap_set_proc(before) ? -errno : -EPERM;
			break;
		}
	}
	if (!err)
		err = forget_the_rest();
	cap_free(before);
	return err;
}
