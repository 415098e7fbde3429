// SPDX-License-Identifier: GPL-2.0
/*
 * The storage behind settings.bpf.h, and the license of all programs.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "settings.bpf.h"

const volatile __u8 operation_of_syscall[SYSCALL_TABLE_SIZE] = {};
const volatile __u8 operation_of_syscall_32[SYSCALL_TABLE_SIZE] = {};

const volatile __u32 target_mode = TARGET_MODE_NONE;
const volatile char target_comm[16] = {};
const volatile __u64 target_cgroup = 0;
const volatile bool follow_children = false;
const volatile bool follow_peers = false;
const volatile __u32 own_pid = 0;

const volatile __u32 wanted_mechanisms = 0;
const volatile bool want_futexes = true;
const volatile bool want_file_locks = true;

const volatile bool uring_is_followed = false;
const volatile bool have_rdonly_cast = false;
const volatile bool have_vma_iterator = false;
const volatile bool switch_tells_state = false;

char LICENSE[] SEC("license") = "GPL";
