/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page of text: what the text views produce, and what goes to a stream or to the screen.
 */
#ifndef IPCTRACE_LINES_H
#define IPCTRACE_LINES_H

#include <stdbool.h>
#include <stdio.h>

enum line_style {
	LINE_PLAIN,
	LINE_TITLE,   /* what follows */
	LINE_HEADER,  /* names of columns */
	LINE_WARNING, /* figures are not complete */
};

struct line {
	enum line_style style;
	char *text; /* escaped */
};

struct lines {
	unsigned width; /* columns that a line may take, 0: any number */
	unsigned count, room;
	struct line *items; /* owned */
	int error;          /* the first one; later calls do nothing */
};

/* Adds a line of escaped text, cut to the width. */
void lines_add(struct lines *lines, enum line_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, but wraps at blanks instead of cutting; further lines are indented. */
void lines_add_wrapped(struct lines *lines, enum line_style style, const char *text);

/* Forgets all lines but the first COUNT. */
void lines_shorten(struct lines *lines, unsigned count);

/* Prints all lines; COLOR: with the terminal's attributes for each style. */
void lines_print(const struct lines *lines, FILE *out, bool color);

/* Forgets all lines and the error, keeps the width. */
void lines_free(struct lines *lines);

#endif
