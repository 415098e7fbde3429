/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory objects with their truth: who maps them since when, how much of them, and what for. Printed as the
 * member "memory" of the truth; objects stay known from one phase to the next.
 */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include "lib_truth.h"

enum memory_kind {
	MEMORY_MEMFD,
	MEMORY_POSIX,
	MEMORY_FILE,
	MEMORY_SYSV,
	MEMORY_KINDS, /* of those that can be mapped by name; last: */
	MEMORY_ANONYMOUS = MEMORY_KINDS,
};

struct memory;

/* Before all others. */
void memory_begin(void);

/* A new object of SIZE bytes (whole pages), made in an IPC namespace of our own, not mapped yet. */
struct memory *memory_new(enum memory_kind kind, size_t size);

/*
 * Maps it, all of it; anonymous memory is made by this. The truth is booked for this process: when, what for,
 * and how many bytes of it are mapped.
 */
void *memory_map(struct memory *memory, bool writable);

/* As munmap() of a part, and its truth. */
void memory_unmap(struct memory *memory, void *address, size_t size);

/* Unmaps all of what memory_map() has returned. */
void memory_detach(struct memory *memory, void *address);

/* Books a mapping that was made otherwise, between the two times. */
void memory_book(struct memory *memory, pid_t pid, bool writable, size_t size, uint64_t from_ns,
		 uint64_t to_ns);

/* How much of it PID maps now. */
void memory_book_size(struct memory *memory, pid_t pid, size_t size);

/*
 * The object is to be seen nowhere: it tells nobody anything. A file that nobody can write to is an exception
 * on tmpfs: there, no truth is told about it.
 */
void memory_hide(struct memory *memory);
void memory_hide_file(struct memory *memory);

/* Takes its name away; those who map it keep it. */
void memory_remove(struct memory *memory);

/* The descriptor that it was made with, or -1. */
int memory_fd(const struct memory *memory);

/* A file that is open for reading only, as an object that is mapped from it. */
struct memory *memory_of_file(const char *path, int fd);

uint64_t memory_clock_ns(void);

#endif
