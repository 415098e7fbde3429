// SPDX-License-Identifier: GPL-2.0
/*
 * System call numbers of 32-bit tasks. A file of its own: the two sets of numbers have the same
 * names.
 */
#include <string.h>

#if defined(__x86_64__)
#include <asm/unistd_32.h>
#endif

#include "capture/syscall_tables.h"

void syscall_table_fill_32(__u8 table[SYSCALL_TABLE_SIZE])
{
#if defined(__x86_64__)
	static const __u8 filled[SYSCALL_TABLE_SIZE] = {
#define SYSCALL(name, operation) [__NR_##name] = OP_##operation,
#define SYSCALL_32(name, operation) [__NR_##name] = OP_##operation,
#define SYSCALL_64(name, operation)
#define SYSCALL_X86 SYSCALL
#include "syscalls.def"
	};

	memcpy(table, filled, sizeof(filled));
#else
	/* No numbers at hand: everything such a task does would be guessed at. */
	memset(table, OP_UNREADABLE, SYSCALL_TABLE_SIZE);
#endif
}
