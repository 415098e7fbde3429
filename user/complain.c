// SPDX-License-Identifier: GPL-2.0
/*
 * Refusals and errors: one line to stderr.
 */
#include <stdarg.h>
#include <stdio.h>

#include "commands.h"

void complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("ipctrace: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}
