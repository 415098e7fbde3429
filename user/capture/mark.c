// SPDX-License-Identifier: GPL-2.0
/*
 * Marks the threads to trace: targets and their peers by iterators; by hand, through the task storage, the command
 * that is started, and ourselves for the self-test.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "capture/session_private.h"

struct search {
	pid_t pid;
	bool found;
};

static void match_process(void *context, const void *entry)
{
	const struct processes_entry *process = entry;
	struct search *search = context;

	search->found |= process->key.pid == (__u32)search->pid;
}

/* Is each process marked? One may have ended by now, and some kernels hide one from iterators. */
static int check_marked(struct session *session, const struct options *options,
			char error[SESSION_ERROR_SIZE])
{
	for (unsigned i = 0; options->target == TARGET_PIDS && i < options->id_count; i++) {
		struct search search = {.pid = options->ids[i]};
		int err = map_for_each(session, TABLE_processes, match_process, &search);

		if (!err && search.found)
			continue;
		if (kill(search.pid, 0) < 0 && errno == ESRCH)
			snprintf(error, SESSION_ERROR_SIZE,
				 "process %d has ended before it could be traced", search.pid);
		else
			snprintf(error, SESSION_ERROR_SIZE,
				 "process %d cannot be traced: this kernel hides it from BPF; leave it out",
				 search.pid);
		return err ? err : -ESRCH;
	}
	return 0;
}

int session_mark_again(struct session *session)
{
	__u32 before;
	int err;

	/* A thread born while the iterator ran may have been passed over: look until none is new. */
	do {
		before = session->bpf->bss->marked_threads;
		err = iterator_run(session->mark_link, 1, NULL, NULL);
	} while (!err && session->bpf->bss->marked_threads != before);
	return err;
}

/* Those who have the other ends of what the targets have open, if they are followed; then all are marked. */
static int mark_witnesses(struct session *session)
{
	int err = 0;

	if (session->bpf->rodata->follow_peers) {
		err = iterator_run(session->share_link, 1, NULL, NULL);
		if (!err)
			err = iterator_run(session->holders_link, sizeof(struct holder_record), NULL, NULL);
		if (!err)
			err = session_mark_again(session);
	}
	session->bpf->bss->all_are_marked = 1;
	return err;
}

int session_mark_targets(struct session *session, const struct options *options,
			 char error[SESSION_ERROR_SIZE])
{
	int err;

	session_tracing_begins(session);
	err = session_mark_again(session);
	if (!err)
		err = mark_witnesses(session);
	if (err) {
		snprintf(error, SESSION_ERROR_SIZE, "cannot mark the targets: %s", strerror(-err));
		return err;
	}
	return check_marked(session, options, error);
}

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

	session_tracing_begins(session);
	if (!err)
		err = mark_witnesses(session);
	if (err)
		snprintf(error, SESSION_ERROR_SIZE, "cannot mark the command: %s", strerror(-err));
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

static int move_one_byte(const int ends[2])
{
	char byte = 'i';

	return write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1 ? 0 : -EIO;
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
	int err, undo, ends[2];

	if (!(session->bpf->rodata->wanted_mechanisms & (1U << MECH_PIPE)))
		return 0;
	err = pipe2(ends, O_CLOEXEC) ? -errno : thread_state_set(session, getpid(), &state);
	if (err) {
		snprintf(error, SESSION_ERROR_SIZE, "the self-test could not begin: %s", strerror(-err));
		return err;
	}
	err = move_one_byte(ends);
	undo = thread_state_set(session, getpid(), NULL);
	close(ends[0]);
	close(ends[1]);
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
