/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of the traced system: processes, channels, locks and waits, each with the figures
 * of the last interval and of the whole run. Views and exporters read it as const; the only code
 * that changes it is model.c (base figures) and derive.c (everything that follows from them).
 *
 * Figures are nanoseconds and bytes. Text that came from traced processes (comm, names) is kept
 * as it was: whoever prints it escapes it.
 */
#ifndef IPCTRACE_MODEL_H
#define IPCTRACE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#include "histogram.h"
#include "tables.h"

/* Every figure is kept for the last interval and for the whole run. */
enum window {
	WINDOW_INTERVAL,
	WINDOW_RUN,
	WINDOW_COUNT,
};

struct flow_counts {
	uint64_t calls, messages, bytes, would_block, errors, blocked_ns, runqueue_ns;
	uint64_t max_bytes; /* largest message of the whole run, in both windows */
	uint64_t uring_messages, uring_bytes; /* the part that went through io_uring */
};

/* Failed calls by the number of their error. */
struct errno_count {
	int error;
	uint64_t count[WINDOW_COUNT];
	uint64_t past; /* of count, before the kernel's entry began */
};

struct errno_list {
	unsigned count, room;
	struct errno_count *items; /* owned */
};

struct process_counts {
	struct flow_counts direction[DIRECTION_COUNT];
	uint64_t blocked_ns;   /* in calls on channels and in futex waits */
	uint64_t lock_wait_ns; /* the part of it in futex waits */
	uint64_t runqueue_ns;
	uint64_t lock_waits;
};

struct process {
	struct process_key key;
	uint32_t ppid;
	uint32_t ns_pid; /* in its own PID namespace; 0: unknown */
	uint32_t threads;
	bool traced; /* false: only known as the holder of a channel's other end */
	bool exited;
	char comm[16];
	char *cmdline; /* its arguments with blanks between them; NULL: unknown; untrusted text */
	char *cgroup;  /* its path, as in /proc/PID/cgroup; NULL: unknown; untrusted text */
	struct process_counts window[WINDOW_COUNT];
};

/* One direction of one endpoint, summed over the flows behind it. */
struct side {
	bool used; /* there was at least one call in this direction since the start */
	struct flow_counts window[WINDOW_COUNT];
};

struct endpoint {
	const struct process *process;
	bool can_write, can_read; /* as opened, or as seen */
	struct side side[DIRECTION_COUNT];
	/* Shared memory only. */
	uint64_t mapped_ns;    /* wall clock: when the process mapped it first, 0: unknown, or before the start */
	bool mapped_known;     /* mapped_bytes is known */
	uint64_t mapped_bytes; /* now; 0: no more */
};

struct flow; /* base record, see flow.h */

struct channel {
	char *id;   /* unique and stable while the object lives: "pipe:[12:345]" */
	char *name; /* as people know it; equals id where there is nothing better; untrusted text */
	enum mechanism mechanism;
	uint64_t mapped_ns; /* shared memory: when the first process mapped it, as in struct endpoint */
	uint64_t capacity; /* bytes, or messages for mqueue; 0: unknown */
	uint64_t queued, max_queued; /* mqueue: messages in it now, and the most that were seen in it */
	unsigned endpoint_count;
	struct endpoint *endpoints;
	unsigned flow_count;
	const struct flow **flows; /* for the histograms */
	/* Sums over the traced endpoints. */
	struct flow_counts window[WINDOW_COUNT][DIRECTION_COUNT];
};

/* What one process delivered to another through a channel in one direction. The key is as the kernel has it. */
struct edge {
	struct edge_key key;
	const struct process *from; /* NULL: sent before we looked */
	const struct process *to;
	const struct channel *channel;
	struct {
		uint64_t messages, bytes;
	} window[WINDOW_COUNT];
};

struct lock_counts {
	uint64_t waits; /* woken + timeouts + interrupted */
	uint64_t woken, timeouts, interrupted, would_block, errors;
	uint64_t wakes, empty_wakes, woken_threads, requeued;
	uint64_t blocked_ns, runqueue_ns;
	uint32_t max_waiters;
};

/* Who held a file's lock when /proc/locks was looked at. */
struct lock_holder {
	uint32_t pid; /* 0: somebody whom the kernel does not name */
	char comm[16];
	uint64_t looks[WINDOW_COUNT]; /* at which it held the lock */
};

/* So many of those who wait for a file's lock are named. */
#define LOCK_USERS 3

