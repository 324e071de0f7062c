/* SPDX-License-Identifier: MIT */
/* How ready members become requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/batch.h"

#define MEMBERS 5000

static struct {
	struct member members[MEMBERS];
	struct chunk chunk;
	struct capability cap;
	struct batching b;
	uint32_t ranks[MEMBERS];
	size_t count;
	struct buf seen;
} fx;

static int
set_up(void **state)
{
	(void)state;
	fx.chunk = (struct chunk){.members = fx.members, .to = MEMBERS};
	fx.cap = (struct capability){.shape = SHAPE_LIST, .batch_min = 1, .batch_max = 100};
	fx.b = (struct batching){.cap = &fx.cap, .most = 100, .rate = 1000000, .chunk = &fx.chunk};
	fx.count = 0;
	buf_reset(&fx.seen);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_free(&fx.seen);
	return 0;
}

static void
add(const char *phone, const char *text, uint8_t parts)
{
	struct member *m = &fx.members[fx.count];

	*m = (struct member){.rank = (uint32_t)fx.count, .text = slice_of(text), .parts = parts};
	snprintf(m->phone, sizeof(m->phone), "%s", phone);
	fx.ranks[fx.count] = (uint32_t)fx.count;
	fx.count++;
}

static void
add_many(size_t n, const char *text)
{
	char phone[16];

	for (size_t i = 0; i < n; i++) {
		snprintf(phone, sizeof(phone), "8491%07zu", fx.count);
		add(phone, text, 1);
	}
}

/* Sizes of the requests that come out, "30 15"; in brackets what is too few. */
static const char *
sizes(void)
{
	batch_sort(&fx.b, fx.ranks, fx.count);
	for (size_t at = 0, n; at < fx.count; at += n) {
		n = batch_next(&fx.b, fx.ranks + at, fx.count - at);
		assert_true(n > 0);
		for (size_t i = 1; i < n; i++)
			assert_true(fx.ranks[at + i] > fx.ranks[at + i - 1]);
		buf_addf(&fx.seen, n < fx.cap.batch_min ? "%s(%zu)" : "%s%zu", at > 0 ? " " : "",
			 n);
	}
	return fx.seen.data;
}

static void
a_gateway_that_takes_one_gets_one(void **state)
{
	(void)state;
	fx.cap.shape = SHAPE_ONE;
	add_many(3, "a");
	assert_string_equal(sizes(), "1 1 1");
}

static void
a_list_is_filled_to_its_largest(void **state)
{
	(void)state;
	add_many(250, "a");
	assert_string_equal(sizes(), "100 100 50");
}

/* The gateway takes a hundred; with this partner forty were agreed on. */
static void
a_partner_may_have_agreed_on_less(void **state)
{
	(void)state;
	fx.b.most = 40;
	add_many(90, "a");
	assert_string_equal(sizes(), "40 40 10");
}

/* Ninety are 30 three times, or 40 once and 50; a hundred 40, 30, 30. Of fifty, ten are too many. */
static void
what_can_be_divided_is(void **state)
{
	(void)state;
	fx.cap.batch_min = 30;
	fx.b.most = 40;
	add_many(90, "a");
	assert_string_equal(sizes(), "30 30 30");
	add_many(10, "a");
	buf_reset(&fx.seen);
	assert_string_equal(sizes(), "40 30 30");
	fx.count = 50;
	buf_reset(&fx.seen);
	assert_string_equal(sizes(), "40 (10)");
	fx.b.rate = 1; /* thirty are dear already */
	buf_reset(&fx.seen);
	assert_string_equal(sizes(), "40 (10)");
}

/* 4 thousandths of 1,000 a second; of parts, a text of three is dear. */
static void
a_request_costs_four_thousandths_of_the_contract(void **state)
{
	(void)state;
	fx.b.rate = 1000;
	fx.cap.counts = COUNTS_MESSAGES;
	add_many(9, "a");
	assert_string_equal(sizes(), "4 4 1");
}

