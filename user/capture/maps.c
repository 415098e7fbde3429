// SPDX-License-Identifier: GPL-2.0
/*
 * Reading BPF iterators, those of the maps among them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "capture/session_private.h"

/* Hands over the whole records in BUFFER and returns how many bytes are left at its beginning. */
static size_t take_records(char *buffer, size_t used, size_t record_size,
			   void (*take)(void *context, const void *record), void *context)
{
	size_t whole = used / record_size * record_size;

	for (size_t at = 0; take && at < whole; at += record_size)
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

int map_for_each(struct session *session, enum kernel_table table,
		 void (*take)(void *context, const void *entry), void *context)
{
	static const size_t entry_size[] = {
#define MAP(name, key_type, value_type) sizeof(struct name##_entry),
#include "maps.def"
#undef MAP
	};

	return iterator_run(session->map_links[table], entry_size[table], take, context);
}
