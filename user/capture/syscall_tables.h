/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The numbers of the system calls in syscalls.def, for 64-bit and for 32-bit tasks.
 */
#ifndef IPCTRACE_SYSCALL_TABLES_H
#define IPCTRACE_SYSCALL_TABLES_H

#include <linux/types.h>

#include "tables.h"

/* Fill a table number -> enum operation, all of it. */
void syscall_table_fill(__u8 table[SYSCALL_TABLE_SIZE]);
void syscall_table_fill_32(__u8 table[SYSCALL_TABLE_SIZE]);

#endif
