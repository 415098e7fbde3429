/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a workload did, counted by the workload itself and printed as one line of JSON.
 *
 * A workload parses its options with truth_options_parse(), declares its channels and locks, adds
 * workers and calls truth_serve(), which speaks the protocol with the tests:
 *
 *     {"ready":1,"pid":...,"child":...}    all is set up; waits for its turn
 *     {"truth":1,...}                      the phase is done; waits for its turn
 *
 * once for every phase. It is its turn when the file that is its standard input has grown by a byte. All waiting
 * is done with nanosleep and every record lives in memory shared by all processes of the workload, so that the
 * protocol adds no IPC of its own.
 */
#ifndef LIB_TRUTH_H
#define LIB_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_ENDS 8
#define MAX_NAME 128

struct truth_options {
	unsigned threads;    /* --threads N: workers at each end */
	bool shared;         /* --shared: one channel for all of them */
	bool processes;      /* --processes: the second end lives in a child */
	bool late;           /* --late: workers start when the work does */
	bool now;            /* --now: waits for nobody */
	unsigned phases;     /* --phases N */
	int uring;           /* --uring MODE: enum uring_mode of lib_uring.h */
	const char *variant; /* first word that is not an option, or NULL */
};
extern struct truth_options truth_options;

enum truth_direction { SENT, RECEIVED };

/*
 * How a call spent its time off the CPU, as the calling thread can tell. Asleep is wall clock less
 * CPU less run queue. A thread that is woken from another CPU joins the run queue only when that
 * CPU has taken the interrupt: this stretch, a few tens of microseconds a sleep on a virtual
 * machine, the thread can tell from sleep only by how often it slept.
 */
struct truth_time {
	uint64_t asleep_ns, runqueue_ns, sleeps;
};

#define TRUTH_ERRNOS 134 /* one more than the highest error number */

struct truth_figures {
	uint64_t calls, messages, bytes, would_block, errors;
	uint64_t errnos[TRUTH_ERRNOS]; /* failed calls by their errno */
	struct truth_time time;
};

struct truth_end {
	pid_t pid;
	struct truth_figures figures[2];
};

struct truth_channel {
	bool used;
	char kind[16];
	char id[80];   /* empty: matched by its name */
	char name[MAX_NAME];
	size_t name_length;
	bool datagrams; /* an empty result is a message */
	unsigned end_count;
	struct truth_end ends[MAX_ENDS];
};

struct truth_lock {
	bool used;
	pid_t pid;
	uint64_t address;
	char id[80]; /* of a file, else empty */
	uint64_t waits, timeouts, interrupted, would_block, errors;
	uint64_t wakes, empty_wakes, woken_threads, requeued;
	uint64_t errnos[TRUTH_ERRNOS]; /* of the errors */
	struct truth_time time; /* of the waits */
	uint64_t max_waiters; /* 0: not known */
	bool wakes_unknown;   /* nor who woke whom */
};

void truth_options_parse(int argc, char **argv);

/* Shared, zeroed memory; ends the program when there is none. */
void *truth_shared(size_t size);

/* Ends the program with a message and status 1. */
void truth_die(const char *what) __attribute__((noreturn));

/* Channels, by the ids and names of the contract. */
struct truth_channel *truth_file_channel(const char *kind, int fd); /* pipe, fifo, mqueue */
struct truth_channel *truth_pair_channel(const char *kind, int one, int other);
struct truth_channel *truth_socket_channel(const char *kind, int receiver);
struct truth_channel *truth_named_channel(const char *kind, const char *name);
void truth_channel_name(struct truth_channel *channel, const void *name, size_t length);

/* The record of PID's end of a channel, made when it is new. */
struct truth_end *truth_end_of(struct truth_channel *channel, pid_t pid);

/* Around every call on a channel. truth_after() returns RESULT and keeps errno. */
void truth_before(void);
ssize_t truth_after(struct truth_channel *channel, enum truth_direction direction, ssize_t result);

/* A call that no thread of ours makes, so that none sleeps in it: a request to io_uring. */
ssize_t truth_count(struct truth_channel *channel, enum truth_direction direction, ssize_t result);
ssize_t truth_count_look(struct truth_channel *channel, ssize_t result);

/* The same for calls whose result is not what they moved. */
void truth_after_many(struct truth_channel *channel, enum truth_direction direction,
		      uint64_t messages, uint64_t bytes);

/* A call that looks without taking (MSG_PEEK, MSG_ERRQUEUE): neither messages nor bytes. */
ssize_t truth_after_look(struct truth_channel *channel, ssize_t result);

/*
 * A call that moves data between two files: a receive FROM one and a send TO the other (NULL: not a channel).
 * WAITED: for which of them it slept, if it did. A duplicate leaves the data where it is.
 */
ssize_t truth_after_move(struct truth_channel *from, struct truth_channel *to, enum truth_direction waited,
			 ssize_t result);
ssize_t truth_after_duplicate(struct truth_channel *from, struct truth_channel *to,
			      enum truth_direction waited, ssize_t result);

#define SEND(channel, call) (truth_before(), truth_after(channel, SENT, call))
#define RECEIVE(channel, call) (truth_before(), truth_after(channel, RECEIVED, call))
#define MOVE(from, to, waited, call) (truth_before(), truth_after_move(from, to, waited, call))
#define DUPLICATE(from, to, waited, call) (truth_before(), truth_after_duplicate(from, to, waited, call))
#define LOOK(channel, call) (truth_before(), truth_after_look(channel, call))

struct truth_lock *truth_lock_at(pid_t pid, const void *address);
struct truth_lock *truth_file_lock(int fd);

/*
 * After a call on a file's lock, with truth_before() before it: it has waited if it slept. Returns RESULT and
 * keeps errno.
 */
int truth_after_lock(struct truth_lock *lock, int result);
void truth_add_time(struct truth_time *time); /* since truth_before() of this thread */
void truth_add(uint64_t *counter, uint64_t value);

/*
 * A worker of END 0, or of END 1, which is a child with --processes. It runs once a phase.
 * FD is open in the worker's process only (-1: none).
 */
void truth_worker(int end, void (*work)(void *), void *argument, int fd);

/* When set, prints further members of the truth, each with a comma before it. */
extern void (*truth_print_more)(void);

/* Waits until thread TID of process PID sleeps in system call NUMBER. */
void truth_await_asleep(pid_t pid, pid_t tid, long number);

/* Waits until it is the program's turn again. */
void truth_await_turn(void);

/* Does the whole protocol and exits. */
void truth_serve(void) __attribute__((noreturn));

void truth_sleep_ms(unsigned ms);

#endif
