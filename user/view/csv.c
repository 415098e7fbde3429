// SPDX-License-Identifier: GPL-2.0
/*
 * One table as CSV, quoted as in RFC 4180, with the line ends of Unix: raw integers in the unit of
 * the column's name, empty where a figure is not known. The column `type` keeps intervals and the
 * summary apart.
 */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "view/columns.h"
#include "view/escape.h"
#include "view/formats.h"
#include "view/rows.h"

#define END_OF_LINE "\n"

static void print_header(FILE *out, enum view view, const struct view_options *options)
{
	fputs(options->timestamp ? "time,type" : "type", out);
	for (unsigned i = 0; i < column_count; i++)
		if (columns[i].view == view)
			fprintf(out, ",%s", columns[i].name);
	fputs(END_OF_LINE, out);
}

/* ISO 8601 in UTC: sorts as text, and means the same everywhere. */
static void print_time(FILE *out, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm utc;
	char text[32];

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	fprintf(out, "%s.%09uZ,", text, (unsigned)(time_ns % 1000000000));
}

static void print_cell(FILE *out, const struct column *column, const void *row, enum window w)
{
	char text[CELL_TEXT_SIZE];
	uint64_t figure;

	if (column->unit == UNIT_TEXT) {
		column->text(text, sizeof(text), row, w);
		escape_csv(out, text);
		return;
	}
	figure = column->number(row, w);
	if (figure != UNKNOWN)
		fprintf(out, "%" PRIu64, figure);
}

static void print_row(FILE *out, enum view view, const void *row, const struct model *model,
		      enum window w, const struct view_options *options)
{
	if (options->timestamp)
		print_time(out, model->time_ns);
	fputs(w == WINDOW_RUN ? "summary" : "interval", out);
	for (unsigned i = 0; i < column_count; i++) {
		if (columns[i].view != view)
			continue;
		fputc(',', out);
		print_cell(out, &columns[i], row, w);
	}
	fputs(END_OF_LINE, out);
}

/* The first of VIEWS that is a table. */
static enum view first_table(unsigned views)
{
	for (unsigned bit = 1; bit && bit <= views; bit <<= 1)
		if ((views & bit) && table_by_view(bit))
			return bit;
	return 0;
}

int format_csv(FILE *out, const struct model *model, enum window w,
	       const struct view_options *options, unsigned width)
{
	enum view view = first_table(options->views);
	struct rows rows;
	int err;

	(void)width;
	if (!view)
		return -EINVAL;
	err = rows_collect(&rows, model, view, w, options->sort, false);
	if (!err && options->header)
		print_header(out, view, options);
	for (unsigned i = 0; i < rows.count && !err; i++) {
		if (options->top && i >= options->top)
			break;
		print_row(out, view, rows.items[i], model, w, options);
	}
	rows_free(&rows);
	return err;
}
