// SPDX-License-Identifier: GPL-2.0
/*
 * The JSON object of the contract: every key always there, null for what is not known, times in
 * nanoseconds, sizes in bytes. Keys beyond the contract's are marked as such.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "view/endpoints.h"
#include "view/errnos.h"
#include "view/formats.h"
#include "view/json_writer.h"
#include "view/rows.h"
#include "view/signals.h"

typedef int (*write_row)(struct json *json, const void *row, enum window w);

/* Keys of a distribution, by unit: figures of different units must not share a key. */
struct distribution_keys {
	const char *mean, *min, *p50, *p90, *p99, *max;
};

static const struct distribution_keys keys_ns = { "mean_ns", "min_ns", "p50_ns",
						  "p90_ns",  "p99_ns", "max_ns" };
static const struct distribution_keys keys_bytes = { "mean_bytes", "min_bytes", "p50_bytes",
						     "p90_bytes",  "p99_bytes", "max_bytes" };

/* [lowest value of the slot, count] for each slot that is not empty. */
static void write_buckets(struct json *json, const struct histogram *h)
{
	json_begin(json, "buckets", '[');
	for (unsigned i = 0; i < h->used; i++) {
		json_begin(json, NULL, '[');
		json_number(json, NULL, histogram_slot_low(h->steps_log2, h->buckets[i].slot));
		json_number(json, NULL, h->buckets[i].count);
		json_end(json, ']');
	}
	json_end(json, ']');
}

static void write_distribution(struct json *json, const char *key, const struct histogram *h,
			       const struct distribution_keys *keys)
{
	struct distribution d;

	if (!histogram_distribution(h, &d)) {
		json_null(json, key);
		return;
	}
	json_begin(json, key, '{');
	json_number(json, "count", d.count);
	json_number(json, keys->mean, d.mean);
	json_number(json, keys->min, d.min);
	json_number(json, keys->p50, d.p50);
	json_number(json, keys->p90, d.p90);
	json_number(json, keys->p99, d.p99);
	json_number(json, keys->max, d.max);
	/* Beyond the contract. */
	write_buckets(json, h);
	json_end(json, '}');
}

/* TEXT, or NULL for what is not known. */
static void write_text(struct json *json, const char *key, const char *text)
{
	if (text)
		json_string(json, key, text);
	else
		json_null(json, key);
}

static int write_process(struct json *json, const void *row, enum window w)
{
	const struct process *process = row;
	const struct process_counts *counts = &process->window[w];
	const struct flow_counts *sent = &counts->direction[DIRECTION_SEND];
	const struct flow_counts *received = &counts->direction[DIRECTION_RECEIVE];
	bool known = process->traced;

	json_begin(json, NULL, '{');
	json_number(json, "pid", process->key.pid);
	json_number(json, "ppid", process->ppid);
	json_string(json, "comm", process->comm);
	json_figure(json, "threads", known, process->threads);
	json_figure(json, "sent_bytes", known, sent->bytes);
	json_figure(json, "received_bytes", known, received->bytes);
	json_figure(json, "sent_messages", known, sent->messages);
	json_figure(json, "received_messages", known, received->messages);
	json_figure(json, "blocked_ns", known, counts->blocked_ns);
	json_figure(json, "lock_wait_ns", known, counts->lock_wait_ns);
	json_figure(json, "runqueue_ns", known, counts->runqueue_ns);
	/* Beyond the contract. */
	json_figure(json, "lock_waits", known, counts->lock_waits);
	json_figure(json, "io_uring_bytes", known, sent->uring_bytes + received->uring_bytes);
	json_figure(json, "io_uring_messages", known, sent->uring_messages + received->uring_messages);
	json_figure(json, "ns_pid", process->ns_pid, process->ns_pid);
	write_text(json, "cmdline", process->cmdline);
	write_text(json, "cgroup", process->cgroup);
	json_end(json, '}');
	return 0;
}

