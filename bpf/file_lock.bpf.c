// SPDX-License-Identifier: GPL-2.0
/*
 * Locks on files: flock, and the record locks of fcntl, those of open file descriptions among them. One
 * entry a file, whichever of them are used. Who holds a lock is not told here: /proc/locks has it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "errno.bpf.h"
#include "file_lock.bpf.h"
#include "health.bpf.h"
#include "histogram.bpf.h"
#include "kernel.bpf.h"
#include "object.bpf.h"
#include "thread.bpf.h"
#include "wait.bpf.h"
#include "waiters.bpf.h"

#define MAX_FILE_LOCKS 16384

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_FILE_LOCKS);
	__type(key, struct lock_key);
	__type(value, struct file_lock_value);
} file_locks SEC(".maps");

/* Times asleep; most locks are never waited for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_FILE_LOCKS);
	__type(key, struct lock_key);
	__type(value, struct time_histogram);
} file_lock_sleeps SEC(".maps");

static const struct file_lock_value empty_file_lock = {};

/* include/uapi/asm-generic/fcntl.h */
#define LOCK_NB 4
#define LOCK_UN 8
#define F_SETLK 6
#define F_SETLKW 7
#define F_SETLK64 13  /* of 32-bit programs */
#define F_SETLKW64 14
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38

static __always_inline bool is_lock_command(const struct call *call)
{
	switch ((__u32)call->arguments[1]) {
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return true;
	case F_SETLK64:
	case F_SETLKW64:
		return call->flags & CALL_32BIT;
	default:
		return false;
	}
}

/* May the call wait for others to give up their locks? */
static __always_inline bool may_wait(const struct call *call)
{
	__u32 command = call->arguments[1];

	if (call->operation == OP_FLOCK)
		return !(command & (LOCK_NB | LOCK_UN));
	return command == F_SETLKW || command == F_OFD_SETLKW || command == F_SETLKW64;
}

static __always_inline struct lock_key lock_key_of(const struct call *call)
{
	return (struct lock_key){
		.address = call->object,
		.image = call->aux,
		.type = LOCK_TYPE_FILE,
	};
}

static __always_inline void describe(const struct call *call, struct file_lock_value *lock)
{
	struct file *file = KERNEL_POINTER(struct file, call->file);
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);

	bpf_probe_read_kernel_str(lock->name, sizeof(lock->name), KERNEL_READ(dentry, d_name.name));
}

static __always_inline struct file_lock_value *lock_get(const struct lock_key *key, const struct call *call)
{
	struct file_lock_value *lock = bpf_map_lookup_elem(&file_locks, key);

	if (lock)
		return lock;
	bpf_map_update_elem(&file_locks, key, &empty_file_lock, BPF_NOEXIST);
	lock = bpf_map_lookup_elem(&file_locks, key);
	if (lock)
		describe(call, lock);
	else
		health_count(HEALTH_MAP_FULL);
	return lock;
}

__hidden int file_lock_enter(struct task_struct *task, struct thread *thread)
{
	struct call *call = &thread->call;
	struct file_lock_value *lock;
	struct super_block *super;
	struct inode *inode;
	struct lock_key key;
	struct file *file;

	if (!want_file_locks || (call->operation == OP_FCNTL && !is_lock_command(call))) {
		call->operation = OP_NONE;
		return 0;
	}
	call->destination = 0;
	call->object = 0;
	call->file = object_file(task, call->arguments[0]);
	if (!call->file)
		return 0;
	file = KERNEL_POINTER(struct file, call->file);
	inode = KERNEL_READ(file, f_inode);
	super = KERNEL_READ(inode, i_sb);
	call->object = KERNEL_READ(inode, i_ino);
	call->aux = KERNEL_READ(super, s_dev);
	/* The scheduler's hooks may look an entry up but not insert it. */
	key = lock_key_of(call);
	lock = lock_get(&key, call);
	if (lock) {
		lock->pid = thread->process.pid;
		lock->fd = call->arguments[0];
	}
	return 0;
}

