// SPDX-License-Identifier: GPL-2.0
/*
 * The syntax of JSON, and no more. Nobody else writes to its stream meanwhile: it is not locked.
 */
#include "view/json_writer.h"

#include "view/escape.h"

static void begin_value(struct json *json, const char *key)
{
	if (json->comma)
		putc_unlocked(',', json->out);
	json->comma = true;
	if (key) {
		escape_json(json->out, key);
		putc_unlocked(':', json->out);
	}
}

void json_begin(struct json *json, const char *key, char bracket)
{
	begin_value(json, key);
	putc_unlocked(bracket, json->out);
	json->comma = false;
}

void json_end(struct json *json, char bracket)
{
	putc_unlocked(bracket, json->out);
	json->comma = true;
}

void json_string(struct json *json, const char *key, const char *text)
{
	begin_value(json, key);
	escape_json(json->out, text);
}

/* Without printf: thousands of channels are mostly numbers. */
void json_number(struct json *json, const char *key, uint64_t number)
{
	char digits[20];
	unsigned at = sizeof(digits);

	begin_value(json, key);
	do
		digits[--at] = '0' + number % 10;
	while (number /= 10);
	fwrite_unlocked(digits + at, 1, sizeof(digits) - at, json->out);
}

void json_share(struct json *json, const char *key, double share)
{
	begin_value(json, key);
	fprintf(json->out, "%.3f", share);
}

void json_null(struct json *json, const char *key)
{
	begin_value(json, key);
	fputs_unlocked("null", json->out);
}

void json_figure(struct json *json, const char *key, bool known, uint64_t number)
{
	if (known)
		json_number(json, key, number);
	else
		json_null(json, key);
}
