// SPDX-License-Identifier: GPL-2.0
/*
 * Draws the text views on a terminal, shares its height among them, and acts on keys.
 * Everything shown comes from text.h: a new column or view needs nothing here.
 */
#include "view/screen.h"

#include <errno.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "view/columns.h"
#include "view/escape.h"
#include "view/layout.h"
#include "view/text.h"
#include "view/units.h"

#define MAX_VIEWS 8
#define CONTROL_C 3

/* Where tables want the whole screen, health gets this part of it. */
#define HEALTH_PART 8

#define KEYS "q quit  p pause  s sort: %s  1-5 views"

struct screen {
	SCREEN *terminal;
	FILE *input; /* owned unless stdin */
	const char *title;
	struct view_options options;
	bool paused, redraw;
};

/* The one that has the terminal, for exit(). */
static struct screen *current;

static void restore_at_exit(void)
{
	if (current)
		endwin();
}

static FILE *open_input(void)
{
	return isatty(STDIN_FILENO) ? stdin : fopen("/dev/tty", "r");
}

int screen_open(struct screen **out, const char *title, const struct view_options *options)
{
	static bool registered;
	struct screen *screen;

	if (!isatty(STDOUT_FILENO))
		return -ENOTTY;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	screen->title = title;
	screen->options = *options;
	screen->input = open_input();
	screen->terminal = screen->input ? newterm(NULL, stdout, screen->input) : NULL;
	if (!screen->terminal || !tigetstr("cup") || tigetstr("cup") == (char *)-1) {
		screen_close(screen);
		return -ENOTSUP;
	}
	current = screen;
	if (!registered)
		registered = !atexit(restore_at_exit);
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	if (options->color && has_colors()) {
		start_color();
		use_default_colors();
		init_pair(1, COLOR_RED, -1);
	}
	*out = screen;
	return 0;
}

void screen_close(struct screen *screen)
{
	if (!screen)
		return;
	if (screen->terminal) {
		endwin();
		delscreen(screen->terminal);
	}
	if (screen->input && screen->input != stdin)
		fclose(screen->input);
	current = NULL;
	free(screen);
}

int screen_fd(const struct screen *screen)
{
	return fileno(screen->input);
}

static attr_t attribute_of(const struct screen *screen, enum line_style style)
{
	switch (style) {
	case LINE_TITLE:
		return A_BOLD;
	case LINE_HEADER:
		return A_REVERSE;
	case LINE_WARNING:
		return A_BOLD | (screen->options.color && has_colors() ? COLOR_PAIR(1) : 0);
	case LINE_PLAIN:
		break;
	}
	return A_NORMAL;
}

/* Draws at most HEIGHT of LINES from line Y on; returns the number drawn. */
static int draw_lines(const struct screen *screen, const struct lines *lines, int y, int height)
{
	int i;

	for (i = 0; i < height && i < (int)lines->count; i++) {
		attrset(attribute_of(screen, lines->items[i].style));
		mvaddstr(y + i, 0, lines->items[i].text);
	}
	attrset(A_NORMAL);
	return i;
}

