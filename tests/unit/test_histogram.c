// SPDX-License-Identifier: GPL-2.0
/* Histograms: bounds of every slot, accuracy of percentiles, merging, clearing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/types.h>

#include "model/histogram.h"
#include "tables.h"

static void bounds_of(unsigned steps_log2, uint32_t slots)
{
	for (uint32_t slot = 0; slot < slots; slot++) {
		uint64_t low = histogram_slot_low(steps_log2, slot);
		uint64_t high = histogram_slot_high(steps_log2, slot);

		assert_true(high > low);
		assert_int_equal(histogram_slot(steps_log2, low), slot);
		assert_int_equal(histogram_slot(steps_log2, high - 1), slot);
		assert_int_equal(histogram_slot(steps_log2, high), slot + 1);
		assert_int_equal(histogram_slot_low(steps_log2, slot + 1), high);
		/* No step is wider than 1/2^steps of where it begins. */
		assert_true((high - low) << steps_log2 <= (low > 1ull << steps_log2 ?
								   low : 1ull << steps_log2));
	}
}

static void test_every_slot(void **state)
{
	(void)state;
	bounds_of(SIZE_STEPS_LOG2, SIZE_SLOTS);
	bounds_of(TIME_STEPS_LOG2, TIME_SLOTS);
	assert_int_equal(histogram_slot_low(TIME_STEPS_LOG2, 0), 0);
	assert_true(histogram_slot_low(TIME_STEPS_LOG2, TIME_SLOTS) == 1ull << 40);
	assert_true(histogram_slot_low(SIZE_STEPS_LOG2, SIZE_SLOTS) == 1ull << 32);
	assert_int_equal(histogram_slot(3, 7), 7);
	assert_int_equal(histogram_slot(3, 8), 8);
	assert_int_equal(histogram_slot(3, 15), 15);
	assert_int_equal(histogram_slot(3, 16), 16);
	assert_int_equal(histogram_slot(3, 17), 16);
	assert_int_equal(histogram_slot(3, 18), 17);
}

static void test_largest_values(void **state)
{
	uint32_t slot = histogram_slot(3, UINT64_MAX);

	(void)state;
	assert_int_equal(slot, (60 << 3) + 15);
	assert_true(histogram_slot_low(3, slot) == 15ull << 60);
	assert_true(histogram_slot_high(3, slot) == UINT64_MAX);
	assert_true(histogram_slot_low(3, 100000) == UINT64_MAX);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void check_percentile(const struct histogram *h, uint64_t exact, double fraction,
			     double tolerance)
{
	double got = (double)histogram_percentile(h, fraction);
	double error = got - (double)exact;

	if (error < 0)
		error = -error;
	if (error > tolerance * (double)exact + 1)
		fail_msg("p%g: %g, exact %llu", 100 * fraction, got, (unsigned long long)exact);
}

/* VALUES of any distribution: every percentile is right to half a step. */
static void accuracy(uint64_t *values, unsigned count, unsigned steps_log2, double tolerance,
		     int with_range)
{
	struct histogram h;

	qsort(values, count, sizeof(*values), compare);
	histogram_init(&h, steps_log2);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(histogram_add(&h, histogram_slot(steps_log2, values[i]), 1), 0);
		h.sum += values[i];
	}
	if (with_range) {
		h.has_range = true;
		h.min = values[0];
		h.max = values[count - 1];
	}
	for (unsigned p = 1; p <= 100; p++) {
		unsigned rank = (p * count + 99) / 100;

		check_percentile(&h, values[rank - 1], p / 100.0, tolerance);
	}
	histogram_free(&h);
}

#define SAMPLES 1000

static void accuracy_everywhere(uint64_t *values)
{
	for (int with_range = 0; with_range < 2; with_range++) {
		accuracy(values, SAMPLES, 2, 0.125, with_range);
		accuracy(values, SAMPLES, 3, 0.0625, with_range);
	}
}

static void test_accuracy(void **state)
{
	uint64_t values[SAMPLES];
	uint32_t random = 12345;

	(void)state;
	for (unsigned i = 0; i < SAMPLES; i++)
		values[i] = 1000 + 7 * i;
	accuracy_everywhere(values);
	for (unsigned i = 0; i < SAMPLES; i++)
		values[i] = (uint64_t)i * i * i * 3 + 1;
	accuracy_everywhere(values);
	for (unsigned i = 0; i < SAMPLES; i++)
		values[i] = i < 980 ? 1151 : 2000000003;
	accuracy_everywhere(values);
	for (unsigned i = 0; i < SAMPLES; i++) {
		random = random * 1664525 + 1013904223;
		values[i] = 1 + (random >> (random & 15));
	}
	accuracy_everywhere(values);
}

