// SPDX-License-Identifier: GPL-2.0
/*
 * One view as an aligned text table: chooses the columns that fit, and cuts text to fit.
 * Knows columns only by their description, and no view in particular.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view/columns.h"
#include "view/escape.h"
#include "view/rows.h"
#include "view/text.h"
#include "view/units.h"
#include "view/utf8.h"

/*
 * Without a limit given, objects that are only held open do not fill the page: a server may hold
 * thousands. All that were active in the window are shown in any case.
 */
#define ROWS_WITH_IDLE 20

#define MAX_COLUMNS 64 /* of one table */

/* Figures get this much at least, so that columns stay in place from one interval to the next. */
#define MIN_FIGURE_WIDTH 6

/*
 * How a table gets narrower: columns with a priority above ABOVE are left out, while text keeps
 * this width at the least (or its MIN_WIDTH, if that is less).
 */
static const struct {
	unsigned above, text_width;
} steps[] = {
	{ 2, UINT32_MAX },
	{ 1, 24 },
	{ 0, 8 },
};

struct cell_column {
	const struct column *column;
	char header[32];
	unsigned natural, width; /* wanted, and given */
	bool shown;
};

struct grid {
	unsigned columns, rows;
	struct cell_column *column; /* owned */
	char **cells;               /* owned, row by row, escaped */
};

static char *escaped_text(const struct column *column, const void *row, enum window w)
{
	char raw[CELL_TEXT_SIZE], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	column->text(raw, sizeof(raw), row, w);
	escape_terminal(out, raw);
	fclose(out);
	return text;
}

static char *cell_text(const struct column *column, const void *row,
		       const struct text_request *request)
{
	char text[UNIT_TEXT_SIZE];

	if (column->unit == UNIT_TEXT)
		return escaped_text(column, row, request->window);
	format_figure(text, column->unit, column->number(row, request->window), request->window,
		      request->model);
	return strdup(text);
}

static void add_columns(struct grid *grid, enum view view, enum window w)
{
	for (unsigned i = 0; i < column_count; i++) {
		struct cell_column *c = &grid->column[grid->columns];

		if (columns[i].view != view || columns[i].priority == CSV_ONLY)
			continue;
		c->column = &columns[i];
		c->shown = true;
		snprintf(c->header, sizeof(c->header), "%s%s", columns[i].header,
			 w == WINDOW_INTERVAL && unit_is_rate(columns[i].unit) ? "/s" : "");
		c->natural = strlen(c->header);
		if (c->column->unit > UNIT_LEVEL && c->natural < MIN_FIGURE_WIDTH)
			c->natural = MIN_FIGURE_WIDTH;
		grid->columns++;
	}
}

static int grid_fill(struct grid *grid, const struct rows *rows, unsigned shown,
		     const struct text_request *request, enum view view)
{
	bool filled[MAX_COLUMNS] = { false };

	grid->column = calloc(column_count, sizeof(*grid->column));
	if (!grid->column)
		return -ENOMEM;
	add_columns(grid, view, request->window);
	grid->cells = calloc((size_t)shown * grid->columns + 1, sizeof(*grid->cells));
	if (!grid->cells)
		return -ENOMEM;
	grid->rows = shown;
	for (unsigned row = 0; row < shown; row++) {
		for (unsigned i = 0; i < grid->columns; i++) {
			struct cell_column *c = &grid->column[i];
			char *text = cell_text(c->column, rows->items[row], request);
			unsigned width;

			if (!text)
				return -ENOMEM;
			grid->cells[row * grid->columns + i] = text;
			width = text_width(text);
			if (width > c->natural)
				c->natural = width;
			filled[i] |= width > 0;
		}
	}
	for (unsigned i = 0; i < grid->columns; i++)
		grid->column[i].shown = filled[i] || !shown;
	return 0;
}

static void grid_free(struct grid *grid)
{
	for (size_t i = 0; grid->cells && i < (size_t)grid->rows * grid->columns; i++)
		free(grid->cells[i]);
	free(grid->cells);
	free(grid->column);
}

/* Gives each shown column what it needs at the least; returns the sum with the gaps. */
static unsigned least_width(struct grid *grid, unsigned most_for_text)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < grid->columns; i++) {
		struct cell_column *c = &grid->column[i];

		if (!c->shown)
			continue;
		c->width = c->natural;
		if (c->column->unit == UNIT_TEXT) {
			unsigned least = c->column->min_width;

			if (least > most_for_text)
				least = most_for_text;
			if (c->width > least)
				c->width = least;
		}
		sum += c->width + (sum ? 1 : 0);
	}
	return sum;
}

/* Leaves out the column that matters least, if it matters less than ABOVE. */
static bool drop_column(struct grid *grid, unsigned above)
{
	struct cell_column *victim = NULL;
	unsigned shown = 0;

	for (unsigned i = 0; i < grid->columns; i++) {
		struct cell_column *c = &grid->column[i];

		shown += c->shown;
		if (c->shown && c->column->priority > above &&
		    (!victim || c->column->priority >= victim->column->priority))
			victim = c;
	}
	if (!victim || shown < 2)
		return false;
	victim->shown = false;
	return true;
}

/* Hands what is left to the texts, the most important first. */
static void widen_texts(struct grid *grid, unsigned spare)
{
	unsigned most = 0;

	for (unsigned i = 0; i < grid->columns; i++)
		if (grid->column[i].column->priority > most)
			most = grid->column[i].column->priority;
	for (unsigned priority = 1; priority <= most; priority++) {
		for (unsigned i = 0; i < grid->columns; i++) {
			struct cell_column *c = &grid->column[i];
			unsigned more = c->natural - c->width;

			if (!c->shown || c->column->priority != priority)
				continue;
			if (more > spare)
				more = spare;
			c->width += more;
			spare -= more;
		}
	}
}

