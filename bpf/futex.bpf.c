// SPDX-License-Identifier: GPL-2.0
/*
 * Futex calls: waits and wakes, by futex word. All operations of futex(2) and the newer calls are
 * brought to a few classes; their results are kept apart.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "errno.bpf.h"
#include "futex.bpf.h"
#include "health.bpf.h"
#include "histogram.bpf.h"
#include "kernel.bpf.h"
#include "table.bpf.h"
#include "wait.bpf.h"
#include "waiters.bpf.h"

#define MAX_LOCKS 32768

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LOCKS);
	__type(key, struct lock_key);
	__type(value, struct lock_value);
} locks SEC(".maps");

/* Times asleep; most words that are woken are never slept on. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LOCKS);
	__type(key, struct lock_key);
	__type(value, struct time_histogram);
} lock_sleeps SEC(".maps");

static const struct lock_value empty_lock = {};

/* include/uapi/linux/futex.h */
#define FUTEX_CMD_MASK 0x7f

enum futex_operation {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAKE_OP = 5,
	FUTEX_LOCK_PI = 6,
	FUTEX_UNLOCK_PI = 7,
	FUTEX_TRYLOCK_PI = 8,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_WAIT_REQUEUE_PI = 11,
	FUTEX_CMP_REQUEUE_PI = 12,
	FUTEX_LOCK_PI2 = 13,
	/* Ours: calls of their own, not operations of futex(2). */
	FUTEX_WAITV = 64,
	FUTEX_REQUEUE2 = 65,
};

/* struct futex_waitv of the newer calls. */
struct vector_entry {
	__u64 value;
	__u64 address;
	__u32 flags;
	__u32 reserved;
};

static __always_inline bool is_wait(const struct call *call)
{
	switch (call->futex_operation) {
	case FUTEX_WAIT:
	case FUTEX_LOCK_PI:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_WAITV:
		return true;
	default:
		return false;
	}
}

static __always_inline bool is_requeue(const struct call *call)
{
	switch (call->futex_operation) {
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_CMP_REQUEUE_PI:
	case FUTEX_REQUEUE2:
		return true;
	default:
		return false;
	}
}

static __always_inline bool is_wake(const struct call *call)
{
	switch (call->futex_operation) {
	case FUTEX_WAKE:
	case FUTEX_WAKE_OP:
	case FUTEX_UNLOCK_PI:
	case FUTEX_WAKE_BITSET:
		return true;
	default:
		return is_requeue(call);
	}
}

static __always_inline struct lock_key lock_key_of(const struct thread *thread,
						   const struct call *call)
{
	return (struct lock_key){
		.process = thread->process,
		.address = call->object,
		.image = thread->image,
	};
}

static __always_inline struct lock_value *lock_get(const struct lock_key *key)
{
	struct lock_value *lock = bpf_map_lookup_elem(&locks, key);

	if (lock)
		return lock;
	table_insertion(TABLE_locks, bpf_map_update_elem(&locks, key, &empty_lock, BPF_NOEXIST));
	lock = bpf_map_lookup_elem(&locks, key);
	if (!lock)
		health_count(HEALTH_MAP_FULL);
	return lock;
}

/* Address of entry INDEX of a vector of words in user memory, 0 if it cannot be read. */
static __always_inline __u64 vector_address(__u64 vector, __u32 index)
{
	struct vector_entry entry = {};

	if (bpf_probe_read_user(&entry, sizeof(entry), (void *)(vector + index * sizeof(entry))))
		return 0;
	return entry.address;
}

__hidden int futex_enter(struct thread *thread)
{
	struct call *call = &thread->call;
	struct lock_key key;

	call->destination = 0;
	call->object = call->arguments[0];
	if (!want_futexes) {
		call->object = 0;
		return 0;
	}
	switch (call->operation) {
	case OP_FUTEX:
		call->futex_operation = call->arguments[1] & FUTEX_CMD_MASK;
		break;
	case OP_FUTEX_WAIT:
		call->futex_operation = FUTEX_WAIT_BITSET;
		break;
	case OP_FUTEX_WAKE:
		call->futex_operation = FUTEX_WAKE_BITSET;
		break;
	case OP_FUTEX_WAITV:
		call->futex_operation = FUTEX_WAITV;
		call->object = vector_address(call->arguments[0], 0);
		break;
	case OP_FUTEX_REQUEUE:
		call->futex_operation = FUTEX_REQUEUE2;
		call->object = vector_address(call->arguments[0], 0);
		break;
	}
	if (!call->object || !is_wait(call))
		return 0;
	/* The scheduler's hooks may look a word up but not insert it. */
	key = lock_key_of(thread, call);
	lock_get(&key);
	return 0;
}

static __always_inline void count_error(const struct lock_key *key, struct lock_value *lock, long result)
{
	__sync_fetch_and_add(&lock->errors, 1);
	errno_count_lock(key, -result);
}