static void add_heading(struct lines *lines, const struct screen *screen,
			const struct model *model)
{
	char running[UNIT_TEXT_SIZE], clock[16], *title = NULL;
	time_t seconds = (time_t)(model->time_ns / 1000000000);
	struct tm local;
	size_t size;
	FILE *out = open_memstream(&title, &size);

	if (!out) {
		lines->error = -ENOMEM;
		return;
	}
	escape_terminal(out, screen->title);
	fclose(out);
	localtime_r(&seconds, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	format_duration(running, model->duration_ns[WINDOW_RUN]);
	lines_add(lines, LINE_TITLE, "ipctrace %s  %s, running %s%s", title ? title : "", clock,
		  running, screen->paused ? "  [paused]" : "");
	free(title);
}

/* Draws one view on at most HEIGHT lines from Y on. */
static void draw_view(const struct screen *screen, const struct text_request *request,
		      enum view view, int y, unsigned height, int *error)
{
	struct text_request bounded = *request;
	struct lines lines = { .width = COLS };

	bounded.max_lines = height;
	text_view(&lines, &bounded, view);
	draw_lines(screen, &lines, y, (int)height);
	if (lines.error)
		*error = lines.error;
	lines_free(&lines);
}

/* Views with rows have names of columns or of objects above them, if anything at all is named. */
static bool is_empty(const struct lines *lines, const struct view_options *options)
{
	for (unsigned i = 0; i < lines->count; i++)
		if (lines->items[i].style == LINE_HEADER)
			return false;
	return options->header || !lines->count;
}

/* How high a view wants to be on a screen of HEIGHT lines. */
static struct view_height measure_view(const struct text_request *request, enum view view,
				       unsigned height, int *error)
{
	struct view_height measured = { .rank = view_rank(view) };
	struct text_request bounded = *request;
	struct lines lines = { .width = COLS };

	bounded.max_lines = height < LAYOUT_LEAST ? LAYOUT_LEAST : height;
	text_view(&lines, &bounded, view);
	measured.wanted = lines.count;
	measured.empty = is_empty(&lines, request->options);
	if (lines.error)
		*error = lines.error;
	lines_free(&lines);
	return measured;
}

/* Draws the views from line Y on; returns how many of HEIGHT lines they leave. */
static unsigned draw_views(const struct screen *screen, const struct text_request *request, int y,
			   unsigned height, int *error)
{
	struct view_height heights[MAX_VIEWS];
	enum view selected[MAX_VIEWS];
	unsigned count = 0, rest;

	for (unsigned bit = 1; bit && bit <= screen->options.views; bit <<= 1) {
		if (!(screen->options.views & bit) || count == MAX_VIEWS)
			continue;
		selected[count] = bit;
		heights[count++] = measure_view(request, bit, height, error);
	}
	/* On a high screen, health may take some lines from the tables. */
	rest = layout_views(heights, count, height, LINES / HEALTH_PART);
	for (unsigned i = 0; i < count; i++) {
		if (!heights[i].given)
			continue;
		draw_view(screen, request, selected[i], y, heights[i].given, error);
		y += (int)heights[i].given;
	}
	return rest;
}

int screen_draw(struct screen *screen, const struct model *model)
{
	struct text_request request = { .model = model,
					.window = WINDOW_INTERVAL,
					.options = &screen->options };
	const char *sort = screen->options.sort ? screen->options.sort : "busiest";
	struct lines heading = { .width = COLS }, health = { .width = COLS };
	struct lines keys = { .width = COLS };
	int top, bottom = LINES > 2 ? LINES - 1 : LINES, rest, error = 0;

	if (screen->paused && !screen->redraw)
		return 0;
	screen->redraw = false;
	erase();
	add_heading(&heading, screen, model);
	top = draw_lines(screen, &heading, 0, LINES);
	lines_add(&keys, LINE_PLAIN, KEYS, sort);
	draw_lines(screen, &keys, bottom, LINES - bottom);
	text_health(&health, &request);
	rest = (int)draw_views(screen, &request, top, bottom > top ? bottom - top : 0, &error);
	if (rest > (int)health.count)
		rest = (int)health.count;
	draw_lines(screen, &health, bottom - rest, rest);
	if (!error)
		error = heading.error ? heading.error : health.error;
	lines_free(&heading);
	lines_free(&health);
	lines_free(&keys);
	if (refresh() == ERR && !error)
		error = -EIO;
	return error;
}

/* Is this the first column with its name among the selected views? */
static bool is_sort_choice(const struct screen *screen, unsigned column)
{
	if (!(screen->options.views & columns[column].view) || columns[column].priority == CSV_ONLY)
		return false;
	for (unsigned i = 0; i < column; i++)
		if ((screen->options.views & columns[i].view) &&
		    !strcmp(columns[i].name, columns[column].name))
			return false;
	return true;
}

/* Busiest first, then column by column. */
static void next_sort(struct screen *screen)
{
	const char *sort = screen->options.sort;
	unsigned i = 0;

	while (sort && i < column_count &&
	       !(is_sort_choice(screen, i) && !strcmp(columns[i].name, sort)))
		i++;
	if (sort)
		i++;
	while (i < column_count && !is_sort_choice(screen, i))
		i++;
	screen->options.sort = i < column_count ? columns[i].name : NULL;
}

static enum screen_event act_on_key(struct screen *screen, int key)
{
	unsigned bit;

	switch (key) {
	case 'q':
	case 'Q':
	case CONTROL_C:
		return SCREEN_QUIT;
	case 'p':
	case ' ':
		screen->paused = !screen->paused;
		break;
	case 's':
		next_sort(screen);
		break;
	case '1' ... '5':
		bit = 1u << (key - '1');
		if (screen->options.views != bit)
			screen->options.views ^= bit;
		break;
	case KEY_RESIZE:
		break;
	default:
		return SCREEN_NOTHING;
	}
	screen->redraw = true;
	return SCREEN_REDRAW;
}

enum screen_event screen_wait(struct screen *screen, int timeout_ms)
{
	struct pollfd input = { .fd = screen_fd(screen), .events = POLLIN };
	int key = getch(), ready;

	if (key == ERR) {
		ready = poll(&input, 1, timeout_ms);
		/* A signal: if the size has changed, getch() tells. */
		key = getch();
		if (key == ERR && ready > 0)
			return SCREEN_QUIT;
	}
	return key == ERR ? SCREEN_NOTHING : act_on_key(screen, key);
}
