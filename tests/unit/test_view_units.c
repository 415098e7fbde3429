// SPDX-License-Identifier: GPL-2.0
/* Figures for people: limits, rounding, length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "view/units.h"

static void test_counts(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" },	     { 1, "1" },	  { 999, "999" },
		{ 0.5, "0.50" },     { 0.25, "0.25" },	  { 15.5, "15.5" },
		{ 99.96, "100" },    { 9.996, "10.0" },	  { 123.4, "123" },
		{ 999.4, "999" },    { 999.6, "1.00K" },  { 1000, "1.00K" },
		{ 12345, "12.3K" },  { 999499, "999K" },  { 999500, "1.00M" },
		{ 1200000, "1.20M" }, { 1e9, "1.00G" },	  { 1e12, "1.00T" },
		{ 1e15, "1.00P" },   { 1.8446744073709552e19, "18.4E" },
	};
	char text[UNIT_TEXT_SIZE];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		format_count(text, cases[i].value);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_bytes(void **state)
{
	char text[UNIT_TEXT_SIZE];

	(void)state;
	format_bytes(text, 0);
	assert_string_equal(text, "0");
	format_bytes(text, 64);
	assert_string_equal(text, "64B");
	format_bytes(text, 65536);
	assert_string_equal(text, "65.5KB");
	format_bytes(text, 10000000);
	assert_string_equal(text, "10.0MB");
}

static void test_durations(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1, "1ns" },
		{ 999, "999ns" },
		{ 1000, "1.00us" },
		{ 3414, "3.41us" },
		{ 999499, "999us" },
		{ 999500, "1.00ms" },
		{ 12300000, "12.3ms" },
		{ 1000000000, "1.00s" },
		{ 123000000000, "123s" },
		{ 1000000000000, "16m40s" },
		{ 3600000000000, "1h00m" },
		{ 9999000000000, "2h46m" },
		{ 360000000000000, "4d04h" },
		{ UINT64_MAX, "213503d23h" },
	};
	char text[UNIT_TEXT_SIZE];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		format_duration(text, cases[i].value);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_shares(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0%" },	      { 0.0001, "<0.1%" }, { 0.001, "0.1%" }, { 0.983, "98.3%" },
		{ 0.9994, "99.9%" },  { 0.9996, "100%" },  { 1, "100%" },     { 3.12, "312%" },
		{ 12.345, "1234%" }, { 99999, "10.0M%" },
	};
	char text[UNIT_TEXT_SIZE];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		format_share(text, cases[i].value);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_clock(void **state)
{
	char text[UNIT_TEXT_SIZE];

	(void)state;
	setenv("TZ", "UTC", 1);
	format_clock(text, 1700000000999999999);
	assert_string_equal(text, "22:13:20");
}

static void test_never_wider_than_seven(void **state)
{
	char text[UNIT_TEXT_SIZE];

	(void)state;
	for (uint64_t value = 1; value < UINT64_MAX / 3; value += value / 2 + 1) {
		format_count(text, (double)value / 7);
		assert_true(strlen(text) <= 5);
		format_bytes(text, (double)value / 7);
		assert_true(strlen(text) <= 6);
		format_share(text, (double)value / 7e6);
		assert_true(strlen(text) <= 7);
		if (value < 1ull << 56) { /* two years */
			format_duration(text, value);
			assert_true(strlen(text) <= 7);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_never_wider_than_seven),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
