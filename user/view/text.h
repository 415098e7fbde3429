/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The views as text. Each of them adds lines to a page; none of them knows where the page goes.
 */
#ifndef IPCTRACE_TEXT_H
#define IPCTRACE_TEXT_H

#include "view/lines.h"
#include "view/views.h"

struct text_request {
	const struct model *model;
	enum window window;
	const struct view_options *options;
	unsigned max_lines; /* of one view, 0: any number */
};

/* A table (VIEW is one of those with rows and columns): table.c. */
void text_table(struct lines *lines, const struct text_request *request, enum view view);

/* Histograms of the busiest channels and locks: hist.c. */
void text_hist(struct lines *lines, const struct text_request *request, enum view view);

/* What was lost, and what it cost: health.c. */
void text_health(struct lines *lines, const struct text_request *request);

/* "WHAT  last 1.00s", or "WHAT  total 12.3s": health.c. SUFFIX follows. */
void text_title(struct lines *lines, const struct text_request *request, const char *what,
		const char *suffix);

/* A view of any kind: views.c. */
void text_view(struct lines *lines, const struct text_request *request, enum view view);

/* The higher, the earlier a view is left out on a low screen: views.c. */
unsigned view_rank(enum view view);

#endif
