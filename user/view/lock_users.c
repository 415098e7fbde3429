// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits for a lock and who holds it, as the text of a cell.
 */
#include "view/lock_users.h"

#include <stdio.h>

#include "view/endpoints.h"

/* So many holders are named; of the others only the number is told. */
#define NAMED_HOLDERS 3

static void print_more(FILE *out, unsigned count, unsigned named)
{
	if (count > named)
		fprintf(out, ",+%u", count - named);
}

void print_lock_users(char *text, size_t size, const struct lock *lock)
{
	char name[64];
	FILE *out;

	if (!lock_is_file(lock)) {
		print_process(text, size, lock->process, lock->key.process.pid);
		return;
	}
	text[0] = '\0';
	out = fmemopen(text, size, "w");
	if (!out)
		return;
	for (unsigned i = 0; i < lock->user_count && i < LOCK_USERS; i++) {
		print_process(name, sizeof(name), lock->users[i], 0);
		fprintf(out, "%s%s", i ? "," : "", name);
	}
	print_more(out, lock->user_count, LOCK_USERS);
	/* fmemopen() terminates the text, and drops what does not fit. */
	fclose(out);
	text[size - 1] = '\0';
}

void print_lock_holders(char *text, size_t size, const struct lock *lock, enum window w)
{
	FILE *out = fmemopen(text, size, "w");
	unsigned found = 0;

	text[0] = '\0';
	if (!out)
		return;
	for (unsigned i = 0; i < lock->holder_count; i++) {
		const struct lock_holder *holder = &lock->holders[i];

		if (!holder->looks[w] || found++ >= NAMED_HOLDERS)
			continue;
		fputs(found > 1 ? "," : "", out);
		if (holder->pid)
			fprintf(out, "%.16s(%u)", holder->comm, holder->pid);
		else
			fputc('?', out);
	}
	print_more(out, found, NAMED_HOLDERS);
	fclose(out);
	text[size - 1] = '\0';
}
