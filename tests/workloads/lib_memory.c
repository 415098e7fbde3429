/* SPDX-License-Identifier: GPL-2.0 */
/* See lib_memory.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_memory.h"
#include "lib_sysv.h"

#define MAX_OBJECTS 2560
#define MAX_MAPPERS 40

#define SHMAT 21 /* include/uapi/linux/ipc.h */

struct mapper {
	pid_t pid;
	bool writable;
	uint64_t bytes, from_ns, to_ns;
};

struct memory {
	enum memory_kind kind;
	bool hidden, untold, is_known; /* is_known: has an id */
	char id[80], name[128];
	size_t size;
	int fd, segment;
	pid_t maker;
	unsigned mapper_count;
	struct mapper mappers[MAX_MAPPERS];
};

static struct {
	int busy;
	unsigned count;
	struct memory objects[MAX_OBJECTS];
} *records;

uint64_t memory_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void lock(void)
{
	while (__atomic_exchange_n(&records->busy, 1, __ATOMIC_ACQUIRE))
		nanosleep(&(struct timespec){0, 10000}, NULL);
}

static void unlock(void)
{
	__atomic_store_n(&records->busy, 0, __ATOMIC_RELEASE);
}

static void print_object(const struct memory *memory)
{
	printf("{\"kind\":\"%s\",\"id\":\"%s\",\"name\":\"%s\",\"capacity\":%zu,\"hidden\":%s,\"mappers\":[",
	       memory->kind == MEMORY_SYSV ? "sysv-shm" : "shm", memory->id, memory->name, memory->size,
	       memory->hidden ? "true" : "false");
	for (unsigned i = 0; i < memory->mapper_count; i++) {
		const struct mapper *mapper = &memory->mappers[i];

		printf("%s{\"pid\":%d,\"role\":\"%s\",\"bytes\":%" PRIu64 ",\"from_ns\":%" PRIu64
		       ",\"to_ns\":%" PRIu64 "}",
		       i ? "," : "", mapper->pid, mapper->writable ? "both" : "reader", mapper->bytes,
		       mapper->from_ns, mapper->to_ns);
	}
	printf("]}");
}

static void print_objects(void)
{
	const char *separator = "";

	printf(",\"memory\":[");
	for (unsigned i = 0; i < records->count; i++) {
		if (records->objects[i].untold)
			continue;
		printf("%s", separator);
		print_object(&records->objects[i]);
		separator = ",";
	}
	putchar(']');
}

void memory_begin(void)
{
	sysv_own_namespace();
	records = truth_shared(sizeof(*records));
	truth_print_more = print_objects;
}

static struct memory *new_record(enum memory_kind kind, size_t size)
{
	struct memory *memory;

	lock();
	edges_expect(records->count < MAX_OBJECTS, "too many objects");
	memory = &records->objects[records->count++];
	unlock();
	memory->kind = kind;
	memory->size = size;
	memory->fd = -1;
	memory->maker = getpid();
	return memory;
}

static void set_id(struct memory *memory, dev_t device, ino_t inode)
{
	snprintf(memory->id, sizeof(memory->id), "shm:[%ju:%ju]", (uintmax_t)device, (uintmax_t)inode);
	memory->is_known = true;
}

static void set_id_of_fd(struct memory *memory)
{
	unsigned generation = 0;
	struct stat st = {0};

	edges_expect(!fstat(memory->fd, &st), "fstat");
	set_id(memory, st.st_dev, st.st_ino);
	/* Where inode numbers are used again soon, the generation tells one file from the next. */
	if (memory->kind == MEMORY_FILE && !ioctl(memory->fd, FS_IOC_GETVERSION, &generation) && generation)
		snprintf(memory->id + strlen(memory->id) - 1, 16, ".%u]", generation);
}

/* Anonymous memory has an id that only the kernel knows before it is mapped. */
static void set_id_of_mapping(struct memory *memory, const void *address)
{
	unsigned long start = 0;
	unsigned major = 0, minor = 0;
	uintmax_t inode = 0;
	char line[512];
	FILE *file = fopen("/proc/self/maps", "re");

	edges_expect(file, "/proc/self/maps");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%*x %*s %*x %x:%x %ju", &start, &major, &minor, &inode) == 4 &&
		    start == (unsigned long)address)
			set_id(memory, makedev(major, minor), inode);
	}
	fclose(file);
	edges_expect(memory->is_known, "a mapping");
	snprintf(memory->name, sizeof(memory->name), "anonymous %s", strchr(memory->id, '['));
}

static void open_segment(struct memory *memory, unsigned number)
{
	key_t key = sysv_key(number);
	struct stat st = {0};

	memory->segment = shmget(key, memory->size, IPC_CREAT | IPC_EXCL | 0600);
	edges_expect(memory->segment >= 0 && !stat("/proc/self/ns/ipc", &st), "shmget");
	snprintf(memory->id, sizeof(memory->id), "sysv-shm:[%ju:%d]", (uintmax_t)st.st_ino, memory->segment);
	if (key == IPC_PRIVATE)
		snprintf(memory->name, sizeof(memory->name), "id %d", memory->segment);
	else
		snprintf(memory->name, sizeof(memory->name), "key 0x%x id %d", (unsigned)key, memory->segment);
}

struct memory *memory_new(enum memory_kind kind, size_t size)
{
	struct memory *memory = new_record(kind, size);
	unsigned number = memory - records->objects;

