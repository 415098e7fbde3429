// SPDX-License-Identifier: GPL-2.0
/*
 * Reading whole BPF maps, in batches, and the output of BPF iterators.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "capture/session_private.h"

#define BATCH 512

struct batch {
	void *keys, *values;
	__u32 room;
};

static int batch_allocate(struct batch *batch, const struct bpf_map *map, __u32 room)
{
	free(batch->keys);
	free(batch->values);
	batch->keys = calloc(room, bpf_map__key_size(map));
	batch->values = calloc(room, bpf_map__value_size(map));
	batch->room = room;
	return batch->keys && batch->values ? 0 : -ENOMEM;
}

static void batch_hand_over(const struct batch *batch, const struct bpf_map *map, __u32 count,
			    void (*each)(void *context, const void *key, const void *value),
			    void *context)
{
	const char *keys = batch->keys, *values = batch->values;

	for (__u32 i = 0; i < count; i++)
		each(context, keys + (size_t)i * bpf_map__key_size(map),
		     values + (size_t)i * bpf_map__value_size(map));
}

int map_for_each(const struct bpf_map *map,
		 void (*each)(void *context, const void *key, const void *value), void *context)
{
	struct batch batch = {};
	__u32 position, next, count;
	bool started = false;
	int err;

	err = batch_allocate(&batch, map, BATCH);
	while (!err) {
		count = batch.room;
		err = bpf_map_lookup_batch(bpf_map__fd(map), started ? &position : NULL, &next,
					   batch.keys, batch.values, &count, NULL);
		if (err == -ENOSPC) {
			/* A bucket holds more entries than the batch has room for. */
			err = batch_allocate(&batch, map, 2 * batch.room);
			continue;
		}
		if (err && err != -ENOENT)
			break;
		batch_hand_over(&batch, map, count, each, context);
		position = next;
		started = true;
	}
	free(batch.keys);
	free(batch.values);
	return err == -ENOENT ? 0 : err;
}

/* Hands over the whole records in BUFFER and returns how many bytes are left at its beginning. */
static size_t take_records(char *buffer, size_t used, size_t record_size,
			   void (*take)(void *context, const void *record), void *context)
{
	size_t whole = used / record_size * record_size;

	for (size_t at = 0; at < whole; at += record_size)
		take(context, buffer + at);
	memmove(buffer, buffer + whole, used - whole);
	return used - whole;
}

int iterator_run(const struct bpf_link *link, size_t record_size,
		 void (*take)(void *context, const void *record), void *context)
{
	size_t size = 256 * record_size, used = 0;
	char *buffer = malloc(size);
	int fd, err = 0;
	ssize_t got;

	if (!buffer)
		return -ENOMEM;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		free(buffer);
		return fd;
	}
	/* A read may end inside a record. */
	while ((got = read(fd, buffer + used, size - used)) != 0) {
		if (got < 0 && errno != EINTR && errno != EAGAIN) {
			err = -errno;
			break;
		}
		if (got > 0)
			used = take_records(buffer, used + got, record_size, take, context);
	}
	close(fd);
	free(buffer);
	return err;
}
