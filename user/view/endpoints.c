// SPDX-License-Identifier: GPL-2.0
/*
 * Puts the endpoints of a channel into one line: who sends -> who receives.
 * Goes by what was seen in the whole run, and by how the object was opened where nothing was seen.
 */
#include "view/endpoints.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

/* The sender of the line, the receiver, or both. */
enum part {
	PART_SENDER = 1,
	PART_RECEIVER = 2,
	PART_BOTH = PART_SENDER | PART_RECEIVER,
};

/* So many are named at one end; of the others only the number is told. */
#define NAMED_AT_ONE_END 3

const char *endpoint_role(const struct endpoint *endpoint)
{
	if (endpoint->can_write && endpoint->can_read)
		return "both";
	return endpoint->can_write ? "writer" : "reader";
}

void print_process(char *text, size_t size, const struct process *process, uint32_t pid)
{
	if (process)
		snprintf(text, size, "%.16s(%" PRIu32 ")", process->comm, process->key.pid);
	else
		snprintf(text, size, "(%" PRIu32 ")", pid);
}

static unsigned part_seen(const struct endpoint *endpoint)
{
	return (endpoint->side[DIRECTION_SEND].used ? PART_SENDER : 0) |
	       (endpoint->side[DIRECTION_RECEIVE].used ? PART_RECEIVER : 0);
}

/*
 * What an endpoint does, where SEEN is what those do that we have seen calling. One that could do
 * both and was not seen (most often it is not traced) is the one at the other end.
 */
static unsigned part_of(const struct endpoint *endpoint, unsigned seen)
{
	unsigned part = part_seen(endpoint);

	if (part)
		return part;
	part = (endpoint->can_write ? PART_SENDER : 0) | (endpoint->can_read ? PART_RECEIVER : 0);
	if (part == PART_BOTH && (seen == PART_SENDER || seen == PART_RECEIVER))
		return PART_BOTH & ~seen;
	return part;
}

static void print_list(FILE *out, const struct channel *channel, unsigned seen, unsigned part,
		       const char *separator)
{
	unsigned matching = 0;

	for (unsigned i = 0; i < channel->endpoint_count; i++) {
		const struct endpoint *endpoint = &channel->endpoints[i];
		char name[64];

		if (!(part_of(endpoint, seen) & part))
			continue;
		if (matching++ >= NAMED_AT_ONE_END)
			continue;
		print_process(name, sizeof(name), endpoint->process, 0);
		fprintf(out, "%s%s", matching > 1 ? separator : "", name);
	}
	if (matching > NAMED_AT_ONE_END)
		fprintf(out, ",+%u", matching - NAMED_AT_ONE_END);
	if (!matching)
		fputc('?', out);
}

void print_endpoints(char *text, size_t size, const struct channel *channel)
{
	unsigned seen = 0, all = PART_BOTH;
	FILE *out = fmemopen(text, size, "w");

	if (!out) {
		snprintf(text, size, "?");
		return;
	}
	for (unsigned i = 0; i < channel->endpoint_count; i++)
		seen |= part_seen(&channel->endpoints[i]);
	for (unsigned i = 0; i < channel->endpoint_count; i++)
		all &= part_of(&channel->endpoints[i], seen);
	if (all == PART_BOTH) {
		print_list(out, channel, seen, PART_BOTH,
			   channel->endpoint_count == 2 ? " <-> " : ",");
	} else {
		print_list(out, channel, seen, PART_SENDER, ",");
		fputs(" -> ", out);
		print_list(out, channel, seen, PART_RECEIVER, ",");
	}
	/* fmemopen() terminates the text, and drops what does not fit. */
	fclose(out);
	text[size - 1] = '\0';
}
