// SPDX-License-Identifier: GPL-2.0
/* What the views say of figures that are lost, and of those that nothing measures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "view_fixture.h"


static void test_missed_runs_make_totals_at_least(void **state)
{
	char *text;

	(void)state;
	fixture.model.health[HEALTH_MISSED_RUNS].value = 17;
	text = print(WINDOW_RUN, (struct view_options){ .views = TABLES, .header = true }, 0);
	assert_contains(text, "CHANNELS  total 20.0s, at least\n");
	assert_contains(text, "health: missed_runs 17: program runs the kernel skipped");
	assert_lacks(text, "nothing lost");
	/* Where lines must be left out it is not our own cost. */
	assert_true(strstr(text, "share of one CPU") < strstr(text, "health: missed_runs"));
	free(text);
}

static void test_what_else_makes_totals_at_least(void **state)
{
	static const struct {
		enum health figure;
		bool at_least;
	} cases[] = {
		{ HEALTH_MAP_FULL, true },
		{ HEALTH_UNREADABLE_MEMORY, true },
		{ HEALTH_STRADDLING_CALLS, false },
		{ HEALTH_STORAGE_BUSY, false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text;

		fixture.model.health[cases[i].figure].value = 1;
		text = print(WINDOW_RUN, (struct view_options){ .views = TABLES, .header = true },
			     0);
		assert_int_equal(strstr(text, "total 20.0s, at least\n") != NULL,
				 cases[i].at_least);
		fixture.model.health[cases[i].figure].value = 0;
		free(text);
	}
}

/* What nothing measures takes no line; it is null for machines. */
static void test_unknown_health(void **state)
{
	struct view_options options = { .views = TABLES, .header = true };
	char *text;

	(void)state;
	fixture.model.health[HEALTH_LOST_EVENTS].known = false;
	text = print(WINDOW_RUN, options, 0);
	assert_lacks(text, "lost_events");
	assert_contains(text, "nothing lost");
	free(text);
	fixture.model.health[HEALTH_MISSED_RUNS].known = false;
	text = print(WINDOW_RUN, options, 0);
	assert_contains(text, "health: missed_runs unknown: ");
	assert_lacks(text, "nothing lost");
	free(text);
	options.format = FORMAT_JSON;
	text = print(WINDOW_RUN, options, 0);
	assert_contains(text, "\"lost_events\":null,\"missed_runs\":null,\"map_full\":0,");
	free(text);
}

int main(void)
{
#define VIEW_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		VIEW_TEST(test_missed_runs_make_totals_at_least),
		VIEW_TEST(test_what_else_makes_totals_at_least),
		VIEW_TEST(test_unknown_health),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
