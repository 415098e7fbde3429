// SPDX-License-Identifier: GPL-2.0
/*
 * The life of the BPF programs: settings, load, attach, close.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "capture/cgroup.h"
#include "capture/process_check.h"
#include "capture/session_private.h"
#include "capture/syscall_tables.h"
#include "targets.h"

/* IPCTRACE_DEBUG=1 shows what libbpf and the verifier have to say. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	if (!getenv("IPCTRACE_DEBUG"))
		return 0;
	return vfprintf(stderr, format, arguments);
}

static enum target_mode mode_of(enum target_kind kind)
{
	switch (kind) {
	case TARGET_PIDS:
		return TARGET_MODE_PIDS;
	case TARGET_TIDS:
		return TARGET_MODE_TIDS;
	case TARGET_COMM:
		return TARGET_MODE_COMM;
	case TARGET_ALL:
		return TARGET_MODE_ALL;
	case TARGET_CGROUP:
		return TARGET_MODE_CGROUP;
	default:
		return TARGET_MODE_NONE;
	}
}

/* What a target opens counts for its peers only. */
static void leave_out_opening(__u8 *table)
{
	for (int i = 0; i < SYSCALL_TABLE_SIZE; i++)
		if (table[i] >= OP_OPEN && table[i] <= OP_OPEN_SOCKETS)
			table[i] = OP_NONE;
}

static void settings_fill(struct session *session, const struct options *options, __u64 cgroup)
{
	struct ipctrace_bpf__rodata *settings = session->bpf->rodata;

	syscall_table_fill((__u8 *)settings->operation_of_syscall);
	syscall_table_fill_32((__u8 *)settings->operation_of_syscall_32);
	settings->target_mode = mode_of(options->target);
	if (options->comm)
		strncpy((char *)settings->target_comm, options->comm,
			sizeof(settings->target_comm) - 1);
	settings->target_cgroup = cgroup;
	settings->follow_children = options->follow || options->target == TARGET_COMMAND;
	settings->follow_peers = options->target != TARGET_TIDS && options->target != TARGET_ALL;
	if (!settings->follow_peers) {
		leave_out_opening((__u8 *)settings->operation_of_syscall);
		leave_out_opening((__u8 *)settings->operation_of_syscall_32);
	}
	settings->own_pid = getpid();
	settings->wanted_mechanisms = options->mechanisms;
	settings->want_futexes = options->futexes;
	settings->want_file_locks = options->file_locks;
	settings->have_rdonly_cast = session->features.rdonly_cast;
	settings->have_vma_iterator = session->features.vma_iterator;
	settings->switch_tells_state = session->features.switch_tells_state;
	settings->uring_is_followed = session->features.uring != URING_NONE;
}

/* The events of io_uring differ between kernels; where they do not tell enough, none of its programs runs. */
static void choose_uring_programs(struct session *session)
{
	const struct features *features = &session->features;
	bool raw = features->uring != URING_NONE && !features->preemptible_hooks;

	bpf_program__set_autoload(session->bpf->progs.on_uring_submit, raw && !features->uring_submit_sqe);
	bpf_program__set_autoload(session->bpf->progs.on_uring_submit_sqe, raw && features->uring_submit_sqe);
	bpf_program__set_autoload(session->bpf->progs.on_uring_complete, raw && features->uring == URING_ENTRY);
	bpf_program__set_autoload(session->bpf->progs.on_uring_complete_values,
				  raw && features->uring == URING_VALUES);
	bpf_program__set_autoload(session->bpf->progs.on_uring_overflow, raw);
	if (features->uring != URING_NONE)
		return;
	bpf_program__set_autoload(session->bpf->progs.on_uring_submit_unpreempted, false);
	bpf_program__set_autoload(session->bpf->progs.on_uring_complete_unpreempted, false);
	bpf_program__set_autoload(session->bpf->progs.on_uring_overflow_unpreempted, false);
}

