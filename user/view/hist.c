// SPDX-License-Identifier: GPL-2.0
/*
 * Histograms with bars, a row for each power of two, of the busiest channels and locks.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/columns.h"
#include "view/endpoints.h"
#include "view/escape.h"
#include "view/lock_users.h"
#include "view/rows.h"
#include "view/text.h"
#include "view/units.h"

/* Channels and locks shown when nothing else is asked for. */
#define DEFAULT_TOP 5

#define MAX_BAR 40
#define OCTAVES 64

/* Columns that a row takes beside its bar. */
#define AROUND_BAR 36

typedef void (*format_value)(char *text, uint64_t value);

static void format_size(char *text, uint64_t bytes)
{
	snprintf(text, UNIT_TEXT_SIZE, "%" PRIu64, bytes);
}

/* Sizes of messages are often round numbers that people know: whole as long as they are short. */
static void format_size_unit(char *text, uint64_t bytes)
{
	if (bytes < 100000)
		snprintf(text, UNIT_TEXT_SIZE, "%" PRIu64 "B", bytes);
	else
		format_bytes(text, (double)bytes);
}

/* Values are either times or sizes; bounds of sizes are whole numbers, as bcc prints them. */
struct scale {
	format_value bound, summary;
	const char *heading;
};

static const struct scale time_scale = { format_duration, format_duration, "time" };
static const struct scale size_scale = { format_size, format_size_unit, "bytes" };

static unsigned octave_of(uint64_t value)
{
	return value ? 63 - __builtin_clzll(value) : 0;
}

static void add_summary(struct lines *lines, const char *what, const struct histogram *h,
			const struct scale *scale)
{
	enum { MIN, P50, P90, P99, MAX, FIGURES };
	char figure[FIGURES][UNIT_TEXT_SIZE], text[256];
	const char *about = h->has_range ? "" : "~";
	struct distribution d;

	histogram_distribution(h, &d);
	scale->summary(figure[MIN], d.min);
	scale->summary(figure[P50], d.p50);
	scale->summary(figure[P90], d.p90);
	scale->summary(figure[P99], d.p99);
	scale->summary(figure[MAX], d.max);
	snprintf(text, sizeof(text),
		 "  %s: %" PRIu64 " times, min %s%s, p50 ~%s, p90 ~%s, p99 ~%s, max %s%s", what,
		 d.count, about, figure[MIN], figure[P50], figure[P90], figure[P99], about,
		 figure[MAX]);
	lines_add_wrapped(lines, LINE_PLAIN, text);
}

static void add_bars(struct lines *lines, const struct histogram *h, const struct scale *scale)
{
	static const char stars[MAX_BAR + 1] = "****************************************";
	uint64_t counts[OCTAVES] = { 0 }, most = 0;
	unsigned first = OCTAVES - 1, last = 0, bar = MAX_BAR;

	for (unsigned i = 0; i < h->used; i++) {
		uint64_t low = histogram_slot_low(h->steps_log2, h->buckets[i].slot);
		unsigned octave = octave_of(low);

		counts[octave] += h->buckets[i].count;
		first = octave < first ? octave : first;
		last = octave > last ? octave : last;
		most = counts[octave] > most ? counts[octave] : most;
	}
	if (lines->width && lines->width < AROUND_BAR + MAX_BAR)
		bar = lines->width > AROUND_BAR ? lines->width - AROUND_BAR : 0;
	lines_add(lines, LINE_PLAIN, "    %18s : %-8s distribution", scale->heading, "count");
	for (unsigned octave = first; octave <= last; octave++) {
		char low[UNIT_TEXT_SIZE], high[UNIT_TEXT_SIZE];
		unsigned length = (unsigned)((double)counts[octave] / (double)most * bar + 0.5);

		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): octaves are below 64 */
		scale->bound(low, octave ? 1ull << octave : 0);
		scale->bound(high, (2ull << octave) - 1);
		if (counts[octave] && !length && bar)
			length = 1;
		lines_add(lines, LINE_PLAIN, "  %8s -> %-8s : %-8" PRIu64 " |%.*s%*s|", low, high,
			  counts[octave], (int)length, stars, (int)(bar - length), "");
	}
}

