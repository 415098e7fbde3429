/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys and values of the BPF maps: what the kernel side counts and the user side reads.
 * Both sides include this file; it holds types, tables and one function about a layout, and includes nothing
 * (the BPF side takes __u32 and friends from vmlinux.h, the user side from linux/types.h).
 */
#ifndef IPCTRACE_TABLES_H
#define IPCTRACE_TABLES_H

enum mechanism {
	MECH_NONE = 0,
#define MECHANISM(name, kind, framing) MECH_##name,
#include "mechanisms.def"
#undef MECHANISM
	MECH_COUNT,
};

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
	OP_UNCOVERED = 20,  /* may move data of channels in a way that we do not follow: counted in health */
	OP_CONNECT = 21,    /* gives a socket another peer */
	OP_OPEN = 22,       /* returns a descriptor that may be a channel's */
	OP_OPEN_PAIR = 23,  /* pipe2(pair, flags): stores two of them */
	OP_OPEN_SOCKETS = 24, /* socketpair(family, type, protocol, pair) */
	OP_SPLICE = 40, /* splice.bpf.c's: data moves between two files */
	OP_TEE = 41,
	OP_VMSPLICE = 42,
	OP_SENDFILE = 43,
	OP_SOCKETCALL = 19, /* 32-bit x86: one of the socket calls, by its first argument */
	OP_MSG_RECEIVE = 30,
	OP_MSG_SEND = 31,
	OP_SEM_OPERATE = 32,
	OP_IPC = 33, /* 32-bit x86: one of the System V calls, by its first argument */
};

/* Highest number of a system call we can dispatch, plus one (a power of two: it masks an index). */
#define SYSCALL_TABLE_SIZE 512

enum health {
#define HEALTH(name, key, source, meaning) HEALTH_##name,
#include "health.def"
#undef HEALTH
	HEALTH_COUNT,
};

/*
 * Log-linear histograms, HdrHistogram's layout: values below 2^steps_log2 have a slot each, above
 * that every octave [2^k, 2^(k+1)) is cut into 2^steps_log2 equal steps:
 *     shift = max(0, floor(log2(v)) - steps_log2);  slot = (shift << steps_log2) + (v >> shift)
 * (for shift > 0, v >> shift lies in [2^steps_log2, 2^(steps_log2+1)).)
 * Values past the last slot count in the last slot.
 */
#define TIME_STEPS_LOG2 3
#define TIME_SLOTS 304 /* nanoseconds up to 2^40 (18 minutes) */
#define SIZE_STEPS_LOG2 2
#define SIZE_SLOTS 124 /* bytes up to 2^31 */

enum kernel_table {
#define MAP(name, key_type, value_type) TABLE_##name,
#include "maps.def"
#undef MAP
	TABLE_COUNT,
};

/* What the iterators over the tables do. */
enum table_mode {
	TABLE_READ_ALL = 0,
	TABLE_READ_CHANGED = 1, /* since the last reading */
	TABLE_TAKE_OUT = 2,     /* what is retired, or of an ended process, is read and deleted */
	TABLE_COUNT_AGES = 3,   /* nothing is read, see table_ages */
	TABLE_RETIRE = 4,       /* nothing is read; what is idle is retired */
};

/* Ages, in readings since the last use, by slots of a histogram. */
#define TABLE_AGES 256
#define AGE_STEPS_LOG2 3

struct table_fill {
	__u32 entries;
	__u32 used;       /* as in entry_state, of the entry that was used last */
	__u32 to_retire;  /* as many may be retired */
	__u32 retire_age; /* those that have not been used for so many readings, or whose process has ended */
};

/* What comes first in an entry that can be taken out while programs run (bpf/table.bpf.h). */
struct entry_state {
	__u32 used;    /* the loader's reading after which it was last used; 0: not finished yet */
	__u32 retired; /* not to be used any more */
};

