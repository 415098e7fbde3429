// SPDX-License-Identifier: GPL-2.0
/*
 * The targets in words.
 */
#include "capture/target_text.h"

#include <stdio.h>
#include <string.h>

static void read_comm(pid_t pid, char comm[32])
{
	char path[64];
	FILE *file;

	snprintf(comm, 32, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(comm, 32, file))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(file);
}

static void list_ids(const struct options *options, char text[TARGET_TEXT_SIZE])
{
	const unsigned shown = options->id_count > 3 ? 3 : options->id_count;
	size_t used = 0;
	char comm[32];

	/* cppcheck-suppress knownConditionTrueFalse ; it takes the smaller of the two numbers for 0 */
	for (unsigned i = 0; i < shown; i++) {
		read_comm(options->ids[i], comm);
		used += snprintf(text + used, TARGET_TEXT_SIZE - used, "%s%s(%d)", i ? ", " : "",
				 comm, options->ids[i]);
	}
	if (shown < options->id_count)
		snprintf(text + used, TARGET_TEXT_SIZE - used, " and %u more",
			 options->id_count - shown);
}

void target_text(const struct options *options, char text[TARGET_TEXT_SIZE])
{
	switch (options->target) {
	case TARGET_PIDS:
	case TARGET_TIDS:
		list_ids(options, text);
		break;
	case TARGET_COMM:
		snprintf(text, TARGET_TEXT_SIZE, "every %s", options->comm);
		break;
	case TARGET_CGROUP:
		snprintf(text, TARGET_TEXT_SIZE, "the cgroup %s", options->cgroup);
		break;
	case TARGET_ALL:
		snprintf(text, TARGET_TEXT_SIZE, "the whole system");
		break;
	default:
		snprintf(text, TARGET_TEXT_SIZE, "%s", options->argv ? options->argv[0] : "");
		break;
	}
}
