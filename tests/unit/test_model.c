// SPDX-License-Identifier: GPL-2.0
/*
 * The model: differences of the kernel's totals, wrapping slots, and what is derived from them:
 * channels with both ends, late peers, receiving sockets, sums by process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "model/base.h"

static const struct process_key writer = {.pid = 100, .started_ms = 1};
static const struct process_key reader = {.pid = 200, .started_ms = 2};

static struct model *start(void)
{
	struct model *model = model_new(0);
	struct process_value value = {.threads = 1, .max_threads = 1, .comm = "writer"};

	assert_non_null(model);
	model_begin(model, 1000, 0, 0);
	model_processes(model, &writer, &value);
	strcpy(value.comm, "reader");
	model_processes(model, &reader, &value);
	return model;
}

static struct flow_key flow_key(struct process_key process, __u64 object, __u32 aux,
				enum mechanism mechanism, enum direction direction)
{
	return (struct flow_key){
		.process = process,
		.object = object,
		.aux = aux,
		.mechanism = mechanism,
		.direction = direction,
	};
}

static void feed(struct model *model, struct flow_key key, __u64 bytes)
{
	struct flow_value value = {
		.calls = 1, .messages = 1, .bytes = bytes, .max_bytes = bytes, .sizes = {[1] = 1}};

	model_flows(model, &key, &value);
}

static const struct channel *channel_by_id(const struct model *model, const char *id)
{
	for (unsigned i = 0; i < model->channel_count; i++)
		if (!strcmp(model->channels[i]->id, id))
			return model->channels[i];
	fail_msg("no channel %s", id);
	return NULL;
}

static void test_both_ends_of_a_pipe(void **state)
{
	struct model *model = start();
	const struct channel *channel;

	(void)state;
	feed(model, flow_key(writer, 345, 12, MECH_PIPE, DIRECTION_SEND), 64);
	feed(model, flow_key(reader, 345, 12, MECH_PIPE, DIRECTION_RECEIVE), 64);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->channel_count, 1);
	channel = channel_by_id(model, "pipe:[12:345]");
	assert_int_equal(channel->endpoint_count, 2);
	assert_int_equal(channel->window[WINDOW_RUN][DIRECTION_SEND].bytes, 64);
	assert_int_equal(channel->window[WINDOW_RUN][DIRECTION_RECEIVE].bytes, 64);
	model_free(model);
}

static void test_intervals_add_up_to_the_run(void **state)
{
	struct model *model = start();
	struct flow_key key = flow_key(writer, 1, 12, MECH_PIPE, DIRECTION_SEND);
	struct flow_value value = {.calls = 10, .bytes = 100, .messages = 10};
	const struct flow_counts *run, *interval;

	(void)state;
	model_flows(model, &key, &value);
	assert_int_equal(model_end(model), 0);
	model_begin(model, 2000, 0, 1);
	value.calls = 17;
	value.bytes = 163;
	model_flows(model, &key, &value);
	assert_int_equal(model_end(model), 0);
	run = &model->channels[0]->window[WINDOW_RUN][DIRECTION_SEND];
	interval = &model->channels[0]->window[WINDOW_INTERVAL][DIRECTION_SEND];
	assert_int_equal(run->calls, 17);
	assert_int_equal(interval->calls, 7);
	assert_int_equal(interval->bytes, 63);
	assert_int_equal(interval->messages, 0);
	assert_int_equal(model->duration_ns[WINDOW_INTERVAL], 1000);
	assert_int_equal(model->duration_ns[WINDOW_RUN], 2000);
	model_free(model);
}

static void test_slots_wrap(void **state)
{
	struct model *model = start();
	struct flow_key key = flow_key(writer, 1, 12, MECH_PIPE, DIRECTION_SEND);
	struct flow_value value = {.sizes = {[3] = 0xfffffff0u}};
	struct histogram sizes;

	(void)state;
	model_flows(model, &key, &value);
	assert_int_equal(model_end(model), 0);
	model_begin(model, 2000, 0, 1);
	value.sizes[3] = 0x10; /* 32 more */
	model_flows(model, &key, &value);
	assert_int_equal(model_end(model), 0);
	histogram_init(&sizes, SIZE_STEPS_LOG2);
	assert_int_equal(channel_size_histogram(model->channels[0], NULL, DIRECTION_SEND,
						WINDOW_INTERVAL, &sizes), 0);
	assert_int_equal(sizes.count, 32);
	histogram_clear(&sizes);
	channel_size_histogram(model->channels[0], NULL, DIRECTION_SEND, WINDOW_RUN, &sizes);
	assert_int_equal(sizes.count, 0xfffffff0ULL + 32);
	histogram_free(&sizes);
	model_free(model);
}

