/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's trees of numbered things: idr and xarray.
 */
#ifndef IPCTRACE_TREE_BPF_H
#define IPCTRACE_TREE_BPF_H

#include "kernel.bpf.h"

#define MAX_LEVELS 6 /* 22 bits of process numbers; 6 or (CONFIG_BASE_SMALL) 4 bits a level */

#define ENTRY_TAG 3  /* include/linux/xarray.h: what tells nodes of the tree from what it holds */
#define NODE_TAG 2

/*
 * What the tree with this root (its xa_head, a number) holds at PLACE. A place beyond its end is taken for another
 * one, so look whether it is the right one.
 */
static __always_inline __u64 tree_entry(__u64 entry, __u32 place)
{
	__u32 mask = bpf_core_field_size(struct xa_node, slots) / sizeof(void *) - 1;

	for (int level = 0; level < MAX_LEVELS && (entry & ENTRY_TAG) == NODE_TAG; level++) {
		struct xa_node *node = KERNEL_POINTER(struct xa_node, entry - NODE_TAG);
		__u32 slot = place >> KERNEL_READ(node, shift) & mask;
		__u64 slots = entry - NODE_TAG + bpf_core_field_offset(struct xa_node, slots);

		if (bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(slots + slot * sizeof(entry))))
			return 0;
	}
	return entry;
}

#endif