static __always_inline void sleep_add(const struct thread *thread,
				      const struct call *call, const struct lock_key *key,
				      struct lock_value *lock)
{
	struct time_histogram *sleeps;

	__sync_fetch_and_add(&lock->blocked_ns, call->blocked_ns);
	__sync_fetch_and_add(&lock->runqueue_ns, call->runqueue_ns);
	wait_add(thread, call);
	if (!(call->flags & CALL_SLEPT))
		return;
	sleeps = bpf_map_lookup_elem(&file_lock_sleeps, key);
	if (!sleeps) {
		bpf_map_update_elem(&file_lock_sleeps, key, empty_time_histogram, BPF_NOEXIST);
		sleeps = bpf_map_lookup_elem(&file_lock_sleeps, key);
	}
	if (sleeps)
		time_histogram_add(sleeps, call->blocked_ns);
	else
		health_count(HEALTH_MAP_FULL);
}

static __always_inline void count_result(const struct lock_key *key, struct lock_value *lock, const struct call *call,
					 long result)
{
	if (result == -EINTR)
		__sync_fetch_and_add(&lock->interrupted, 1);
	else if ((call->flags & CALL_WAITER) || ((call->flags & CALL_STRADDLING) && may_wait(call)))
		__sync_fetch_and_add(&lock->woken, 1);
	if (call->flags & CALL_WOKE)
		__sync_fetch_and_add(&lock->wakes, 1);
	if (result >= 0 || result == -EINTR)
		return;
	if (result == -EAGAIN) {
		__sync_fetch_and_add(&lock->would_block, 1);
		return;
	}
	__sync_fetch_and_add(&lock->errors, 1);
	errno_count_lock(key, -result);
}

__hidden int file_lock_exit(struct thread *thread, struct call *call, long result)
{
	struct file_lock_value *lock;
	struct lock_key key;

	if (!call->object) {
		if (result >= 0)
			health_count(HEALTH_UNRESOLVED_FDS);
		return 0;
	}
	key = lock_key_of(call);
	lock = lock_get(&key, call);
	if (!lock)
		return 0;
	count_result(&key, &lock->counts, call, result);
	if (call->flags & CALL_WAITER) {
		__sync_fetch_and_add(&lock->counts.waiters, -1);
		sleep_add(thread, call, &key, &lock->counts);
	}
	return 0;
}

__hidden int file_lock_abandon(struct thread *thread, struct call *call)
{
	struct lock_key key = lock_key_of(call);
	struct file_lock_value *lock;

	if (!(call->flags & CALL_WAITER))
		return 0;
	lock = bpf_map_lookup_elem(&file_locks, &key);
	if (!lock)
		return 0;
	__sync_fetch_and_add(&lock->counts.waiters, -1);
	sleep_add(thread, call, &key, &lock->counts);
	return 0;
}

__hidden int file_lock_sleep(struct thread *thread)
{
	struct call *call = &thread->call;
	struct file_lock_value *lock;
	struct lock_key key;

	if (!call->object || (call->flags & CALL_WAITER) || !may_wait(call))
		return 0;
	key = lock_key_of(call);
	lock = bpf_map_lookup_elem(&file_locks, &key);
	if (!lock)
		return 0;
	call->flags |= CALL_WAITER;
	waiters_add(&lock->counts);
	return 0;
}

__hidden int file_lock_wake(const struct thread *sleeper)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *waker = traced_thread(task);
	const struct call *call = &sleeper->call;
	struct file_lock_value *lock;
	struct lock_key key;

	if (!waker && task->bpf_storage) /* busy, on older kernels, or not traced any more */
		health_count(HEALTH_STORAGE_BUSY);
	if (!waker || !is_file_lock(waker->call.operation) || waker->call.object != call->object ||
	    waker->call.aux != call->aux || !(call->flags & CALL_WAITER))
		return 0;
	key = lock_key_of(call);
	lock = bpf_map_lookup_elem(&file_locks, &key);
	if (!lock)
		return 0;
	waker->call.flags |= CALL_WOKE;
	__sync_fetch_and_add(&lock->counts.woken_threads, 1);
	return 0;
}
