/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes compact JSON into a stream: keys stay in the order of the calls, integers are exact to 64
 * bits. KEY is NULL for elements of arrays. Errors are the stream's.
 */
#ifndef IPCTRACE_JSON_WRITER_H
#define IPCTRACE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool comma; /* a value precedes on this level */
};

void json_begin(struct json *json, const char *key, char bracket); /* { or [ */
void json_end(struct json *json, char bracket);                    /* } or ] */
void json_string(struct json *json, const char *key, const char *text);
void json_number(struct json *json, const char *key, uint64_t number);
void json_share(struct json *json, const char *key, double share); /* of 1 */
void json_null(struct json *json, const char *key);

/* The number, or null when it is not known. */
void json_figure(struct json *json, const char *key, bool known, uint64_t number);

#endif
