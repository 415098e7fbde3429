// SPDX-License-Identifier: GPL-2.0
/*
 * Growing arrays.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/array.h"

int array_grow(void **array, unsigned used, unsigned *room, size_t size)
{
	unsigned more = *room ? 2 * *room : 4;
	void *grown;

	if (used < *room)
		return 0;
	grown = realloc(*array, more * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}
