// SPDX-License-Identifier: GPL-2.0
/*
 * Escapes foreign text for terminal, JSON and CSV.
 */
#include "view/escape.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "view/utf8.h"

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

static bool terminal_can_show(uint32_t character)
{
	return !is_control(character) && character_width(character) >= 0;
}

static bool csv_can_show(uint32_t character)
{
	/* U+2028 and U+2029 end a line for some readers. */
	return !is_control(character) && character != 0x2028 && character != 0x2029;
}

static void escape_visibly(FILE *out, const char *text, bool (*can_show)(uint32_t))
{
	unsigned length;
	uint32_t character;

	for (; *text; text += length) {
		length = utf8_decode(text, &character);
		if (length && can_show(character)) {
			if (character == '\\')
				fputc('\\', out);
			fwrite(text, 1, length, out);
			continue;
		}
		if (!length)
			length = 1;
		for (unsigned i = 0; i < length; i++)
			fprintf(out, "\\x%02x", (unsigned char)text[i]);
	}
}

void escape_terminal(FILE *out, const char *text)
{
	escape_visibly(out, text, terminal_can_show);
}

/* How many bytes from TEXT on JSON shows as they are, as far as ASCII goes. */
static unsigned plain_length(const char *text)
{
	unsigned length = 0;

	while (text[length] >= ' ' && text[length] < 0x7f && text[length] != '"' && text[length] != '\\')
		length++;
	return length;
}

void escape_json(FILE *out, const char *text)
{
	unsigned length;
	uint32_t character;

	putc_unlocked('"', out);
	for (; *text; text += length) {
		length = plain_length(text);
		if (length) {
			fwrite_unlocked(text, 1, length, out);
			continue;
		}
		length = utf8_decode(text, &character);
		if (!length) {
			character = (unsigned char)*text;
			length = 1;
		} else if (character == '"' || character == '\\') {
			fputc('\\', out);
			fputc(*text, out);
			continue;
		} else if (!is_control(character) && character != 0x2028 && character != 0x2029) {
			fwrite(text, 1, length, out);
			continue;
		}
		fprintf(out, "\\u%04x", character);
	}
	putc_unlocked('"', out);
}

void escape_csv(FILE *out, const char *text)
{
	bool formula = *text && strchr("=+-@", *text);
	bool quoted = strpbrk(text, "\",") || text[0] == ' ';
	char *visible = NULL;
	size_t size;
	FILE *stream = open_memstream(&visible, &size);

	if (!stream) {
		fprintf(out, "?");
		return;
	}
	escape_visibly(stream, text, csv_can_show);
	fclose(stream);
	if (quoted)
		fputc('"', out);
	if (formula)
		fputc('\'', out);
	for (const char *c = visible; c && *c; c++) {
		if (*c == '"')
			fputc('"', out);
		fputc(*c, out);
	}
	if (quoted)
		fputc('"', out);
	free(visible);
}
