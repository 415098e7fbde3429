/* SPDX-License-Identifier: GPL-2.0 */
/* Rings and single requests of lib_uring.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib_uring.h"

#define ENTRIES 16
#define FIXED_FILES 64
#define FIXED_BYTES (1 << 18)

struct uring {
	enum uring_mode mode;
	int fd;
	unsigned *sq_head, *sq_tail, *sq_flags, *sq_array, sq_mask;
	unsigned *cq_head, *cq_tail, cq_mask;
	struct io_uring_sqe *requests;
	struct io_uring_cqe *completions;
	unsigned fresh; /* requests that are not handed over */
	void *rings, *buffer;
	size_t rings_size, requests_size;
	int files[FIXED_FILES]; /* registered descriptors, -1: free */
};

static __thread struct uring *own;

static int register_with(const struct uring *ring, unsigned what, void *argument, unsigned count)
{
	return (int)syscall(__NR_io_uring_register, ring->fd, what, argument, count);
}

static void register_fixed(struct uring *ring)
{
	struct iovec buffer;

	ring->buffer = mmap(NULL, FIXED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	buffer = (struct iovec){ring->buffer, FIXED_BYTES};
	memset(ring->files, -1, sizeof(ring->files));
	if (register_with(ring, IORING_REGISTER_BUFFERS, &buffer, 1) ||
	    register_with(ring, IORING_REGISTER_FILES, ring->files, FIXED_FILES))
		truth_die("io_uring_register");
}

static int setup(struct io_uring_params *parameters, unsigned entries)
{
	int fd = (int)syscall(__NR_io_uring_setup, entries, parameters);

	if (fd < 0)
		truth_die("io_uring_setup");
	return fd;
}

/* All rings of a process share one thread, which belongs to a ring that lives as long as the process. */
static int shared_poller(void)
{
	static pid_t owner;
	static int busy, fd;

	while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		;
	if (owner != getpid()) {
		struct io_uring_params parameters = {.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 1};

		owner = getpid();
		fd = setup(&parameters, 1);
	}
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	return fd;
}

static int setup_mode(struct io_uring_params *parameters, enum uring_mode mode, unsigned entries)
{
	if (mode == URING_SQPOLL) {
		parameters->flags = IORING_SETUP_SQPOLL | IORING_SETUP_ATTACH_WQ;
		parameters->sq_thread_idle = 1;
		parameters->wq_fd = shared_poller();
	} else if (mode == URING_DEFER) {
		parameters->flags = 1 << 12 | 1 << 13; /* SINGLE_ISSUER, DEFER_TASKRUN: 6.1 */
	}
	return setup(parameters, entries);
}

struct uring *uring_new(enum uring_mode mode, unsigned entries)
{
	struct io_uring_params parameters = {0};
	struct uring *ring = calloc(1, sizeof(*ring));
	char *base;

	ring->mode = mode;
	ring->fd = setup_mode(&parameters, mode, entries);
	ring->rings_size = parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe);
	ring->requests_size = parameters.sq_entries * sizeof(struct io_uring_sqe);
	base = mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->rings = base;
	ring->requests = mmap(NULL, ring->requests_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			      IORING_OFF_SQES);
	if (base == MAP_FAILED || ring->requests == MAP_FAILED)
		truth_die("mmap of a ring");
	ring->sq_head = (unsigned *)(base + parameters.sq_off.head);
	ring->sq_tail = (unsigned *)(base + parameters.sq_off.tail);
	ring->sq_flags = (unsigned *)(base + parameters.sq_off.flags);
	ring->sq_array = (unsigned *)(base + parameters.sq_off.array);
	ring->sq_mask = parameters.sq_entries - 1;
	ring->cq_head = (unsigned *)(base + parameters.cq_off.head);
	ring->cq_tail = (unsigned *)(base + parameters.cq_off.tail);
	ring->cq_mask = parameters.cq_entries - 1;
	ring->completions = (struct io_uring_cqe *)(base + parameters.cq_off.cqes);
	if (mode == URING_FIXED)
		register_fixed(ring);
	return ring;
}

