// SPDX-License-Identifier: GPL-2.0
/*
 * The command "check": what the kernel and the user's rights allow, what therefore is covered, and
 * a test of the whole way from a pipe to our counters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "capture/features.h"
#include "capture/privileges.h"
#include "capture/session.h"
#include "commands.h"

static void row(const char *what, bool yes, const char *note)
{
	printf("  %-34s %-4s %s\n", what, yes ? "yes" : "no", note);
}

static void print_kernel(const struct features *features)
{
	struct utsname kernel;

	uname(&kernel);
	printf("kernel %s (%s)\n", kernel.release, kernel.machine);
	row("type information (BTF)", features->btf, "needed");
	row("task storage for tracing programs", features->task_storage, "needed; Linux 5.13");
	row("loads without probe reads", features->rdonly_cast,
	    features->rdonly_cast ? "" : "each call costs some 100 ns more");
	row("hooks that cannot be preempted", true,
	    features->preemptible_hooks ? "some 80 ns a call more; needs tracefs" : "");
	row("skipped program runs are counted", features->recursion_misses,
	    features->recursion_misses ? "" : "totals may be low and we cannot tell");
	row("programs' own CPU time", features->run_time_stats,
	    features->run_time_stats ? "" : "see sysctl kernel.bpf_stats_enabled");
}

#define TEXT_COLUMNS 80

static void print_kinds(void)
{
	size_t column = printf("  channels:");

	for (unsigned i = MECH_NONE + 1; i < MECH_COUNT; i++) {
		const char *kind = mechanism_kind(i);

		if (column + 1 + strlen(kind) > TEXT_COLUMNS) {
			printf("\n");
			column = printf("%11s", "");
		}
		column += printf(" %s", kind);
	}
	printf("\n");
}

static void print_coverage(const struct features *features)
{
	bool uring = features->uring != URING_NONE;

	printf("covered by the backend: tracepoint%s\n",
	       features->preemptible_hooks ? ", by programs of perf events" : "");
	print_kinds();
	printf("  locks: futex words, all operations; files: flock, and fcntl with OFD locks\n"
	       "  calls: read write readv writev pread pwrite preadv pwritev sendto recvfrom\n"
	       "         sendmsg recvmsg sendmmsg recvmmsg mq_timedsend mq_timedreceive msgsnd\n"
	       "         msgrcv semop semtimedop splice tee vmsplice sendfile futex kill tkill\n"
	       "         tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal\n"
	       "         rt_sigtimedwait process_vm_readv process_vm_writev flock fcntl\n"
	       "%s"
	       "partly covered\n"
	       "  shm, sysv-shm: who maps it (mmap, shmat, fork); bytes in it cannot be seen\n"
	       "  edges of eventfd and pty: who and how often; of netlink: between processes\n"
	       "  peers of one -p that send datagrams without connecting, or call System V\n"
	       "         objects: from when they are found\n"
	       "not covered\n"
	       "%s"
	       "  signals of the kernel; because of whom a thread waits\n",
	       uring ? "  io_uring: read write readv writev send sendmsg recv recvmsg, fixed, multishot,\n"
		       "         zero-copy; splice tee\n"
		     : "",
	       uring ? "  io_uring: msg_ring, recv_zc, requests that succeed in silence\n"
		     : "  io_uring: all of it is counted as uncovered\n");
}

/* Loads, attaches and tests as tracing would. Returns 0 or a negative errno, said in ERROR. */
static int try_session(size_t *map_bytes, char error[SESSION_ERROR_SIZE])
{
	static const struct options everything = {.mechanisms = ~0U, .futexes = true, .file_locks = true};
	struct session *session = NULL;
	int err = session_open(&session, &everything, error);

	if (!err)
		err = session_self_test(session, error);
	if (!err)
		*map_bytes = session_map_memory(session);
	session_close(session);
	return err;
}

int cmd_check(const struct options *options)
{
	char error[SESSION_ERROR_SIZE];
	struct features features;
	size_t map_bytes = 0;

	(void)options;
	features_probe(&features);
	print_kernel(&features);
	row("right to trace", !privileges_check(error, sizeof(error)),
	    "root, or some capabilities: see man");
	if (features_check(&features, error, sizeof(error)) ||
	    privileges_check(error, sizeof(error)) || try_session(&map_bytes, error)) {
		fflush(stdout);
		complain("%s", error);
		return STATUS_RUNTIME_ERROR;
	}
	row("programs load and attach", true, "");
	row("self-test: 1 byte through a pipe", true, "");
	if (map_bytes)
		printf("  %-34s %.1f MiB\n", "memory of the empty tables", map_bytes / 1048576.0);
	else
		printf("  %-34s unknown to this kernel\n", "memory of the empty tables");
	print_coverage(&features);
	printf("ready to trace\n");
	return fflush(stdout) ? STATUS_RUNTIME_ERROR : STATUS_OK;
}
