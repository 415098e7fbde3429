/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What processes are called beyond what the kernel side tells: command lines and cgroups.
 */
#ifndef IPCTRACE_PROCESS_NAMES_H
#define IPCTRACE_PROCESS_NAMES_H

#include "model/base.h"

/* Reads them for all processes that are new, or have called execve, since the last time. */
void process_names_fill(struct model *model);

#endif
