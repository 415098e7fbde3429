/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How we read memory, mostly the kernel's, and the registers of a system call: what differs between kernels and
 * between architectures is here and nowhere else.
 */
#ifndef IPCTRACE_KERNEL_BPF_H
#define IPCTRACE_KERNEL_BPF_H

#include <bpf/bpf_core_read.h>

/*
 * Functions shared between files are __hidden and return int, 0 where there is nothing to say: the
 * verifier inspects the result register even of functions that return nothing, and refuses what
 * it may find there.
 */

#include "settings.bpf.h"

/* POINTER as the verifier's pointer to the kernel type TYPE (a BTF id): loads from it are safe. */
void *kernel_cast(const void *pointer, __u32 type);

/*
 * ADDRESS, which may be a mere number to the verifier, as a pointer that KERNEL_READ follows.
 * Pointers read from it with KERNEL_READ need no cast of their own.
 */
#define KERNEL_POINTER(type, address)                                                              \
	((type *)(have_rdonly_cast                                                                 \
			  ? kernel_cast((const void *)(address), bpf_core_type_id_kernel(type))    \
			  : (void *)(address)))

/*
 * Reads pointer->member; a faulting address reads as 0. Where the pointer is a typed one this is
 * one load (1-2 ns), else a probe read (15-20 ns).
 */
#define KERNEL_READ(pointer, member)                                                               \
	({                                                                                         \
		typeof((pointer)->member) value__ = 0;                                             \
		if (have_rdonly_cast)                                                              \
			value__ = (pointer)->member;                                               \
		else                                                                               \
			bpf_core_read(&value__, sizeof(value__), &(pointer)->member);              \
		value__;                                                                           \
	})

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

/* Error numbers as system calls return them; the kernel-only ones mean that the call goes on. */
#define EINTR 4
#define EAGAIN 11
#define EEXIST 17
#define ENOMSG 42
#define ETIMEDOUT 110
#define EINPROGRESS 115
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

static __always_inline bool call_goes_on(long result)
{
	return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

/* TASK's process in its own PID namespace, the innermost of those that number it. */
static __always_inline __u32 namespace_pid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u64 level = BPF_CORE_READ(pid, level);
	__u32 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number),
			      (char *)pid + bpf_core_field_offset(pid->numbers) +
				      level * bpf_core_type_size(struct upid) +
				      bpf_core_field_offset(struct upid, nr));
	return number;
}

/* Is this thread in a 32-bit system call on a 64-bit kernel? */
static __always_inline bool in_32bit_syscall(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	const __u32 ts_compat = 2; /* TS_COMPAT, arch/x86/include/asm/thread_info.h */

	return task->thread_info.status & ts_compat;
#elif defined(__TARGET_ARCH_arm64)
	const __u64 tif_32bit = 1ULL << 22; /* TIF_32BIT, arch/arm64/include/asm/thread_info.h */

	return task->thread_info.flags & tif_32bit;
#endif
}

static __always_inline __u64 syscall_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return (__u32)regs->orig_ax;
#elif defined(__TARGET_ARCH_arm64)
	return (__u32)regs->syscallno;
#endif
}

/* Argument INDEX (0-5), the same at entry and at exit. */
static __always_inline __u64 syscall_argument(struct pt_regs *regs, int index, bool is_32bit)
{
#if defined(__TARGET_ARCH_x86)
	if (is_32bit) {
		switch (index) {
		case 0: return (__u32)regs->bx;
		case 1: return (__u32)regs->cx;
		case 2: return (__u32)regs->dx;
		case 3: return (__u32)regs->si;
		case 4: return (__u32)regs->di;
		default: return (__u32)regs->bp;
		}
	}
	switch (index) {
	case 0: return regs->di;
	case 1: return regs->si;
	case 2: return regs->dx;
	case 3: return regs->r10;
	case 4: return regs->r8;
	default: return regs->r9;
	}
#elif defined(__TARGET_ARCH_arm64)
	__u64 value = index == 0 ? regs->orig_x0 : regs->regs[index];

	return is_32bit ? (__u32)value : value;
#endif
}

/* The word, of the size that the program has, at ADDRESS in its memory; 0 if there is none. */
static __always_inline __u64 user_word(__u64 address, bool is_32bit)
{
	__u64 word = 0;

	bpf_probe_read_user(&word, is_32bit ? sizeof(__u32) : sizeof(word), (void *)address);
	return word;
}

#endif
