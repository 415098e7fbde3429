/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the hooks of system calls may ask of the scheduler's hooks.
 */
#ifndef IPCTRACE_SCHED_BPF_H
#define IPCTRACE_SCHED_BPF_H

#include "thread_state.h"

/*
 * THREAD left the CPU, is on one now, and its arrival was not seen: books the time in between. The kernel may
 * have skipped that run of the hook, or not have offered it (one that we know hides all that happens while
 * certain threads run).
 */
int sched_arrived_unseen(struct thread *thread);

#endif
