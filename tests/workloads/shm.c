/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of every kind, mapped by two workers: one writes, the other one, who may be another process, reads.
 * Names are taken away while it is mapped; what one phase has mapped stays mapped in the next.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_memory.h"

#define PAGE ((size_t)4096)

struct lane {
	unsigned number;
	bool is_published; /* is_published to taken: the reader's */
	bool is_taken;
	struct memory *objects[MEMORY_KINDS];
	struct memory *inherited; /* anonymous memory, mapped before there were two processes */
	volatile char *inherited_at;
	pid_t owner; /* who is known to map it */
	uint64_t begin_ns;
};

static void await(const bool *condition, bool value)
{
	while (__atomic_load_n(condition, __ATOMIC_SEQ_CST) != value)
		truth_sleep_ms(1);
}

static void publish(void *argument)
{
	struct lane *lane = argument;
	struct memory *own = memory_new(MEMORY_ANONYMOUS, (lane->number + 1) * PAGE);

	*(volatile char *)memory_map(own, true) = 1;
	for (unsigned kind = 0; kind < MEMORY_KINDS; kind++) {
		lane->objects[kind] = memory_new(kind, (lane->number % 7 + kind + 1) * PAGE);
		*(volatile char *)memory_map(lane->objects[kind], true) = (char)(kind + 1);
	}
	__atomic_store_n(&lane->is_published, true, __ATOMIC_SEQ_CST);
	await(&lane->is_taken, true);
	for (unsigned kind = 0; kind < MEMORY_KINDS; kind++)
		if (memory_fd(lane->objects[kind]) >= 0)
			close(memory_fd(lane->objects[kind]));
	lane->is_taken = false;
}

/* A child was born with it: before the work, or if the tracer was first, after the program began. */
static void inherit(struct lane *lane)
{
	uint64_t from_ns = truth_options.now ? lane->begin_ns : 1;

	*lane->inherited_at += 1;
	if (lane->owner != getpid())
		memory_book(lane->inherited, getpid(), true, PAGE, from_ns,
			    truth_options.now ? memory_clock_ns() : 1);
	lane->owner = getpid();
}

static void take(void *argument)
{
	struct lane *lane = argument;

	await(&lane->is_published, true);
	for (unsigned kind = 0; kind < MEMORY_KINDS; kind++) {
		const volatile char *address = memory_map(lane->objects[kind], false);

		edges_expect(*address == (char)(kind + 1), "what the writer wrote");
		memory_remove(lane->objects[kind]);
	}
	inherit(lane);
	lane->is_published = false;
	__atomic_store_n(&lane->is_taken, true, __ATOMIC_SEQ_CST);
}

int main(int argc, char **argv)
{
	struct lane *lanes;

	truth_options_parse(argc, argv);
	memory_begin();
	lanes = truth_shared(truth_options.threads * sizeof(*lanes));
	for (unsigned i = 0; i < truth_options.threads; i++) {
		lanes[i].number = i;
		lanes[i].owner = getpid();
		lanes[i].begin_ns = memory_clock_ns();
		truth_worker(0, publish, &lanes[i], -1);
		truth_worker(1, take, &lanes[i], -1);
		lanes[i].inherited = memory_new(MEMORY_ANONYMOUS, PAGE);
		lanes[i].inherited_at = memory_map(lanes[i].inherited, true);
	}
	truth_serve();
}