static void test_equal_values_are_exact(void **state)
{
	struct distribution d;
	struct histogram h;

	(void)state;
	/* Lower bounds of slots, as the sum tells: no range needed. */
	histogram_init(&h, 2);
	histogram_add(&h, histogram_slot(2, 64), 10);
	h.sum = 640;
	assert_true(histogram_distribution(&h, &d));
	assert_int_equal(d.count, 10);
	assert_int_equal(d.mean, 64);
	assert_int_equal(d.min, 64);
	assert_int_equal(d.p50, 64);
	assert_int_equal(d.p99, 64);
	assert_int_equal(d.max, 64);
	/* Elsewhere in the slot: the range tells. */
	h.sum = 710;
	h.has_range = true;
	h.min = h.max = 71;
	assert_true(histogram_distribution(&h, &d));
	assert_int_equal(d.p50, 71);
	assert_int_equal(d.p99, 71);
	histogram_free(&h);
}

static void test_beyond_the_last_slot(void **state)
{
	struct distribution d;
	struct histogram h;

	(void)state;
	histogram_init(&h, TIME_STEPS_LOG2);
	histogram_add(&h, TIME_SLOTS - 1, 1);
	h.sum = h.min = h.max = 5ull << 42;
	h.has_range = true;
	assert_true(histogram_distribution(&h, &d));
	assert_true(d.p50 == 5ull << 42);
	assert_true(d.max == 5ull << 42);
	histogram_free(&h);
}

static void test_ranks(void **state)
{
	struct histogram h;

	(void)state;
	histogram_init(&h, 3);
	for (uint32_t value = 1; value <= 7; value++)
		histogram_add(&h, value, 1);
	histogram_add(&h, 0, 3);
	/* 0 0 0 1 2 3 4 5 6 7 */
	assert_int_equal(histogram_percentile(&h, 0.0), 0);
	assert_int_equal(histogram_percentile(&h, 0.3), 0);
	assert_int_equal(histogram_percentile(&h, 0.31), 1);
	assert_int_equal(histogram_percentile(&h, 0.5), 2);
	assert_int_equal(histogram_percentile(&h, 0.9), 6);
	assert_int_equal(histogram_percentile(&h, 0.99), 7);
	assert_int_equal(histogram_percentile(&h, 1.0), 7);
	histogram_free(&h);
}

static void test_add_sorts(void **state)
{
	static const uint32_t slots[] = { 30, 10, 20, 10, 0, 40, 5, 35, 15, 25, 1, 30 };
	struct histogram h;

	(void)state;
	histogram_init(&h, 3);
	for (unsigned i = 0; i < sizeof(slots) / sizeof(*slots); i++)
		assert_int_equal(histogram_add(&h, slots[i], 2), 0);
	assert_int_equal(histogram_add(&h, 99, 0), 0);
	assert_int_equal(h.used, 10);
	assert_int_equal(h.count, 24);
	for (unsigned i = 1; i < h.used; i++)
		assert_true(h.buckets[i - 1].slot < h.buckets[i].slot);
	histogram_free(&h);
	assert_null(h.buckets);
	assert_int_equal(h.steps_log2, 3);
}

static void test_merge_and_clear(void **state)
{
	struct histogram a, b, empty;

	(void)state;
	histogram_init(&a, 3);
	histogram_init(&b, 3);
	histogram_init(&empty, 3);
	histogram_add(&b, 20, 3);
	histogram_add(&b, 5, 1);
	b.sum = 77;
	b.has_range = true;
	b.min = 5;
	b.max = 24;
	assert_int_equal(histogram_merge(&a, &empty), 0);
	assert_int_equal(a.count, 0);
	assert_int_equal(histogram_merge(&a, &b), 0);
	assert_true(a.has_range);
	assert_int_equal(a.max, 24);
	b.min = 2;
	b.max = 99;
	assert_int_equal(histogram_merge(&a, &b), 0);
	assert_int_equal(a.count, 8);
	assert_int_equal(a.sum, 154);
	assert_int_equal(a.min, 2);
	assert_int_equal(a.max, 99);
	assert_int_equal(histogram_merge(&a, &empty), 0);
	assert_true(a.has_range);
	b.has_range = false;
	assert_int_equal(histogram_merge(&a, &b), 0);
	assert_false(a.has_range);
	histogram_clear(&a);
	assert_int_equal(a.count, 0);
	assert_int_equal(a.sum, 0);
	assert_int_equal(a.used, 0);
	assert_int_equal(histogram_merge(&a, &b), 0);
	assert_int_equal(a.count, 4);
	histogram_free(&a);
	histogram_free(&b);
}

static void test_empty(void **state)
{
	struct distribution d = { .count = 42 };
	struct histogram h;

	(void)state;
	histogram_init(&h, 2);
	assert_int_equal(histogram_percentile(&h, 0.5), 0);
	assert_false(histogram_distribution(&h, &d));
	assert_int_equal(d.count, 42);
	histogram_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_slot),
		cmocka_unit_test(test_largest_values),
		cmocka_unit_test(test_accuracy),
		cmocka_unit_test(test_equal_values_are_exact),
		cmocka_unit_test(test_beyond_the_last_slot),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_add_sorts),
		cmocka_unit_test(test_merge_and_clear),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