struct uring *uring_own(enum uring_mode mode)
{
	if (!own)
		own = uring_new(mode, ENTRIES);
	return own;
}

void uring_close(struct uring *ring)
{
	munmap(ring->rings, ring->rings_size);
	munmap(ring->requests, ring->requests_size);
	close(ring->fd);
	free(ring);
}

void *uring_buffer(const struct uring *ring)
{
	return ring->buffer;
}

/* The registered number of FD, which is registered when it is new. */
static int fixed_file(struct uring *ring, int fd)
{
	int slot = 0;

	while (slot < FIXED_FILES - 1 && ring->files[slot] != fd && ring->files[slot] >= 0)
		slot++;
	if (ring->files[slot] != fd) {
		struct io_uring_files_update update = {.offset = slot, .fds = (uintptr_t)&fd};

		if (register_with(ring, IORING_REGISTER_FILES_UPDATE, &update, 1) != 1)
			truth_die("IORING_REGISTER_FILES_UPDATE");
		ring->files[slot] = fd;
	}
	return slot;
}

struct io_uring_sqe *uring_request(struct uring *ring, unsigned opcode, int fd, const void *data, size_t size)
{
	unsigned index = (*ring->sq_tail + ring->fresh) & ring->sq_mask;
	struct io_uring_sqe *request = &ring->requests[index];

	memset(request, 0, sizeof(*request));
	ring->sq_array[index] = index;
	ring->fresh++;
	request->opcode = opcode;
	request->fd = fd;
	request->addr = (uintptr_t)data;
	request->len = size;
	if (ring->mode == URING_ASYNC)
		request->flags |= IOSQE_ASYNC;
	if (ring->mode == URING_FIXED && fd >= 0) {
		request->fd = fixed_file(ring, fd);
		request->flags |= IOSQE_FIXED_FILE;
	}
	return request;
}

static void enter(struct uring *ring, unsigned submit, unsigned wait_for, unsigned flags)
{
	while (syscall(__NR_io_uring_enter, ring->fd, submit, wait_for, flags, NULL, 0) < 0)
		if (errno != EINTR)
			truth_die("io_uring_enter");
}

void uring_submit(struct uring *ring, unsigned count)
{
	unsigned submit = ring->fresh, flags = IORING_ENTER_GETEVENTS;

	__atomic_store_n(ring->sq_tail, *ring->sq_tail + submit, __ATOMIC_RELEASE);
	ring->fresh = 0;
	if (ring->mode == URING_SQPOLL) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		submit = 0;
		if (__atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP)
			flags |= IORING_ENTER_SQ_WAKEUP;
	}
	enter(ring, submit, count, flags);
}

bool uring_has_completion(struct uring *ring)
{
	return *ring->cq_head != __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
}

struct uring_completion uring_take(struct uring *ring)
{
	struct uring_completion completion;
	unsigned head = *ring->cq_head;
	struct io_uring_cqe *taken;

	while (!uring_has_completion(ring))
		enter(ring, 0, 1, IORING_ENTER_GETEVENTS);
	taken = &ring->completions[head & ring->cq_mask];
	completion = (struct uring_completion){taken->user_data, taken->res, taken->flags};
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return completion;
}

ssize_t uring_finish(struct uring *ring)
{
	struct uring_completion completion;

	uring_submit(ring, 1);
	completion = uring_take(ring);
	if (completion.res >= 0)
		return completion.res;
	errno = -completion.res;
	return -1;
}

bool uring_knows(struct uring *ring, unsigned opcode)
{
	size_t size = sizeof(struct io_uring_probe) + 256 * sizeof(struct io_uring_probe_op);
	struct io_uring_probe *probe = calloc(1, size);
	bool knows;

	if (!probe || register_with(ring, IORING_REGISTER_PROBE, probe, 256))
		truth_die("IORING_REGISTER_PROBE");
	knows = opcode <= probe->last_op && (probe->ops[opcode].flags & IO_URING_OP_SUPPORTED);
	free(probe);
	return knows;
}