/* A futex word, or the locks on a file. */
struct lock {
	struct lock_key key;
	char *id;    /* "futex:[PID:0xADDRESS]", "file:[DEVICE:INODE]" */
	char *name;  /* mapping and offset: "python3.11+0x5c3a40", "[heap]+0x10", or the file's path; until it
		      * is known, or if it never is, the address, or the path's last part; untrusted text */
	bool is_named;
	const char *kind; /* a kind of the contract; "unknown" until something tells */
	const struct process *process; /* NULL: a file's lock belongs to no process */
	struct lock_counts window[WINDOW_COUNT];
	struct histogram wait[WINDOW_COUNT]; /* nanoseconds asleep */
	struct errno_list errnos; /* of the errors in the counts */
	/* Of files only: */
	uint32_t user_pid, user_fd; /* who used it last, and through which descriptor; 0: unknown */
	unsigned user_count;        /* targets that have waited for it */
	const struct process *users[LOCK_USERS];
	uint32_t waiting;           /* threads of targets that waited at the last look */
	uint32_t most_waiting;      /* at any look */
	uint64_t looks[WINDOW_COUNT];
	unsigned holder_count;
	struct lock_holder *holders; /* owned */
};

static inline bool lock_is_file(const struct lock *lock)
{
	return lock->key.type == LOCK_TYPE_FILE;
}

/* Sleep of one thread on one channel or lock. */
struct wait {
	struct wait_key key;
	const struct process *process;
	char comm[16]; /* of the thread */
	const struct channel *channel; /* one of the two is set */
	const struct lock *lock;
	struct {
		uint64_t count, blocked_ns, runqueue_ns;
	} window[WINDOW_COUNT];
};

struct health_figure {
	bool known; /* false: null in JSON */
	uint64_t value; /* since the start */
};

/* The derived lists. All arrays are owned by the model and valid until its next change. */
struct model {
	uint64_t time_ns;     /* wall clock (CLOCK_REALTIME) of the last snapshot */
	uint64_t duration_ns[WINDOW_COUNT];
	const char *backend;  /* "tracepoint" */

	unsigned process_count;
	struct process **processes;
	unsigned channel_count;
	struct channel **channels;
	unsigned edge_count;
	struct edge **edges;
	unsigned lock_count;
	struct lock **locks;
	unsigned wait_count;
	struct wait **waits;

	struct health_figure health[HEALTH_COUNT];
	struct model_base *base; /* private to user/model */
};

/* The text of a mechanism ("pipe"), and back (MECH_NONE when there is none). */
const char *mechanism_kind(enum mechanism mechanism);
enum mechanism mechanism_by_kind(const char *kind);

/* What went one way between a process and a channel, by the kernel's key. */
struct channel_flow {
	const struct flow_key *key;
	const struct flow_counts *counts;
};

/* Flow I of flow_count. */
struct channel_flow channel_flow(const struct channel *channel, unsigned i, enum window window);
/* Is what goes through such a channel moved by no call, and so unknown? */
bool mechanism_is_memory(enum mechanism mechanism);

/* Is it a stream of bytes? */
bool mechanism_is_stream(enum mechanism mechanism);

/* Is such a channel a process itself? */
bool mechanism_is_process(enum mechanism mechanism);

/*
 * Adds the blocked times (nanoseconds) or message sizes (bytes) of all flows of a channel in one
 * direction, by one process or by all (process NULL), to OUT, which the caller has initialised
 * with TIME_STEPS_LOG2 or SIZE_STEPS_LOG2. Returns 0 or -ENOMEM.
 */
int channel_blocked_histogram(const struct channel *channel, const struct process *process,
			      enum direction direction, enum window window, struct histogram *out);
int channel_size_histogram(const struct channel *channel, const struct process *process,
			   enum direction direction, enum window window, struct histogram *out);

/* Failed calls by error, the most frequent first. */
#define MAX_ERRNOS 64 /* kinds of errors of one endpoint or lock: there are not as many */

struct errno_figures {
	unsigned count;
	struct {
		int error;
		uint64_t calls;
	} items[MAX_ERRNOS];
};

/* What failed of the calls of one process, or of all (process NULL), on a channel; and of those on a lock. */
void channel_errnos(const struct channel *channel, const struct process *process, enum window window,
		    struct errno_figures *out);
void lock_errnos(const struct lock *lock, enum window window, struct errno_figures *out);

#endif
