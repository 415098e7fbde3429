// SPDX-License-Identifier: GPL-2.0
/*
 * THE tables of views and of output formats, and the way of the finished text to its stream.
 */
#include "view/views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "view/columns.h"
#include "view/formats.h"
#include "view/text.h"

static const struct {
	enum view view;
	unsigned rank;	  /* the higher, the earlier it is left out on a low screen */
	const char *name; /* what users type after --view */
	void (*text)(struct lines *lines, const struct text_request *request, enum view view);
} views[] = {
	{ VIEW_PROCESSES, 2, "processes", text_table },
	{ VIEW_CHANNELS, 1, "channels", text_table },
	{ VIEW_EDGES, 6, "edges", text_table },
	{ VIEW_LOCKS, 3, "locks", text_table },
	{ VIEW_WAITS, 4, "waits", text_table },
	{ VIEW_HIST, 5, "hist", text_hist },
};

static const unsigned view_count = sizeof(views) / sizeof(*views);

static int (*const formats[])(FILE *out, const struct model *model, enum window window,
			      const struct view_options *options, unsigned width) = {
	[FORMAT_TABLE] = format_text,
	[FORMAT_JSON] = format_json,
	[FORMAT_CSV] = format_csv,
};

unsigned view_by_name(const char *name)
{
	for (unsigned i = 0; i < view_count; i++)
		if (!strcmp(views[i].name, name))
			return views[i].view;
	return 0;
}

const char *view_names(void)
{
	static char names[128];
	size_t used = 0;

	for (unsigned i = 0; i < view_count && used < sizeof(names); i++)
		used += snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
				 views[i].name);
	return names;
}

bool view_has_column(unsigned selected, const char *name)
{
	for (unsigned i = 0; i < view_count; i++)
		if ((selected & views[i].view) && column_by_name(views[i].view, name))
			return true;
	return false;
}

void text_view(struct lines *lines, const struct text_request *request, enum view view)
{
	for (unsigned i = 0; i < view_count; i++)
		if (views[i].view == view)
			views[i].text(lines, request, view);
}

unsigned view_rank(enum view view)
{
	for (unsigned i = 0; i < view_count; i++)
		if (views[i].view == view)
			return views[i].rank;
	return 0;
}

/* One write(2), as far as the kernel takes it at once: readers of lines never see half of one. */
static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		length -= written;
	}
	return 0;
}

static int deliver(FILE *out, const char *text, size_t length)
{
	int fd = fileno(out);

	if (fflush(out))
		return -errno;
	if (fd >= 0)
		return write_all(fd, text, length);
	/* A stream in memory. */
	if (fwrite(text, 1, length, out) != length || fflush(out))
		return -EIO;
	return 0;
}

int views_print(FILE *out, const struct model *model, enum window window,
		const struct view_options *options, unsigned width)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);
	int err;

	if (!memory)
		return -ENOMEM;
	err = formats[options->format](memory, model, window, options, width);
	if ((ferror(memory) | fclose(memory)) && !err)
		err = -ENOMEM;
	if (!err)
		err = deliver(out, text, length);
	free(text);
	return err;
}
