// SPDX-License-Identifier: GPL-2.0
/*
 * What the loader asks of the kernel beside the tables: who holds which channel open.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "mapping.bpf.h"
#include "object.bpf.h"
#include "process.bpf.h"
#include "witness.bpf.h"

/* include/linux/fs.h */
#define FMODE_READ 1
#define FMODE_WRITE 2

/* One record for each file of a wanted mechanism in each process. */
SEC("iter/task_file")
int list_holders(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct holder_record record = {};
	__u64 address = 0;

	if (!task || !file)
		return 0;
	bpf_core_read(&address, sizeof(address), &context->file); /* see share_channels() */
	if (!object_identify(address, &record.key) || record.key.mechanism == MECH_SIGNAL)
		return 0;
	process_key_of(task, &record.process);
	record.ppid = BPF_CORE_READ(task, real_parent, tgid);
	record.ns_pid = namespace_pid(task);
	record.fd = context->fd;
	BPF_CORE_READ_STR_INTO(&record.comm, task, group_leader, comm);
	record.can_read = !!(file->f_mode & FMODE_READ);
	record.can_write = !!(file->f_mode & FMODE_WRITE);
	object_describe((__u64)file, &record.key, &record.value);
	if (follow_peers && witness_holds(&record.key, &record.value))
		witness_add(task->tgid);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

/* A child of vfork lives in its parent's memory until it calls execve: what it maps is its parent's. */
static __always_inline bool is_guest(struct task_struct *task)
{
	return task->vfork_done && BPF_CORE_READ(task, real_parent, mm) == task->mm;
}

/* One record for each mapping of wanted memory in each process. */
SEC("iter/task_vma")
int list_areas(struct bpf_iter__task_vma *context)
{
	struct task_struct *task = context->task;
	struct vm_area_struct *area = context->vma;
	struct mapping_record record = {};

	if (!task || !area)
		return 0;
	if (!mapping_describe(area, &record) || is_guest(task))
		return 0;
	process_key_of(task, &record.process);
	record.ppid = BPF_CORE_READ(task, real_parent, tgid);
	record.ns_pid = namespace_pid(task);
	BPF_CORE_READ_STR_INTO(&record.comm, task, group_leader, comm);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
