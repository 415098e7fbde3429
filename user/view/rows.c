// SPDX-License-Identifier: GPL-2.0
/*
 * Collects and sorts the rows of a table. The order is the same in every format.
 */
#include "view/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	const void *row;
	unsigned index; /* keeps the order of equals */
	bool upwards;
	uint64_t number;
	char *text; /* owned, NULL unless sorted by text */
	struct activity activity, activity_of_run;
};

static int compare_activity(const struct activity *a, const struct activity *b)
{
	if (a->first != b->first)
		return a->first > b->first ? -1 : 1;
	if (a->second != b->second)
		return a->second > b->second ? -1 : 1;
	return 0;
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = 0;

	if (a->text && b->text)
		order = strcmp(a->text, b->text);
	else if (a->number != b->number)
		order = (a->number < b->number) == a->upwards ? -1 : 1;
	if (!order)
		order = compare_activity(&a->activity, &b->activity);
	if (!order)
		order = compare_activity(&a->activity_of_run, &b->activity_of_run);
	if (!order)
		order = a->index < b->index ? -1 : 1;
	return order;
}

static int set_key(struct entry *entry, const struct column *column, enum window w)
{
	char text[CELL_TEXT_SIZE];

	if (!column)
		return 0;
	if (column->unit == UNIT_TEXT) {
		column->text(text, sizeof(text), entry->row, w);
		entry->text = strdup(text);
		return entry->text ? 0 : -ENOMEM;
	}
	entry->upwards = column->unit == UNIT_ID;
	entry->number = column->number(entry->row, w);
	if (entry->number == UNKNOWN && !entry->upwards)
		entry->number = 0;
	return 0;
}

int rows_collect(struct rows *rows, const struct model *model, enum view view, enum window w,
		 const char *sort, bool for_people)
{
	const struct column *column = sort ? column_by_name(view, sort) : NULL;
	const struct table *table = table_by_view(view);
	unsigned all = table->count(model);
	struct entry *entries;
	int err = 0;

	*rows = (struct rows){ 0 };
	entries = calloc(all + 1, sizeof(*entries));
	rows->items = calloc(all + 1, sizeof(*rows->items));
	if (!entries || !rows->items) {
		err = -ENOMEM;
		goto cleanup;
	}
	for (unsigned i = 0; i < all; i++) {
		struct entry *entry = &entries[rows->count];

		entry->row = table->row(model, i);
		if (for_people && table->for_people && !table->for_people(entry->row))
			continue;
		rows->count++;
		entry->index = i;
		entry->activity = table->activity(entry->row, w);
		entry->activity_of_run = table->activity(entry->row, WINDOW_RUN);
		err = set_key(entry, column, w);
		if (err)
			goto cleanup;
	}
	qsort(entries, rows->count, sizeof(*entries), compare_entries);
	for (unsigned i = 0; i < rows->count; i++) {
		rows->items[i] = entries[i].row;
		rows->active += entries[i].activity.first || entries[i].activity.second;
	}
cleanup:
	for (unsigned i = 0; entries && i < rows->count; i++)
		free(entries[i].text);
	free(entries);
	return err;
}

void rows_free(struct rows *rows)
{
	free(rows->items);
	*rows = (struct rows){ 0 };
}
