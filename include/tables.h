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
#define MECHANISM(name, kind, framing, handle) MECH_##name,
#include "mechanisms.def"
#undef MECHANISM
	MECH_COUNT,
};

/* Columns of mechanisms.def. */
enum framing {
	STREAM,
	DATAGRAM,
	MEMORY,
};

enum handle {
	HANDLE_FILE,
	HANDLE_IPC,
	HANDLE_PROCESS,
};

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
	__u16 exited;      /* 1 once its last traced thread has ended */
	__u16 is_witness;  /* not a target: only what it does to the targets' channels is counted */
	char comm[16];     /* as of its last execve, or of the start; untrusted text */
	__u32 killed;      /* for target.bpf.c: the signal that has ended it */
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
 *   signal, process-vm: object = pid,              aux = started_ms: the process that signals are sent to, or
 *                       whose memory is read and written;
 *                       with PROCESS_MISSING the number that a call gave and nobody has, aux = inode number of
 *                       its PID namespace, 0 for the first one; with PROCESS_FD such a descriptor
 *   sysv-shm:           object = identifier,       aux = inode number of the IPC namespace
 *   shm:                object = inode number,     aux = device number, of the file that is mapped; where
 *                       inode numbers are used again (MEMORY_FILE) and have 32 bits, above them the generation
 */
#define PTY_MASTER (1ULL << 32)
#define PROCESS_MISSING (1ULL << 32)
#define PROCESS_FD (1ULL << 33)

struct object_key {
	__u64 object;
	__u32 aux;
	__u32 mechanism; /* enum mechanism */
};

#define OBJECT_NAME_SIZE 112

/* What the memory behind a shared mapping is. */
enum memory {
	MEMORY_NONE = 0,   /* of a device, or the like */
	MEMORY_FILE = 1,   /* of a file system with files to keep */
	MEMORY_TMPFS = 2,  /* of a mounted file system in memory: POSIX shared memory among them */
	MEMORY_KERNEL = 3, /* in no file system that anybody can look into: memfd, System V, anonymous */
};

struct address {
	union {
		__u8 bytes[16]; /* network order; IPv4 in the first four */
		struct {
			__u32 cid, port;
		} vsock;
		struct {
			__u32 port;   /* 0: the kernel, or none yet */
			__u32 group;  /* where to: number of a multicast group, 0: none, */
			__u32 groups; /* or a bit for each, of which the kernel takes the lowest */
		} netlink;
	};
	__u16 port;     /* host order; netlink: the protocol */
	__u16 family;   /* AF_INET, AF_INET6, AF_VSOCK, AF_NETLINK, or 0: none */
	__u32 padding;
};