static __always_inline void wait_exit(const struct lock_key *key, struct lock_value *lock, long result)
{
	if (result >= 0)
		__sync_fetch_and_add(&lock->woken, 1);
	else if (result == -ETIMEDOUT)
		__sync_fetch_and_add(&lock->timeouts, 1);
	else if (result == -EAGAIN)
		__sync_fetch_and_add(&lock->would_block, 1);
	else if (result == -EINTR)
		__sync_fetch_and_add(&lock->interrupted, 1);
	else
		count_error(key, lock, result);
}

static __always_inline void wake_exit(const struct lock_key *key, struct lock_value *lock,
				      const struct call *call, long result)
{
	/* How many to wake at the most: every requeue wakes those first and moves the others. */
	long to_wake = (__s32)call->arguments[2];
	long moved = 0;

	if (result == -EAGAIN) {
		__sync_fetch_and_add(&lock->would_block, 1);
		return;
	}
	if (result < 0) {
		count_error(key, lock, result);
		return;
	}
	__sync_fetch_and_add(&lock->wakes, 1);
	if (call->futex_operation == FUTEX_UNLOCK_PI)
		return; /* does not tell whether there was anybody */
	if (result == 0)
		__sync_fetch_and_add(&lock->empty_wakes, 1);
	if (is_requeue(call) && result > to_wake) {
		moved = result - to_wake;
		__sync_fetch_and_add(&lock->requeued, moved);
	}
	__sync_fetch_and_add(&lock->woken_threads, result - moved);
}

static __always_inline void waiter_leaves(struct thread *thread, struct call *call)
{
	struct lock_key key = lock_key_of(thread, call);
	struct lock_value *lock;

	if (!(call->flags & CALL_WAITER))
		return;
	lock = bpf_map_lookup_elem(&locks, &key);
	if (lock)
		__sync_fetch_and_add(&lock->waiters, -1);
}

static __always_inline void sleep_add(struct thread *thread,
				      struct call *call, const struct lock_key *key,
				      struct lock_value *lock)
{
	struct time_histogram *sleeps;

	/* A waker that is preempted, or waits for a page, does not wait for the lock. */
	if (!is_wait(call) || (!call->blocked_ns && !call->runqueue_ns))
		return;
	__sync_fetch_and_add(&lock->blocked_ns, call->blocked_ns);
	__sync_fetch_and_add(&lock->runqueue_ns, call->runqueue_ns);
	wait_add(thread, call);
	if (!(call->flags & CALL_SLEPT))
		return;
	sleeps = bpf_map_lookup_elem(&lock_sleeps, key);
	if (!sleeps) {
		table_insertion(TABLE_lock_sleeps, bpf_map_update_elem(&lock_sleeps, key,
								       empty_time_histogram,
								       BPF_NOEXIST));
		sleeps = bpf_map_lookup_elem(&lock_sleeps, key);
	}
	if (sleeps)
		time_histogram_add(sleeps, call->blocked_ns);
	else
		health_count(HEALTH_MAP_FULL);
}

__hidden int futex_exit(struct thread *thread, struct call *call,
			 long result)
{
	bool is_try = call->futex_operation == FUTEX_TRYLOCK_PI;
	struct lock_value *lock;
	struct lock_key key;

	if (!call->object || (!is_wait(call) && !is_wake(call) && !is_try))
		return 0;
	if (is_try && result >= 0)
		return 0; /* got it: nobody waited */
	waiter_leaves(thread, call);
	if (call->futex_operation == FUTEX_WAITV && result > 0) {
		__u64 address = vector_address(call->arguments[0], result);

		if (address)
			call->object = address;
	}
	key = lock_key_of(thread, call);
	lock = lock_get(&key);
	if (!lock)
		return 0;
	__sync_fetch_and_or(&lock->operations, 1ULL << (call->futex_operation & 63));
	if (is_wait(call) || is_try)
		wait_exit(&key, lock, result);
	else
		wake_exit(&key, lock, call, result);
	sleep_add(thread, call, &key, lock);
	return 0;
}

__hidden int futex_abandon(struct thread *thread, struct call *call)
{
	struct lock_value *lock;
	struct lock_key key;

	if (!call->object)
		return 0;
	waiter_leaves(thread, call);
	key = lock_key_of(thread, call);
	lock = bpf_map_lookup_elem(&locks, &key);
	if (lock)
		sleep_add(thread, call, &key, lock);
	return 0;
}

__hidden int futex_sleep(struct thread *thread)
{
	struct call *call = &thread->call;
	struct lock_value *lock;
	struct lock_key key;

	if (!call->object || (call->flags & CALL_WAITER) || !is_wait(call))
		return 0;
	key = lock_key_of(thread, call);
	lock = bpf_map_lookup_elem(&locks, &key);
	if (!lock)
		return 0;
	call->flags |= CALL_WAITER;
	waiters_add(lock);
	return 0;
}

TABLE_DELETE(locks, struct lock_key)
TABLE_DELETE(lock_sleeps, struct lock_key)
