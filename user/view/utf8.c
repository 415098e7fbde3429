// SPDX-License-Identifier: GPL-2.0
/*
 * Decodes UTF-8 and measures text in terminal columns.
 * wcwidth() follows LC_CTYPE: in the C locale everything beyond ASCII counts as unprintable.
 */
#include "view/utf8.h"

#include <stdbool.h>
#include <wchar.h>

unsigned utf8_decode(const char *text, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	unsigned length;
	uint32_t value;

	if (byte[0] < 0x80) {
		*character = byte[0];
		return 1;
	}
	if ((byte[0] & 0xe0) == 0xc0)
		length = 2;
	else if ((byte[0] & 0xf0) == 0xe0)
		length = 3;
	else if ((byte[0] & 0xf8) == 0xf0)
		length = 4;
	else
		return 0;
	value = byte[0] & (0x7f >> length);
	for (unsigned i = 1; i < length; i++) {
		/* Stops at the terminating NUL, too. */
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return length;
}

/* Characters that reorder, hide or break the text around them. */
static bool is_format_character(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0xad, 0xad },	    { 0x61c, 0x61c },	{ 0x180e, 0x180e },   { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },   { 0xfff9, 0xfffb },
		{ 0xe000, 0xf8ff }, { 0xe0000, 0xe0fff }, { 0xf0000, 0x10ffff },
	};

	for (unsigned i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

int character_width(uint32_t character)
{
	if (is_format_character(character))
		return -1;
	return wcwidth((wchar_t)character);
}

unsigned text_width(const char *escaped)
{
	unsigned width = 0, length;
	uint32_t character;

	for (; *escaped; escaped += length) {
		length = utf8_decode(escaped, &character);
		if (!length)
			length = 1;
		else if (character_width(character) > 0)
			width += character_width(character);
	}
	return width;
}

unsigned print_cut(FILE *out, const char *escaped, unsigned width)
{
	bool cut = text_width(escaped) > width;
	unsigned room = cut ? width - 1 : width, used = 0, length;
	uint32_t character;

	if (!width)
		return 0;
	for (; *escaped; escaped += length) {
		int columns;

		length = utf8_decode(escaped, &character);
		if (!length)
			break;
		columns = character_width(character);
		if (columns < 0 || used + columns > room)
			break;
		used += columns;
		fwrite(escaped, 1, length, out);
	}
	if (cut) {
		fputc('~', out);
		used++;
	}
	return used;
}
