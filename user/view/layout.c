// SPDX-License-Identifier: GPL-2.0
/*
 * Shares the height of a screen among the views: first who is shown at all, then what each gets.
 */
#include "view/layout.h"

#include <stddef.h>

static unsigned least_height(const struct view_height *view)
{
	return view->wanted < LAYOUT_LEAST ? view->wanted : LAYOUT_LEAST;
}

/* GIVEN tells who is shown; returns the sum of what these need at the least. */
static unsigned give_least(struct view_height *views, unsigned count)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < count; i++) {
		if (views[i].given)
			views[i].given = least_height(&views[i]);
		sum += views[i].given;
	}
	return sum;
}

static bool matters_less(const struct view_height *view, const struct view_height *than)
{
	if (view->empty != than->empty)
		return view->empty;
	return view->rank > than->rank;
}

/* Leaves out the view that matters least, unless it is the only one. */
static bool leave_one_out(struct view_height *views, unsigned count)
{
	struct view_height *victim = NULL;
	unsigned shown = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!views[i].given)
			continue;
		shown++;
		if (!victim || matters_less(&views[i], victim))
			victim = &views[i];
	}
	if (shown < 2)
		return false;
	victim->given = 0;
	return true;
}

/* Among those of one height, who matters more comes first. */
static bool comes_before(const struct view_height *view, const struct view_height *other)
{
	if (view->given != other->given)
		return view->given < other->given;
	return view->rank < other->rank;
}

/* A line at a time to the smallest that wants more, so that nobody starves beside a large one. */
static unsigned share_rest(struct view_height *views, unsigned count, unsigned rest)
{
	while (rest) {
		struct view_height *smallest = NULL;

		for (unsigned i = 0; i < count; i++)
			if (views[i].given && views[i].given < views[i].wanted &&
			    (!smallest || comes_before(&views[i], smallest)))
				smallest = &views[i];
		if (!smallest)
			break;
		smallest->given++;
		rest--;
	}
	return rest;
}

unsigned layout_views(struct view_height *views, unsigned count, unsigned height,
		      unsigned footer_min)
{
	unsigned needed, rest;

	for (unsigned i = 0; i < count; i++)
		views[i].given = views[i].wanted;
	needed = give_least(views, count);
	while (needed > height && leave_one_out(views, count))
		needed = give_least(views, count);
	if (needed > height) {
		for (unsigned i = 0; i < count; i++)
			if (views[i].given)
				views[i].given = height;
		return 0;
	}
	rest = height - needed;
	if (footer_min > rest)
		footer_min = rest;
	return footer_min + share_rest(views, count, rest - footer_min);
}
