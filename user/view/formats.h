/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One function an output format: prints the model into a stream in memory. Returns 0 or a negative
 * errno; errors of the stream are the caller's to see.
 */
#ifndef IPCTRACE_FORMATS_H
#define IPCTRACE_FORMATS_H

#include "view/views.h"

/* Text tables, WIDTH columns wide (0: any): text.c. */
int format_text(FILE *out, const struct model *model, enum window window,
		const struct view_options *options, unsigned width);

/* The contract's JSON object, on one line: json.c. */
int format_json(FILE *out, const struct model *model, enum window window,
		const struct view_options *options, unsigned width);

/* The first of the selected tables as CSV: csv.c. -EINVAL when none is a table. */
int format_csv(FILE *out, const struct model *model, enum window window,
	       const struct view_options *options, unsigned width);

#endif
