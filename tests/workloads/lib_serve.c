/* SPDX-License-Identifier: GPL-2.0 */
/* The protocol of lib_truth.h: options, workers as threads and processes, phases, output. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib_truth.h"
#include "lib_truth_private.h"
#include "lib_uring.h"

#define MAX_WORKERS 256

struct worker {
	int end;
	void (*work)(void *);
	void *argument;
	int fd;
};

struct truth_options truth_options = {.threads = 1, .phases = 1};

void (*truth_print_more)(void);

static struct worker workers[MAX_WORKERS];
static unsigned worker_count;
static pid_t child;

static enum uring_mode uring_mode_of(const char *name)
{
	static const char *const names[] = {
		[URING_OFF] = "off",	   [URING_PLAIN] = "plain", [URING_ASYNC] = "async",
		[URING_SQPOLL] = "sqpoll", [URING_FIXED] = "fixed", [URING_DEFER] = "defer",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return i;
	exit(2);
}

void truth_options_parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"threads", required_argument, NULL, 't'}, {"shared", no_argument, NULL, 's'},
		{"processes", no_argument, NULL, 'p'},     {"late", no_argument, NULL, 'l'},
		{"now", no_argument, NULL, 'n'},           {"phases", required_argument, NULL, 'P'},
		{"uring", required_argument, NULL, 'u'},   {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't': truth_options.threads = atoi(optarg); break;
		case 's': truth_options.shared = true; break;
		case 'p': truth_options.processes = true; break;
		case 'l': truth_options.late = true; break;
		case 'n': truth_options.now = true; break;
		case 'P': truth_options.phases = atoi(optarg); break;
		case 'u': truth_options.uring = uring_mode_of(optarg); break;
		default: exit(2);
		}
	}
	truth_options.variant = argv[optind];
	truth_records = truth_shared(sizeof(*truth_records));
	signal(SIGPIPE, SIG_IGN);
}

void truth_worker(int end, void (*work)(void *), void *argument, int fd)
{
	if (worker_count == MAX_WORKERS)
		truth_die("too many workers");
	workers[worker_count++] = (struct worker){end, work, argument, fd};
}

/* Short sleeps, not a futex: the tests count futex waits. */
static void pause_shortly(void)
{
	nanosleep(&(struct timespec){0, 4000000}, NULL);
}

static int phase_now(void)
{
	return __atomic_load_n(&truth_records->phase, __ATOMIC_SEQ_CST);
}

static bool finished(void)
{
	return __atomic_load_n(&truth_records->finished, __ATOMIC_SEQ_CST);
}

static void wait_for(const uint64_t *counter, uint64_t value)
{
	while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < value)
		pause_shortly();
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	int phase = truth_options.late ? phase_now() - 1 : phase_now();

	truth_add(&truth_records->ready, 1);
	for (;;) {
		while (phase_now() == phase && !finished())
			pause_shortly();
		if (finished())
			return NULL;
		phase++;
		worker->work(worker->argument);
		truth_add(&truth_records->done, 1);
		if (truth_options.late)
			return NULL;
	}
}

static void start_workers(int end)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (unsigned i = 0; i < worker_count; i++) {
		if (truth_options.processes && workers[i].end != end)
			continue;
		errno = pthread_create(&thread, &attributes, worker_main, &workers[i]);
		if (errno)
			truth_die("pthread_create");
	}
}

static void close_others(int end)
{
	bool closed[1024] = {false};

	for (unsigned i = 0; i < worker_count; i++) {
		int fd = workers[i].fd;

		if (workers[i].end == end || fd < 0 || closed[fd])
			continue;
		closed[fd] = true;
		close(fd);
	}
}

static void child_main(void)
{
	int phase = phase_now();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_others(1);
	if (!truth_options.late)
		start_workers(1);
	while (!finished()) {
		if (truth_options.late && phase != phase_now()) {
			phase = phase_now();
			start_workers(1);
		}
		pause_shortly();
	}
	_exit(0);
}

