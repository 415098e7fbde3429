/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System V semaphores: a set for each pair of threads or one for all, one thread counts up and one down;
 * variant "edges": every way such a call can end, alone and with a partner.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_sysv.h"

#define ROUNDS 211
#define SEMAPHORES 3
#define TOO_MANY 60000

/* include/uapi/linux/ipc.h */
#define IPC_SEMOP 1
#define IPC_SEMTIMEDOP 4

struct set {
	struct truth_channel *channel;
	int id;
	pid_t sleeper_tid;
	uint64_t step; /* sleeps that the partner may end */
};


enum way { PLAIN, TIMED, TIMED_64, WAYS };

static long call_operate(int id, enum way way, struct sembuf *operations, size_t count,
			 const struct timespec *timeout)
{
#ifdef SYS_ipc
	int64_t timeout_64[2];

	if (way == PLAIN && !timeout)
		return syscall(SYS_ipc, IPC_SEMOP, id, count, 0, operations, 0);
	if (way == TIMED)
		return syscall(SYS_ipc, IPC_SEMTIMEDOP, id, count, 0, operations, timeout);
	if (timeout) {
		timeout_64[0] = timeout->tv_sec;
		timeout_64[1] = timeout->tv_nsec;
	}
	return syscall(SYS_semtimedop_time64, id, operations, count, timeout ? timeout_64 : NULL);
#else
	if (way == PLAIN && !timeout)
		return syscall(SYS_semop, id, operations, count);
	return syscall(SYS_semtimedop, id, operations, count, timeout);
#endif
}

/* UP: what the first of the operations is. */
static long operate(const struct set *set, enum way way, bool up, struct sembuf *operations, size_t count,
		    const struct timespec *timeout)
{
	truth_before();
	return truth_after(set->channel, up ? SENT : RECEIVED,
			   call_operate(set->id, way, operations, count, timeout));
}

static long one(const struct set *set, enum way way, short operation, short flags)
{
	struct sembuf operations[] = {{0, operation, flags}};

	return operate(set, way, operation > 0, operations, 1, NULL);
}

static void count_up(void *argument)
{
	struct sembuf two[] = {{0, 1, SEM_UNDO}, {0, 1, 0}};

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 53 == 7)
			truth_sleep_ms(7);
		if (i % 5 == 3)
			edges_expect(!operate(argument, i % WAYS, true, two, 2, NULL), "up by two");
		else
			edges_expect(!one(argument, i % WAYS, 2, 0), "up");
	}
}

static void count_down(void *argument)
{
	for (unsigned i = 0; i < 2 * ROUNDS; i++) {
		if (i == 101)
			truth_sleep_ms(13);
		edges_expect(!one(argument, i % WAYS, -1, 0), "down");
	}
}

static void refuse(const struct set *set, enum way way)
{
	struct sembuf missing[] = {{SEMAPHORES, 1, 0}};
	struct sembuf mixed[] = {{1, 0, IPC_NOWAIT}, {1, 3, 0}, {2, -1, IPC_NOWAIT}};
	void *volatile unmapped = (void *)8;
	struct timespec shortly = {0, 11000000};
	struct sembuf down = {0, -1, 0};

	edges_expect(one(set, way, -1, IPC_NOWAIT) < 0 && errno == EAGAIN, "EAGAIN");
	edges_expect(operate(set, way, false, &down, 1, &shortly) < 0 && errno == EAGAIN, "timeout");
	edges_expect(operate(set, way, true, missing, 1, NULL) < 0 && errno == EFBIG, "EFBIG");
	edges_expect(operate(set, way, true, missing, TOO_MANY, NULL) < 0 && errno == E2BIG, "E2BIG");
	edges_expect(operate(set, way, true, missing, 0, NULL) < 0 && errno == EINVAL, "no operations");
	edges_expect(operate(set, way, false, unmapped, 1, NULL) < 0 && errno == EFAULT, "EFAULT");
	edges_expect(!one(set, way, 32767, 0), "up");
	edges_expect(one(set, way, 1, 0) < 0 && errno == ERANGE, "ERANGE");
	edges_expect(!one(set, way, -32767, 0), "down");
	edges_expect(!one(set, way, 0, 0), "is zero");
	edges_expect(operate(set, way, false, mixed, 3, NULL) < 0 && errno == EAGAIN, "all or nothing");
}

