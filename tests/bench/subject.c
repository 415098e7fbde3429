// SPDX-License-Identifier: GPL-2.0
/*
 * What the tracers are measured on: one process with four contending threads and one child, which do nothing
 * until told. Says its two PIDs, then for each line "ROW WINDOW_MS WINDOWS" on standard input runs
 * that load for so many windows of that length and prints the smallest nanoseconds an operation
 * among them, measured by itself. Processes stay on one CPU (the first argument), so that a figure
 * holds no wake-up of an idle CPU; the threads use them all, or they would never meet.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_BYTES 64
#define BLOCK_BYTES   65536
#define THREADS       4
#define WORK          500 /* steps with the mutex held, about a microsecond */
#define STUCK_SECONDS 60 /* a row that takes longer ends the program */
#define LAST          'q' /* first byte of the message that ends an echo */

/* What parent and child share besides their channels. */
struct shared {
	atomic_int stop;
	atomic_int stopped;
};

static struct shared *shared;
static int alone[2]; /* the parent's own pipe */
static int to_child[2]; /* ping */
static int to_parent[2]; /* pong, and the stream */
static int pair[2]; /* unix: parent, child */
static int orders[2]; /* one byte: what the child shall do now */
static char block[BLOCK_BYTES];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t begin, ended;
static atomic_int contending;
static atomic_ullong locked_total;
static volatile unsigned int protected_counter;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void must_write(int fd, size_t bytes)
{
	if (write(fd, block, bytes) != (ssize_t)bytes)
		die("write");
}

static void must_read(int fd, size_t bytes)
{
	if (read(fd, block, bytes) != (ssize_t)bytes)
		die("read");
}

static void order(char what)
{
	if (write(orders[1], &what, 1) != 1)
		die("order");
}

/* Each step is one operation of its row; returns how many operations it was. */
static unsigned int step_getppid(void)
{
	for (int i = 0; i < 64; i++)
		getppid();
	return 64;
}

static unsigned int step_pipe(void)
{
	for (int i = 0; i < 32; i++) {
		must_write(alone[1], MESSAGE_BYTES);
		must_read(alone[0], MESSAGE_BYTES);
	}
	return 32;
}

static unsigned int ping_pong(int out, int in)
{
	for (int i = 0; i < 8; i++) {
		must_write(out, MESSAGE_BYTES);
		must_read(in, MESSAGE_BYTES);
	}
	return 8;
}

static unsigned int step_pipe_ping_pong(void)
{
	return ping_pong(to_child[1], to_parent[0]);
}

static unsigned int step_unix_ping_pong(void)
{
	return ping_pong(pair[0], pair[0]);
}

static unsigned int step_stream(void)
{
	for (size_t left = 8ul * BLOCK_BYTES; left;) {
		ssize_t got = read(to_parent[0], block, left < BLOCK_BYTES ? left : BLOCK_BYTES);

		if (got <= 0)
			die("stream");
		left -= got;
	}
	return 8;
}

static void stop_echo(int out)
{
	block[0] = LAST;
	must_write(out, MESSAGE_BYTES);
	block[0] = 0;
}

/* The child may sleep in a full pipe: empty it until it has seen the flag. */
static void stop_stream(void)
{
	int queued;

	atomic_store(&shared->stop, 1);
	for (;;) {
		int stopped = atomic_load(&shared->stopped);

		if (ioctl(to_parent[0], FIONREAD, &queued))
			die("FIONREAD");
		if (queued)
			must_read(to_parent[0], queued < BLOCK_BYTES ? queued : BLOCK_BYTES);
		else if (stopped)
			break;
		else
			usleep(100);
	}
	atomic_store(&shared->stop, 0);
	atomic_store(&shared->stopped, 0);
}

static void start_pipe_echo(void)
{
	order('p');
}

static void start_unix_echo(void)
{
	order('u');
}

static void start_stream(void)
{
	order('s');
}

static void stop_pipe_echo(void)
{
	stop_echo(to_child[1]);
}

static void stop_unix_echo(void)
{
	stop_echo(pair[0]);
}

static void echo(int in, int out)
{
	for (;;) {
		must_read(in, MESSAGE_BYTES);
		if (block[0] == LAST) {
			block[0] = 0; /* or the next stream would carry it to the parent, and end an echo
					 early */
			return;
		}
		must_write(out, MESSAGE_BYTES);
	}
}

