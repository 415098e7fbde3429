// SPDX-License-Identifier: GPL-2.0
/*
 * The one place that calls bpf_rdonly_cast: libbpf 1.1 cannot link two objects that both name the
 * same kernel function.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

__hidden void *kernel_cast(const void *pointer, __u32 type)
{
	return bpf_rdonly_cast(pointer, type);
}
