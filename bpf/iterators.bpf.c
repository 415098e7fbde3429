// SPDX-License-Identifier: GPL-2.0
/*
 * What the loader reads: the entries of each map, and who holds which channel open.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "object.bpf.h"
#include "process.bpf.h"
#include "witness.bpf.h"

/* include/linux/fs.h */
#define FMODE_READ 1
#define FMODE_WRITE 2

/*
 * An entry of a map: the key, then the value. The loader does not look maps up, because that keeps programs
 * of perf events from running on its CPU, for as long as the loader may be preempted in it.
 */
#define MAP(name, key_type, value_type)                                                            \
	SEC("iter/bpf_map_elem")                                                                   \
	int list_##name(struct bpf_iter__bpf_map_elem *context)                                    \
	{                                                                                          \
		struct seq_file *seq = context->meta->seq;                                         \
		void *key = context->key, *value = context->value;                                 \
                                                                                                   \
		if (!key || !value)                                                                \
			return 0;                                                                  \
		bpf_seq_write(seq, key, sizeof(key_type));                                         \
		bpf_seq_write(seq, value, sizeof(value_type));                                     \
		return 0;                                                                          \
	}
#include "maps.def"
#undef MAP

/* One record for each file of a wanted mechanism in each process. */
SEC("iter/task_file")
int list_holders(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct holder_record record = {};

	if (!task || !file)
		return 0;
	if (!object_identify((__u64)file, &record.key) || record.key.mechanism == MECH_SIGNAL)
		return 0;
	process_key_of(task, &record.process);
	record.ppid = BPF_CORE_READ(task, real_parent, tgid);
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
