/* SPDX-License-Identifier: MIT */
/* Who is too few for a gateway that takes five numbers at least. Groups are counted by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "dispatcher/campaign/tails.h"

static const struct capability of_five = {.shape = SHAPE_ONE_TEXT, .batch_min = 5, .batch_max = 50};
static const struct capability of_one = {.shape = SHAPE_LIST, .batch_min = 1, .batch_max = 50};

static const struct capability *
capability_five(const struct provider *p)
{
	(void)p;
	return &of_five;
}

static const struct capability *
capability_one(const struct provider *p)
{
	(void)p;
	return &of_one;
}

static const struct driver driver_five = {.capability = capability_five};
static const struct driver driver_one = {.capability = capability_one};

static struct {
	struct config config;
	struct route_plan route;
	struct tails tails;
	uint32_t rank[PARTITIONS_MAX];
	uint64_t phone;
} fx;

/* Two partitions of the gateway of five, one of another. */
static int
set_up(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	fx.config.provider_count = 2;
	fx.config.providers[0] =
		(struct provider_config){.driver = &driver_five, .rate = 100, .batch_max = 50};
	fx.config.providers[1] =
		(struct provider_config){.driver = &driver_one, .rate = 100, .batch_max = 50};
	fx.route.partitions = fx.route.tariffs = 3;
	fx.route.provider[2] = 1;
	fx.phone = 84911000000;
	tails_init(&fx.tails, &fx.config, &fx.route, 1, 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	tails_clear(&fx.tails);
	return 0;
}

static void
add_phone(unsigned partition, const char *text, uint64_t phone)
{
	struct shown m = {.text = slice_of(text),
			  .about = SLICE(""),
			  .count = {.parts = 1},
			  .rank = fx.rank[partition]++,
			  .phone = phone};

	tails_add(&fx.tails, partition, &m);
}

static void
add(unsigned partition, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		add_phone(partition, text, ++fx.phone);
}

/* Counts all that is grouped: "sent/too few". */
static const char *
counted(void)
{
	static char out[64];
	size_t sent = 0, few = 0;

	while (fx.tails.grouped != NULL) {
		const struct tail_string *s = fx.tails.grouped;

		for (size_t i = 0; i < s->count; i++) {
			assert_true(i == 0 || s->shown[i].rank > s->shown[i - 1].rank);
			assert_true(s->shown[i].reason == REASON_NONE ||
				    s->shown[i].reason == REASON_TOO_FEW);
			*(s->shown[i].reason == REASON_NONE ? &sent : &few) += 1;
		}
		tails_pop(&fx.tails);
	}
	snprintf(out, sizeof(out), "%zu/%zu", sent, few);
	return out;
}

static void
only_gateways_that_take_no_small_requests_are_looked_at(void **state)
{
	(void)state;
	assert_true(tails_wants(&fx.tails, 0));
	assert_true(tails_wants(&fx.tails, 1));
	assert_false(tails_wants(&fx.tails, 2));
}

static void
equal_texts_are_counted_together_wherever_they_stand(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		add(0, 1, "a");
		add(0, 2, "b");
	}
	add(0, 4, "c");
	assert_null(fx.tails.grouped);
	tails_close(&fx.tails);
	assert_string_equal(counted(), "15/4");
	assert_int_equal(fx.tails.sum[0].messages, 4);
	assert_int_equal(fx.tails.sum[0].groups, 1);
	assert_int_equal(fx.tails.sum[1].messages, 0);
}

/* Four and four of one text, but of two partitions: no request has both. */
static void
each_partition_stands_for_itself(void **state)
{
	(void)state;
	add(0, 4, "a");
	add(1, 4, "a");
	tails_close(&fx.tails);
	assert_string_equal(counted(), "0/8");
	assert_int_equal(fx.tails.sum[0].groups, 2);
}

/* Of a text that begins three before the end of a string, three are too few and seven are not. */
static void
each_string_of_records_stands_for_itself(void **state)
{
	(void)state;
	add(0, 4093, "a");
	add(0, 10, "b");
	assert_non_null(fx.tails.grouped);
	assert_string_equal(counted(), "4093/3");
	tails_close(&fx.tails);
	assert_string_equal(counted(), "7/0");
	assert_int_equal(fx.tails.sum[0].messages, 3);
}

/* Who is left out before has a place in the string all the same. */
static void
a_string_ends_by_rank_and_not_by_how_many_are_sent(void **state)
{
	(void)state;
	fx.rank[0] = 4094;
	add(0, 6, "a");
	tails_close(&fx.tails);
	assert_string_equal(counted(), "0/6");
	assert_int_equal(fx.tails.sum[0].groups, 2);
}

/* Five rows, but a parent of two of the pupils: four numbers, and then one again. */
static void
a_number_counts_once_in_a_request(void **state)
{
	(void)state;
	add(0, 4, "a");
	add_phone(0, "a", fx.phone);
	tails_close(&fx.tails);
	assert_string_equal(counted(), "0/5");
}

/* Six at most were agreed on: fourteen are six, six and two too many; twelve are all sent to. */
static void
what_was_agreed_on_with_the_partner_counts(void **state)
{
	(void)state;
	fx.config.providers[0].batch_max = 6;
	add(0, 14, "a");
	add(1, 12, "a");
	tails_close(&fx.tails);
	assert_string_equal(counted(), "24/2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_gateways_that_take_no_small_requests_are_looked_at),
		TEST(equal_texts_are_counted_together_wherever_they_stand),
		TEST(each_partition_stands_for_itself),
		TEST(each_string_of_records_stands_for_itself),
		TEST(a_string_ends_by_rank_and_not_by_how_many_are_sent),
		TEST(a_number_counts_once_in_a_request),
		TEST(what_was_agreed_on_with_the_partner_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
