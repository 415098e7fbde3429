// SPDX-License-Identifier: GPL-2.0
/*
 * Signals by their numbers, from the flows of a channel.
 */
#include "view/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIRST_REAL_TIME 34 /* glibc keeps 32 and 33 for itself */

static void add_flow(struct signal_counts *counts, const struct flow_key *key, const struct flow_counts *flow)
{
	if (key->direction == DIRECTION_RECEIVE) {
		counts->delivered += flow->messages;
		return;
	}
	counts->sent += flow->messages;
	counts->no_room += flow->would_block;
	counts->errors += flow->errors;
	if (SIGNAL_RESULT(key->destination) == SIGNAL_IGNORED)
		counts->ignored += flow->calls;
	else if (SIGNAL_RESULT(key->destination) == SIGNAL_MERGED)
		counts->merged += flow->calls;
}

void signals_count(const struct channel *channel, const struct process *process, enum window w,
		   struct signal_counts counts[SIGNAL_COUNT])
{
	memset(counts, 0, SIGNAL_COUNT * sizeof(*counts));
	for (unsigned i = 0; i < channel->flow_count; i++) {
		struct channel_flow flow = channel_flow(channel, i, w);
		unsigned number = SIGNAL_NUMBER(flow.key->destination);

		if (!flow.key->destination)
			continue;
		if (process && memcmp(&flow.key->process, &process->key, sizeof(process->key)) != 0)
			continue;
		add_flow(&counts[number < SIGNAL_COUNT ? number : 0], flow.key, flow.counts);
	}
}

bool signals_any(const struct signal_counts *counts)
{
	return counts->sent || counts->delivered || counts->ignored || counts->merged || counts->no_room ||
	       counts->errors;
}

void signal_name(char name[SIGNAL_NAME_SIZE], unsigned number)
{
	const char *known = sigabbrev_np((int)number);

	if (known)
		snprintf(name, SIGNAL_NAME_SIZE, "SIG%s", known);
	else if (number == 0)
		snprintf(name, SIGNAL_NAME_SIZE, "invalid");
	else if (number == FIRST_REAL_TIME)
		snprintf(name, SIGNAL_NAME_SIZE, "SIGRTMIN");
	else if (number > FIRST_REAL_TIME)
		snprintf(name, SIGNAL_NAME_SIZE, "SIGRTMIN+%u", number - FIRST_REAL_TIME);
	else
		snprintf(name, SIGNAL_NAME_SIZE, "signal %u", number);
}

static void print_fate(FILE *out, const char **separator, uint64_t count, const char *what)
{
	if (!count)
		return;
	fprintf(out, "%s%" PRIu64 " %s", *separator, count, what);
	*separator = ", ";
}

static void print_one(FILE *out, unsigned number, const struct signal_counts *counts)
{
	uint64_t reached = counts->sent > counts->delivered ? counts->sent : counts->delivered;
	char name[SIGNAL_NAME_SIZE];
	const char *separator = " (";

	signal_name(name, number);
	fprintf(out, "%s %" PRIu64, name, reached);
	print_fate(out, &separator, counts->ignored, "ignored");
	print_fate(out, &separator, counts->merged, "merged");
	print_fate(out, &separator, counts->no_room, "no room");
	print_fate(out, &separator, counts->errors, "failed");
	if (separator[0] == ',')
		fputc(')', out);
}

void print_signals(char *text, size_t size, const struct channel *channel, enum window w)
{
	struct signal_counts counts[SIGNAL_COUNT];
	const char *separator = "";
	FILE *out;

	text[0] = '\0';
	if (channel->mechanism != MECH_SIGNAL)
		return;
	out = fmemopen(text, size, "w");
	if (!out)
		return;
	signals_count(channel, NULL, w, counts);
	for (unsigned number = 0; number < SIGNAL_COUNT; number++) {
		if (!signals_any(&counts[number]))
			continue;
		fputs(separator, out);
		print_one(out, number, &counts[number]);
		separator = ", ";
	}
	/* fmemopen() terminates the text, and drops what does not fit. */
	fclose(out);
	text[size - 1] = '\0';
}
