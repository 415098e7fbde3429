/* SPDX-License-Identifier: GPL-2.0 */
/*
 * UTF-8 without regard to the locale, and how many columns of a terminal text takes.
 */
#ifndef IPCTRACE_UTF8_H
#define IPCTRACE_UTF8_H

#include <stdint.h>
#include <stdio.h>

/*
 * Decodes the first character of TEXT (not empty, NUL-terminated). Returns its length in bytes, or
 * 0 when TEXT does not begin with a valid one (overlong forms and surrogates are invalid).
 */
unsigned utf8_decode(const char *text, uint32_t *character);

/*
 * Columns that a character takes on a terminal of this locale, or -1 when it must not be printed
 * there: control and format characters, and what the locale cannot show.
 */
int character_width(uint32_t character);

/* Columns that escaped text (see escape.h) takes. */
unsigned text_width(const char *escaped);

/*
 * Prints at most WIDTH columns of escaped text; where it had to cut, the last one is a "~".
 * Returns the columns printed.
 */
unsigned print_cut(FILE *out, const char *escaped, unsigned width);

#endif
