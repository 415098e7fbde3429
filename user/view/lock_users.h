/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who waits for a lock and who holds it, as the text of a cell.
 */
#ifndef IPCTRACE_LOCK_USERS_H
#define IPCTRACE_LOCK_USERS_H

#include "model/model.h"

/* The process of a futex word; of a file's lock the targets that have waited for it. Raw text. */
void print_lock_users(char *text, size_t size, const struct lock *lock);

/* Who held a file's lock at the looks of window W, "?" where the kernel does not name him; else nothing. */
void print_lock_holders(char *text, size_t size, const struct lock *lock, enum window w);

#endif
