/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Value of the task storage. The user side writes one only to mark a thread by hand: the command
 * it starts, and itself for the self-test.
 */
#ifndef IPCTRACE_THREAD_STATE_H
#define IPCTRACE_THREAD_STATE_H

#include "operations.h"
#include "tables.h"

enum traced {
	TRACED_NOT = 0,
	TRACED_TARGET = 1,
	TRACED_WITNESS = 2, /* may be at the other end of a target's channel */
};

enum call_flag {
	CALL_PEEK = 1 << 0,       /* looks at a message and leaves it in the queue */
	CALL_QUEUED = 1 << 1,     /* there was a message in the queue at entry */
	CALL_UNRESOLVED = 1 << 2, /* a file descriptor that we could not follow */
	CALL_WAITER = 1 << 3,     /* counted among the waiters of its futex word or file */
	CALL_STRADDLING = 1 << 4, /* began before we looked */
	CALL_SLEPT = 1 << 5,
	CALL_32BIT = 1 << 6,
	CALL_WITNESS = 1 << 8,    /* counts if its channel is a target's */
	CALL_UNDIRECTED = 1 << 7, /* semop: which way it goes could not be read yet */
	CALL_WOKE = 1 << 12,      /* file locks: woke somebody who waits for the same file */
	CALL_FOUND_NOTHING = 1 << 13, /* a receive: has slept, from entered_ns on, for want of data */
};

#define CALL_ARGUMENTS 6

/* The other end of a call that moves data between two channels: members as in struct call. */
struct far_end {
	__u64 object;
	__u64 destination;
	__u64 file;
	__u64 blocked_ns, runqueue_ns;
	__u32 aux;
	__u16 flags;
	__u8 mechanism; /* MECH_NONE: the call has one end */
	__u8 direction;
};

struct call {
	__u64 object; /* as in object_key; as address in lock_key */
	__u64 destination;
	__u64 file; /* kernel address of the struct file (System V: of the IPC namespace; process-vm: of a thread of
		     * the process; 0: none is needed): describes a new object */
	__u64 arguments[CALL_ARGUMENTS]; /* as the call means them, not as a multiplexer packs them */
	/*
	 * Sends: when the call began, or first left the CPU; 0: a moment ago. Receives: since when it sleeps for want of
	 * data; where overlaps matter (delivery.bpf.h), when it began; 0: not known.
	 */
	__u64 entered_ns;
	__u64 blocked_ns, runqueue_ns;
	__u32 aux;
	__u16 number;    /* of the system call */
	__u8 operation;  /* enum operation; OP_NONE: no call */
	__u8 mechanism;  /* MECH_NONE: not a channel */
	__u8 direction;
	__u8 futex_operation;
	__u16 flags;     /* enum call_flag */
	struct far_end far; /* of the operations of splice.bpf.c only */
};

enum off_cpu {
	OFF_CPU_NOT = 0,
	OFF_CPU_ASLEEP = 1,
	OFF_CPU_PREEMPTED = 2,
};

struct thread {
	struct process_key process;
	__u32 image;
	__u8 traced; /* enum traced */
	__u8 armed; /* trace it from its next execve on */
	__u8 fresh; /* may be inside a call whose entry we did not see */
	__u8 off_cpu; /* enum off_cpu, while a call is in flight */
	__u32 cgroup_moves; /* how often somebody had been moved when we last looked where it is */
	__u64 off_cpu_ns; /* when it left the CPU */
	__u64 woken_ns;   /* when it was last woken, 0: not since it was last on the CPU */
	__u64 own_signals; /* bit n - 1: the kernel has sent it signal n for something that it did */
	struct call call;    /* in flight */
	struct call pending; /* interrupted, will go on unless a signal handler ends it */
};

#endif
