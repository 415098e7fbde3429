// SPDX-License-Identifier: GPL-2.0
/*
 * What the loader asks of the kernel beside the tables: who holds which channel open.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "object.bpf.h"
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

	if (!task || !file)
		return 0;
	if (!object_identify((__u64)file, &record.key))
		return 0;
	record.process.pid = task->tgid;
	record.process.started_ms = BPF_CORE_READ(task, group_leader, start_boottime) / 1000000;
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
