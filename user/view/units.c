// SPDX-License-Identifier: GPL-2.0
/*
 * Turns figures into short text. Knows nothing of what they count.
 */
#include "view/units.h"

#include <stdio.h>
#include <time.h>

#define NS_PER_SECOND 1000000000ull

/* Three significant digits of a value below 1000; small whole numbers without a point. */
static int print_digits(char *text, double value, const char *unit)
{
	int decimals = 0;

	/* The limits are where rounding would carry into a fourth digit. */
	if (value < 9.995)
		decimals = 2;
	else if (value < 99.95)
		decimals = 1;
	return snprintf(text, UNIT_TEXT_SIZE, "%.*f%s", decimals, value, unit);
}

static void print_scaled(char *text, double value, const char *unit)
{
	static const char *const prefixes[] = { "", "K", "M", "G", "T", "P", "E" };
	const unsigned last = sizeof(prefixes) / sizeof(*prefixes) - 1;
	char suffix[8];
	unsigned i = 0;

	if (value <= 0) {
		snprintf(text, UNIT_TEXT_SIZE, "0");
		return;
	}
	if (value < 1000 && value == (double)(unsigned)value) {
		snprintf(text, UNIT_TEXT_SIZE, "%u%s", (unsigned)value, unit);
		return;
	}
	while (value >= 999.5 && i < last) {
		value /= 1000;
		i++;
	}
	snprintf(suffix, sizeof(suffix), "%s%s", prefixes[i], unit);
	print_digits(text, value, suffix);
}

void format_count(char *text, double count)
{
	print_scaled(text, count, "");
}

void format_bytes(char *text, double bytes)
{
	print_scaled(text, bytes, "B");
}

/* From 1000 s on: two units, the larger one first. */
static void print_long_duration(char *text, uint64_t seconds)
{
	static const struct {
		uint64_t limit, large, small;
		char large_unit, small_unit;
	} steps[] = {
		{ 3600, 60, 1, 'm', 's' },
		{ 100ull * 3600, 3600, 60, 'h', 'm' },
		{ UINT64_MAX, 86400, 3600, 'd', 'h' },
	};
	unsigned i = 0;

	while (seconds >= steps[i].limit)
		i++;
	snprintf(text, UNIT_TEXT_SIZE, "%u%c%02u%c", (unsigned)(seconds / steps[i].large),
		 steps[i].large_unit, (unsigned)(seconds % steps[i].large / steps[i].small),
		 steps[i].small_unit);
}

void format_duration(char *text, uint64_t duration_ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = (double)duration_ns;
	unsigned i = 0;

	if (duration_ns < 1000) {
		snprintf(text, UNIT_TEXT_SIZE, duration_ns ? "%uns" : "0", (unsigned)duration_ns);
		return;
	}
	if (duration_ns / NS_PER_SECOND >= 1000) {
		print_long_duration(text, duration_ns / NS_PER_SECOND);
		return;
	}
	while (value >= 999.5 && i < 3) {
		value /= 1000;
		i++;
	}
	print_digits(text, value, units[i]);
}

void format_clock(char *text, uint64_t clock_ns)
{
	time_t seconds = (time_t)(clock_ns / NS_PER_SECOND);
	struct tm local;

	localtime_r(&seconds, &local);
	strftime(text, UNIT_TEXT_SIZE, "%H:%M:%S", &local);
}

void format_share(char *text, double share)
{
	double percent = 100 * share;

	if (percent <= 0)
		snprintf(text, UNIT_TEXT_SIZE, "0%%");
	else if (percent < 0.05)
		snprintf(text, UNIT_TEXT_SIZE, "<0.1%%");
	else if (percent < 99.95)
		snprintf(text, UNIT_TEXT_SIZE, "%.1f%%", percent);
	else if (percent < 99999)
		snprintf(text, UNIT_TEXT_SIZE, "%.0f%%", percent);
	else
		print_scaled(text, percent, "%");
}
