// SPDX-License-Identifier: GPL-2.0
/*
 * Turns columns.def into the table of columns, and names the tables they belong to.
 * Knows how to get a figure out of the model; does not know where it will be printed.
 */
#include "view/columns.h"

#include <stdio.h>
#include <string.h>

#include "view/endpoints.h"
#include "view/errnos.h"
#include "view/lock_users.h"
#include "view/signals.h"
#include "view/units.h"

/* Figures of a process that we do not trace are not 0: nobody knows them. */
#define FIGURE(expression) (row->traced ? (uint64_t)(expression) : UNKNOWN)
/* Nor are those of channels whose data no call moves. */
#define MOVED(expression) (mechanism_is_memory(row->mechanism) ? UNKNOWN : (uint64_t)(expression))
#define SUM(side, field) (row->window[w][DIRECTION_##side].field)

static void print_comm(char *text, size_t size, const char *comm)
{
	snprintf(text, size, "%.16s", comm);
}

/* The part of all that was sent and received. */
static uint64_t uring_bytes(const struct flow_counts direction[DIRECTION_COUNT])
{
	return direction[DIRECTION_SEND].uring_bytes + direction[DIRECTION_RECEIVE].uring_bytes;
}

static uint64_t channel_capacity_bytes(const struct channel *channel)
{
	/* A queue's capacity is in messages. */
	if (!channel->capacity || channel->mechanism == MECH_MQUEUE)
		return UNKNOWN;
	return channel->capacity;
}

static uint64_t queue_figure(const struct channel *channel, uint64_t messages)
{
	return channel->capacity && channel->mechanism == MECH_MQUEUE ? messages : UNKNOWN;
}

static uint64_t wait_percentile(const struct lock *lock, enum window w, double fraction)
{
	return lock->wait[w].count ? histogram_percentile(&lock->wait[w], fraction) : UNKNOWN;
}

static const char *wait_kind(const struct wait *wait)
{
	return wait->lock ? wait->lock->kind : mechanism_kind(wait->channel->mechanism);
}

static const char *wait_object_name(const struct wait *wait)
{
	return wait->lock ? wait->lock->name : wait->channel->name;
}

static void print_wait_peers(char *text, size_t size, const struct wait *wait)
{
	if (wait->channel)
		print_endpoints(text, size, wait->channel);
	else
		text[0] = '\0';
}

static void print_end(char *text, size_t size, const struct process *process)
{
	if (process)
		print_process(text, size, process, process->key.pid);
	else
		snprintf(text, size, "(before the start)");
}

/* One function a column: the expression of its row, and nothing else. */
#define NUMBER(table, name, header, unit, priority, expression)                                   \
	static uint64_t column_##table##_##name(const void *object, enum window w)                         \
	{                                                                                         \
		const struct table *row = object;                                                 \
		(void)w;                                                                          \
		return expression;                                                                \
	}
#define TEXT(table, name, header, min_width, priority, statement)                                 \
	static void column_##table##_##name(char *text, size_t size, const void *object, enum window w)    \
	{                                                                                         \
		const struct table *row = object;                                                 \
		(void)w;                                                                          \
		statement;                                                                        \
	}
#include "view/columns.def"
#undef NUMBER
#undef TEXT

#define VIEW_OF_process VIEW_PROCESSES
#define VIEW_OF_channel VIEW_CHANNELS
#define VIEW_OF_edge VIEW_EDGES
#define VIEW_OF_lock VIEW_LOCKS
#define VIEW_OF_wait VIEW_WAITS

