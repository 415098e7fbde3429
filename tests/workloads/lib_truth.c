/* SPDX-License-Identifier: GPL-2.0 */
/* The records behind lib_truth.h: declaring channels, counting calls, printing the truth. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib_truth.h"
#include "lib_truth_private.h"

struct records *truth_records;

struct stamp {
	uint64_t wall_ns, cpu_ns, runqueue_ns, sleeps;
};

static __thread struct stamp before;
static __thread pid_t sources_owner;
static __thread int schedstat_fd = -1, task_clock_fd = -1;

void truth_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	_exit(1);
}

void *truth_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		truth_die("mmap");
	return memory;
}

void truth_add(uint64_t *counter, uint64_t value)
{
	__atomic_fetch_add(counter, value, __ATOMIC_SEQ_CST);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * Opened once a thread; a child opens its own. The task clock of perf_event_open(2) runs while the thread has
 * a CPU, also through time that is stolen from a virtual machine, which CLOCK_THREAD_CPUTIME_ID leaves out and
 * which would look like sleep.
 */
static void open_sources(void)
{
	struct perf_event_attr clock = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(clock), .config = PERF_COUNT_SW_TASK_CLOCK,
	};

	if (sources_owner == gettid())
		return;
	sources_owner = gettid();
	schedstat_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	task_clock_fd = (int)syscall(SYS_perf_event_open, &clock, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static uint64_t on_cpu_ns(void)
{
	uint64_t ns;

	if (read(task_clock_fd, &ns, sizeof(ns)) == sizeof(ns))
		return ns;
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* Time this thread was ready to run and did not: second figure of /proc/thread-self/schedstat. */
static uint64_t runqueue_ns(void)
{
	unsigned long long run, delay = 0;
	char text[96];
	ssize_t length = pread(schedstat_fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return 0;
	text[length] = '\0';
	sscanf(text, "%llu %llu", &run, &delay);
	return delay;
}

/*
 * The three readings belong to one moment: taken again when the thread lost the CPU in between.
 * Outside of a call a thread never sleeps, so a later moment is as good as an earlier one.
 */
static void take_stamp(struct stamp *s)
{
	struct rusage usage;
	int tries = 0;

	do {
		s->wall_ns = clock_ns(CLOCK_MONOTONIC);
		s->cpu_ns = on_cpu_ns();
		s->runqueue_ns = runqueue_ns();
	} while (clock_ns(CLOCK_MONOTONIC) - s->wall_ns > 30000 && ++tries < 20);
	getrusage(RUSAGE_THREAD, &usage);
	s->sleeps = usage.ru_nvcsw;
}

void truth_before(void)
{
	open_sources();
	take_stamp(&before);
}

void truth_add_time(struct truth_time *time)
{
	struct stamp after;
	int64_t asleep_ns;

	take_stamp(&after);
	asleep_ns = (int64_t)(after.wall_ns - before.wall_ns) - (int64_t)(after.cpu_ns - before.cpu_ns) -
		    (int64_t)(after.runqueue_ns - before.runqueue_ns);
	truth_add(&time->asleep_ns, asleep_ns > 0 ? asleep_ns : 0);
	truth_add(&time->runqueue_ns, after.runqueue_ns - before.runqueue_ns);
	truth_add(&time->sleeps, after.sleeps - before.sleeps);
}

void truth_sleep_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

void truth_await_asleep(pid_t pid, pid_t tid, long number)
{
	char path[64], text[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	for (;;) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (length < 0)
			truth_die(path);
		close(fd);
		text[length] = '\0';
		if (text[0] >= '0' && text[0] <= '9' && atol(text) == number)
			return;
		truth_sleep_ms(1);
	}
}

static void lock_records(void)
{
	while (__atomic_exchange_n(&truth_records->busy, 1, __ATOMIC_ACQUIRE))
		;
}

static void unlock_records(void)
{
	__atomic_store_n(&truth_records->busy, 0, __ATOMIC_RELEASE);
}

static struct truth_channel *channel_new(const char *kind)
{
	struct truth_channel *channel = NULL;

	lock_records();
	for (unsigned i = 0; i < MAX_CHANNELS && !channel; i++)
		if (!truth_records->channels[i].used)
			channel = &truth_records->channels[i];
	if (!channel)
		truth_die("too many channels");
	channel->used = true;
	unlock_records();
	snprintf(channel->kind, sizeof(channel->kind), "%s", kind);
	channel->datagrams = !strcmp(kind, "unix-dgram") || !strcmp(kind, "unix-seqpacket") ||
			     !strcmp(kind, "udp") || !strcmp(kind, "mqueue") || !strcmp(kind, "netlink");
	return channel;
}

static struct stat stat_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		truth_die("fstat");
	return st;
}

struct truth_channel *truth_file_channel(const char *kind, int fd)
{
	struct truth_channel *channel = channel_new(kind);
	struct stat st = stat_of(fd);

	snprintf(channel->id, sizeof(channel->id), "%s:[%ju:%ju]", kind, (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	return channel;
}

struct truth_channel *truth_pair_channel(const char *kind, int one, int other)
{
	struct truth_channel *channel = channel_new(kind);
	unsigned long a = stat_of(one).st_ino, b = stat_of(other).st_ino;

	snprintf(channel->id, sizeof(channel->id), "%s:[%lu:%lu]", kind, a < b ? a : b, a < b ? b : a);
	return channel;
}

struct truth_channel *truth_socket_channel(const char *kind, int receiver)
{
	struct truth_channel *channel = channel_new(kind);

	snprintf(channel->id, sizeof(channel->id), "%s:[%lu]", kind, stat_of(receiver).st_ino);
	return channel;
}

struct truth_channel *truth_named_channel(const char *kind, const char *name)
{
	struct truth_channel *channel = channel_new(kind);

	truth_channel_name(channel, name, strlen(name));
	return channel;
}

void truth_channel_name(struct truth_channel *channel, const void *name, size_t length)
{
	channel->name_length = length < MAX_NAME ? length : MAX_NAME;
	memcpy(channel->name, name, channel->name_length);
}

struct truth_end *truth_end_of(struct truth_channel *channel, pid_t pid)
{
	struct truth_end *end = NULL;
	int saved = errno;

	lock_records();
	for (unsigned i = 0; i < channel->end_count && !end; i++)
		if (channel->ends[i].pid == pid)
			end = &channel->ends[i];
	if (!end) {
		if (channel->end_count == MAX_ENDS)
			truth_die("too many ends");
		end = &channel->ends[channel->end_count++];
		end->pid = pid;
	}
	unlock_records();
	errno = saved;
	return end;
}

static struct truth_figures *count_call_of(struct truth_channel *channel, enum truth_direction direction,
					   const struct truth_time *time)
{
	struct truth_figures *figures = &truth_end_of(channel, getpid())->figures[direction];

	truth_add(&figures->calls, 1);
	truth_add(&figures->time.asleep_ns, time->asleep_ns);
	truth_add(&figures->time.runqueue_ns, time->runqueue_ns);
	truth_add(&figures->time.sleeps, time->sleeps);
	return figures;
}

static struct truth_figures *count_call(struct truth_channel *channel, enum truth_direction direction)
{
	struct truth_time time = {0};

	truth_add_time(&time);
	return count_call_of(channel, direction, &time);
}

static void count_failure(struct truth_figures *figures, int error)
{
	/* ENOMSG: no message now, msgrcv's EAGAIN. */
	truth_add(error == EAGAIN || error == ENOMSG ? &figures->would_block : &figures->errors, 1);
	truth_add(&figures->errnos[error], 1);
}

static ssize_t count_result(struct truth_channel *channel, struct truth_figures *figures, ssize_t result,
			    int error)
{
	if (result < 0) {
		count_failure(figures, error);
	} else if (result > 0 || channel->datagrams) {
		truth_add(&figures->messages, 1);
		truth_add(&figures->bytes, result);
	}
	errno = error;
	return result;
}

ssize_t truth_after(struct truth_channel *channel, enum truth_direction direction, ssize_t result)
{
	int error = errno;

	return count_result(channel, count_call(channel, direction), result, error);
}

ssize_t truth_count(struct truth_channel *channel, enum truth_direction direction, ssize_t result)
{
	int error = errno;

	return count_result(channel, count_call_of(channel, direction, &(struct truth_time){0}), result, error);
}

ssize_t truth_count_look(struct truth_channel *channel, ssize_t result)
{
	int error = errno;
	struct truth_figures *figures = count_call_of(channel, RECEIVED, &(struct truth_time){0});

	if (result < 0)
		count_failure(figures, error);
	errno = error;
	return result;
}

void truth_after_many(struct truth_channel *channel, enum truth_direction direction,
		      uint64_t messages, uint64_t bytes)
{
	int error = errno;
	struct truth_figures *figures = count_call(channel, direction);

	truth_add(&figures->messages, messages);
	truth_add(&figures->bytes, bytes);
	errno = error;
}

ssize_t truth_after_look(struct truth_channel *channel, ssize_t result)
{
	int error = errno;
	struct truth_figures *figures = count_call(channel, RECEIVED);

	if (result < 0)
		count_failure(figures, error);
	errno = error;
	return result;
}

static ssize_t after_move(struct truth_channel *from, struct truth_channel *to,
			  enum truth_direction waited, bool takes, ssize_t result)
{
	struct truth_channel *ends[] = {[SENT] = to, [RECEIVED] = from};
	struct truth_time time = {0};
	int error = errno;

	truth_add_time(&time);
	if (!ends[waited])
		waited = waited == SENT ? RECEIVED : SENT;
	for (enum truth_direction i = SENT; i <= RECEIVED; i++) {
		const struct truth_time *mine = i == waited ? &time : &(struct truth_time){0};
		struct truth_figures *figures = ends[i] ? count_call_of(ends[i], i, mine) : NULL;

		if (figures && result < 0) {
			count_failure(figures, error);
		} else if (figures && (result > 0 || (i == RECEIVED && from->datagrams)) &&
			   (i == SENT || takes)) {
			truth_add(&figures->messages, 1);
			truth_add(&figures->bytes, result);
		}
	}
	errno = error;
	return result;
}

ssize_t truth_after_move(struct truth_channel *from, struct truth_channel *to, enum truth_direction waited,
			 ssize_t result)
{
	return after_move(from, to, waited, true, result);
}

ssize_t truth_after_duplicate(struct truth_channel *from, struct truth_channel *to,
			      enum truth_direction waited, ssize_t result)
{
	return after_move(from, to, waited, false, result);
}

static struct truth_lock *lock_get(pid_t pid, uint64_t address, const char *id)
{
	struct truth_lock *lock = NULL;

	lock_records();
	for (unsigned i = 0; i < MAX_LOCKS && !lock; i++) {
		struct truth_lock *candidate = &truth_records->locks[i];

		if (!candidate->used || (candidate->pid == pid && candidate->address == address &&
					 !strcmp(candidate->id, id)))
			lock = candidate;
	}
	if (!lock)
		truth_die("too many locks");
	lock->used = true;
	lock->pid = pid;
	lock->address = address;
	snprintf(lock->id, sizeof(lock->id), "%s", id);
	unlock_records();
	return lock;
}

struct truth_lock *truth_lock_at(pid_t pid, const void *address)
{
	return lock_get(pid, (uintptr_t)address, "");
}

struct truth_lock *truth_file_lock(int fd)
{
	struct stat st = stat_of(fd);
	char id[80];

	snprintf(id, sizeof(id), "file:[%ju:%ju]", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return lock_get(0, 0, id);
}

int truth_after_lock(struct truth_lock *lock, int result)
{
	struct truth_time time = {0};
	int error = result < 0 ? errno : 0;

	truth_add_time(&time);
	if (time.sleeps || error == EINTR) {
		truth_add(&lock->waits, 1);
		truth_add(&lock->time.asleep_ns, time.asleep_ns);
		truth_add(&lock->time.runqueue_ns, time.runqueue_ns);
		truth_add(&lock->time.sleeps, time.sleeps);
	}
	if (error == EINTR)
		truth_add(&lock->interrupted, 1);
	else if (error == EAGAIN)
		truth_add(&lock->would_block, 1);
	else if (error) {
		truth_add(&lock->errors, 1);
		truth_add(&lock->errnos[error], 1);
	}
	errno = error;
	return result;
}