static void add_histogram(struct lines *lines, const char *what, const struct histogram *h,
			  const struct scale *scale)
{
	if (!h->count)
		return;
	add_summary(lines, what, h, scale);
	add_bars(lines, h, scale);
}

static void add_name(struct lines *lines, const char *kind, const char *name, const char *who)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		lines->error = -ENOMEM;
		return;
	}
	fprintf(out, "%s ", kind);
	escape_terminal(out, name);
	fputs("  ", out);
	escape_terminal(out, who);
	fclose(out);
	lines_add(lines, LINE_HEADER, "%s", text ? text : "");
	free(text);
}

static void add_channel(struct lines *lines, const void *row, enum window w)
{
	static const struct {
		const char *what;
		enum direction direction;
		unsigned steps_log2;
		const struct scale *scale;
		int (*read)(const struct channel *channel, const struct process *process,
			    enum direction direction, enum window w, struct histogram *out);
	} parts[] = {
		{ "asleep in sends", DIRECTION_SEND, TIME_STEPS_LOG2, &time_scale,
		  channel_blocked_histogram },
		{ "asleep in receives", DIRECTION_RECEIVE, TIME_STEPS_LOG2, &time_scale,
		  channel_blocked_histogram },
		{ "size of messages sent", DIRECTION_SEND, SIZE_STEPS_LOG2, &size_scale,
		  channel_size_histogram },
		{ "size of messages received", DIRECTION_RECEIVE, SIZE_STEPS_LOG2, &size_scale,
		  channel_size_histogram },
	};
	const struct channel *channel = row;
	char who[CELL_TEXT_SIZE];

	print_endpoints(who, sizeof(who), channel);
	add_name(lines, mechanism_kind(channel->mechanism), channel->name, who);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct histogram h;
		int err;

		histogram_init(&h, parts[i].steps_log2);
		err = parts[i].read(channel, NULL, parts[i].direction, w, &h);
		if (err)
			lines->error = err;
		else
			add_histogram(lines, parts[i].what, &h, parts[i].scale);
		histogram_free(&h);
	}
}

static void add_lock(struct lines *lines, const void *row, enum window w)
{
	const struct lock *lock = row;
	char who[CELL_TEXT_SIZE];

	if (!lock->wait[w].count)
		return;
	print_lock_users(who, sizeof(who), lock);
	add_name(lines, strcmp(lock->kind, "unknown") ? lock->kind : "lock", lock->name, who);
	add_histogram(lines, "asleep in waits", &lock->wait[w], &time_scale);
}

static void add_busiest(struct lines *lines, const struct text_request *request, enum view view,
			void (*add)(struct lines *, const void *, enum window))
{
	unsigned top = request->options->top ? request->options->top : DEFAULT_TOP;
	struct rows rows;
	int err;

	err = rows_collect(&rows, request->model, view, request->window, request->options->sort,
			   true);
	if (err)
		lines->error = err;
	else
		for (unsigned i = 0; i < rows.active && i < top; i++)
			add(lines, rows.items[i], request->window);
	rows_free(&rows);
}

void text_hist(struct lines *lines, const struct text_request *request, enum view view)
{
	unsigned first = lines->count, room = request->max_lines, before;

	(void)view;
	if (request->options->header)
		text_title(lines, request, "HISTOGRAMS", "");
	before = lines->count;
	add_busiest(lines, request, VIEW_CHANNELS, add_channel);
	add_busiest(lines, request, VIEW_LOCKS, add_lock);
	if (lines->count == before)
		lines_add(lines, LINE_PLAIN, "(nothing moved, nobody slept)");
	if (room && lines->count - first > room) {
		unsigned cut = lines->count - first - room + 1;

		lines_shorten(lines, first + room - 1);
		lines_add(lines, LINE_PLAIN, "(%u more lines)", cut);
	}
}
