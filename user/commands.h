/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands, one file each (cmd_<verb>.c). They return the program's exit status.
 */
#ifndef IPCTRACE_COMMANDS_H
#define IPCTRACE_COMMANDS_H

#include "cli.h"

enum exit_status {
	STATUS_OK = 0,
	STATUS_RUNTIME_ERROR = 1,
	STATUS_WRONG_USAGE = 2,
};

int cmd_live(const struct options *options);
int cmd_check(const struct options *options);

/* One line to stderr, after our name. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
