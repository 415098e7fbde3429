// SPDX-License-Identifier: GPL-2.0
/*
 * System call numbers of 64-bit tasks.
 */
#include <string.h>
#include <sys/syscall.h>

#include "capture/syscall_tables.h"

void syscall_table_fill(__u8 table[SYSCALL_TABLE_SIZE])
{
	static const __u8 filled[SYSCALL_TABLE_SIZE] = {
#define SYSCALL(name, operation) [__NR_##name] = OP_##operation,
#define SYSCALL_32(name, operation)
#define SYSCALL_64(name, operation) [__NR_##name] = OP_##operation,
#if defined(__x86_64__)
#define SYSCALL_X86 SYSCALL
#else
#define SYSCALL_X86(name, operation)
#endif
#include "syscalls.def"
	};

	memcpy(table, filled, sizeof(filled));
}
