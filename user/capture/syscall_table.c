// SPDX-License-Identifier: GPL-2.0
/*
 * System call numbers of 64-bit tasks.
 */
#include <string.h>
#include <sys/syscall.h>

#include "capture/syscall_tables.h"

/* From 5.1 on new calls have the same number everywhere; older headers do not know these. */
#ifndef __NR_futex_waitv
#define __NR_futex_waitv 449
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake 454
#define __NR_futex_wait 455
#define __NR_futex_requeue 456
#endif

void syscall_table_fill(__u8 table[SYSCALL_TABLE_SIZE])
{
	static const __u8 filled[SYSCALL_TABLE_SIZE] = {
#define SYSCALL(name, operation) [__NR_##name] = OP_##operation,
#define SYSCALL_32(name, operation)
#include "syscalls.def"
	};

	memcpy(table, filled, sizeof(filled));
}
