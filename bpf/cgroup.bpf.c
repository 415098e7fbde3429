// SPDX-License-Identifier: GPL-2.0
/*
 * Is a thread in the cgroup that the command line names, or below it? Of cgroup v2. The helpers that answer
 * this know only the current thread; we also ask about newborn ones and those that an iterator meets.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "cgroup.bpf.h"
#include "kernel.bpf.h"

/* The id of CGROUP's ancestor at LEVEL, which is not below its own. */
static __always_inline __u64 ancestor_id(struct cgroup *cgroup, __u32 level)
{
	struct cgroup___before_6_1 *older = (void *)cgroup;
	struct cgroup *ancestor = NULL;
	__u64 id = 0;

	if (bpf_core_field_exists(older->ancestor_ids)) { /* until 6.1, commit 7f203bc89eb6 */
		bpf_probe_read_kernel(&id, sizeof(id),
				      (char *)older + bpf_core_field_offset(older->ancestor_ids) +
					      level * sizeof(id));
		return id;
	}
	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (char *)cgroup + bpf_core_field_offset(cgroup->ancestors) +
				      level * sizeof(ancestor));
	return BPF_CORE_READ(ancestor, kn, id);
}

/* From the root down: how deep the thread's own cgroup lies does not matter. */
__hidden int cgroup_holds(struct task_struct *task)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	__u32 level = BPF_CORE_READ(cgroup, level);

	for (__u32 i = 0; i < CGROUP_LEVELS && i <= level; i++)
		if (ancestor_id(cgroup, i) == target_cgroup)
			return 1;
	return 0;
}
