// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that the loader marks by hand, through the task storage: the command that it starts, and
 * itself for the self-test.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "capture/session_private.h"

/* The entry of a thread in the task storage is addressed by a pidfd. */
static int thread_state_set(struct session *session, pid_t pid, const struct thread *state)
{
	int map = bpf_map__fd(session->bpf->maps.threads);
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int err;

	if (pidfd < 0)
		return -errno;
	err = state ? bpf_map_update_elem(map, &pidfd, state, BPF_ANY)
		    : bpf_map_delete_elem(map, &pidfd);
	close(pidfd);
	return err;
}

int session_arm(struct session *session, pid_t pid, char error[SESSION_ERROR_SIZE])
{
	struct thread state = {.armed = 1};
	int err = thread_state_set(session, pid, &state);

	if (err)
		snprintf(error, SESSION_ERROR_SIZE, "cannot mark the command: %s", strerror(-err));
	session_tracing_begins(session);
	session->bpf->bss->all_are_marked = 1;
	return err;
}

struct test_result {
	struct process_key self;
	__u64 sent, received;
	struct flow_key keys[2];
	unsigned count;
	struct wait_key waits[2]; /* where the CPU was taken away meanwhile */
	unsigned wait_count;
	__u64 queue;
};

static void find_own(void *context, const void *entry)
{
	const struct flow_key *flow = &((const struct flows_entry *)entry)->key;
	const struct flow_value *counts = &((const struct flows_entry *)entry)->value;
	struct test_result *result = context;

	if (memcmp(&flow->process, &result->self, sizeof(result->self)) != 0)
		return;
	if (flow->direction == DIRECTION_SEND)
		result->sent += counts->bytes;
	else
		result->received += counts->bytes;
	result->queue = counts->queue;
	if (result->count < 2)
		result->keys[result->count++] = *flow;
}

static void find_own_waits(void *context, const void *entry)
{
	const struct wait_key *wait = &((const struct waits_entry *)entry)->key;
	struct test_result *result = context;

	if (memcmp(&wait->process, &result->self, sizeof(result->self)) == 0 && result->wait_count < 2)
		result->waits[result->wait_count++] = *wait;
}

static int move_one_byte(void)
{
	char byte = 'i';
	int ends[2];
	bool moved;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	moved = write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return moved ? 0 : -EIO;
}

/* Takes every trace of the test out of the maps. */
static void forget(struct session *session, const struct test_result *result)
{
	struct edge_key edge = {.from = result->self, .to = result->self};

	bpf_map_delete_elem(bpf_map__fd(session->bpf->maps.queues), &result->queue);
	for (unsigned i = 0; i < result->count; i++) {
		struct object_key object = {
			.object = result->keys[i].object,
			.aux = result->keys[i].aux,
			.mechanism = result->keys[i].mechanism,
		};

		bpf_map_delete_elem(bpf_map__fd(session->bpf->maps.flows), &result->keys[i]);
		bpf_map_delete_elem(bpf_map__fd(session->bpf->maps.flow_sleeps), &result->keys[i]);
		bpf_map_delete_elem(bpf_map__fd(session->bpf->maps.objects), &object);
		edge.object = object;
		bpf_map_delete_elem(bpf_map__fd(session->bpf->maps.edges), &edge);
	}
	for (unsigned i = 0; i < result->wait_count; i++)
		bpf_map_delete_elem(bpf_map__fd(session->bpf->maps.waits), &result->waits[i]);
	memset(session->bpf->bss->table_fills, 0, sizeof(session->bpf->bss->table_fills));
}

int session_self_test(struct session *session, char error[SESSION_ERROR_SIZE])
{
	struct test_result result = {.self = {.pid = getpid()}};
	struct thread state = {.traced = 1, .process = result.self};
	int err, undo;

	if (!(session->bpf->rodata->wanted_mechanisms & (1U << MECH_PIPE)))
		return 0;
	err = thread_state_set(session, getpid(), &state);
	if (!err)
		err = move_one_byte();
	undo = thread_state_set(session, getpid(), NULL);
	if (!err)
		err = undo;
	if (!err)
		err = map_for_each(session, TABLE_flows, find_own, &result);
	if (!err)
		err = map_for_each(session, TABLE_waits, find_own_waits, &result);
	if (err) {
		snprintf(error, SESSION_ERROR_SIZE, "the self-test could not run: %s",
			 strerror(-err));
		return err;
	}
	forget(session, &result);
	if (result.sent == 1 && result.received == 1)
		return 0;
	snprintf(error, SESSION_ERROR_SIZE,
		 "the self-test failed: 1 byte went through a pipe, %llu sent and %llu received "
		 "were counted; run ipctrace check",
		 result.sent, result.received);
	return -EIO;
}
