// SPDX-License-Identifier: GPL-2.0
/*
 * What this kernel offers, read from its type information.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <bpf/btf.h>

#include "capture/features.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define STATS_SWITCH "/proc/sys/kernel/bpf_stats_enabled"

static bool has_member(const struct btf *btf, const char *type_name, const char *member_name)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_STRUCT);
	const struct btf_type *type;

	if (id < 0)
		return false;
	type = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, btf_members(type)[i].name_off);

		if (name && !strcmp(name, member_name))
			return true;
	}
	return false;
}

/* The prototype behind a raw tracepoint, NULL if there is none. */
static const struct btf_type *event_prototype(const struct btf *btf, const char *event)
{
	int id = btf__find_by_name_kind(btf, event, BTF_KIND_TYPEDEF);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);

	if (type)
		type = btf__type_by_id(btf, type->type);
	if (type && btf_is_ptr(type))
		type = btf__type_by_id(btf, type->type);
	return type && btf_is_func_proto(type) ? type : NULL;
}

/* Is argument INDEX of an event (the first one is the context) a pointer? */
static bool takes_pointer(const struct btf *btf, const struct btf_type *prototype, int index)
{
	return prototype && btf_vlen(prototype) > index &&
	       btf_is_ptr(btf__type_by_id(btf, btf_params(prototype)[index].type));
}

/* Release candidates of 5.18 had the state before the threads. */
static bool switch_tells_state(const struct btf *btf)
{
	const struct btf_type *prototype = event_prototype(btf, "btf_trace_sched_switch");

	return takes_pointer(btf, prototype, 2) && btf_vlen(prototype) > 4;
}

static void probe_uring(struct features *features, const struct btf *btf)
{
	const struct btf_type *complete = event_prototype(btf, "btf_trace_io_uring_complete");
	const struct btf_type *submit = event_prototype(btf, "btf_trace_io_uring_submit_req");

	if (!submit) {
		submit = event_prototype(btf, "btf_trace_io_uring_submit_sqe");
		features->uring_submit_sqe = true;
	}
	/* Before 5.19 a submission's first argument is the ring, and more follow. */
	if (!takes_pointer(btf, submit, 1) || btf_vlen(submit) > 3 || !takes_pointer(btf, complete, 2) ||
	    !event_prototype(btf, "btf_trace_io_uring_cqe_overflow"))
		return;
	features->uring = takes_pointer(btf, complete, 3) ? URING_ENTRY : URING_VALUES;
}

static bool is_switched_on(const char *path)
{
	char text = '0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, &text, 1) != 1)
		text = '0';
	close(fd);
	return text == '1';
}

void features_probe(struct features *features)
{
	struct btf *btf;

	memset(features, 0, sizeof(*features));
	features->run_time_stats = is_switched_on(STATS_SWITCH);
	btf = btf__parse(KERNEL_BTF, NULL);
	if (!btf)
		return;
	features->btf = true;
	features->task_storage = has_member(btf, "task_struct", "bpf_storage");
	features->rdonly_cast = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	features->vma_iterator = btf__find_by_name_kind(btf, "bpf_iter_task_vma_new", BTF_KIND_FUNC) > 0;
	features->switch_tells_state = switch_tells_state(btf);
	/* What makes them preemptible leaves no trace here; 7.2 has both, 6.18 neither. */
	features->preemptible_hooks =
		btf__find_by_name_kind(btf, "trace_call_bpf_faultable", BTF_KIND_FUNC) > 0;
	features->recursion_misses = has_member(btf, "bpf_prog_stats", "misses");
	features->map_memory = has_member(btf, "bpf_map_ops", "map_mem_usage");
	probe_uring(features, btf);
	btf__free(btf);
}

int features_check(const struct features *features, char *error, size_t size)
{
	struct utsname kernel;

	if (!features->btf) {
		snprintf(error, size, "this kernel has no readable type information (" KERNEL_BTF
				      "); use a kernel built with CONFIG_DEBUG_INFO_BTF=y");
		return -EOPNOTSUPP;
	}
	if (!features->task_storage) {
		uname(&kernel);
		snprintf(error, size,
			 "this kernel (%s) has no task storage for tracing programs; use Linux "
			 "5.13 or later",
			 kernel.release);
		return -EOPNOTSUPP;
	}
	return 0;
}