/* Operations in a page that only the call itself brings into memory. */
static void from_absent_page(const struct set *set, enum way way)
{
	struct sembuf operations[] = {{0, 1, 0}, {0, -1, 0}};
	char path[] = "/tmp/ipctrace-sem-XXXXXX";
	int fd = mkstemp(path);
	struct sembuf *mapped;

	edges_expect(fd >= 0 && !unlink(path) &&
			     pwrite(fd, operations, sizeof(operations), 0) == sizeof(operations), "file");
	mapped = mmap(NULL, sizeof(operations), PROT_READ, MAP_PRIVATE, fd, 0);
	edges_expect(mapped != MAP_FAILED, "mmap");
	edges_expect(!operate(set, way, true, mapped, 2, NULL), "from a page that is absent");
	munmap(mapped, sizeof(operations));
	close(fd);
}

static void on_signal(int number)
{
	(void)number;
}

static void edges(void *argument)
{
	struct set *set = argument;

	for (enum way way = 0; way < WAYS; way++) {
		refuse(set, way);
		from_absent_page(set, way);
	}
	set->sleeper_tid = gettid();
	for (enum way way = 0; way < WAYS; way++) {
		truth_add(&set->step, 1);
		edges_expect(one(set, way, -1, 0) < 0 && errno == EINTR, "EINTR");
	}
	truth_add(&set->step, 1);
	edges_expect(!one(set, PLAIN, -1, 0), "down");
	truth_add(&set->step, 1);
	edges_expect(one(set, PLAIN, -1, 0) < 0 && errno == EIDRM, "removed");
	edges_expect(one(set, PLAIN, 1, 0) < 0 && (errno == EINVAL || errno == EIDRM), "gone");
}

static long number_of(enum way way)
{
#ifdef SYS_ipc
	return way == TIMED_64 ? SYS_semtimedop_time64 : SYS_ipc;
#else
	return way == PLAIN ? SYS_semop : SYS_semtimedop;
#endif
}

static void await_asleep(struct set *set, uint64_t step, enum way way)
{
	while (__atomic_load_n(&set->step, __ATOMIC_SEQ_CST) < step)
		truth_sleep_ms(1);
	truth_await_asleep(getpid(), set->sleeper_tid, number_of(way));
	truth_sleep_ms(3);
}

static void partner(void *argument)
{
	struct set *set = argument;

	for (enum way way = 0; way < WAYS; way++) {
		await_asleep(set, way + 1, way);
		syscall(SYS_tgkill, getpid(), set->sleeper_tid, SIGUSR2);
	}
	await_asleep(set, WAYS + 1, PLAIN);
	edges_expect(!one(set, PLAIN, 1, 0), "up");
	await_asleep(set, WAYS + 2, PLAIN);
	edges_expect(!semctl(set->id, 0, IPC_RMID), "IPC_RMID");
}

static void new_set(struct set *set, unsigned number)
{
	key_t key = sysv_key(number);

	set->id = semget(key, SEMAPHORES, IPC_CREAT | IPC_EXCL | 0600);
	edges_expect(set->id >= 0, "semget");
	set->channel = sysv_channel("sysv-sem", set->id, key);
}

int main(int argc, char **argv)
{
	struct set *sets;
	bool are_edges;

	truth_options_parse(argc, argv);
	are_edges = truth_options.variant && !strcmp(truth_options.variant, "edges");
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, NULL);
	sysv_own_namespace();
	sets = calloc(truth_options.threads, sizeof(*sets));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		if (i > 0 && truth_options.shared)
			sets[i] = sets[0];
		else
			new_set(&sets[i], i);
		truth_worker(0, are_edges ? edges : count_up, &sets[i], -1);
		truth_worker(1, are_edges ? partner : count_down, &sets[i], -1);
	}
	truth_serve();
}
