// SPDX-License-Identifier: GPL-2.0
/*
 * Says in words how far the figures can be trusted and what they cost. Texts are in health.def.
 */
#include <inttypes.h>

#include "view/text.h"
#include "view/units.h"

static const char *const keys[] = {
#define HEALTH(name, key, source, meaning) key,
#include "health.def"
#undef HEALTH
};

static const char *const meanings[] = {
#define HEALTH(name, key, source, meaning) meaning,
#include "health.def"
#undef HEALTH
};

/* Do figures miss something? Then they are lower bounds. */
static bool is_at_least(const struct model *model)
{
	static const enum health causes[] = { HEALTH_MISSED_RUNS, HEALTH_MAP_FULL,
					      HEALTH_UNREADABLE_MEMORY };

	for (unsigned i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		if (model->health[causes[i]].value)
			return true;
	return false;
}

void text_title(struct lines *lines, const struct text_request *request, const char *what,
		const char *suffix)
{
	const struct model *model = request->model;
	char duration[UNIT_TEXT_SIZE];

	format_duration(duration, model->duration_ns[request->window]);
	lines_add(lines, LINE_TITLE, "%s  %s %s%s%s", what,
		  request->window == WINDOW_INTERVAL ? "last" : "total", duration,
		  is_at_least(model) ? ", at least" : "", suffix);
}

static bool is_cost(enum health figure)
{
	return figure == HEALTH_BPF_CPU_NS || figure == HEALTH_USER_CPU_NS;
}

/* What nothing measures is no news; that we cannot know whether runs were missed is. */
static bool is_problem(const struct model *model, enum health figure)
{
	if (is_cost(figure))
		return false;
	if (!model->health[figure].known)
		return figure == HEALTH_MISSED_RUNS;
	return model->health[figure].value != 0;
}

#define SHORT_RUN_NS 1000000000 /* a share of less says nothing: what it costs to start is in it */

static void format_cost(char *text, const struct model *model, enum health figure)
{
	uint64_t run_ns = model->duration_ns[WINDOW_RUN];

	if (!model->health[figure].known || !run_ns)
		snprintf(text, UNIT_TEXT_SIZE, "not measured");
	else if (run_ns < SHORT_RUN_NS)
		format_duration(text, model->health[figure].value);
	else
		format_share(text, (double)model->health[figure].value / (double)run_ns);
}

void text_health(struct lines *lines, const struct text_request *request)
{
	const struct model *model = request->model;
	char kernel[UNIT_TEXT_SIZE], user[UNIT_TEXT_SIZE], text[256];
	unsigned problems = 0;

	for (unsigned i = 0; i < HEALTH_COUNT; i++)
		problems += is_problem(model, i);
	/* First: where a screen has no room for all lines it shows these. */
	format_cost(kernel, model, HEALTH_BPF_CPU_NS);
	format_cost(user, model, HEALTH_USER_CPU_NS);
	snprintf(text, sizeof(text), "health: %s%s: kernel side %s, ipctrace %s",
		 problems ? "" : "nothing lost; ",
		 model->duration_ns[WINDOW_RUN] < SHORT_RUN_NS ? "CPU time" : "share of one CPU", kernel, user);
	lines_add_wrapped(lines, LINE_PLAIN, text);
	for (unsigned i = 0; i < HEALTH_COUNT; i++) {
		const struct health_figure *figure = &model->health[i];

		if (!is_problem(model, i))
			continue;
		if (figure->known)
			snprintf(text, sizeof(text), "health: %s %" PRIu64 ": %s", keys[i],
				 figure->value, meanings[i]);
		else
			snprintf(text, sizeof(text), "health: %s unknown: %s", keys[i],
				 meanings[i]);
		lines_add_wrapped(lines, LINE_WARNING, text);
	}
}
