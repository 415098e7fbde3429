// SPDX-License-Identifier: GPL-2.0
/* Foreign text on its way to a terminal, into JSON and into CSV. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "view/escape.h"
#include "view/utf8.h"

typedef void (*escape)(FILE *out, const char *text);

static void check(escape function, const char *text, const char *expected)
{
	char *got = NULL;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	function(out, text);
	fclose(out);
	assert_string_equal(got, expected);
	free(got);
}

static void test_terminal(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	check(escape_terminal, "", "");
	check(escape_terminal, "cat", "cat");
	check(escape_terminal, "a b", "a b");
	check(escape_terminal, "\033[2J\033]0;x\007", "\\x1b[2J\\x1b]0;x\\x07");
	check(escape_terminal, "a\nb\tc\rd\b", "a\\x0ab\\x09c\\x0dd\\x08");
	check(escape_terminal, "a\\x", "a\\\\x");
	check(escape_terminal, "\x7f", "\\x7f");
	check(escape_terminal, "\xc2\x9b" "2J", "\\xc2\\x9b2J");    /* CSI in 8 bits */
	check(escape_terminal, "\x9b", "\\x9b");
	check(escape_terminal, "\xff\xfe", "\\xff\\xfe");
	check(escape_terminal, "\xc0\xaf", "\\xc0\\xaf");	       /* overlong */
	check(escape_terminal, "\xed\xa0\x80", "\\xed\\xa0\\x80");     /* surrogate */
	check(escape_terminal, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	check(escape_terminal, "ab\xe6\xbc", "ab\\xe6\\xbc");	       /* cut off */
	check(escape_terminal, "\xe2\x80\xae" "cod", "\\xe2\\x80\\xaecod"); /* right-to-left override NOLINT */
	check(escape_terminal, "\xe2\x80\x8b", "\\xe2\\x80\\x8b");     /* no width at all */
	check(escape_terminal, "\xe6\xbc\xa2\xc3\xa9", "\xe6\xbc\xa2\xc3\xa9");
}

static void test_terminal_without_utf8(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C"));
	check(escape_terminal, "caf\xc3\xa9", "caf\\xc3\\xa9");
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

static void test_json(void **state)
{
	(void)state;
	check(escape_json, "", "\"\"");
	check(escape_json, "a\"b\\c/", "\"a\\\"b\\\\c/\"");
	check(escape_json, "\033\n\x7f", "\"\\u001b\\u000a\\u007f\"");
	check(escape_json, "\xff" "a\xe6\xbc", "\"\\u00ffa\\u00e6\\u00bc\"");
	check(escape_json, "\xe6\xbc\xa2\xf0\x9f\x90\x8d", "\"\xe6\xbc\xa2\xf0\x9f\x90\x8d\"");
	check(escape_json, "\xe2\x80\xa8", "\"\\u2028\"");
}

static void test_csv(void **state)
{
	(void)state;
	check(escape_csv, "", "");
	check(escape_csv, "cat", "cat");
	check(escape_csv, "a,b", "\"a,b\"");
	check(escape_csv, "a\"b", "\"a\"\"b\"");
	check(escape_csv, "a\nb", "a\\x0ab");
	check(escape_csv, "=1+1", "'=1+1");
	check(escape_csv, "+1", "'+1");
	check(escape_csv, "-1", "'-1");
	check(escape_csv, "@x", "'@x");
	check(escape_csv, "=A(1,2)", "\"'=A(1,2)\"");
	check(escape_csv, "\t=1", "\\x09=1");
	check(escape_csv, "\xff", "\\xff");
	check(escape_csv, "\xe6\xbc\xa2", "\xe6\xbc\xa2");
}

static void check_cut(const char *text, unsigned width, const char *expected, unsigned columns)
{
	char *got = NULL;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	assert_int_equal(print_cut(out, text, width), columns);
	fclose(out);
	assert_string_equal(got, expected);
	free(got);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("\xe6\xbc\xa2\xe5\xad\x97"), 4);
	assert_int_equal(text_width("e\xcc\x81"), 1);
	check_cut("abcdef", 6, "abcdef", 6);
	check_cut("abcdef", 5, "abcd~", 5);
	check_cut("abcdef", 1, "~", 1);
	check_cut("abcdef", 0, "", 0);
	/* A wide character that would not fit whole is left out. */
	check_cut("\xe6\xbc\xa2\xe5\xad\x97", 4, "\xe6\xbc\xa2\xe5\xad\x97", 4);
	check_cut("\xe6\xbc\xa2\xe5\xad\x97", 3, "\xe6\xbc\xa2~", 3);
	check_cut("\xe6\xbc\xa2\xe5\xad\x97", 2, "~", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal), cmocka_unit_test(test_terminal_without_utf8),
		cmocka_unit_test(test_json),	 cmocka_unit_test(test_csv),
		cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