	switch (kind) {
	case MEMORY_MEMFD:
		snprintf(memory->name, sizeof(memory->name), "memfd:lane %u", number);
		memory->fd = memfd_create(memory->name + strlen("memfd:"), 0);
		break;
	case MEMORY_POSIX:
		snprintf(memory->name, sizeof(memory->name), "/ipctrace-%d-%u", getpid(), number);
		memory->fd = shm_open(memory->name, O_RDWR | O_CREAT | O_EXCL, 0600);
		break;
	case MEMORY_FILE:
		snprintf(memory->name, sizeof(memory->name), "/tmp/ipctrace-%d-%u", getpid(), number);
		memory->fd = open(memory->name, O_RDWR | O_CREAT | O_EXCL, 0600);
		break;
	case MEMORY_SYSV:
		open_segment(memory, number);
		return memory;
	default:
		return memory;
	}
	edges_expect(memory->fd >= 0 && !ftruncate(memory->fd, size), memory->name);
	set_id_of_fd(memory);
	return memory;
}

struct memory *memory_of_file(const char *path, int fd)
{
	struct memory *memory = new_record(MEMORY_FILE, 0);
	struct stat st = {0};

	edges_expect(fd >= 0 && !fstat(fd, &st), path);
	memory->fd = fd;
	memory->size = st.st_size;
	snprintf(memory->name, sizeof(memory->name), "%s", path);
	set_id_of_fd(memory);
	return memory;
}

static struct mapper *mapper_of(struct memory *memory, pid_t pid)
{
	unsigned i = 0;

	while (i < memory->mapper_count && memory->mappers[i].pid != pid)
		i++;
	edges_expect(i < MAX_MAPPERS, "too many processes");
	return &memory->mappers[i];
}

void memory_book(struct memory *memory, pid_t pid, bool writable, size_t size, uint64_t from_ns,
		 uint64_t to_ns)
{
	struct mapper *mapper;

	lock();
	mapper = mapper_of(memory, pid);
	if (!mapper->pid) {
		*mapper = (struct mapper){.pid = pid, .from_ns = from_ns, .to_ns = to_ns};
		memory->mapper_count++;
	}
	mapper->writable |= writable;
	mapper->bytes += size;
	unlock();
}

void memory_book_size(struct memory *memory, pid_t pid, size_t size)
{
	lock();
	mapper_of(memory, pid)->bytes = size;
	unlock();
}

/* Of another process's memory; a process that has the name only needs nobody's descriptor. */
static int open_again(const struct memory *memory, int flags)
{
	char path[64];

	switch (memory->kind) {
	case MEMORY_MEMFD:
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", memory->maker, memory->fd);
		return open(path, flags);
	case MEMORY_POSIX: return shm_open(memory->name, flags, 0);
	default: return open(memory->name, flags);
	}
}

/* glibc uses ipc() where there is one. */
static void *attach(const struct memory *memory, bool writable)
{
	static unsigned turn;
	int flags = writable ? 0 : SHM_RDONLY;

	if (__atomic_add_fetch(&turn, 1, __ATOMIC_RELAXED) % 2)
		return (void *)syscall(SYS_shmat, memory->segment, NULL, flags);
	return shmat(memory->segment, NULL, flags);
}

static void *map(const struct memory *memory, bool writable)
{
	int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *address;
	int fd;

	if (memory->kind == MEMORY_SYSV)
		return attach(memory, writable);
	if (memory->kind == MEMORY_ANONYMOUS)
		return mmap(NULL, memory->size, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory->maker == getpid() && writable)
		return mmap(NULL, memory->size, protection, MAP_SHARED, memory->fd, 0);
	fd = open_again(memory, writable ? O_RDWR : O_RDONLY);
	edges_expect(fd >= 0, memory->name);
	address = mmap(NULL, memory->size, protection, MAP_SHARED_VALIDATE, fd, 0);
	close(fd);
	return address;
}

void *memory_map(struct memory *memory, bool writable)
{
	uint64_t from_ns = memory_clock_ns();
	void *address = map(memory, writable);
	uint64_t to_ns = memory_clock_ns();

	edges_expect(address != MAP_FAILED, "map");
	if (!memory->id[0])
		set_id_of_mapping(memory, address);
	memory_book(memory, getpid(), writable, memory->size, from_ns, to_ns);
	return address;
}

void memory_unmap(struct memory *memory, void *address, size_t size)
{
	edges_expect(!munmap(address, size), "munmap");
	memory_book_size(memory, getpid(), mapper_of(memory, getpid())->bytes - size);
}

void memory_detach(struct memory *memory, void *address)
{
	int failed = memory->kind == MEMORY_SYSV ? shmdt(address) : munmap(address, memory->size);

	edges_expect(!failed, "detach");
	memory_book_size(memory, getpid(), mapper_of(memory, getpid())->bytes - memory->size);
}

void memory_hide(struct memory *memory)
{
	memory->hidden = true;
}

void memory_hide_file(struct memory *memory)
{
	struct statfs st;

	edges_expect(!fstatfs(memory->fd, &st), "fstatfs");
	memory->hidden = true;
	memory->untold = st.f_type == TMPFS_MAGIC;
}

void memory_remove(struct memory *memory)
{
	int failed = 0;

	switch (memory->kind) {
	case MEMORY_POSIX: failed = shm_unlink(memory->name); break;
	case MEMORY_FILE: failed = unlink(memory->name); break;
	case MEMORY_SYSV: failed = shmctl(memory->segment, IPC_RMID, NULL); break;
	default: break;
	}
	edges_expect(!failed, memory->name);
}

int memory_fd(const struct memory *memory)
{
	return memory->fd;
}