static void grid_layout(struct grid *grid, unsigned width)
{
	unsigned needed = least_width(grid, UINT32_MAX);

	if (!width) {
		widen_texts(grid, UINT32_MAX);
		return;
	}
	for (unsigned i = 0; needed > width && i < sizeof(steps) / sizeof(*steps); i++) {
		needed = least_width(grid, steps[i].text_width);
		while (needed > width && drop_column(grid, steps[i].above))
			needed = least_width(grid, steps[i].text_width);
	}
	if (needed < width)
		widen_texts(grid, width - needed);
}

/* Text to the left, figures to the right; ROW -1 is the header. */
static void add_row(struct lines *lines, const struct grid *grid, int row)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *gap = "";

	if (!out) {
		lines->error = -ENOMEM;
		return;
	}
	for (unsigned i = 0; i < grid->columns; i++) {
		const struct cell_column *c = &grid->column[i];
		const char *cell = row < 0 ? c->header : grid->cells[row * grid->columns + i];
		unsigned width = text_width(cell);
		int padding = width < c->width ? c->width - width : 0;

		if (!c->shown)
			continue;
		fputs(gap, out);
		if (c->column->unit != UNIT_TEXT)
			fprintf(out, "%*s", padding, "");
		print_cut(out, cell, c->width);
		if (c->column->unit == UNIT_TEXT)
			fprintf(out, "%*s", padding, "");
		gap = " ";
	}
	fclose(out);
	lines_add(lines, row < 0 ? LINE_HEADER : LINE_PLAIN, "%s", text ? text : "");
	free(text);
}

/* What of a table is shown. */
struct extent {
	bool title, header, more; /* the line that tells how many rows were cut */
	bool note;                /* the table's line about some of the rows */
	unsigned rows;
};

/* How many rows are asked for. */
static unsigned row_limit(const struct text_request *request, const struct rows *rows)
{
	unsigned limit = rows->active > ROWS_WITH_IDLE ? rows->active : ROWS_WITH_IDLE;

	if (request->options->top)
		limit = request->options->top;
	else if (request->options->sort)
		limit = rows->count; /* the idle ones are not at the end */
	return limit < rows->count ? limit : rows->count;
}

/* Is the table's note about one of the first SHOWN rows? */
static bool is_noted(const struct table *table, const struct rows *rows, unsigned shown)
{
	for (unsigned i = 0; table->noted && i < shown; i++)
		if (table->noted(rows->items[i]))
			return true;
	return false;
}

/* With little room, a row says most, then how many more there are, the header, the title, and the note. */
static struct extent table_extent(const struct text_request *request, const struct rows *rows,
				  const struct table *table)
{
	unsigned room = request->max_lines ? request->max_lines : UINT32_MAX;
	unsigned least = 1 + (rows->count > 1);
	struct extent extent = { .rows = row_limit(request, rows) };

	if (!rows->count) {
		extent.title = request->options->header;
		return extent;
	}
	extent.title = request->options->header && room >= least + 2;
	extent.header = request->options->header && room >= least + 1;
	room -= extent.title + extent.header;
	extent.more = extent.rows < rows->count;
	if (extent.rows + extent.more > room) {
		extent.more = room > 1;
		extent.rows = room - extent.more;
	}
	extent.note = request->options->header && extent.rows + extent.more < room &&
		      is_noted(table, rows, extent.rows);
	return extent;
}

/* Errors are listed below their rows: as many rows less are shown as that takes lines. */
static void make_room(struct extent *extent, const struct text_request *request, const struct rows *rows,
		      const struct table *table)
{
	unsigned used = extent->title + extent->header + 1; /* of the line that tells what was cut */
	unsigned shown = 0;

	while (shown < extent->rows) {
		used += 1 + table->errors(NULL, rows->items[shown], request->window);
		if (used > request->max_lines)
			break;
		shown++;
	}
	if (shown == extent->rows)
		return;
	extent->rows = shown ? shown : 1;
	extent->more = extent->rows < rows->count;
}

void text_table(struct lines *lines, const struct text_request *request, enum view view)
{
	const struct view_options *options = request->options;
	const struct table *table = table_by_view(view);
	bool with_errors = options->errors && table->errors;
	struct grid grid = { 0 };
	struct extent extent;
	struct rows rows;
	int err;

	err = rows_collect(&rows, request->model, view, request->window, options->sort, true);
	if (err)
		goto cleanup;
	extent = table_extent(request, &rows, table);
	if (with_errors && request->max_lines)
		make_room(&extent, request, &rows, table);
	err = grid_fill(&grid, &rows, extent.rows, request, view);
	if (err)
		goto cleanup;
	grid_layout(&grid, lines->width);
	if (extent.title)
		text_title(lines, request, table->title,
			   rows.count ? "" : ": none");
	if (extent.header)
		add_row(lines, &grid, -1);
	for (unsigned i = 0; i < extent.rows; i++) {
		add_row(lines, &grid, i);
		if (with_errors)
			table->errors(lines, rows.items[i], request->window);
	}
	if (extent.more)
		lines_add(lines, LINE_PLAIN, "(%u %smore)", rows.count - extent.rows,
			  extent.rows >= rows.active && !options->sort ? "idle " : "");
	if (extent.note)
		lines_add(lines, LINE_PLAIN, "%s", table->note);
cleanup:
	if (err)
		lines->error = err;
	grid_free(&grid);
	rows_free(&rows);
}