static void test_interval_range_only_of_its_epoch(void **state)
{
	struct model *model = start();
	struct lock_key key = {.process = writer, .address = 0x1000};
	struct lock_value value = {.woken = 1};
	struct time_histogram sleeps = {
		.sum_ns = 500,
		.run = {time_range_word(0, 500), time_range_word(0, 500)},
		.interval = {[0] = {time_range_word(0, 500), time_range_word(0, 500)}}};

	(void)state;
	sleeps.slots[histogram_slot(TIME_STEPS_LOG2, 500)] = 1;
	model_locks(model, &key, &value);
	model_lock_sleeps(model, &key, &sleeps);
	assert_int_equal(model_end(model), 0);
	assert_true(model->locks[0]->wait[WINDOW_INTERVAL].has_range);
	assert_int_equal(model->locks[0]->wait[WINDOW_INTERVAL].max, 500);
	assert_string_equal(model->locks[0]->name, "0x1000");
	model_begin(model, 2000, 0, 1);
	model_locks(model, &key, &value);
	model_lock_sleeps(model, &key, &sleeps);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->locks[0]->wait[WINDOW_INTERVAL].count, 0);
	assert_false(model->locks[0]->wait[WINDOW_INTERVAL].has_range);
	assert_int_equal(model->locks[0]->wait[WINDOW_RUN].max, 500);
	model_free(model);
}

static void test_unix_peer_known_late(void **state)
{
	struct model *model = start();
	struct object_key client = {.object = 0xa0, .aux = 7, .mechanism = MECH_UNIX_STREAM};
	struct object_value value = {.peer = 0xb0}; /* not yet accepted: no inode */

	(void)state;
	feed(model, flow_key(writer, 0xa0, 7, MECH_UNIX_STREAM, DIRECTION_SEND), 5);
	model_objects(model, &client, &value);
	assert_int_equal(model_end(model), 0);
	channel_by_id(model, "unix-stream:[7]");
	assert_true(model_wants_holders(model));
	assert_false(model_wants_holders(model));
	model_begin(model, 2000, 0, 1);
	value.peer_aux = 9;
	strcpy(value.name, "/run/x");
	value.name_length = sizeof("/run/x");
	model_objects(model, &client, &value);
	feed(model, flow_key(reader, 0xb0, 9, MECH_UNIX_STREAM, DIRECTION_RECEIVE), 5);
	model_objects(model, &(struct object_key){.object = 0xb0, .aux = 9,
						 .mechanism = MECH_UNIX_STREAM},
		     &(struct object_value){.peer = 0xa0, .peer_aux = 7});
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->channel_count, 1);
	assert_string_equal(model->channels[0]->id, "unix-stream:[7:9]");
	assert_string_equal(model->channels[0]->name, "/run/x");
	assert_int_equal(model->channels[0]->endpoint_count, 2);
	model_free(model);
}

static struct address v4(__u16 port)
{
	return (struct address){.bytes = {127, 0, 0, 1}, .port = port, .family = AF_INET};
}

static void test_both_ends_of_a_connection(void **state)
{
	struct model *model = start();
	struct object_key one = {.object = 0xa0, .aux = 7, .mechanism = MECH_TCP};
	struct object_key other = {.object = 0xb0, .aux = 9, .mechanism = MECH_TCP};

	(void)state;
	feed(model, flow_key(writer, 0xa0, 7, MECH_TCP, DIRECTION_SEND), 5);
	feed(model, flow_key(reader, 0xb0, 9, MECH_TCP, DIRECTION_RECEIVE), 5);
	model_objects(model, &one, &(struct object_value){.local = v4(40000), .remote = v4(5432)});
	model_objects(model, &other, &(struct object_value){.local = v4(5432), .remote = v4(40000)});
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->channel_count, 1);
	assert_string_equal(model->channels[0]->name, "127.0.0.1:5432 <-> 127.0.0.1:40000");
	model_free(model);
}

