/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The targets in words, for a title.
 */
#ifndef IPCTRACE_TARGET_TEXT_H
#define IPCTRACE_TARGET_TEXT_H

#include "cli.h"

#define TARGET_TEXT_SIZE 256

/* "redis-server(123), python3(456)"; untrusted text. */
void target_text(const struct options *options, char text[TARGET_TEXT_SIZE]);

#endif
