/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What system calls are to us: shared by both sides, as tables.h.
 */
#ifndef IPCTRACE_OPERATIONS_H
#define IPCTRACE_OPERATIONS_H

/* What a system call does, as far as we care; rows in syscalls.def. */
enum operation {
	OP_NONE = 0,
	OP_READ = 1,
	OP_WRITE = 2,
	OP_RECVFROM = 3,
	OP_RECVMSG = 4,
	OP_RECVMMSG = 5,
	OP_SENDTO = 6,
	OP_SENDMSG = 7,
	OP_SENDMMSG = 8,
	OP_MQ_RECEIVE = 9,
	OP_MQ_SEND = 10,
	OP_FUTEX = 11,
	OP_FUTEX_WAIT = 12,
	OP_FUTEX_WAKE = 13,
	OP_FUTEX_REQUEUE = 14,
	OP_FUTEX_WAITV = 15,
	OP_RESTART = 16,    /* goes on with the call that a signal or a stop interrupted */
	OP_SIGRETURN = 17,  /* a signal handler has ended */
	OP_UNREADABLE = 18, /* carries IPC in a form that we cannot read: counted in health */
	OP_CONNECT = 21,    /* gives an object another peer, name or size: it is described anew */
	OP_OPEN = 22,       /* returns a descriptor that may be a channel's */
	OP_OPEN_PAIR = 23,  /* pipe2(pair, flags): stores two of them */
	OP_OPEN_SOCKETS = 24, /* socketpair(family, type, protocol, pair) */
	OP_MMAP = 50,
	OP_MMAP_PACKED = 51, /* 32-bit x86: mmap with its arguments in user memory */
	OP_SHMAT = 52,
	OP_SPLICE = 40, /* splice.bpf.c's: data moves between two files */
	OP_TEE = 41,
	OP_VMSPLICE = 42,
	OP_SENDFILE = 43,
	OP_URING = 70, /* works on a ring: not covered unless uring.bpf.c follows the requests */
	OP_SOCKETCALL = 19, /* 32-bit x86: one of the socket calls, by its first argument */
	OP_SIGNAL_WAIT = 29,
	OP_MSG_RECEIVE = 30,
	OP_MSG_SEND = 31,
	OP_SEM_OPERATE = 32,
	OP_IPC = 33, /* 32-bit x86: one of the System V calls, by its first argument */
	OP_SETSOCKOPT = 61, /* as OP_CONNECT, or nothing */
	OP_PROCESS_VM_READ = 55,
	OP_PROCESS_VM_WRITE = 56,
	OP_KILL = 57, /* signal.bpf.c's: to the process of its first argument, the signal is the second */
	OP_THREAD_KILL = 58, /* the same, the signal is the third argument */
	OP_PIDFD_KILL = 59,  /* the same, the process by a descriptor */
	OP_FLOCK = 65, /* file_lock.bpf.c's */
	OP_FCNTL = 66, /* by its second argument: as OP_CONNECT, or a lock, or nothing */
};

/* Highest number of a system call we can dispatch, plus one (a power of two: it masks an index). */
#define SYSCALL_TABLE_SIZE 512

#endif