static void test_both_ends_of_a_terminal(void **state)
{
	const __u32 devpts = 25; /* major 0 */
	struct model *model = start();

	(void)state;
	feed(model, flow_key(writer, PTY_MASTER | 7, devpts, MECH_PTY, DIRECTION_SEND), 5);
	feed(model, flow_key(reader, 7, devpts, MECH_PTY, DIRECTION_RECEIVE), 5);
	feed(model, flow_key(reader, 7, devpts + 1, MECH_PTY, DIRECTION_RECEIVE), 3);
	feed(model, flow_key(reader, 0xa0, 7, MECH_EVENTFD, DIRECTION_SEND), 8);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->channel_count, 3);
	assert_int_equal(channel_by_id(model, "pty:[25:7]")->endpoint_count, 2);
	assert_string_equal(channel_by_id(model, "pty:[25:7]")->name, "/dev/pts/7");
	assert_int_equal(channel_by_id(model, "pty:[26:7]")->endpoint_count, 1);
	assert_string_equal(channel_by_id(model, "eventfd:[7]")->name, "eventfd:[7]");
	model_free(model);
}

static void test_datagrams_belong_to_the_receiver(void **state)
{
	struct model *model = start();
	struct flow_key send = flow_key(writer, 0xa0, 7, MECH_UDP, DIRECTION_SEND);
	struct object_key sender = {.object = 0xa0, .aux = 7, .mechanism = MECH_UDP};
	struct object_key receiver = {.object = 0xb0, .aux = 9, .mechanism = MECH_UDP};

	(void)state;
	send.destination = 77;
	feed(model, send, 5);
	feed(model, flow_key(reader, 0xb0, 9, MECH_UDP, DIRECTION_RECEIVE), 5);
	model_objects(model, &sender, &(struct object_value){.local = v4(40000)});
	model_objects(model, &receiver, &(struct object_value){.local = v4(9000)});
	model_destinations(model, &(__u64){77}, &(struct destination_value){.inet = v4(9000)});
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->channel_count, 1);
	assert_string_equal(model->channels[0]->name, "127.0.0.1:9000");
	assert_int_equal(model->channels[0]->endpoint_count, 2);
	model_free(model);
}

static void test_sums_of_a_process(void **state)
{
	struct model *model = start();
	struct flow_key key = flow_key(writer, 1, 12, MECH_PIPE, DIRECTION_SEND);
	struct lock_key lock = {.process = writer, .address = 0x1000};

	(void)state;
	model_flows(model, &key, &(struct flow_value){.bytes = 3, .blocked_ns = 10, .runqueue_ns = 1});
	model_locks(model, &lock, &(struct lock_value){.timeouts = 2, .interrupted = 1, .woken = 4,
						      .blocked_ns = 100, .runqueue_ns = 5});
	assert_int_equal(model_end(model), 0);
	for (unsigned i = 0; i < model->process_count; i++) {
		const struct process_counts *run = &model->processes[i]->window[WINDOW_RUN];

		if (model->processes[i]->key.pid != writer.pid)
			continue;
		assert_int_equal(run->direction[DIRECTION_SEND].bytes, 3);
		assert_int_equal(run->blocked_ns, 110);
		assert_int_equal(run->lock_wait_ns, 100);
		assert_int_equal(run->runqueue_ns, 6);
		assert_int_equal(run->lock_waits, 7);
	}
	model_free(model);
}

static struct mapping_record mapping(struct process_key process, __u64 object, enum memory memory)
{
	return (struct mapping_record){
		.process = process,
		.key = {.object = object, .aux = 1, .mechanism = MECH_SHM},
		.bytes = 4096,
		.can_write = 1,
		.shares = memory != MEMORY_FILE,
		.value = {.described_ns = 5000, .memory = memory, .capacity = 8192, .name = "memfd:lane"},
	};
}

