/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mappings that change, fail, end soon or are none. Variant "forks": what children are born with, live they
 * ever so short. `shm_edges --nothing` is what exec runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_memory.h"

#define PAGE ((size_t)4096)
#define CHILDREN 5
#define SHORT_LIVED 53

/* Mapped and gone at once: only who, since when and how large remains. */
static void short_lived(void)
{
	for (unsigned i = 0; i < SHORT_LIVED; i++) {
		struct memory *memory = memory_new(i % 5 == 4 ? MEMORY_ANONYMOUS : i % 5, PAGE * (1 + i % 3));

		memory_detach(memory, memory_map(memory, true));
		if (memory_fd(memory) >= 0)
			close(memory_fd(memory));
		if (i % 5 != 4)
			memory_remove(memory);
	}
}

/* Parts of a mapping go, the rest stays; others grow and move. */
static void in_parts(void)
{
	struct memory *memory = memory_new(MEMORY_MEMFD, 7 * PAGE);
	char *address = memory_map(memory, true), *moved;

	memory_unmap(memory, address, PAGE);
	memory_unmap(memory, address + 3 * PAGE, 2 * PAGE);
	memory = memory_new(MEMORY_POSIX, 5 * PAGE);
	address = memory_map(memory, true);
	memory_unmap(memory, address + PAGE, 4 * PAGE);
	moved = mremap(address, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	edges_expect(moved != MAP_FAILED, "mremap");
	memory_book_size(memory, getpid(), 4 * PAGE);
	memory_remove(memory);
}

/* The same object thrice, then a private page in the middle of it; the role is the best of all. */
static void over_each_other(void)
{
	struct memory *memory = memory_new(MEMORY_FILE, 3 * PAGE);
	char *address;

	memory_map(memory, false);
	address = memory_map(memory, false);
	memory_map(memory, false);
	edges_expect(mmap(address + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
			     address + PAGE,
		     "MAP_FIXED");
	memory_book_size(memory, getpid(), 8 * PAGE);
	memory_remove(memory);
	memory_hide_file(memory); /* nobody could write to it */
	memory = memory_new(MEMORY_MEMFD, PAGE);
	address = memory_map(memory, false);
	edges_expect(!munmap(address, PAGE), "munmap");
	address = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, memory_fd(memory), 0);
	edges_expect(address != MAP_FAILED && !mprotect(address, PAGE, PROT_READ | PROT_WRITE), "mprotect");
	memory_book(memory, getpid(), true, 0, 0, 0);
}

/* Mappings that share nothing, and calls that fail. */
static void nothing_shared(void)
{
	static void *volatile nowhere = (void *)8;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct memory *program = memory_of_file("/proc/self/exe", fd);
	struct memory *private = memory_new(MEMORY_MEMFD, PAGE), *failed = memory_new(MEMORY_SYSV, PAGE);

	memory_hide_file(program);
	memory_hide(private);
	memory_hide(failed);
	edges_expect(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "read-only");
	edges_expect(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED &&
			     errno == EACCES,
		     "EACCES");
	edges_expect(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, memory_fd(private), 0) != MAP_FAILED,
		     "private");
	edges_expect(mmap(NULL, 0, PROT_READ, MAP_SHARED, memory_fd(private), 0) == MAP_FAILED &&
			     errno == EINVAL,
		     "EINVAL");
	edges_expect(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 999, 0) == MAP_FAILED && errno == EBADF, "EBADF");
	memory_remove(failed);
	edges_expect(shmat(0x7fff, NULL, 0) == (void *)-1 && errno == EINVAL, "shmat EINVAL");
#if defined(__i386__)
	edges_expect(syscall(SYS_mmap, nowhere) == -1 && errno == EFAULT, "EFAULT");
#endif
	(void)nowhere;
	close(fd);
}

/* 32-bit x86 has a second mmap, whose arguments are in memory; /dev/zero is anonymous memory, too. */
static void other_ways(void)
{
	struct memory *memory = memory_new(MEMORY_POSIX, 2 * PAGE);
	uint64_t from_ns = memory_clock_ns();
#if defined(__i386__)
	unsigned long packed[] = {0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd(memory), 0};
	long address = syscall(SYS_mmap, packed);
#else
	long address = syscall(SYS_mmap, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd(memory), 0);
#endif
	edges_expect(address != -1, "mmap");
	memory_book(memory, getpid(), true, 2 * PAGE, from_ns, memory_clock_ns());
	memory_remove(memory);
}

static void edges(void *unused)
{
	(void)unused;
	short_lived();
	in_parts();
	over_each_other();
	nothing_shared();
	other_ways();
}

struct family {
	struct memory *of_all[MEMORY_KINDS + 1]; /* every kind */
	struct memory *kept;                     /* MADV_DONTFORK */
	struct memory *left;                     /* not mapped any more */
};

static pid_t wait_for(pid_t pid)
{
	edges_expect(pid > 0, "fork");
	waitpid(pid, NULL, 0);
	return pid;
}

static void by_fork(struct family *family, bool then_exec)
{
	uint64_t from_ns = memory_clock_ns();
	pid_t pid = fork();

	if (pid == 0) {
		if (then_exec)
			execl("/proc/self/exe", "shm_edges", "--nothing", NULL);
		_exit(0);
	}
	wait_for(pid);
	for (unsigned i = 0; i <= MEMORY_KINDS; i++)
		memory_book(family->of_all[i], pid, true, 0, from_ns, memory_clock_ns());
}

/* Such a child maps nothing: it lives in its parent's memory until it executes another program. */
static void by_vfork(void)
{
	pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): what is tested */

	if (pid == 0) {
		execl("/proc/self/exe", "shm_edges", "--nothing", NULL);
		_exit(1);
	}
	wait_for(pid);
}

static void forks(void *unused)
{
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	void *address, *of_all[MEMORY_KINDS + 1];
	struct family family;

	(void)unused;
	/* Children are born with what all threads map: one thread at a time. */
	pthread_mutex_lock(&turn);
	for (unsigned i = 0; i <= MEMORY_KINDS; i++) {
		family.of_all[i] = memory_new(i, (i + 1) * PAGE);
		of_all[i] = memory_map(family.of_all[i], true);
		memory_remove(family.of_all[i]);
	}
	family.kept = memory_new(MEMORY_MEMFD, PAGE);
	address = memory_map(family.kept, true);
	edges_expect(!madvise(address, PAGE, MADV_DONTFORK), "MADV_DONTFORK");
	family.left = memory_new(MEMORY_MEMFD, PAGE);
	memory_detach(family.left, memory_map(family.left, true));
	for (unsigned i = 0; i < CHILDREN; i++) {
		by_fork(&family, i % 2);
		by_vfork();
	}
	memory_unmap(family.kept, address, PAGE);
	for (unsigned i = 0; i <= MEMORY_KINDS; i++)
		memory_detach(family.of_all[i], of_all[i]);
	pthread_mutex_unlock(&turn);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--nothing"))
		return 0;
	truth_options_parse(argc, argv);
	memory_begin();
	for (unsigned i = 0; i < truth_options.threads; i++) {
		bool is_forks = truth_options.variant && !strcmp(truth_options.variant, "forks");

		truth_worker(0, is_forks ? forks : edges, NULL, -1);
	}
	truth_serve();
}