static void child(void)
{
	char what;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(orders[1]);
	while (read(orders[0], &what, 1) == 1) {
		if (what == 'p') {
			echo(to_child[0], to_parent[1]);
		} else if (what == 'u') {
			echo(pair[1], pair[1]);
		} else {
			while (!atomic_load(&shared->stop))
				must_write(to_parent[1], BLOCK_BYTES);
			atomic_store(&shared->stopped, 1);
		}
	}
	_exit(0);
}

static void *contend(void *unused)
{
	(void)unused;
	for (;;) {
		unsigned long long mine = 0;

		sem_wait(&begin);
		while (atomic_load_explicit(&contending, memory_order_relaxed)) {
			pthread_mutex_lock(&mutex);
			for (int i = 0; i < WORK; i++)
				protected_counter++;
			pthread_mutex_unlock(&mutex);
			for (volatile int i = 0; i < WORK; i++)
				; /* as long outside: the others get their turn */
			mine++;
		}
		atomic_fetch_add(&locked_total, mine);
		sem_post(&ended);
	}
	return NULL;
}

static double mutex_window(uint64_t window_ns)
{
	uint64_t start;

	atomic_store(&locked_total, 0);
	atomic_store(&contending, 1);
	start = now_ns();
	for (int i = 0; i < THREADS; i++)
		sem_post(&begin);
	usleep(window_ns / 1000);
	atomic_store(&contending, 0);
	for (int i = 0; i < THREADS; i++)
		sem_wait(&ended);
	return (double)(now_ns() - start) / (double)atomic_load(&locked_total);
}

static const struct row {
	const char *name;
	void (*start)(void);
	unsigned int (*step)(void);
	void (*stop)(void);
} rows[] = {
	{.name = "getppid", .step = step_getppid}, {.name = "pipe", .step = step_pipe},
	{.name = "pipe_pingpong",
		.start = start_pipe_echo,
		.step = step_pipe_ping_pong,
		.stop = stop_pipe_echo},
	{.name = "unix_pingpong",
		.start = start_unix_echo,
		.step = step_unix_ping_pong,
		.stop = stop_unix_echo},
	{.name = "stream", .start = start_stream, .step = step_stream, .stop = stop_stream},
	{.name = "mutex"}, /* not by steps: its threads run by themselves */
};

static double step_window(const struct row *row, uint64_t window_ns)
{
	uint64_t start = now_ns(), end, operations = 0;

	do {
		operations += row->step();
		end = now_ns();
	} while (end - start < window_ns);
	return (double)(end - start) / (double)operations;
}

static double measure(const struct row *row, uint64_t window_ns, unsigned int windows)
{
	double best = 1e18;

	block[0] = 0; /* the stream's blocks may begin with LAST */
	alarm(STUCK_SECONDS);
	if (row->start)
		row->start();
	if (row->step)
		row->step(); /* warm */
	if (!row->step) {
		/* One long window: the shortest of many would be the one in which nobody had to wait. */
		window_ns *= windows;
		windows = 1;
	}
	while (windows--) {
		double ns = row->step ? step_window(row, window_ns) : mutex_window(window_ns);

		if (ns < best)
			best = ns;
	}
	if (row->stop)
		row->stop();
	alarm(0);
	return best;
}

static void serve(void)
{
	unsigned int window_ms, windows;
	char name[32];

	while (scanf("%31s %u %u", name, &window_ms, &windows) == 3) {
		const struct row *row = NULL;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (!strcmp(rows[i].name, name))
				row = &rows[i];
		if (!row || !windows) {
			fprintf(stderr, "subject: no row %s\n", name);
			exit(2);
		}
		printf("%.2f\n", measure(row, window_ms * 1000000ull, windows));
		fflush(stdout);
	}
}

static void stay_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity");
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || pipe(alone) || pipe(to_child) || pipe(to_parent) || pipe(orders) ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("subject");
	sem_init(&begin, 0, 0);
	sem_init(&ended, 0, 0);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		stay_on(argc > 1 ? atoi(argv[1]) : 0);
		child();
	}
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, contend, NULL))
			die("pthread_create");
	stay_on(argc > 1 ? atoi(argv[1]) : 0);
	printf("%d %d\n", getpid(), pid);
	fflush(stdout);
	serve();
	return 0;
}
