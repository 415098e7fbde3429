// SPDX-License-Identifier: GPL-2.0
/*
 * What is mapped where: asks the kernel, or looks for itself while another thread changes the mappings.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "area.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"

#define EBUSY 16

/* The tree may be just changing where we look. */
#define TRIES 4

struct found {
	__u64 file;
};

static long take_file(struct task_struct *task, struct vm_area_struct *area, struct found *found)
{
	(void)task;
	bpf_core_read(&found->file, sizeof(found->file), &area->vm_file);
	return 0;
}

/* include/linux/xarray.h and maple_tree.h: a node's address has its type in the lower bits. */
#define ROOT_TAG         2 /* the root is a node, not what a tree of one entry holds */
#define NODE_MASK        255ULL
#define NODE_TYPE(entry) ((entry) >> 3 & 15)
#define LEAF             1
#define INNER            2
#define INNER_WITH_GAPS  3

#define MAX_LEVELS 8
#define MAX_PIVOTS 15 /* of a node of 256 bytes */

/*
 * What a node, or the tree below it, holds for ADDRESS: each slot is for what is up to its pivot (*LAST).
 * Global, not hidden, as area_at(): the verifier looks at it once, not at each call.
 */
__noinline __u64 area_slot(__u64 entry, __u64 address, __u64 *last)
{
	__u64 node = entry & ~NODE_MASK, pivots, slots, pivot, slot = 0;
	int count, i;

	if (!last)
		return 0;
	if (NODE_TYPE(entry) == INNER_WITH_GAPS) {
		pivots = node + bpf_core_field_offset(struct maple_arange_64, pivot);
		slots = node + bpf_core_field_offset(struct maple_arange_64, slot);
		count = bpf_core_field_size(struct maple_arange_64, pivot) / sizeof(pivot);
	} else {
		pivots = node + bpf_core_field_offset(struct maple_range_64, pivot);
		slots = node + bpf_core_field_offset(struct maple_range_64, slot);
		count = bpf_core_field_size(struct maple_range_64, pivot) / sizeof(pivot);
	}
	for (i = 0; i < MAX_PIVOTS && i < count; i++) {
		pivot = 0;
		bpf_probe_read_kernel(&pivot, sizeof(pivot), (void *)(pivots + i * sizeof(pivot)));
		if (i && !pivot) /* the last slot: up to the end of what the node is for */
			break;
		if (pivot >= address) {
			*last = pivot;
			break;
		}
	}
	bpf_probe_read_kernel(&slot, sizeof(slot), (void *)(slots + i * sizeof(slot)));
	return slot;
}

/*
 * As the kernel's own readers without the lock (mas_walk() in lib/maple_tree.c): nodes are replaced, not
 * changed, as far as it matters here, and none is freed while a program runs.
 */
__noinline __u64 area_at(__u64 mm, __u64 address, __u64 *last)
{
	__u64 entry = 0, type = INNER;

	if (!last)
		return 0;
	*last = ~0ULL;
	if (!bpf_core_type_exists(struct maple_range_64))
		return 0;
	bpf_core_read(&entry, sizeof(entry), &((struct mm_struct *)mm)->mm_mt.ma_root);
	if ((entry & ROOT_TAG) != ROOT_TAG)
		return 0;
	for (int level = 0; level < MAX_LEVELS && type != LEAF && entry; level++) {
		type = NODE_TYPE(entry);
		entry = area_slot(entry, address, last);
	}
	return entry;
}

static __always_inline __u64 file_at(struct task_struct *task, __u64 address)
{
	__u64 mm = 0, last = 0, start = 0, end = 0, file = 0;
	struct vm_area_struct *area;

	bpf_core_read(&mm, sizeof(mm), &task->mm);
	area = (struct vm_area_struct *)area_at(mm, address, &last);
	if (!area)
		return 0;
	bpf_core_read(&start, sizeof(start), &area->vm_start);
	bpf_core_read(&end, sizeof(end), &area->vm_end);
	if (start <= address && address < end)
		bpf_core_read(&file, sizeof(file), &area->vm_file);
	return file;
}

__hidden __u64 area_file(struct task_struct *task, __u64 address)
{
	struct found found = {};
	long err = -EBUSY;

	for (int i = 0; i < TRIES; i++) {
		/* 5.17, commit 7c7e3d31e785. It does not wait for the lock. */
		if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_find_vma))
			err = bpf_find_vma(task, address, take_file, &found, 0);
		if (err != -EBUSY)
			return found.file;
		found.file = file_at(task, address);
		if (found.file)
			return found.file;
	}
	health_count(HEALTH_UNRESOLVED_MAPPINGS);
	return 0;
}
