/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The columns and the tables they belong to. Rows are in columns.def; adding one needs nothing else.
 */
#ifndef IPCTRACE_COLUMNS_H
#define IPCTRACE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/lines.h"
#include "view/views.h"

/* "There is no such figure": no real one gets there. */
#define UNKNOWN UINT64_MAX

/* Room for the raw text of a cell. */
#define CELL_TEXT_SIZE 512

enum unit {
	UNIT_TEXT,
	UNIT_ID,       /* a number that is a name: printed as it is, sorted upwards */
	UNIT_LEVEL,    /* so many now or at the most: no rate */
	UNIT_COUNT,    /* so many in the window: a rate in an interval */
	UNIT_SIZE,     /* bytes, no rate */
	UNIT_BYTES,    /* bytes in the window: a rate in an interval */
	UNIT_DURATION, /* nanoseconds, no rate */
	UNIT_CLOCK,    /* wall clock in nanoseconds: the time of day */
	UNIT_TIME,     /* nanoseconds in the window: a share in an interval, 100 % is one thread */
};

/* A priority: text tables, whose columns are people's, do without. */
#define CSV_ONLY 99

struct column {
	enum view view;
	const char *name;
	const char *header; /* in an interval, "/s" follows where the figure becomes a rate */
	enum unit unit;
	unsigned min_width; /* of text */
	unsigned priority;
	uint64_t (*number)(const void *row, enum window w);                          /* or */
	void (*text)(char *text, size_t size, const void *row, enum window w); /* UNIT_TEXT */
};

extern const struct column columns[];
extern const unsigned column_count;

/* The column of VIEW with this name, or NULL. */
const struct column *column_by_name(enum view view, const char *name);

/* How busy a row is: compared in this order. */
struct activity {
	uint64_t first, second;
};

/* A view that consists of rows and columns. */
struct table {
	enum view view;
	const char *title;
	unsigned (*count)(const struct model *model);
	const void *(*row)(const struct model *model, unsigned i);
	struct activity (*activity)(const void *row, enum window w);
	bool (*for_people)(const void *row); /* NULL: all; else rows that text tables show */
	bool (*noted)(const void *row);      /* NULL: none; else rows that NOTE is about */
	const char *note;                    /* a line below such rows */
	/* With --errors: lists the errors of a row below it. Returns the number of lines; LINES may be NULL. */
	unsigned (*errors)(struct lines *lines, const void *row, enum window w);
};

/* The table behind VIEW, or NULL. */
const struct table *table_by_view(enum view view);

/* Is this figure shown per second in an interval? */
bool unit_is_rate(enum unit unit);

/* Human text of a figure, at most UNIT_TEXT_SIZE (units.h); "-" when it is unknown. */
void format_figure(char *text, enum unit unit, uint64_t figure, enum window w,
		   const struct model *model);

#endif
