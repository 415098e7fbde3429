/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring by its system calls alone: a ring for each thread that asks for one. Each completion that belongs
 * to a channel is counted by whoever made the request, with truth_count().
 */
#ifndef LIB_URING_H
#define LIB_URING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib_truth.h"

/* Of later kernels than this machine's headers. */
#define URING_READ_MULTISHOT 49

/* How requests are made, by the word after --uring. */
enum uring_mode {
	URING_OFF,
	URING_PLAIN,  /* the kernel tries at once, then when the file is ready */
	URING_ASYNC,  /* worker threads of the kernel carry them out */
	URING_SQPOLL, /* a thread of the ring takes them */
	URING_FIXED,  /* registered files and buffers */
	URING_DEFER,  /* completions are posted when the submitter asks for them */
};

struct uring;

struct uring_completion {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
};

/* The ring of the calling thread, made in MODE when it is new. */
struct uring *uring_own(enum uring_mode mode);

/* Another one, with room for ENTRIES requests and twice as many completions. */
struct uring *uring_new(enum uring_mode mode, unsigned entries);
void uring_close(struct uring *ring);

/* The buffer that is registered with a ring of mode FIXED: 256 KiB. */
void *uring_buffer(const struct uring *ring);

/* A new request, cleared; it must be filled in before the next call. */
struct io_uring_sqe *uring_request(struct uring *ring, unsigned opcode, int fd, const void *data, size_t size);

/* Hands over all new requests and waits for COUNT completions, which stay in the ring. */
void uring_submit(struct uring *ring, unsigned count);

/* Takes the next completion; waits for it. */
struct uring_completion uring_take(struct uring *ring);

/* Is there one? */
bool uring_has_completion(struct uring *ring);

/* Submits the one new request and takes its completion: a result, or -1 and errno. */
ssize_t uring_finish(struct uring *ring);

/* Does the kernel know this opcode? */
bool uring_knows(struct uring *ring, unsigned opcode);

/* One message over FD, however the number HOW says; TO: where to, or NULL. */
struct uring_address {
	const void *to;
	unsigned length;
};
ssize_t uring_send(int fd, bool is_socket, void *data, size_t size, struct uring_address address, unsigned how);
ssize_t uring_receive(int fd, bool is_socket, void *data, size_t size, unsigned how);

#endif
