/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows of a table in the order in which they are shown.
 */
#ifndef IPCTRACE_ROWS_H
#define IPCTRACE_ROWS_H

#include "view/columns.h"

struct rows {
	const void **items; /* owned; the rows themselves belong to the model */
	unsigned count;
	unsigned active; /* so many of them did something in the window */
};

/*
 * Collects the rows of VIEW: those for people only, or all. Sorted by the column SORT (figures
 * downwards; text and ids upwards), or busiest first where it is NULL or not a column of this view.
 * Returns 0 or -ENOMEM. rows_free() in either case.
 */
int rows_collect(struct rows *rows, const struct model *model, enum view view, enum window w,
		 const char *sort, bool for_people);
void rows_free(struct rows *rows);

#endif
