/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System V objects, and calls on message queues with their truth, in an IPC namespace of the workload's own: they are gone with it,
 * however it ends.
 */
#ifndef LIB_SYSV_H
#define LIB_SYSV_H

#include <sys/ipc.h>

#include "lib_truth.h"

#define SYSV_LARGEST 1021

struct sysv_message {
	long type;
	char text[SYSV_LARGEST + 1];
};

struct sysv_queue {
	struct truth_channel *channel;
	int id;
};

/* The ways to one system call. 64-bit programs have the first only, and take it in place of all. */
enum sysv_way {
	SYSV_DIRECT,
	SYSV_IPC_0, /* through ipc(), address and type of the message in a structure of their own */
	SYSV_IPC_1, /* through ipc(), version 1: all in registers */
	SYSV_WAYS,
};

/* Before everything else that touches System V objects. */
void sysv_own_namespace(void);

/* The key of object NUMBER: none (private) for every other one. */
key_t sysv_key(unsigned number);

struct truth_channel *sysv_channel(const char *kind, int id, key_t key);

struct sysv_queue sysv_new_queue(unsigned number);

/* A number that never was a queue's. */
struct sysv_queue sysv_no_queue(int id);

void sysv_remove(const struct sysv_queue *queue);

/* As the calls, counted. No message now (ENOMSG) is EAGAIN, as it is for all others. MSG_COPY is a look. */
int sysv_send(const struct sysv_queue *queue, enum sysv_way way, const void *message, size_t size, int flags);
ssize_t sysv_receive(const struct sysv_queue *queue, enum sysv_way way, void *message, size_t size, long type,
		     int flags);

/* The number of the system call that sysv_send() or sysv_receive() makes. */
long sysv_number(enum sysv_way way, enum truth_direction direction);

#endif