/*
 * One process. started_ms keeps a reused pid apart: the leader's start_boottime in milliseconds,
 * modulo 2^32.
 */
struct process_key {
	__u32 pid;
	__u32 started_ms;
};

struct process_value {
	__u32 ppid;
	__u32 threads;     /* traced threads alive now */
	__u32 max_threads; /* the most there were */
	__u32 image;       /* how often it has called execve since we trace it */
	__u32 exited;      /* 1 once its last traced thread has ended */
	char comm[16];     /* as of its last execve, or of the start; untrusted text */
	__u32 is_witness;  /* not a target: only what it does to the targets' channels is counted */
	__u32 ns_pid;      /* its pid in its own PID namespace */
	__u32 padding;
};

/*
 * One kernel object that carries data.
 *   pipe, fifo, mqueue: object = inode number,     aux = device number (kernel's dev_t)
 *   sockets:            object = address of sock,  aux = sockfs inode number
 *   sysv-msg, sysv-sem: object = identifier,       aux = inode number of the IPC namespace
 *   eventfd:            object = its address,      aux = its number (eventfd-id in /proc/PID/fdinfo)
 *   pty:                object = number in devpts, aux = device number of the devpts;
 *                       with PTY_MASTER the master's end, without it the slave's
 */
#define PTY_MASTER (1ULL << 32)

struct object_key {
	__u64 object;
	__u32 aux;
	__u32 mechanism; /* enum mechanism */
};

#define OBJECT_NAME_SIZE 112

struct address {
	__u8 bytes[16]; /* network order; IPv4 in the first four */
	__u16 port;     /* host order */
	__u16 family;   /* AF_INET, AF_INET6, or 0: none */
	__u32 padding;
};

/* What an object is called and who is at its other end, as read when it was first seen. */
struct object_value {
	struct entry_state state;
	__u64 described_ns;  /* CLOCK_MONOTONIC: sock addresses are used again, the latest counts */
	__u64 peer;          /* unix: address of the peer's sock, or 0 */
	__u32 peer_aux;      /* unix: inode number of the peer's socket, or 0 (closed by its owner) */
	__u32 netns;         /* sockets: inode number of the network namespace */
	__u64 capacity;      /* bytes (sockets: of the send buffer) or messages (mqueue), 0: unknown */
	struct address local, remote; /* tcp, udp */
	__u32 name_length;   /* unix: bytes of name used; a first byte of 0 means abstract */
	__u32 ipc_key;       /* sysv-msg, sysv-sem: the key that it was made with, 0: private or unknown */
	char name[OBJECT_NAME_SIZE]; /* unix: sun_path; fifo, mqueue: last component; untrusted */
};

/* Where unconnected datagrams go: the address given to sendto or sendmsg, by its hash. */
struct destination_value {
	struct entry_state state;
	struct address inet; /* family 0: see the unix name */
	__u32 name_length;
	__u32 padding;
	char name[OBJECT_NAME_SIZE];
};

enum direction {
	DIRECTION_SEND = 0,
	DIRECTION_RECEIVE = 1,
	DIRECTION_COUNT = 2,
};

/* What one process did to one object in one direction. */
struct flow_key {
	struct process_key process;
	__u64 object;
	__u64 destination; /* datagrams: odd: key into the destinations; even: address of the peer's
			    * unix sock; 0: none given */
	__u32 aux;
	__u8 mechanism;
	__u8 direction;
	__u16 generation; /* 1: counted apart while another entry is being taken out */
};

struct flow_value {
	struct entry_state state;
	__u64 calls;       /* ended calls, failed ones included, restarted ones once */
	__u64 messages;
	__u64 bytes;       /* results, never what was asked for */
	__u64 would_block; /* calls that ended in EAGAIN; msgrcv: in ENOMSG, which means the same */
	__u64 errors;      /* calls that ended in any other error */
	__u64 blocked_ns;
	__u64 runqueue_ns;
	__u64 max_bytes;   /* largest message */
	__u64 min_bytes_inverted; /* ~ of the smallest message: 0 means none, as in a new entry */
	__u64 queue;       /* the number of the queue that its data goes through; 0: none that we match */
	__u32 sizes[SIZE_SLOTS]; /* messages by size; wraps, read differences */
};

