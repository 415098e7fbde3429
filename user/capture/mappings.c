// SPDX-License-Identifier: GPL-2.0
/*
 * Who maps which shared memory now: runs the iterator over all mappings, and adds what only /proc tells: the
 * path of a file. Paths are as this process sees them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/session_private.h"

#define DELETED " (deleted)"

/* /proc/PID/maps, read along with the iterator: both go by address. */
struct reader {
	struct model *model;
	__u32 pid;
	FILE *file; /* NULL: not open, or the process has gone */
	char *line;
	size_t size;
};

static void reader_open(struct reader *reader, __u32 pid)
{
	char path[64];

	if (reader->file)
		fclose(reader->file);
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	reader->file = fopen(path, "re");
	reader->pid = pid;
}

/* Cuts what the kernel adds to the path of a file without a name. */
static void cut_deleted(char *path)
{
	size_t length = strlen(path), cut = strlen(DELETED);

	if (length > cut && !strcmp(path + length - cut, DELETED))
		path[length - cut] = '\0';
}

/*
 * The path of the mapping of file INODE that begins at START, above those asked for before; NULL: none. There
 * may be another one by now.
 */
static const char *reader_path(struct reader *reader, unsigned long long start, unsigned long long inode)
{
	unsigned long long at = 0, found;

	while (reader->file && at < start && getline(&reader->line, &reader->size, reader->file) > 0) {
		int path_at = 0;
		char *path;

		if (sscanf(reader->line, "%llx-%*x %*s %*s %*s %llu %n", &at, &found, &path_at) < 2)
			break;
		path = reader->line + path_at;
		if (at != start || found != inode || *path != '/')
			continue;
		path[strcspn(path, "\n")] = '\0';
		cut_deleted(path);
		return path;
	}
	return NULL;
}

static bool wants_path(const struct model *model, const struct mapping_record *record)
{
	const struct object_record *object = model_find_object(model->base, &record->key);

	return record->shares && record->value.memory != MEMORY_KERNEL && !(object && object->path);
}

static void take_area(void *context, const void *entry)
{
	const struct mapping_record *record = entry;
	struct reader *reader = context;
	const char *path = NULL;

	if (record->process.pid == (__u32)getpid())
		return;
	if (wants_path(reader->model, record)) {
		if (reader->pid != record->process.pid)
			reader_open(reader, record->process.pid);
		path = reader_path(reader, record->start,
				   record->value.generation ? (__u32)record->key.object : record->key.object);
	}
	model_mapped(reader->model, record, path);
}

int session_find_mappings(struct session *session, struct model *model)
{
	const __u32 kinds = 1U << MECH_SHM | 1U << MECH_SYSV_SHM;
	struct reader reader = {.model = model};
	int err;

	if (!(session->bpf->rodata->wanted_mechanisms & kinds))
		return 0;
	err = iterator_run(session->areas_link, sizeof(struct mapping_record), take_area, &reader);
	if (reader.file)
		fclose(reader.file);
	free(reader.line);
	return err;
}
