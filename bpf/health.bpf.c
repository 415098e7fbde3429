// SPDX-License-Identifier: GPL-2.0
/*
 * The storage behind health.bpf.h. The loader reads it from the program's data.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "health.bpf.h"

__u64 health_counts[HEALTH_COUNT] = {};
