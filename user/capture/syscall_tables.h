/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The numbers of the system calls in syscalls.def, for 64-bit and for 32-bit tasks.
 */
#ifndef IPCTRACE_SYSCALL_TABLES_H
#define IPCTRACE_SYSCALL_TABLES_H

#include <linux/types.h>

#include "operations.h"
#include "tables.h"

/*
 * From 5.1 on new calls have the same number everywhere; older headers do not know these. Include
 * this file after the one with the numbers.
 */
/* NOLINTBEGIN(bugprone-reserved-identifier): the names are the kernel's */
#ifndef __NR_futex_waitv
#define __NR_futex_waitv 449
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake 454
#define __NR_futex_wait 455
#define __NR_futex_requeue 456
#endif
/* NOLINTEND(bugprone-reserved-identifier) */

/* Fill a table number -> enum operation, all of it. */
void syscall_table_fill(__u8 table[SYSCALL_TABLE_SIZE]);
void syscall_table_fill_32(__u8 table[SYSCALL_TABLE_SIZE]);

#endif
