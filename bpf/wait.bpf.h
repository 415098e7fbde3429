/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sleep by thread and object.
 */
#ifndef IPCTRACE_WAIT_BPF_H
#define IPCTRACE_WAIT_BPF_H

#include "thread_state.h"

/*
 * Adds the sleep of CALL, which has ended, to the wait of the current thread, THREAD, on its object. Global: the
 * verifier looks at it once.
 */
int wait_add(const struct thread *thread, const struct call *call);

#endif
