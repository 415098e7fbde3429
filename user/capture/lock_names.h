/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names for futex words from the mappings of their process.
 */
#ifndef IPCTRACE_LOCK_NAMES_H
#define IPCTRACE_LOCK_NAMES_H

#include "model/base.h"

/* Names the locks of MODEL that have no name yet and whose process still lives. */
void lock_names_fill(struct model *model);

#endif
