/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes: their keys, the book that is kept of those that are traced, and how a call's number is followed
 * to one.
 */
#ifndef IPCTRACE_PROCESS_BPF_H
#define IPCTRACE_PROCESS_BPF_H

#include <bpf/bpf_core_read.h>

#include "tables.h"
#include "thread_state.h"

static __always_inline void process_key_of(struct task_struct *task, struct process_key *key)
{
	key->pid = task->tgid;
	key->started_ms = BPF_CORE_READ(task, group_leader, start_boottime) / 1000000;
}

/* Has the process had a target among its threads, and has it not ended? */
int process_is_target(const struct process_key *key);

/* THREAD, which is traced, goes on as another program. */
int process_execs(struct task_struct *task, struct thread *thread);

/* Signal NUMBER, sent by a process, ends this one, if it is traced. */
int process_dies(const struct process_key *key, __u32 number);

/* A thread of the process has been marked for death: the signal that did it, 0 if none did or it has been told. */
int process_died(const struct process_key *key);

/*
 * Fills object and aux of KEY for the process, or the process of the thread, that TASK knows by NUMBER. Returns
 * the kernel address of a thread of it, 0 if there is none: then KEY is of the missing one.
 */
__u64 process_identify(struct task_struct *task, __u32 number, struct object_key *key);

/* The same for the process behind descriptor FD of TASK. */
__u64 process_identify_fd(struct task_struct *task, __u32 fd, struct object_key *key);

/* Fills VALUE with the name of the process KEY, if the thread at address TASK is still one of its. */
int process_describe(__u64 task, const struct object_key *key, struct object_value *value);

/* At entry of a call on a channel that is a process: fills thread->call as channel_enter() does. */
int process_enter(struct task_struct *task, struct thread *thread);

/* KEY's process has moved BYTES to the memory of the process that is its object, or from there. */
int process_vm_moved(const struct flow_key *key, __u64 bytes);

#endif
