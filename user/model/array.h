/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Growing arrays.
 */
#ifndef IPCTRACE_ARRAY_H
#define IPCTRACE_ARRAY_H

#include <stddef.h>

/*
 * Makes room in *ARRAY for one more entry of SIZE bytes than the USED ones. Returns 0 or -ENOMEM,
 * and then leaves all as it was.
 */
int array_grow(void **array, unsigned used, unsigned *room, size_t size);

#endif