static void
parts_are_paid_for(void **state)
{
	(void)state;
	fx.b.rate = 1000;
	fx.cap.counts = COUNTS_PARTS;
	add("84911111111", "long", 3);
	add("84911111112", "a", 1);
	add("84911111113", "long", 3);
	add("84911111114", "very long", 9);
	assert_string_equal(sizes(), "2 1 1");
}

static void
no_rest_is_left_that_is_too_small(void **state)
{
	(void)state;
	fx.cap.batch_min = 30;
	add_many(110, "a");
	assert_string_equal(sizes(), "80 30");
}

/* Thirty are the smallest batch, dear as they are; of the 45 that are left, thirty would leave fifteen. */
static void
a_dear_rest_goes_with_the_batch_before_it(void **state)
{
	(void)state;
	fx.cap.batch_min = 30;
	fx.cap.counts = COUNTS_MESSAGES;
	fx.b.rate = 100;
	add_many(75, "a");
	assert_string_equal(sizes(), "30 45");
}

/* 1/250 of each limit that counts messages or parts: 750 parts are three, 500 messages two. */
static void
the_tightest_of_all_limits_makes_a_request_small(void **state)
{
	static const struct limit limits[] = {
		{.counts = COUNTS_PARTS, .per = LIMIT_SECOND, .most = 750},
		{.counts = COUNTS_REQUESTS, .per = LIMIT_SECOND, .most = 1},
		{.counts = COUNTS_MESSAGES, .per = LIMIT_DAY, .most = 500},
	};

	(void)state;
	fx.b.limits = limits;
	add_many(6, "a");
	fx.b.limit_count = 2;
	assert_string_equal(sizes(), "3 3");
	fx.b.limit_count = 3;
	buf_reset(&fx.seen);
	assert_string_equal(sizes(), "2 2 2");
	fx.b.limit_count = 0;
	fx.chunk.speed = 1000;
	buf_reset(&fx.seen);
	assert_string_equal(sizes(), "4 2");
}

static void
too_few_are_too_few(void **state)
{
	(void)state;
	fx.cap.batch_min = 30;
	add_many(29, "a");
	assert_string_equal(sizes(), "(29)");
}

static void
one_text_goes_to_those_who_get_it(void **state)
{
	(void)state;
	fx.cap.shape = SHAPE_ONE_TEXT;
	add("84911111111", "b", 1);
	add("84911111112", "a", 1);
	add("84911111113", "b", 1);
	add("84911111114", "c", 1);
	assert_string_equal(sizes(), "1 2 1");
	assert_int_equal(fx.ranks[0], 1);
	assert_int_equal(fx.ranks[1], 0);
	assert_int_equal(fx.ranks[2], 2);
}

/* Three pupils of one parent, with per: row. */
static void
a_phone_stands_once_in_a_request_of_one_text(void **state)
{
	(void)state;
	fx.cap.shape = SHAPE_ONE_TEXT;
	add("84911111111", "a", 1);
	add("84911111112", "a", 1);
	add("84911111111", "a", 1);
	add("84911111111", "a", 1);
	add("84911111113", "a", 1);
	assert_string_equal(sizes(), "3 1 1");
	assert_int_equal(fx.ranks[2], 4);
	assert_int_equal(fx.ranks[3], 2);
	assert_int_equal(fx.ranks[4], 3);
}

static void
a_phone_may_stand_twice_in_a_list_of_texts(void **state)
{
	(void)state;
	add("84911111111", "a", 1);
	add("84911111111", "b", 1);
	assert_string_equal(sizes(), "2");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_gateway_that_takes_one_gets_one),
		T(a_list_is_filled_to_its_largest),
		T(a_partner_may_have_agreed_on_less),
		T(what_can_be_divided_is),
		T(a_request_costs_four_thousandths_of_the_contract),
		T(parts_are_paid_for),
		T(no_rest_is_left_that_is_too_small),
		T(a_dear_rest_goes_with_the_batch_before_it),
		T(the_tightest_of_all_limits_makes_a_request_small),
		T(too_few_are_too_few),
		T(one_text_goes_to_those_who_get_it),
		T(a_phone_stands_once_in_a_request_of_one_text),
		T(a_phone_may_stand_twice_in_a_list_of_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
