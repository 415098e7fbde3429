/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shares the height of a screen among the views. Knows heights and ranks, and draws nothing.
 */
#ifndef IPCTRACE_LAYOUT_H
#define IPCTRACE_LAYOUT_H

#include <stdbool.h>

/* Lines of a view: title, header, a row, and how many more. */
#define LAYOUT_LEAST 4

struct view_height {
	unsigned rank;   /* the higher, the earlier it is left out */
	bool empty;      /* has no rows: left out before all others */
	unsigned wanted; /* lines */
	unsigned given;  /* lines, 0: left out */
};

/*
 * Fills in GIVEN of COUNT views for HEIGHT lines. Whole views are left out until the others have
 * LAYOUT_LEAST lines, or as many as they want (the last one stays with less).
 * Returns the lines that remain for a footer: those that no view wants, and up to FOOTER_MIN before
 * any view gets more than that.
 */
unsigned layout_views(struct view_height *views, unsigned count, unsigned height,
		      unsigned footer_min);

#endif
