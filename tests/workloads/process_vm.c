/* SPDX-License-Identifier: GPL-2.0 */
/*
 * process_vm_readv and process_vm_writev: one end works on the memory of a process that is not traced, the other
 * on that of the first one; variant "edges".
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_edges.h"

#define MESSAGES 211
#define LARGEST 70001

static const size_t sizes[] = {61, 0, 127, 4099, LARGEST, 3};

struct remote {
	pid_t pid;
	struct truth_channel *channel;
	char *memory; /* at this address in all processes */
};

static char *near_memory;
static struct remote owner, first;

static ssize_t move(const struct remote *remote, enum truth_direction direction, const struct iovec *near,
		    unsigned near_count, const struct iovec *far, unsigned far_count, unsigned long flags)
{
	if (direction == SENT)
		return SEND(remote->channel, process_vm_writev(remote->pid, near, near_count, far, far_count,
							       flags));
	return RECEIVE(remote->channel, process_vm_readv(remote->pid, near, near_count, far, far_count, flags));
}

static void work(void *argument)
{
	const struct remote *remote = argument;

	for (unsigned i = 0; i < MESSAGES; i++) {
		size_t size = sizes[i % 6], cut = size / 3;
		struct iovec near[] = {{near_memory, cut}, {near_memory + cut, size - cut}};
		struct iovec far = {remote->memory, size};
		enum truth_direction direction = i % 5 < 2 ? SENT : RECEIVED;

		edges_expect(move(remote, direction, near, 2, &far, 1, 0) == (ssize_t)size, "process_vm");
	}
}

static void refuse(const struct remote *remote, enum truth_direction direction)
{
	struct iovec near = {near_memory, 100}, far = {remote->memory, 100}, bad = {(void *)8, 100};
	struct iovec half[] = {far, bad};
	void *volatile unmapped = (void *)8;

	near.iov_len = 200;
	edges_expect(move(remote, direction, &near, 1, half, 2, 0) == 100, "the first half");
	edges_expect(move(remote, direction, &near, 1, &bad, 1, 0) < 0 && errno == EFAULT, "far EFAULT");
	edges_expect(move(remote, direction, &bad, 1, &far, 1, 0) < 0 && errno == EFAULT, "near EFAULT");
	edges_expect(move(remote, direction, unmapped, 1, &far, 1, 0) < 0 && errno == EFAULT, "vector EFAULT");
	edges_expect(move(remote, direction, &near, 1, unmapped, 1, 0) < 0 && errno == EFAULT, "vector EFAULT");
	edges_expect(move(remote, direction, &near, 1, &far, 1, 1) < 0 && errno == EINVAL, "flags");
	edges_expect(move(remote, direction, &near, -1, &far, 1, 0) < 0 && errno == EINVAL, "negative count");
	edges_expect(move(remote, direction, &near, 1, &far, 0, 0) == 0, "nothing");
}

/* Not glibc's setresuid, which is for all threads. */
static void become(long uid)
{
	edges_expect(!syscall(SYS_setresuid, uid, uid, 0L), "setresuid");
}

static struct remote nobody(void)
{
	struct remote remote = {.memory = owner.memory};
	char id[64];

	remote.pid = fork();
	if (remote.pid == 0)
		_exit(0);
	edges_expect(remote.pid > 0 && waitpid(remote.pid, NULL, 0) == remote.pid, "fork");
	snprintf(id, sizeof(id), "no process %d", remote.pid);
	remote.channel = truth_named_channel("process-vm", id);
	return remote;
}

static void edges(void *unused)
{
	struct iovec near = {near_memory, 100}, far = {owner.memory, 100};
	struct remote gone = nobody();

	(void)unused;
	for (enum truth_direction direction = SENT; direction <= RECEIVED; direction++) {
		refuse(&owner, direction);
		refuse(&first, direction);
		edges_expect(move(&gone, direction, &near, 1, &far, 1, 0) < 0 && errno == ESRCH, "ESRCH");
		become(65534);
		edges_expect(move(&owner, direction, &near, 1, &far, 1, 0) < 0 && errno == EPERM, "EPERM");
		become(0);
	}
}

static struct remote remote_of(pid_t pid)
{
	struct remote remote = {.pid = pid, .memory = near_memory + LARGEST};

	remote.channel = truth_named_channel("process-vm", "");
	snprintf(remote.channel->id, sizeof(remote.channel->id), "process-vm:[%d]", pid);
	return remote;
}

static pid_t new_owner(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	edges_expect(pid > 0, "fork");
	return pid;
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	near_memory = truth_shared((size_t)2 * LARGEST);
	owner = remote_of(new_owner());
	first = remote_of(getpid());
	for (unsigned i = 0; i < truth_options.threads; i++) {
		if (truth_options.variant && !strcmp(truth_options.variant, "edges")) {
			truth_worker(0, edges, NULL, -1);
			continue;
		}
		truth_worker(0, work, &owner, -1);
		truth_worker(1, work, &first, -1);
	}
	truth_serve();
}
