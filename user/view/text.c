// SPDX-License-Identifier: GPL-2.0
/*
 * The selected views one below the other as plain text, health at the end.
 */
#include "view/text.h"

#include <time.h>

#include "view/formats.h"

static void add_timestamp(struct lines *lines, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm local;
	char text[32];

	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	lines_add(lines, LINE_PLAIN, "%s.%03u", text, (unsigned)(time_ns / 1000000 % 1000));
}

int format_text(FILE *out, const struct model *model, enum window window,
		const struct view_options *options, unsigned width)
{
	struct text_request request = { .model = model, .window = window, .options = options };
	struct lines lines = { .width = width };
	int err;

	if (options->timestamp)
		add_timestamp(&lines, model->time_ns);
	for (unsigned bit = 1; bit && bit <= options->views; bit <<= 1) {
		if (!(options->views & bit))
			continue;
		text_view(&lines, &request, bit);
		if (options->header)
			lines_add(&lines, LINE_PLAIN, "%s", "");
	}
	text_health(&lines, &request);
	if (options->header)
		lines_add(&lines, LINE_PLAIN, "%s", "");
	lines_print(&lines, out, options->color);
	err = lines.error;
	lines_free(&lines);
	return err;
}
