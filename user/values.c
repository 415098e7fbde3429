// SPDX-License-Identifier: GPL-2.0
/*
 * Reads numbers, seconds and lists strictly: no blanks, no signs, no exponents, no "nan", and no
 * rounding through floating point.
 */
#include "values.h"

#include <errno.h>
#include <string.h>

#define NS_PER_SECOND 1000000000ull

/*
 * Reads the digits at *TEXT and moves it behind them. Returns how many there were. What does not
 * fit becomes UINT64_MAX, which is beyond every limit that callers set.
 */
static unsigned read_digits(const char **text, uint64_t *number)
{
	unsigned digits = 0;

	*number = 0;
	for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
		if (*number > (UINT64_MAX - 9) / 10)
			*number = UINT64_MAX;
		else
			*number = *number * 10 + (**text - '0');
	}
	return digits;
}

int value_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	if (!read_digits(&text, number) || *text)
		return -EINVAL;
	return *number < min || *number > max ? -ERANGE : 0;
}

int value_seconds(const char *text, uint64_t *time_ns)
{
	uint64_t seconds, digit_ns = NS_PER_SECOND;
	unsigned digits = read_digits(&text, &seconds);

	if (seconds > SECONDS_MAX_NS / NS_PER_SECOND)
		seconds = SECONDS_MAX_NS / NS_PER_SECOND + 1;
	*time_ns = seconds * NS_PER_SECOND;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++, digits++) {
			digit_ns /= 10;
			*time_ns += (*text - '0') * digit_ns;
		}
	}
	if (!digits || *text)
		return -EINVAL;
	return *time_ns < SECONDS_MIN_NS || *time_ns > SECONDS_MAX_NS ? -ERANGE : 0;
}

int value_next_item(const char **list, char *item, size_t size)
{
	size_t length = strcspn(*list, ",");
	size_t copied = length < size ? length : size - 1;

	memcpy(item, *list, copied);
	item[copied] = '\0';
	*list = (*list)[length] ? *list + length + 1 : NULL;
	if (!length)
		return -EINVAL;
	return copied < length ? -ENAMETOOLONG : 0;
}
