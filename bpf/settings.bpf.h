/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the loader decides before the programs are loaded. All of it is read-only data by then, so
 * the verifier takes the branches that do not apply out of the programs.
 */
#ifndef IPCTRACE_SETTINGS_BPF_H
#define IPCTRACE_SETTINGS_BPF_H

#include "operations.h"
#include "tables.h"
#include "targets.h"

extern const volatile __u8 operation_of_syscall[SYSCALL_TABLE_SIZE];
extern const volatile __u8 operation_of_syscall_32[SYSCALL_TABLE_SIZE];

extern const volatile __u32 target_mode; /* enum target_mode */
extern const volatile char target_comm[16];
extern const volatile __u64 target_cgroup; /* its id: the inode number of its directory */
extern const volatile bool follow_children;
extern const volatile bool follow_peers; /* whoever shares a channel with a target is a witness */
extern const volatile __u32 own_pid; /* ipctrace itself: never traced */

extern const volatile __u32 wanted_mechanisms; /* bit (1 << mechanism); see is_wanted() */
extern const volatile bool want_futexes;
extern const volatile bool want_file_locks;

extern const volatile bool uring_is_followed; /* else io_uring_enter is counted as not covered */

/* bpf_rdonly_cast: 6.2, commit a35b9af4ec2c. */
extern const volatile bool have_rdonly_cast;

/* bpf_iter_task_vma_new() and its kin: 6.7, commit 4ac454682158. */
extern const volatile bool have_vma_iterator;

/* sched_switch has the state of who leaves the CPU as an argument: 5.18, commit 9c2136be0878. */
extern const volatile bool switch_tells_state;

static __always_inline bool is_wanted(enum mechanism mechanism)
{
	return wanted_mechanisms & (1U << (mechanism & 31));
}

#endif
