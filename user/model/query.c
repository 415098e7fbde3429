// SPDX-License-Identifier: GPL-2.0
/*
 * What views ask of a channel's flows: each of them, and histograms summed over them.
 */
#include <string.h>

#include "model/base.h"

struct channel_flow channel_flow(const struct channel *channel, unsigned i, enum window window)
{
	const struct flow *flow = channel->flows[i];

	return (struct channel_flow){&flow->key, &flow->window[window]};
}

static int sum(const struct channel *channel, const struct process *process,
	       enum direction direction, enum window window, bool sizes, struct histogram *out)
{
	for (unsigned i = 0; i < channel->flow_count; i++) {
		const struct flow *flow = channel->flows[i];
		const struct histogram *from =
			sizes ? &flow->sizes[window] : &flow->blocked[window];
		int err;

		if (flow->key.direction != direction || !from->count)
			continue;
		if (process &&
		    memcmp(&flow->key.process, &process->key, sizeof(process->key)) != 0)
			continue;
		err = histogram_merge(out, from);
		if (err)
			return err;
	}
	return 0;
}

int channel_blocked_histogram(const struct channel *channel, const struct process *process,
			      enum direction direction, enum window window, struct histogram *out)
{
	return sum(channel, process, direction, window, false, out);
}

int channel_size_histogram(const struct channel *channel, const struct process *process,
			   enum direction direction, enum window window, struct histogram *out)
{
	return sum(channel, process, direction, window, true, out);
}
