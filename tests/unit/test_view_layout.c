// SPDX-License-Identifier: GPL-2.0
/* Who gets which part of a screen that is too low for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "view/layout.h"

enum { PROCESSES, CHANNELS, LOCKS, WAITS, HIST, COUNT };

/* Lines wanted; 1 is a view without rows. */
static void check(const unsigned wanted[COUNT], unsigned height, unsigned footer_min,
		  const unsigned expected[COUNT], unsigned rest)
{
	static const unsigned ranks[COUNT] = { 2, 1, 3, 4, 5 };
	struct view_height views[COUNT];

	for (unsigned i = 0; i < COUNT; i++)
		views[i] = (struct view_height){ .rank = ranks[i], .empty = wanted[i] == 1,
						 .wanted = wanted[i] };
	assert_int_equal(layout_views(views, COUNT, height, footer_min), rest);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(views[i].given, expected[i]);
}

static void test_room_for_all(void **state)
{
	(void)state;
	check((unsigned[]){ 3, 8, 1, 5, 12 }, 40, 2, (unsigned[]){ 3, 8, 1, 5, 12 }, 11);
	check((unsigned[]){ 3, 8, 1, 5, 12 }, 29, 0, (unsigned[]){ 3, 8, 1, 5, 12 }, 0);
}

static void test_rows_are_shared(void **state)
{
	(void)state;
	check((unsigned[]){ 3, 30, 1, 5, 90 }, 29, 1, (unsigned[]){ 3, 10, 1, 5, 9 }, 1);
	check((unsigned[]){ 3, 30, 1, 5, 90 }, 16, 5, (unsigned[]){ 3, 4, 1, 4, 4 }, 0);
}

static void test_views_are_left_out(void **state)
{
	(void)state;
	check((unsigned[]){ 9, 30, 9, 9, 90 }, 19, 2, (unsigned[]){ 4, 5, 4, 4, 0 }, 2);
	check((unsigned[]){ 9, 30, 9, 9, 90 }, 15, 2, (unsigned[]){ 4, 5, 4, 0, 0 }, 2);
	check((unsigned[]){ 9, 30, 9, 9, 90 }, 9, 0, (unsigned[]){ 4, 5, 0, 0, 0 }, 0);
	check((unsigned[]){ 9, 30, 9, 9, 90 }, 7, 0, (unsigned[]){ 0, 7, 0, 0, 0 }, 0);
	/* "none" tells less than a row of something that matters less. */
	check((unsigned[]){ 1, 1, 1, 1, 90 }, 6, 0, (unsigned[]){ 1, 1, 0, 0, 4 }, 0);
}

static void test_the_last_view_stays(void **state)
{
	(void)state;
	for (unsigned height = 0; height < 4; height++)
		check((unsigned[]){ 9, 30, 9, 9, 90 }, height, 3,
		      (unsigned[]){ 0, height, 0, 0, 0 }, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room_for_all),
		cmocka_unit_test(test_rows_are_shared),
		cmocka_unit_test(test_views_are_left_out),
		cmocka_unit_test(test_the_last_view_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