/* Beyond the contract: the figures of one direction, how long its calls slept, how large messages were. */
static int write_side(struct json *json, const char *key, const struct channel *channel,
		      const struct endpoint *endpoint, enum direction direction, enum window w)
{
	const struct flow_counts *counts = &endpoint->side[direction].window[w];
	struct histogram blocked, sizes;
	int err;

	histogram_init(&blocked, TIME_STEPS_LOG2);
	histogram_init(&sizes, SIZE_STEPS_LOG2);
	err = channel_blocked_histogram(channel, endpoint->process, direction, w, &blocked);
	if (!err)
		err = channel_size_histogram(channel, endpoint->process, direction, w, &sizes);
	json_begin(json, key, '{');
	json_number(json, "calls", counts->calls);
	json_number(json, "messages", counts->messages);
	json_number(json, "bytes", counts->bytes);
	json_number(json, "would_block", counts->would_block);
	json_number(json, "errors", counts->errors);
	json_number(json, "blocked_ns", counts->blocked_ns);
	json_number(json, "io_uring_messages", counts->uring_messages);
	json_number(json, "io_uring_bytes", counts->uring_bytes);
	write_distribution(json, "blocked", &blocked, &keys_ns);
	write_distribution(json, "sizes", &sizes, &keys_bytes);
	json_end(json, '}');
	histogram_free(&blocked);
	histogram_free(&sizes);
	return err;
}

static int write_sides(struct json *json, const struct channel *channel,
		       const struct endpoint *endpoint, bool known, enum window w)
{
	static const char *const keys[] = { [DIRECTION_SEND] = "sent",
					    [DIRECTION_RECEIVE] = "received" };
	int err = 0;

	for (unsigned i = 0; i < DIRECTION_COUNT && !err; i++) {
		if (known)
			err = write_side(json, keys[i], channel, endpoint, i, w);
		else
			json_null(json, keys[i]);
	}
	return err;
}

/* Beyond the contract: which signals, by number. */
static void write_signals(struct json *json, const struct channel *channel, const struct process *process,
			  bool known, enum window w)
{
	struct signal_counts counts[SIGNAL_COUNT];
	char name[SIGNAL_NAME_SIZE];

	if (!known) {
		json_null(json, "signals");
		return;
	}
	signals_count(channel, process, w, counts);
	json_begin(json, "signals", '[');
	for (unsigned number = 0; number < SIGNAL_COUNT; number++) {
		if (!signals_any(&counts[number]))
			continue;
		signal_name(name, number);
		json_begin(json, NULL, '{');
		json_string(json, "signal", name);
		json_number(json, "number", number);
		json_number(json, "sent", counts[number].sent);
		json_number(json, "delivered", counts[number].delivered);
		json_number(json, "ignored", counts[number].ignored);
		json_number(json, "merged", counts[number].merged);
		json_number(json, "no_room", counts[number].no_room);
		json_number(json, "errors", counts[number].errors);
		json_end(json, '}');
	}
	json_end(json, ']');
}

/* Beyond the contract: failed calls by the name of their error, the most frequent first. */
static void write_errnos(struct json *json, bool known, const struct errno_figures *errors)
{
	char name[ERRNO_NAME_SIZE];

	if (!known) {
		json_null(json, "errnos");
		return;
	}
	json_begin(json, "errnos", '{');
	for (unsigned i = 0; i < errors->count; i++) {
		errno_name(name, errors->items[i].error);
		json_number(json, name, errors->items[i].calls);
	}
	json_end(json, '}');
}

static int write_endpoint(struct json *json, const struct channel *channel,
			  const struct endpoint *endpoint, enum window w)
{
	const struct flow_counts *sent = &endpoint->side[DIRECTION_SEND].window[w];
	const struct flow_counts *received = &endpoint->side[DIRECTION_RECEIVE].window[w];
	bool is_memory = mechanism_is_memory(channel->mechanism);
	bool known = !is_memory && (endpoint->process->traced || endpoint->side[DIRECTION_SEND].used ||
				    endpoint->side[DIRECTION_RECEIVE].used);
	struct errno_figures errors;
	int err;

	json_begin(json, NULL, '{');
	json_number(json, "pid", endpoint->process->key.pid);
	json_string(json, "comm", endpoint->process->comm);
	json_string(json, "role", endpoint_role(endpoint));
	json_figure(json, "sent_bytes", known, sent->bytes);
	json_figure(json, "received_bytes", known, received->bytes);
	json_figure(json, "sent_messages", known, sent->messages);
	json_figure(json, "received_messages", known, received->messages);
	json_figure(json, "calls", known, sent->calls + received->calls);
	json_figure(json, "would_block", known, sent->would_block + received->would_block);
	json_figure(json, "errors", known, sent->errors + received->errors);
	json_figure(json, "blocked_ns", known, sent->blocked_ns + received->blocked_ns);
	/* Beyond the contract. */
	channel_errnos(channel, endpoint->process, w, &errors);
	write_errnos(json, known, &errors);
	json_figure(json, "runqueue_ns", known, sent->runqueue_ns + received->runqueue_ns);
	if (channel->mechanism == MECH_SIGNAL)
		write_signals(json, channel, endpoint->process, known, w);
	err = write_sides(json, channel, endpoint, known, w);
	if (is_memory) {
		json_figure(json, "mapped_ns", endpoint->mapped_ns, endpoint->mapped_ns);
		json_figure(json, "mapped_bytes", endpoint->mapped_known, endpoint->mapped_bytes);
	}
	json_end(json, '}');
	return err;
}

