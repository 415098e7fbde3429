// SPDX-License-Identifier: GPL-2.0
/*
 * Collects lines of text and cuts or wraps them to a width.
 */
#include "view/lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "view/utf8.h"

#define WRAP_INDENT "  "

/* Takes over TEXT. */
static void append(struct lines *lines, enum line_style style, char *text)
{
	struct line *larger;

	if (lines->count == lines->room) {
		unsigned room = lines->room ? 2 * lines->room : 64;

		larger = realloc(lines->items, room * sizeof(*larger));
		if (!larger) {
			lines->error = -ENOMEM;
			free(text);
			return;
		}
		lines->items = larger;
		lines->room = room;
	}
	lines->items[lines->count++] = (struct line){ style, text };
}

static char *cut(const char *text, unsigned width)
{
	char *result = NULL;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	if (!out)
		return NULL;
	print_cut(out, text, width);
	fclose(out);
	return result;
}

void lines_add(struct lines *lines, enum line_style style, const char *format, ...)
{
	char *text = NULL, *shorter;
	va_list arguments;
	size_t length;

	if (lines->error)
		return;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (!text) {
		lines->error = -ENOMEM;
		return;
	}
	for (length = strlen(text); length && text[length - 1] == ' '; length--)
		text[length - 1] = '\0';
	if (lines->width && text_width(text) > lines->width) {
		shorter = cut(text, lines->width);
		free(text);
		text = shorter;
		if (!text) {
			lines->error = -ENOMEM;
			return;
		}
	}
	append(lines, style, text);
}

/* Length of the longest beginning of TEXT that ends before a blank and takes at most WIDTH bytes. */
static size_t fitting(const char *text, size_t width)
{
	size_t length = strlen(text), end;

	if (!width || length <= width)
		return length;
	for (end = width; end && text[end] != ' ';)
		end--;
	/* A word longer than the line: up to its end, to be cut. */
	return end ? end : strcspn(text, " ");
}

void lines_add_wrapped(struct lines *lines, enum line_style style, const char *text)
{
	const size_t indent = strlen(WRAP_INDENT);
	size_t width = lines->width, length;
	const char *prefix = "";

	while (*text) {
		length = fitting(text, width);
		lines_add(lines, style, "%s%.*s", prefix, (int)length, text);
		text += length;
		text += strspn(text, " ");
		prefix = WRAP_INDENT;
		width = lines->width > indent ? lines->width - indent : lines->width;
	}
}

void lines_print(const struct lines *lines, FILE *out, bool color)
{
	static const char *const begin[] = {
		[LINE_PLAIN] = "",
		[LINE_TITLE] = "\033[1m",
		[LINE_HEADER] = "\033[7m",
		[LINE_WARNING] = "\033[1;31m",
	};

	for (unsigned i = 0; i < lines->count; i++) {
		const struct line *line = &lines->items[i];

		if (color && *begin[line->style])
			fprintf(out, "%s%s\033[0m\n", begin[line->style], line->text);
		else
			fprintf(out, "%s\n", line->text);
	}
}

void lines_shorten(struct lines *lines, unsigned count)
{
	while (lines->count > count)
		free(lines->items[--lines->count].text);
}

void lines_free(struct lines *lines)
{
	lines_shorten(lines, 0);
	free(lines->items);
	*lines = (struct lines){ .width = lines->width };
}