static void print_string(const char *text, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = text[i];

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_time(const struct truth_time *time)
{
	printf(",\"asleep_ns\":%" PRIu64 ",\"runqueue_ns\":%" PRIu64 ",\"sleeps\":%" PRIu64,
	       time->asleep_ns, time->runqueue_ns, time->sleeps);
}

static void print_errnos(const uint64_t errnos[TRUTH_ERRNOS])
{
	const char *separator = "";

	printf(",\"errnos\":{");
	for (int error = 1; error < TRUTH_ERRNOS; error++) {
		if (!errnos[error])
			continue;
		printf("%s\"%s\":%" PRIu64, separator, strerrorname_np(error), errnos[error]);
		separator = ",";
	}
	putchar('}');
}

static void print_figures(const char *name, const struct truth_figures *f)
{
	printf("\"%s\":{\"calls\":%" PRIu64 ",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"would_block\":%" PRIu64 ",\"errors\":%" PRIu64,
	       name, f->calls, f->messages, f->bytes, f->would_block, f->errors);
	print_errnos(f->errnos);
	print_time(&f->time);
	putchar('}');
}

static void print_channel(const struct truth_channel *channel)
{
	printf("{\"kind\":\"%s\",\"id\":\"%s\",\"name\":", channel->kind, channel->id);
	print_string(channel->name, channel->name_length);
	printf(",\"endpoints\":[");
	for (unsigned i = 0; i < channel->end_count; i++) {
		printf("%s{\"pid\":%d,", i ? "," : "", channel->ends[i].pid);
		print_figures("sent", &channel->ends[i].figures[SENT]);
		putchar(',');
		print_figures("received", &channel->ends[i].figures[RECEIVED]);
		putchar('}');
	}
	printf("]}");
}

static void print_lock(const struct truth_lock *lock)
{
	printf("{\"pid\":%d,\"address\":\"0x%" PRIx64 "\",\"id\":\"%s\",\"waits\":%" PRIu64 ",\"timeouts\":%" PRIu64
	       ",\"interrupted\":%" PRIu64 ",\"would_block\":%" PRIu64 ",\"errors\":%" PRIu64,
	       lock->pid, lock->address, lock->id, lock->waits, lock->timeouts, lock->interrupted,
	       lock->would_block, lock->errors);
	if (!lock->wakes_unknown)
		printf(",\"wakes\":%" PRIu64 ",\"empty_wakes\":%" PRIu64 ",\"woken_threads\":%" PRIu64
		       ",\"requeued\":%" PRIu64,
		       lock->wakes, lock->empty_wakes, lock->woken_threads, lock->requeued);
	print_errnos(lock->errnos);
	print_time(&lock->time);
	if (lock->max_waiters)
		printf(",\"max_waiters\":%" PRIu64, lock->max_waiters);
	putchar('}');
}

/* One write of the whole line: stdout is fully buffered. */
static void print_truth(void)
{
	const char *separator = "";

	printf("{\"truth\":1,\"channels\":[");
	for (unsigned i = 0; i < MAX_CHANNELS; i++) {
		if (!truth_records->channels[i].used)
			continue;
		printf("%s", separator);
		print_channel(&truth_records->channels[i]);
		separator = ",";
	}
	printf("],\"locks\":[");
	separator = "";
	for (unsigned i = 0; i < MAX_LOCKS && truth_records->locks[i].used; i++) {
		printf("%s", separator);
		print_lock(&truth_records->locks[i]);
		separator = ",";
	}
	putchar(']');
	if (truth_print_more)
		truth_print_more();
	printf("}\n");
	fflush(stdout);
}

/* Figures start anew with every phase; what exists stays known. */
static void reset_records(void)
{
	for (unsigned i = 0; i < MAX_CHANNELS && truth_records->channels[i].used; i++)
		for (unsigned end = 0; end < MAX_ENDS; end++)
			memset(truth_records->channels[i].ends[end].figures, 0,
			       sizeof(truth_records->channels[i].ends[end].figures));
	memset(truth_records->locks, 0, sizeof(truth_records->locks));
}

/* The test adds a byte to the file that is our standard input, and nobody reads it: not a call that is traced. */
void truth_await_turn(void)
{
	static off_t turns;
	off_t size;

	if (truth_options.now)
		return;
	turns++;
	while ((size = lseek(STDIN_FILENO, 0, SEEK_END)) < turns) {
		if (size < 0)
			truth_die("standard input");
		truth_sleep_ms(1);
	}
}

void truth_serve(void)
{
	static char buffer[1 << 19];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (truth_options.processes) {
		child = fork();
		if (child < 0)
			truth_die("fork");
		if (child == 0)
			child_main();
		close_others(0);
	}
	if (!truth_options.late) {
		start_workers(0);
		wait_for(&truth_records->ready, worker_count);
	}
	printf("{\"ready\":1,\"pid\":%d,\"child\":%d}\n", getpid(), child);
	fflush(stdout);
	for (unsigned phase = 0; phase < truth_options.phases; phase++) {
		truth_await_turn();
		reset_records();
		__atomic_store_n(&truth_records->done, 0, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&truth_records->phase, 1, __ATOMIC_SEQ_CST);
		if (truth_options.late)
			start_workers(0);
		wait_for(&truth_records->done, worker_count);
		print_truth();
	}
	truth_await_turn();
	__atomic_store_n(&truth_records->finished, 1, __ATOMIC_SEQ_CST);
	if (child > 0)
		waitpid(child, NULL, 0);
	exit(0);
}
