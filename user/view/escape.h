/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes foreign text (comm, paths, names) harmless for where it goes. Text is any bytes up to a
 * NUL; it need not be UTF-8.
 */
#ifndef IPCTRACE_ESCAPE_H
#define IPCTRACE_ESCAPE_H

#include <stdio.h>

/*
 * For terminals: every byte of a control or format character, of an escape sequence, of invalid
 * UTF-8 and of what the locale cannot show becomes \xNN, a backslash two. Never more than one line.
 */
void escape_terminal(FILE *out, const char *text);

/*
 * A JSON string with its quotes. A byte that is not part of valid UTF-8 becomes \u00NN, NN its
 * value: JSON has no way to say "byte", and this loses nothing that a reader could not guess.
 */
void escape_json(FILE *out, const char *text);

/*
 * A CSV cell (RFC 4180), quoted where needed, always valid UTF-8 on one line: control characters
 * and invalid bytes become \xNN, a backslash two. A cell that a spreadsheet would take for a
 * formula (= + - @ first) gets a leading apostrophe.
 */
void escape_csv(FILE *out, const char *text);

#endif