static int write_channel(struct json *json, const void *row, enum window w)
{
	const struct channel *channel = row;
	bool in_messages = channel->mechanism == MECH_MQUEUE;
	int err = 0;

	json_begin(json, NULL, '{');
	json_string(json, "id", channel->id);
	json_string(json, "kind", mechanism_kind(channel->mechanism));
	json_string(json, "name", channel->name);
	json_figure(json, "capacity_bytes", channel->capacity && !in_messages, channel->capacity);
	json_null(json, "max_queued_bytes");
	json_begin(json, "endpoints", '[');
	for (unsigned i = 0; i < channel->endpoint_count && !err; i++)
		err = write_endpoint(json, channel, &channel->endpoints[i], w);
	json_end(json, ']');
	json_null(json, "delivery");
	/* Beyond the contract. */
	json_figure(json, "capacity_messages", channel->capacity && in_messages,
		    channel->capacity);
	json_figure(json, "queued_messages", channel->capacity && in_messages, channel->queued);
	json_figure(json, "max_queued_messages", channel->capacity && in_messages, channel->max_queued);
	if (mechanism_is_memory(channel->mechanism))
		json_figure(json, "mapped_ns", channel->mapped_ns, channel->mapped_ns);
	json_end(json, '}');
	return err;
}

static int write_edge(struct json *json, const void *row, enum window w)
{
	const struct edge *edge = row;

	json_begin(json, NULL, '{');
	json_figure(json, "from_pid", edge->from, edge->key.from.pid);
	json_number(json, "to_pid", edge->key.to.pid);
	json_string(json, "channel", edge->channel->id);
	json_number(json, "bytes", edge->window[w].bytes);
	/* How many there were in the bytes of a stream that were sent before the start, nobody knows. */
	json_figure(json, "messages", edge->from || !mechanism_is_stream(edge->channel->mechanism), edge->window[w].messages);
	json_null(json, "delivery");
	/* Beyond the contract. */
	if (edge->from)
		json_string(json, "from_comm", edge->from->comm);
	else
		json_null(json, "from_comm");
	json_string(json, "to_comm", edge->to->comm);
	json_end(json, '}');
	return 0;
}

/* Of the looks at /proc/locks, in how many it held the lock. */
static void write_holders(struct json *json, const struct lock *lock, enum window w)
{
	json_begin(json, "holders", '[');
	for (unsigned i = 0; i < lock->holder_count; i++) {
		const struct lock_holder *holder = &lock->holders[i];

		if (!holder->looks[w])
			continue;
		json_begin(json, NULL, '{');
		json_figure(json, "tid", holder->pid, holder->pid);
		if (holder->pid)
			json_string(json, "comm", holder->comm);
		else
			json_null(json, "comm");
		json_share(json, "share", (double)holder->looks[w] / (double)lock->looks[w]);
		json_end(json, '}');
	}
	json_end(json, ']');
}

