// SPDX-License-Identifier: GPL-2.0
/*
 * The syntax of JSON, and no more.
 */
#include "view/json_writer.h"

#include <inttypes.h>

#include "view/escape.h"

static void begin_value(struct json *json, const char *key)
{
	if (json->comma)
		fputc(',', json->out);
	json->comma = true;
	if (key) {
		escape_json(json->out, key);
		fputc(':', json->out);
	}
}

void json_begin(struct json *json, const char *key, char bracket)
{
	begin_value(json, key);
	fputc(bracket, json->out);
	json->comma = false;
}

void json_end(struct json *json, char bracket)
{
	fputc(bracket, json->out);
	json->comma = true;
}

void json_string(struct json *json, const char *key, const char *text)
{
	begin_value(json, key);
	escape_json(json->out, text);
}

void json_number(struct json *json, const char *key, uint64_t number)
{
	begin_value(json, key);
	fprintf(json->out, "%" PRIu64, number);
}

void json_share(struct json *json, const char *key, double share)
{
	begin_value(json, key);
	fprintf(json->out, "%.3f", share);
}

void json_null(struct json *json, const char *key)
{
	begin_value(json, key);
	fputs("null", json->out);
}

void json_figure(struct json *json, const char *key, bool known, uint64_t number)
{
	if (known)
		json_number(json, key, number);
	else
		json_null(json, key);
}
