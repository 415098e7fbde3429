/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that shows a model: text tables, histograms, the live screen, JSON and CSV.
 * Views read the model and never change it; what they print of foreign text they escape.
 */
#ifndef IPCTRACE_VIEWS_H
#define IPCTRACE_VIEWS_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"

enum output_format {
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_CSV,
};

/* Bits of view_options.views; the names users type are in the table of views (views.c). */
enum view {
	VIEW_PROCESSES = 1 << 0,
	VIEW_CHANNELS = 1 << 1,
	VIEW_LOCKS = 1 << 2,
	VIEW_WAITS = 1 << 3,
	VIEW_HIST = 1 << 4,
	VIEW_EDGES = 1 << 5,
};

struct view_options {
	enum output_format format;
	unsigned views;    /* bits of enum view; default processes, channels, locks */
	const char *sort;  /* column name, or NULL: busiest first */
	unsigned top;      /* rows a table at the most, 0: as many as there are (screen: as fit) */
	bool header;       /* false: --no-header */
	bool color;        /* false: --no-color, NO_COLOR, or not a terminal */
	bool timestamp;
	bool errors;       /* --errors: errors by name below the rows */
};

/* Bit of the view with this name, or 0. */
unsigned view_by_name(const char *name);

/* The names of all views for help and error lines: "processes, channels, ...". */
const char *view_names(void);

/* Is NAME a column that one of VIEWS can be sorted by? */
bool view_has_column(unsigned views, const char *name);

/*
 * Prints MODEL's WINDOW to OUT in the chosen format, and flushes it. For text, WIDTH is the number
 * of columns to fill (0: do not cut). Returns 0 or a negative errno (-EPIPE: the reader has gone).
 */
int views_print(FILE *out, const struct model *model, enum window window,
		const struct view_options *options, unsigned width);

#endif