/* What an object is called and who is at its other end, as read when it was first seen. */
struct object_value {
	struct entry_state state;
	__u64 described_ns;  /* CLOCK_MONOTONIC: sock addresses are used again, the latest counts */
	__u64 peer;          /* unix: address of the peer's sock, or 0 */
	__u32 peer_aux;      /* unix: inode number of the peer's socket, or 0 (closed by its owner) */
	__u32 netns;         /* sockets: inode number of the network namespace */
	__u64 capacity;      /* bytes (sockets: of the send buffer; shm: its size) or messages (mqueue), 0: unknown */
	__u64 queued, max_queued; /* mqueue: messages in it now, and the most that were seen */
	struct address local, remote; /* tcp, udp, vsock, netlink (local only) */
	__u32 name_length;   /* unix: bytes of name used; a first byte of 0 means abstract */
	__u32 ipc_key;       /* sysv-*: the key that it was made with, 0: private or unknown */
	__u32 memory;        /* shm: enum memory */
	__u32 generation;    /* shm: as in the key, 0: none */
	char name[OBJECT_NAME_SIZE]; /* unix: sun_path; fifo, mqueue, shm: last component; untrusted */
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

/*
 * Signals of one number that ended in one way, as the destination of a flow: those sent by what became of them
 * (TRACE_SIGNAL_* of the kernel's include/trace/events/signal.h), those received as SIGNAL_PENDING.
 */
#define SIGNAL_KIND(number, result) ((__u64)((result) << 8 | (number)) << 1)
#define SIGNAL_NUMBER(kind) ((kind) >> 1 & 0xff)
#define SIGNAL_RESULT(kind) ((kind) >> 9)
#define SIGNAL_INVALID 0xff /* a number that no signal has */

enum signal_result {
	SIGNAL_PENDING = 0,
	SIGNAL_IGNORED = 1,
	SIGNAL_MERGED = 2,    /* such a one was pending already: these two are one */
	SIGNAL_NO_ROOM = 3,   /* the queue is full: EAGAIN */
	SIGNAL_NAMELESS = 4,  /* pending, but not who sent it */
};

/* What one process did to one object in one direction. */
struct flow_key {
	struct process_key process;
	__u64 object;
	__u64 destination; /* datagrams: odd: key into the destinations; even: address of the peer's
			    * unix sock; 0: none given. signal: SIGNAL_KIND(), 0 for calls that wait */
	__u32 aux;
	__u8 mechanism;
	__u8 direction;
	__u16 generation : 1; /* 1: counted apart while another entry is being taken out */
	__u16 error : 15;     /* errnos only, else 0 */
};

/*
 * The map errnos counts failed calls by flow_key with the error's number; of flows all but EAGAIN, which is
 * what would_block leaves. Of locks those in lock_value.errors, with mechanism MECH_NONE, direction the
 * lock's type, object and aux the members address and image of its key.
 */

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
#define QUEUE_UNKNOWN 2 /* no number: whoever made the flow is about to say */
	__u64 uring_messages, uring_bytes; /* the part of messages and bytes that went through io_uring */
	__u32 sizes[SIZE_SLOTS]; /* messages by size; wraps, read differences */
};

#define LONG_AGO 1 /* of a time: before we looked */

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

enum lock_type {
	LOCK_TYPE_FUTEX = 0,
	LOCK_TYPE_FILE = 1,
};

/* One futex word; or one file and its locks, which belong to no process: address is its inode number. */
struct lock_key {
	struct process_key process; /* files: 0 */
	__u64 address;
	__u32 image; /* the process's image when the word was used: addresses change their meaning on exec;
		      * files: device number (kernel's dev_t) */
	__u32 type;  /* enum lock_type */
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

#define FILE_NAME_SIZE 64

/*
 * The locks on one file, whoever takes them. woken: waits that ended, but not by a signal; wakes: calls that
 * woke somebody, of threads that are traced.
 */
struct file_lock_value {
	struct lock_value counts;
	__u32 pid, fd; /* who used it last, to look its path up */
	char name[FILE_NAME_SIZE]; /* last component; untrusted */
};

/* Sleep of one thread in calls on one object or lock. */
struct wait_key {
	struct process_key process;
	__u32 tid;
	__u32 mechanism;   /* MECH_NONE: a lock */
	__u64 object;      /* as in object_key, or address of lock_key */
	__u64 destination; /* as in flow_key */
	__u32 aux;         /* as in object_key, or image of lock_key */
	__u16 lock_type;   /* enum lock_type */
	__u16 generation;  /* as in flow_key */
};

struct wait_value {
	struct entry_state state;
	__u64 count;
	__u64 blocked_ns;
	__u64 runqueue_ns;
	char comm[16]; /* of the thread; untrusted text */
};

/* A process has mapped a memory object since we trace it. */
struct mapping_key {
	struct process_key process;
	struct object_key object;
};

struct mapping_value {
	__u64 mapped_ns; /* CLOCK_MONOTONIC: when it did so for the first time */
	__u32 can_write;
	__u32 padding;
};

/* One line of the iterator over mappings: a shared mapping of a process, target or not. */
struct mapping_record {
	struct process_key process;
	__u32 ppid;
	__u32 can_write;
	char comm[16];
	struct object_key key;
	__u64 start, bytes;
	__u32 shares; /* somebody may be told something through it: see mapping.bpf.h */
	__u32 ns_pid; /* as in process_value */
	struct object_value value;
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
