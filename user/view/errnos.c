// SPDX-License-Identifier: GPL-2.0
/*
 * Failed calls by the name of their error: as the text of a cell, and as lines below a row.
 */
#include "view/errnos.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/endpoints.h"
#include "view/escape.h"

void errno_name(char name[ERRNO_NAME_SIZE], int error)
{
	const char *known = strerrorname_np(error);

	if (known)
		snprintf(name, ERRNO_NAME_SIZE, "%s", known);
	else
		snprintf(name, ERRNO_NAME_SIZE, "error %d", error);
}

static void print_figures(FILE *out, const struct errno_figures *errors)
{
	char name[ERRNO_NAME_SIZE];

	for (unsigned i = 0; i < errors->count; i++) {
		errno_name(name, errors->items[i].error);
		fprintf(out, "%s%s %" PRIu64, i ? ", " : "", name, errors->items[i].calls);
	}
}

void print_channel_errnos(char *text, size_t size, const struct channel *channel, enum window w)
{
	FILE *out = fmemopen(text, size, "w");
	struct errno_figures errors;
	const char *separator = "";
	char name[64];

	text[0] = '\0';
	if (!out)
		return;
	for (unsigned i = 0; i < channel->endpoint_count; i++) {
		const struct process *process = channel->endpoints[i].process;

		channel_errnos(channel, process, w, &errors);
		if (!errors.count)
			continue;
		print_process(name, sizeof(name), process, 0);
		fprintf(out, "%s%s: ", separator, name);
		print_figures(out, &errors);
		separator = "; ";
	}
	/* fmemopen() terminates the text, and drops what does not fit. */
	fclose(out);
	text[size - 1] = '\0';
}

void print_lock_errnos(char *text, size_t size, const struct lock *lock, enum window w)
{
	FILE *out = fmemopen(text, size, "w");
	struct errno_figures errors;

	text[0] = '\0';
	if (!out)
		return;
	lock_errnos(lock, w, &errors);
	print_figures(out, &errors);
	fclose(out);
	text[size - 1] = '\0';
}

/* A line of what WHO, raw text, got as errors. */
static void add_line(struct lines *lines, const char *who, const struct errno_figures *errors)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		lines->error = -ENOMEM;
		return;
	}
	escape_terminal(out, who);
	print_figures(out, errors);
	fclose(out);
	lines_add(lines, LINE_PLAIN, "    %s", text ? text : "");
	free(text);
}

unsigned add_channel_errnos(struct lines *lines, const void *row, enum window w)
{
	const struct channel *channel = row;
	struct errno_figures errors;
	char name[64], who[64 + 2];
	unsigned added = 0;

	for (unsigned i = 0; i < channel->endpoint_count; i++) {
		channel_errnos(channel, channel->endpoints[i].process, w, &errors);
		if (!errors.count)
			continue;
		added++;
		print_process(name, sizeof(name), channel->endpoints[i].process, 0);
		snprintf(who, sizeof(who), "%s: ", name);
		if (lines)
			add_line(lines, who, &errors);
	}
	return added;
}

unsigned add_lock_errnos(struct lines *lines, const void *row, enum window w)
{
	struct errno_figures errors;

	lock_errnos(row, w, &errors);
	if (errors.count && lines)
		add_line(lines, "", &errors);
	return errors.count > 0;
}