static const struct endpoint *end_of(const struct channel *channel, struct process_key process)
{
	for (unsigned i = 0; i < channel->endpoint_count; i++)
		if (channel->endpoints[i].process->key.pid == process.pid)
			return &channel->endpoints[i];
	fail_msg("no endpoint %u", process.pid);
	return NULL;
}

/* One was mapped before the start, one since, one by a stranger; a file that is only read is no channel. */
static void test_shared_memory(void **state)
{
	const struct process_key stranger = {.pid = 300, .started_ms = 3};
	struct mapping_record old = mapping(reader, 7, MEMORY_KERNEL), fresh = mapping(writer, 7, MEMORY_KERNEL);
	struct mapping_record other = mapping(stranger, 7, MEMORY_KERNEL), read = mapping(writer, 8, MEMORY_FILE);
	struct mapping_record theirs = mapping(stranger, 9, MEMORY_KERNEL);
	struct mapping_key key = {.process = writer, .object = fresh.key};
	struct mapping_value value = {.mapped_ns = 4000, .can_write = 1};
	struct model *model = start();
	const struct channel *channel;

	(void)state;
	old.value.described_ns = 3000;
	model_begin_holders(model, 2900);
	model_mapped(model, &old, NULL);
	model_end_holders(model);
	model_mappings(model, &key, &value);
	model_begin_holders(model, 4900);
	model_mapped(model, &fresh, NULL);
	model_mapped(model, &fresh, NULL);
	model_mapped(model, &other, NULL);
	model_mapped(model, &read, "/var/cache/fonts");
	model_mapped(model, &theirs, NULL);
	model_end_holders(model);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->channel_count, 1);
	channel = channel_by_id(model, "shm:[1:7]");
	assert_string_equal(channel->name, "memfd:lane");
	assert_int_equal(channel->endpoint_count, 3);
	assert_int_equal(channel->capacity, 8192);
	assert_int_equal(channel->mapped_ns, 0);
	/* The wall clock was 0 at 1000. */
	assert_int_equal(end_of(channel, writer)->mapped_ns, 3000);
	assert_int_equal(end_of(channel, writer)->mapped_bytes, 8192);
	assert_int_equal(end_of(channel, reader)->mapped_ns, 0);
	assert_true(end_of(channel, reader)->mapped_known);
	assert_int_equal(end_of(channel, reader)->mapped_bytes, 0);
	assert_int_equal(end_of(channel, stranger)->mapped_ns, 0);
	assert_int_equal(end_of(channel, stranger)->mapped_bytes, 4096);
	model_free(model);
}

static void test_holders_before_any_byte(void **state)
{
	struct model *model = start();
	struct holder_record end = {.process = writer, .can_write = 1, .comm = "writer",
				    .key = {.object = 5, .aux = 12, .mechanism = MECH_PIPE}};
	struct holder_record foreign = end;

	(void)state;
	model_holder(model, &end, NULL);
	end.process = (struct process_key){.pid = 300, .started_ms = 3};
	end.can_write = 0;
	end.can_read = 1;
	strcpy(end.comm, "stranger");
	model_holder(model, &end, NULL);
	foreign.process = end.process;
	foreign.key.object = 6; /* nothing to do with the targets */
	model_holder(model, &foreign, NULL);
	assert_int_equal(model_end(model), 0);
	assert_int_equal(model->channel_count, 1);
	assert_int_equal(model->process_count, 2);
	assert_int_equal(model->channels[0]->endpoint_count, 2);
	assert_false(model->channels[0]->endpoints[1].process->traced);
	assert_string_equal(model->channels[0]->endpoints[1].process->comm, "stranger");
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ends_of_a_pipe),
		cmocka_unit_test(test_intervals_add_up_to_the_run),
		cmocka_unit_test(test_slots_wrap),
		cmocka_unit_test(test_interval_range_only_of_its_epoch),
		cmocka_unit_test(test_unix_peer_known_late),
		cmocka_unit_test(test_both_ends_of_a_connection),
		cmocka_unit_test(test_both_ends_of_a_terminal),
		cmocka_unit_test(test_datagrams_belong_to_the_receiver),
		cmocka_unit_test(test_sums_of_a_process),
		cmocka_unit_test(test_shared_memory),
		cmocka_unit_test(test_holders_before_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
