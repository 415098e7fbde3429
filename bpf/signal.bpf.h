/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals that processes send: hooks of its own see them generated and delivered, calls see the rest.
 */
#ifndef IPCTRACE_SIGNAL_BPF_H
#define IPCTRACE_SIGNAL_BPF_H

#include "thread_state.h"

struct task_struct;

/* At entry of a call on a signalfd: the channel is the process that makes it. */
int signal_file_enter(struct thread *thread);

/* At exit of rt_sigtimedwait, or of a call on a signalfd: what it took. Global: see histogram_slot. */
int signal_taken(struct thread *thread, const struct call *call, long result);

/* At exit of kill and its kin: those that did not get as far as a signal. */
int signal_sent(struct task_struct *task, struct thread *thread, struct call *call, long result);

#endif