static int write_lock(struct json *json, const void *row, enum window w)
{
	const struct lock *lock = row;
	const struct lock_counts *counts = &lock->window[w];
	bool is_file = lock_is_file(lock);
	struct errno_figures errors;
	char address[2 + 16 + 1];

	snprintf(address, sizeof(address), "0x%" PRIx64, (uint64_t)lock->key.address);
	json_begin(json, NULL, '{');
	json_string(json, "id", lock->id);
	json_string(json, "kind", lock->kind);
	json_string(json, "name", lock->name);
	json_figure(json, "pid", !is_file, lock->key.process.pid);
	if (is_file)
		json_null(json, "address");
	else
		json_string(json, "address", address);
	json_number(json, "waits", counts->waits);
	json_number(json, "timeouts", counts->timeouts);
	json_number(json, "wait_ns", counts->blocked_ns);
	json_number(json, "runqueue_ns", counts->runqueue_ns);
	write_distribution(json, "wait", &lock->wait[w], &keys_ns);
	json_number(json, "max_waiters", counts->max_waiters);
	json_number(json, "wakes", counts->wakes);
	json_number(json, "empty_wakes", counts->empty_wakes);
	write_holders(json, lock, w);
	json_begin(json, "wakers", '[');
	json_end(json, ']');
	/* Beyond the contract. */
	json_number(json, "would_block", counts->would_block);
	json_number(json, "interrupted", counts->interrupted);
	json_number(json, "errors", counts->errors);
	json_number(json, "woken_threads", counts->woken_threads);
	json_number(json, "requeued", counts->requeued);
	lock_errnos(lock, w, &errors);
	write_errnos(json, true, &errors);
	json_end(json, '}');
	return 0;
}

static int write_wait(struct json *json, const void *row, enum window w)
{
	const struct wait *wait = row;
	const struct lock *lock = wait->lock;

	json_begin(json, NULL, '{');
	json_number(json, "pid", wait->key.process.pid);
	json_number(json, "tid", wait->key.tid);
	json_string(json, "comm", wait->comm);
	json_string(json, "on", lock ? lock->id : wait->channel->id);
	json_string(json, "kind", lock ? lock->kind : mechanism_kind(wait->channel->mechanism));
	json_null(json, "because_of_pid");
	json_null(json, "because_of_tid");
	json_number(json, "count", wait->window[w].count);
	json_number(json, "blocked_ns", wait->window[w].blocked_ns);
	json_number(json, "runqueue_ns", wait->window[w].runqueue_ns);
	json_end(json, '}');
	return 0;
}

static int write_list(struct json *json, const char *key, const struct model *model,
		      enum view view, enum window w, const struct view_options *options,
		      write_row write)
{
	struct rows rows;
	int err;

	err = rows_collect(&rows, model, view, w, options->sort, false);
	json_begin(json, key, '[');
	for (unsigned i = 0; i < rows.count && !err; i++) {
		if (options->top && i >= options->top)
			break;
		err = write(json, rows.items[i], w);
	}
	json_end(json, ']');
	rows_free(&rows);
	return err;
}

static void write_health(struct json *json, const struct model *model)
{
	static const char *const keys[] = {
#define HEALTH(name, key, source, meaning) key,
#include "health.def"
#undef HEALTH
	};

	json_begin(json, "health", '{');
	for (unsigned i = 0; i < HEALTH_COUNT; i++)
		json_figure(json, keys[i], model->health[i].known, model->health[i].value);
	json_end(json, '}');
}

int format_json(FILE *out, const struct model *model, enum window w,
		const struct view_options *options, unsigned width)
{
	struct json json = { .out = out };
	int err;

	(void)width;
	json_begin(&json, NULL, '{');
	json_string(&json, "schema", "ipctrace/1");
	json_string(&json, "type", w == WINDOW_RUN ? "summary" : "interval");
	json_number(&json, "time_ns", model->time_ns);
	json_number(&json, "duration_ns", model->duration_ns[w]);
	json_string(&json, "backend", model->backend);
	err = write_list(&json, "processes", model, VIEW_PROCESSES, w, options, write_process);
	if (!err)
		err = write_list(&json, "channels", model, VIEW_CHANNELS, w, options,
				 write_channel);
	if (!err)
		err = write_list(&json, "edges", model, VIEW_EDGES, w, options, write_edge);
	if (!err)
		err = write_list(&json, "locks", model, VIEW_LOCKS, w, options, write_lock);
	if (!err)
		err = write_list(&json, "waits", model, VIEW_WAITS, w, options, write_wait);
	write_health(&json, model);
	json_end(&json, '}');
	fputc('\n', out);
	return err;
}