/* What one process delivered to another. */
struct edge_key {
	struct process_key from; /* pid 0: sent before we looked, by whomever */
	struct process_key to;
	struct object_key object; /* that it was received from; its mechanism with EDGE_GENERATION, as in flow_key */
};

#define EDGE_GENERATION (1U << 31)

struct edge_value {
	struct entry_state state;
	__u64 messages; /* of which the last byte was received */
	__u64 bytes;    /* received */
};

/*
 * Smallest and largest time since the reader began a period (an "epoch"). Each is one word, so that it can be
 * replaced without a lock: the epoch's stamp above 48 bits of nanoseconds (78 hours; longer counts as that).
 */
struct time_range {
	__u64 min, max;
};

#define TIME_RANGE_BITS 48

/* The word of NS in EPOCH. A new entry's 0 belongs to no epoch. */
static inline __u64 time_range_word(__u32 epoch, __u64 ns)
{
	const __u64 longest = (1ULL << TIME_RANGE_BITS) - 1;

	return (__u64)(epoch % 0xffff + 1) << TIME_RANGE_BITS | (ns < longest ? ns : longest);
}

/* Times that calls slept: of one flow, or of one futex word's waits. */
struct time_histogram {
	__u64 sum_ns;
	struct time_range interval[2]; /* the epoch e writes to interval[e & 1] */
	struct time_range run;         /* always of epoch 0 */
	__u32 slots[TIME_SLOTS];       /* wraps, read differences */
};

/* One futex word. */
struct lock_key {
	struct process_key process;
	__u64 address;
	__u32 image; /* the process's image when the word was used: addresses change their meaning on exec */
	__u32 padding;
};

struct lock_value {
	__u64 woken;         /* waits that ended in success (a wake, or a PI lock handed over) */
	__u64 timeouts;      /* waits that ended in ETIMEDOUT */
	__u64 interrupted;   /* waits that ended in EINTR */
	__u64 would_block;   /* wait calls that found another value and did not wait: EAGAIN */
	__u64 errors;        /* calls of any kind that ended in another error */
	__u64 wakes;         /* wake calls */
	__u64 empty_wakes;   /* of these, calls that woke nobody */
	__u64 woken_threads; /* threads woken by them */
	__u64 blocked_ns;
	__u64 runqueue_ns;
	__u64 requeued;      /* waiters moved to another word */
	__u32 waiters;       /* threads asleep on the word now */
	__u32 max_waiters;   /* the most at once since the start */
	__u32 epoch;         /* the period that epoch_max_waiters belongs to */
	__u32 epoch_max_waiters;
	__u64 operations;    /* bit n: FUTEX operation n was seen */
};

/* Sleep of one thread in calls on one object or futex word. */
struct wait_key {
	struct process_key process;
	__u32 tid;
	__u32 mechanism;   /* MECH_NONE: a futex */
	__u64 object;      /* as in object_key, or the futex word's address */
	__u64 destination; /* as in flow_key */
	__u32 aux;         /* as in object_key, or the process's image */
	__u32 generation;  /* as in flow_key */
};

struct wait_value {
	struct entry_state state;
	__u64 count;
	__u64 blocked_ns;
	__u64 runqueue_ns;
	char comm[16]; /* of the thread; untrusted text */
};

/* One line of the object iterator: this process holds this object open. */
struct holder_record {
	struct process_key process;
	__u32 ppid;
	__u32 fd;
	char comm[16];
	struct object_key key;
	__u8 can_read;
	__u8 can_write;
	__u16 padding;
	__u32 ns_pid; /* as in process_value */
	struct object_value value;
};

#endif