/* Where a hook has two programs, on_X and on_X_unpreempted, one of them runs. */
static void choose_programs(struct session *session)
{
	static const char ending[] = "_unpreempted";
	bool unpreempted = session->features.preemptible_hooks;
	struct bpf_program *program;

	bpf_object__for_each_program(program, session->bpf->obj) {
		const char *name = bpf_program__name(program);
		size_t stem = strlen(name) - (sizeof(ending) - 1);
		struct bpf_program *twin;
		char twin_name[64];

		if (strlen(name) <= sizeof(ending) || strcmp(name + stem, ending))
			continue;
		snprintf(twin_name, sizeof(twin_name), "%.*s", (int)stem, name);
		twin = bpf_object__find_program_by_name(session->bpf->obj, twin_name);
		bpf_program__set_autoload(program, unpreempted);
		bpf_program__set_autoload(twin, !unpreempted);
	}
	choose_uring_programs(session);
	bpf_program__set_autoload(session->bpf->progs.on_cgroup_attach,
				  session->bpf->rodata->target_mode == TARGET_MODE_CGROUP);
	/* These are attached with their maps. */
#define MAP(name, key_type, value_type)                                                            \
	bpf_program__set_autoattach(session->bpf->progs.list_##name, false);
#include "maps.def"
#undef MAP
}

static int session_load(struct session *session, const struct options *options,
			char error[SESSION_ERROR_SIZE])
{
	struct cgroup cgroup = {};
	int err;

	if (options->target == TARGET_CGROUP) {
		err = cgroup_find(options->cgroup, &cgroup, error, SESSION_ERROR_SIZE);
		if (err)
			return err;
	}
	session->bpf = ipctrace_bpf__open();
	if (!session->bpf) {
		err = -errno;
		snprintf(error, SESSION_ERROR_SIZE, "cannot open the BPF programs: %s",
			 strerror(-err));
		return err;
	}
	settings_fill(session, options, cgroup.id);
	choose_programs(session);
	err = ipctrace_bpf__load(session->bpf);
	/* libbpf then looks for the missing kernel function in modules, which takes CAP_SYS_ADMIN. */
	if (err && !session->features.vma_iterator && geteuid() != 0)
		snprintf(error, SESSION_ERROR_SIZE,
			 "the BPF programs cannot be loaded: %s; before Linux 6.7 be root, or have CAP_SYS_ADMIN, too",
			 strerror(-err));
	else if (err)
		snprintf(error, SESSION_ERROR_SIZE,
			 "the kernel refused the BPF programs: %s; run ipctrace check, or set "
			 "IPCTRACE_DEBUG=1 to see why",
			 strerror(-err));
	return err;
}

static int attach_map_iterators(struct session *session)
{
	const struct {
		const struct bpf_program *program;
		const struct bpf_map *map;
	} iterators[] = {
#define MAP(name, key_type, value_type)                                                            \
	{session->bpf->progs.list_##name, session->bpf->maps.name},
#include "maps.def"
#undef MAP
	};

	for (int i = 0; i < TABLE_COUNT; i++) {
		union bpf_iter_link_info info = {.map.map_fd = bpf_map__fd(iterators[i].map)};
		struct bpf_iter_attach_opts options;

		memset(&options, 0, sizeof(options)); /* libbpf looks at the padding, too */
		options.sz = sizeof(options);
		options.link_info = &info;
		options.link_info_len = sizeof(info);
		session->map_links[i] = bpf_program__attach_iter(iterators[i].program, &options);
		if (!session->map_links[i])
			return -errno;
	}
	return 0;
}

static int session_attach(struct session *session, char error[SESSION_ERROR_SIZE])
{
	int err = attach_map_iterators(session);

	if (!err)
		err = ipctrace_bpf__attach(session->bpf);
	if (err == -ENOENT && session->features.preemptible_hooks)
		snprintf(error, SESSION_ERROR_SIZE,
			 "the kernel's trace events are not there: mount -t tracefs tracefs /sys/kernel/tracing");
	else if (err == -EACCES && session->features.preemptible_hooks)
		snprintf(error, SESSION_ERROR_SIZE,
			 "this kernel's trace events take more rights: root, or also CAP_DAC_READ_SEARCH and (if "
			 "kernel.perf_event_paranoid is above 2) CAP_SYS_ADMIN");
	else if (err)
		snprintf(error, SESSION_ERROR_SIZE,
			 "cannot attach the BPF programs: %s; run ipctrace check", strerror(-err));
	tables_measure(session);
	session->mark_link = session->bpf->links.mark_targets;
	session->holders_link = session->bpf->links.list_holders;
	session->share_link = session->bpf->links.share_channels;
	session->areas_link = session->bpf->links.list_areas;
	session->load_cpu_ns = own_cpu_ns();
	return err;
}

/* The statistics are on as long as the descriptor is open. */
static int session_measure(struct session *session, char error[SESSION_ERROR_SIZE])
{
	session->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (session->stats_fd >= 0)
		return 0;
	snprintf(error, SESSION_ERROR_SIZE, "cannot switch on the run-time statistics: %s; leave out --stats",
		 strerror(-session->stats_fd));
	return session->stats_fd;
}

int session_open(struct session **out, const struct options *options,
		 char error[SESSION_ERROR_SIZE])
{
	struct session *session = calloc(1, sizeof(*session));
	int err;

	if (!session) {
		snprintf(error, SESSION_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	session->stats_fd = -1;
	libbpf_set_print(print_libbpf);
	features_probe(&session->features);
	err = features_check(&session->features, error, SESSION_ERROR_SIZE);
	if (!err)
		err = process_check_namespace(error, SESSION_ERROR_SIZE);
	if (!err)
		err = session_load(session, options, error);
	for (unsigned i = 0; !err && i < options->id_count; i++) {
		__u32 id = options->ids[i];
		__u8 yes = 1;

		err = bpf_map_update_elem(bpf_map__fd(session->bpf->maps.target_ids), &id, &yes,
					  BPF_ANY);
		if (err)
			snprintf(error, SESSION_ERROR_SIZE, "cannot hand over the targets: %s",
				 strerror(-err));
	}
	if (!err && options->stats)
		err = session_measure(session, error);
	if (!err)
		err = session_attach(session, error);
	if (err) {
		session_close(session);
		return err;
	}
	*out = session;
	return 0;
}

void session_close(struct session *session)
{
	if (!session)
		return;
	for (int i = 0; i < TABLE_COUNT; i++)
		bpf_link__destroy(session->map_links[i]);
	ipctrace_bpf__destroy(session->bpf);
	if (session->stats_fd >= 0)
		close(session->stats_fd);
	free(session);
}

bool session_still_works(void *context)
{
	struct session *session = context;
	int fd;

	if (map_for_each(session, TABLE_processes, NULL, NULL))
		return false;
	fd = bpf_iter_create(bpf_link__fd(session->holders_link));
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static size_t memory_of(int fd)
{
	char path[64], line[128];
	size_t bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %zu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

size_t session_map_memory(const struct session *session)
{
	struct bpf_map *map;
	size_t bytes = 0;

	if (!session->features.map_memory)
		return 0;
	bpf_object__for_each_map(map, session->bpf->obj)
		bytes += memory_of(bpf_map__fd(map));
	return bytes;
}
