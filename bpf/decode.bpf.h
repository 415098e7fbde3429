/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a system call's number and registers to an operation and its arguments: what calls mean that are many
 * in one, and those of 32-bit programs. Of syscalls.bpf.c.
 */
#ifndef IPCTRACE_DECODE_BPF_H
#define IPCTRACE_DECODE_BPF_H

#include "health.bpf.h"
#include "kernel.bpf.h"
#include "settings.bpf.h"
#include "thread_state.h"

static __always_inline enum operation operation_of(__u64 number, bool is_32bit)
{
	if (number >= SYSCALL_TABLE_SIZE)
		return OP_NONE;
	return is_32bit ? operation_of_syscall_32[number] : operation_of_syscall[number];
}

/* The socket calls by their number in include/uapi/linux/net.h, and how many words they take. */
static const struct {
	__u8 operation;
	__u8 words;
} socketcalls[] = {
	[2] = {OP_CONNECT, 3}, /* SYS_BIND */
	[3] = {OP_CONNECT, 3},
	[4] = {OP_CONNECT, 2}, /* SYS_LISTEN */
	[5] = {OP_OPEN, 3}, /* SYS_ACCEPT */
	[8] = {OP_OPEN_SOCKETS, 4},
	[9] = {OP_SENDTO, 4}, /* SYS_SEND: no address */
	[10] = {OP_RECVFROM, 4},
	[11] = {OP_SENDTO, 6},
	[12] = {OP_RECVFROM, 6},
	[14] = {OP_SETSOCKOPT, 5},
	[16] = {OP_SENDMSG, 3},
	[17] = {OP_RECVMSG, 3},
	[18] = {OP_OPEN, 4}, /* SYS_ACCEPT4 */
	[19] = {OP_RECVMMSG, 5},
	[20] = {OP_SENDMMSG, 4},
};

/* socketcall(call, vector): the arguments are 32-bit words in user memory. */
static __always_inline void decode_socketcall(struct call *call)
{
	__u64 number = call->arguments[0], vector = call->arguments[1];
	__u32 words[8] = {}; /* what a mask can hold: no call takes more than six */

	call->operation = OP_NONE;
	if (number >= sizeof(socketcalls) / sizeof(socketcalls[0]) ||
		socketcalls[number].operation == OP_NONE)
		return;
	if (bpf_probe_read_user(words, (socketcalls[number].words & 7) * sizeof(__u32), (void *)vector)) {
		health_count(HEALTH_UNREADABLE_MEMORY);
		return;
	}
	call->operation = socketcalls[number].operation;
	for (int i = 0; i < CALL_ARGUMENTS; i++)
		call->arguments[i] = words[i];
}

/* Calls by their number in include/uapi/linux/ipc.h. */
#define IPC_SEMOP      1
#define IPC_SEMTIMEDOP 4
#define IPC_MSGSND     11
#define IPC_MSGRCV     12
#define IPC_SHMAT      21

/*
 * ipc(call, first, second, third, pointer, fifth). Version 0 of msgrcv, by the high half of its first word,
 * keeps the message's address and type in user memory, the others in pointer and fifth.
 */
static __always_inline void decode_ipc(struct call *call)
{
	__u64 *arguments = call->arguments;
	__u64 size = arguments[2], flags = arguments[3], pointer = arguments[4];
	__u32 message = pointer;

	if (arguments[0] == IPC_MSGRCV && bpf_probe_read_user(&message, sizeof(message), (void *)pointer))
		health_count(HEALTH_UNREADABLE_MEMORY);
	switch (arguments[0] & 0xffff) {
	case IPC_SEMOP:
	case IPC_SEMTIMEDOP:
		call->operation = OP_SEM_OPERATE;
		break;
	case IPC_MSGSND:
		call->operation = OP_MSG_SEND;
		break;
	case IPC_MSGRCV:
		call->operation = OP_MSG_RECEIVE;
		break;
	case IPC_SHMAT:
		call->operation = OP_SHMAT;
		break;
	default:
		call->operation = OP_NONE;
	}
	/* As msgrcv has them: id, pointer, size, type, flags. */
	arguments[0] = arguments[1];
	arguments[1] = message;
	arguments[2] = size;
	arguments[3] = arguments[5];
	arguments[4] = flags;
}

/* include/uapi/linux/fcntl.h, include/uapi/asm-generic/socket.h */
#define F_SETPIPE_SZ   1031
#define SOL_SOCKET     1
#define SO_SNDBUF      7
#define SO_SNDBUFFORCE 32

/* Of these calls, only those that give an object another size matter. */
static __always_inline void decode_size(struct call *call)
{
	const __u64 *arguments = call->arguments;
	__u32 command = arguments[1], option = arguments[2];

	if (call->operation == OP_FCNTL) {
		if (command == F_SETPIPE_SZ) /* else it may be a lock */
			call->operation = OP_CONNECT;
		return;
	}
	if (command == SOL_SOCKET && (option == SO_SNDBUF || option == SO_SNDBUFFORCE))
		call->operation = OP_CONNECT;
	else
		call->operation = OP_NONE;
}

/* mmap(vector) of 32-bit x86: the arguments are 32-bit words in user memory. */
static __always_inline void decode_mmap(struct call *call)
{
	__u32 words[CALL_ARGUMENTS] = {};

	call->operation = OP_MMAP;
	if (bpf_probe_read_user(words, sizeof(words), (void *)call->arguments[0])) {
		health_count(HEALTH_UNREADABLE_MEMORY);
		call->operation = OP_NONE;
	}
	for (int i = 0; i < CALL_ARGUMENTS; i++)
		call->arguments[i] = words[i];
}

/* Fills in what CALL means: its operation and arguments. In place: the stack is short. */
static __always_inline void decode(
	struct call *call, struct pt_regs *regs, enum operation operation, bool is_32bit)
{
	call->operation = operation;
	for (int i = 0; i < CALL_ARGUMENTS; i++)
		call->arguments[i] = syscall_argument(regs, i, is_32bit);
	if (operation == OP_SOCKETCALL)
		decode_socketcall(call);
	else if (operation == OP_IPC)
		decode_ipc(call);
	else if (operation == OP_MMAP_PACKED)
		decode_mmap(call);
	if (call->operation == OP_FCNTL || call->operation == OP_SETSOCKOPT)
		decode_size(call);
}

#endif
