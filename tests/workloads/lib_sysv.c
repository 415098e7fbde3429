/* SPDX-License-Identifier: GPL-2.0 */
/* See lib_sysv.h. */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_sysv.h"

/* include/uapi/linux/ipc.h */
#define IPC_MSGSND 11
#define IPC_MSGRCV 12
#define VERSION_1 (1 << 16)

#define FIRST_KEY 0x1bc000

void sysv_own_namespace(void)
{
	edges_expect(!unshare(CLONE_NEWIPC), "unshare (needs root)");
}

struct truth_channel *sysv_channel(const char *kind, int id, key_t key)
{
	struct truth_channel *channel;
	struct stat st;
	char name[64];

	edges_expect(!stat("/proc/self/ns/ipc", &st), "IPC namespace");
	if (key == IPC_PRIVATE)
		snprintf(name, sizeof(name), "id %d", id);
	else
		snprintf(name, sizeof(name), "key 0x%x id %d", (unsigned)key, id);
	channel = truth_named_channel(kind, name);
	channel->datagrams = true;
	snprintf(channel->id, sizeof(channel->id), "%s:[%ju:%d]", kind, (uintmax_t)st.st_ino, id);
	return channel;
}

key_t sysv_key(unsigned number)
{
	return number % 2 ? (key_t)(FIRST_KEY + number) : IPC_PRIVATE;
}

struct sysv_queue sysv_new_queue(unsigned number)
{
	key_t key = sysv_key(number);
	int id = msgget(key, IPC_CREAT | IPC_EXCL | 0600);

	edges_expect(id >= 0, "msgget");
	return (struct sysv_queue){sysv_channel("sysv-msg", id, key), id};
}

struct sysv_queue sysv_no_queue(int id)
{
	return (struct sysv_queue){sysv_channel("sysv-msg", id, IPC_PRIVATE), id};
}

void sysv_remove(const struct sysv_queue *queue)
{
	edges_expect(!msgctl(queue->id, IPC_RMID, NULL), "IPC_RMID");
}

static long call_send(int id, enum sysv_way way, const void *message, size_t size, int flags)
{
#ifdef SYS_ipc
	if (way != SYSV_DIRECT)
		return syscall(SYS_ipc, IPC_MSGSND | (way == SYSV_IPC_1 ? VERSION_1 : 0), id, size, flags, message,
			       0);
#endif
	(void)way;
	return syscall(SYS_msgsnd, id, message, size, flags);
}

static long call_receive(int id, enum sysv_way way, void *message, size_t size, long type, int flags)
{
#ifdef SYS_ipc
	struct {
		void *message;
		long type;
	} both = {message, type};

	if (way == SYSV_IPC_0)
		return syscall(SYS_ipc, IPC_MSGRCV, id, size, flags, &both, 0);
	if (way == SYSV_IPC_1)
		return syscall(SYS_ipc, IPC_MSGRCV | VERSION_1, id, size, flags, message, type);
#endif
	(void)way;
	return syscall(SYS_msgrcv, id, message, size, type, flags);
}

int sysv_send(const struct sysv_queue *queue, enum sysv_way way, const void *message, size_t size, int flags)
{
	long failed;

	truth_before();
	failed = call_send(queue->id, way, message, size, flags);
	truth_after(queue->channel, SENT, failed ? -1 : (ssize_t)size);
	return failed ? -1 : 0;
}

ssize_t sysv_receive(const struct sysv_queue *queue, enum sysv_way way, void *message, size_t size, long type,
		     int flags)
{
	ssize_t result;

	truth_before();
	result = call_receive(queue->id, way, message, size, type, flags);
	if (flags & MSG_COPY)
		truth_after_look(queue->channel, result);
	else
		truth_after(queue->channel, RECEIVED, result);
	if (result < 0 && errno == ENOMSG)
		errno = EAGAIN;
	return result;
}

long sysv_number(enum sysv_way way, enum truth_direction direction)
{
#ifdef SYS_ipc
	if (way != SYSV_DIRECT)
		return SYS_ipc;
#endif
	(void)way;
	return direction == SENT ? SYS_msgsnd : SYS_msgrcv;
}
