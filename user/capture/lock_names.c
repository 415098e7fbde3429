// SPDX-License-Identifier: GPL-2.0
/*
 * Names for futex words from the mappings of their process: "libc.so.6+0x1d2a40", "[heap]+0x2a0".
 * Offsets are from the first mapping of the file, as in its symbol table.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/lock_names.h"
#include "model/array.h"

struct mapping {
	unsigned long start, end;
	char name[256];
};

struct mappings {
	struct mapping *list;
	unsigned count, room;
};

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return path[0] == '/' && slash ? slash + 1 : path;
}

static int read_mappings(__u32 pid, struct mappings *mappings)
{
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *file;
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!err && getline(&line, &size, file) > 0) {
		struct mapping *mapping;
		int name_at = 0;

		line[strcspn(line, "\n")] = '\0';
		err = array_grow((void **)&mappings->list, mappings->count, &mappings->room,
				 sizeof(*mappings->list));
		if (err)
			break;
		mapping = &mappings->list[mappings->count];
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &mapping->start, &mapping->end,
			   &name_at) < 2)
			continue;
		/* Shared anonymous memory is a deleted file of the kernel's own. */
		if (name_at && !strcmp(line + name_at, "/dev/zero (deleted)"))
			snprintf(mapping->name, sizeof(mapping->name), "[shared]");
		else
			snprintf(mapping->name, sizeof(mapping->name), "%s",
				 name_at ? last_component(line + name_at) : "");
		mappings->count++;
	}
	free(line);
	fclose(file);
	return err;
}

/*
 * The name of the mapping at INDEX and where its file begins. Zeroed data (.bss) is mapped without
 * a name right behind its file.
 */
static const char *origin(const struct mappings *mappings, unsigned index, unsigned long *base)
{
	const struct mapping *list = mappings->list;
	unsigned first = index;

	if (!list[index].name[0] && index > 0 && list[index - 1].end == list[index].start &&
	    list[index - 1].name[0] && list[index - 1].name[0] != '[')
		first = index - 1;
	*base = list[first].start;
	if (!list[first].name[0] || list[first].name[0] == '[')
		return list[first].name;
	for (unsigned i = first; i-- > 0 && !strcmp(list[i].name, list[first].name);)
		*base = list[i].start;
	return list[first].name;
}

static void name_lock(struct model *model, struct lock *lock, const struct mappings *mappings)
{
	unsigned long address = lock->key.address, base;
	char text[300];
	const char *name;

	for (unsigned i = 0; i < mappings->count; i++) {
		if (address < mappings->list[i].start || address >= mappings->list[i].end)
			continue;
		name = origin(mappings, i, &base);
		if (name[0])
			snprintf(text, sizeof(text), "%s+0x%lx", name, address - base);
		else
			snprintf(text, sizeof(text), "[anon]+0x%lx", address - base);
		model_name_lock(model, lock, text);
		return;
	}
}

static int by_process(const void *a, const void *b)
{
	const struct lock *one = *(struct lock *const *)a, *other = *(struct lock *const *)b;

	return memcmp(&one->key.process, &other->key.process, sizeof(one->key.process));
}

void lock_names_fill(struct model *model)
{
	struct mappings mappings = {};
	struct lock **nameless = calloc(model->lock_count + 1, sizeof(*nameless));
	const struct process *process = NULL;
	unsigned count = 0;

	if (!nameless)
		return;
	for (unsigned i = 0; i < model->lock_count; i++)
		if (!model->locks[i]->is_named && !lock_is_file(model->locks[i]) &&
		    !model->locks[i]->process->exited)
			nameless[count++] = model->locks[i];
	qsort(nameless, count, sizeof(*nameless), by_process);
	for (unsigned i = 0; i < count; i++) {
		if (nameless[i]->process != process) {
			process = nameless[i]->process;
			mappings.count = 0;
			if (read_mappings(process->key.pid, &mappings))
				mappings.count = 0;
		}
		name_lock(model, nameless[i], &mappings);
	}
	free(mappings.list);
	free(nameless);
}