const struct column columns[] = {
#define NUMBER(table, column, title, what, order, expression)                                     \
	{ .view = VIEW_OF_##table, .name = #column, .header = title, .unit = UNIT_##what,         \
	  .priority = order, .number = column_##table##_##column },
#define TEXT(table, column, title, least, order, statement)                                       \
	{ .view = VIEW_OF_##table, .name = #column, .header = title, .unit = UNIT_TEXT,           \
	  .min_width = least, .priority = order, .text = column_##table##_##column },
#include "view/columns.def"
#undef NUMBER
#undef TEXT
};
const unsigned column_count = sizeof(columns) / sizeof(*columns);

const struct column *column_by_name(enum view view, const char *name)
{
	for (unsigned i = 0; i < column_count; i++)
		if (columns[i].view == view && !strcmp(columns[i].name, name))
			return &columns[i];
	return NULL;
}

/* An empty message is activity, too. */
static uint64_t moved(const struct flow_counts direction[DIRECTION_COUNT])
{
	return direction[DIRECTION_SEND].bytes + direction[DIRECTION_SEND].messages +
	       direction[DIRECTION_RECEIVE].bytes + direction[DIRECTION_RECEIVE].messages;
}

static struct activity process_activity(const void *row, enum window w)
{
	const struct process_counts *counts = &((const struct process *)row)->window[w];

	return (struct activity){ moved(counts->direction), counts->blocked_ns };
}

static struct activity channel_activity(const void *row, enum window w)
{
	const struct flow_counts *counts = ((const struct channel *)row)->window[w];

	return (struct activity){ moved(counts), counts[DIRECTION_SEND].blocked_ns +
							 counts[DIRECTION_RECEIVE].blocked_ns +
							 counts[DIRECTION_SEND].errors +
							 counts[DIRECTION_RECEIVE].errors };
}

static struct activity edge_activity(const void *row, enum window w)
{
	const struct edge *edge = row;

	return (struct activity){ edge->window[w].bytes + edge->window[w].messages, 0 };
}

static struct activity lock_activity(const void *row, enum window w)
{
	const struct lock_counts *counts = &((const struct lock *)row)->window[w];

	return (struct activity){ counts->blocked_ns, counts->waits + counts->wakes + counts->errors +
							      counts->max_waiters };
}

static struct activity wait_activity(const void *row, enum window w)
{
	const struct wait *wait = row;

	return (struct activity){ wait->window[w].blocked_ns, wait->window[w].count };
}

#define LIST(list)                                                                                \
	static unsigned list##_count(const struct model *model)                                   \
	{                                                                                         \
		return model->list##_count;                                                       \
	}                                                                                         \
	static const void *list##_row(const struct model *model, unsigned i)                      \
	{                                                                                         \
		return model->LIST_OF_##list[i];                                                  \
	}
#define LIST_OF_process processes
#define LIST_OF_channel channels
#define LIST_OF_edge edges
#define LIST_OF_lock locks
#define LIST_OF_wait waits
LIST(process)
LIST(channel)
LIST(edge)
LIST(lock)
LIST(wait)

static bool channel_is_memory(const void *row)
{
	return mechanism_is_memory(((const struct channel *)row)->mechanism);
}

static bool process_is_traced(const void *row)
{
	return ((const struct process *)row)->traced;
}

const struct table *table_by_view(enum view view)
{
	static const struct table tables[] = {
		{ VIEW_PROCESSES, "PROCESSES", process_count, process_row, process_activity,
		  process_is_traced, NULL, NULL, NULL },
		{ VIEW_CHANNELS, "CHANNELS", channel_count, channel_row, channel_activity, NULL,
		  channel_is_memory, "(-: bytes in shared memory cannot be seen)", add_channel_errnos },
		{ VIEW_EDGES, "EDGES", edge_count, edge_row, edge_activity, NULL, NULL, NULL, NULL },
		{ VIEW_LOCKS, "LOCKS", lock_count, lock_row, lock_activity, NULL, NULL, NULL, add_lock_errnos },
		{ VIEW_WAITS, "WAITS", wait_count, wait_row, wait_activity, NULL, NULL, NULL, NULL },
	};

	for (unsigned i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		if (tables[i].view == view)
			return &tables[i];
	return NULL;
}

bool unit_is_rate(enum unit unit)
{
	return unit == UNIT_COUNT || unit == UNIT_BYTES;
}

void format_figure(char *text, enum unit unit, uint64_t figure, enum window w,
		   const struct model *model)
{
	double seconds = (double)model->duration_ns[w] / 1e9;
	double value = (double)figure;
	bool interval = w == WINDOW_INTERVAL;

	if (figure == UNKNOWN || (interval && seconds <= 0)) {
		snprintf(text, UNIT_TEXT_SIZE, "-");
		return;
	}
	if (interval && unit_is_rate(unit))
		value /= seconds;
	switch (unit) {
	case UNIT_TEXT:
		text[0] = '\0';
		break;
	case UNIT_CLOCK:
		format_clock(text, figure);
		break;
	case UNIT_ID:
		snprintf(text, UNIT_TEXT_SIZE, "%u", (unsigned)figure);
		break;
	case UNIT_LEVEL:
	case UNIT_COUNT:
		format_count(text, value);
		break;
	case UNIT_SIZE:
	case UNIT_BYTES:
		format_bytes(text, value);
		break;
	case UNIT_TIME:
		if (interval) {
			format_share(text, value / 1e9 / seconds);
			break;
		}
		/* fall through */
	case UNIT_DURATION:
		format_duration(text, figure);
		break;
	}
}
