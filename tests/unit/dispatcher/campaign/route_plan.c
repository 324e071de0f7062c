/* SPDX-License-Identifier: MIT */
/* The route at one moment: which carriers share a partition of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dispatcher/campaign/route_plan.h"

enum { VIETTEL = 1, MOBIFONE, VINAPHONE, VIETNAMOBILE, GMOBILE, ITEL, WINTEL };

static const struct capability any_batch = {.batch_min = 1, .batch_max = 100};
static const struct capability large_batch = {.batch_min = 30, .batch_max = 100};

static const struct capability *
capability_any(const struct provider *p)
{
	(void)p;
	return &any_batch;
}

static const struct capability *
capability_large(const struct provider *p)
{
	(void)p;
	return &large_batch;
}

static const struct driver any_driver = {.capability = capability_any};
static const struct driver large_driver = {.capability = capability_large};

/* Four providers, nobody served. */
static struct config
config(void)
{
	struct config c = {.provider_count = 4};

	for (size_t i = 0; i < c.provider_count; i++)
		c.providers[i].driver = &any_driver;
	return c;
}

static void
serve(struct config *c, int carrier, int provider, int64_t price)
{
	c->route[carrier] = (struct route){.count = 1, .provider = {(uint8_t)provider}};
	c->providers[provider].price[carrier] = price;
}

static void
each_carrier_has_its_partition_and_price(void **state)
{
	struct config c = config();
	struct route_plan p;

	(void)state;
	serve(&c, 0, 0, 450);
	serve(&c, VIETTEL, 0, 430);
	serve(&c, MOBIFONE, 0, 450);
	serve(&c, VINAPHONE, 1, 450);
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	assert_int_equal(p.partitions, 4);
	for (int carrier = 0; carrier <= VINAPHONE; carrier++) {
		unsigned part = p.map.partition[carrier];

		assert_int_equal(part, carrier);
		assert_int_equal(p.provider[part], c.route[carrier].provider[0]);
		assert_int_equal(p.price[part], carrier == VIETTEL ? 430 : 450);
	}
	for (int carrier = VIETNAMOBILE; carrier < CARRIERS_MAX; carrier++)
		assert_int_equal(p.map.partition[carrier], NO_PARTITION);
}

/* Thirty Gmobile numbers may never come together. */
static void
carriers_of_one_price_share_a_partition_where_batches_are_large(void **state)
{
	struct config c = config();
	struct route_plan p;

	(void)state;
	c.providers[0].driver = &large_driver;
	serve(&c, 0, 0, 450);
	serve(&c, VIETTEL, 0, 430);
	serve(&c, MOBIFONE, 0, 450);
	serve(&c, VINAPHONE, 1, 450);
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	assert_int_equal(p.partitions, 3);
	assert_int_equal(p.map.partition[0], p.map.partition[MOBIFONE]);
	assert_int_not_equal(p.map.partition[0], p.map.partition[VIETTEL]);
	assert_int_not_equal(p.map.partition[0], p.map.partition[VINAPHONE]);
}

/* Few of one carrier are too few there, and nobody else may be in their request. */
static void
carriers_share_nothing_where_a_request_holds_one_of_them(void **state)
{
	struct config c = config();
	struct route_plan p;

	(void)state;
	c.providers[0].driver = &large_driver;
	c.providers[0].is_one_carrier = true;
	serve(&c, 0, 0, 450);
	serve(&c, VIETTEL, 0, 450);
	serve(&c, MOBIFONE, 0, 450);
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	assert_int_equal(p.partitions, 3);
	assert_int_equal(p.map.partition[0], 0);
	assert_int_equal(p.map.partition[VIETTEL], 1);
	assert_int_equal(p.map.partition[MOBIFONE], 2);
}

static void
every_carrier_that_there_is_finds_a_partition(void **state)
{
	struct config c = config();
	struct route_plan p;

	(void)state;
	for (int i = 0; i < CARRIERS_MAX; i++)
		serve(&c, i, i % 2, 400 + i);
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	assert_int_equal(p.partitions, 8);
	assert_int_equal(p.map.partition[WINTEL], 7);
	assert_int_equal(p.map.partition[WINTEL + 1], NO_PARTITION);
}

/* Each carrier by all of `count` providers, from the first on. */
static void
serve_by(struct config *c, enum route_kind kind, unsigned count)
{
	for (int carrier = 0; carrier <= WINTEL; carrier++) {
		struct route *r = &c->route[carrier];

		*r = (struct route){.kind = kind, .count = (uint8_t)count};
		for (unsigned i = 0; i < count; i++)
			r->provider[i] = (uint8_t)i;
	}
}

/* Eight carriers by two providers: the first ones are 0 … 7, then come the second ones. */
static void
the_first_provider_of_a_partition_has_its_number(void **state)
{
	struct config c = config();
	struct route_plan p;

	(void)state;
	serve_by(&c, ROUTE_ORDER, 2);
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	assert_int_equal(p.partitions, 8);
	assert_int_equal(p.tariffs, 16);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(p.choice[i].count, 2);
		assert_int_equal(p.choice[i].tariff[0], i);
		assert_int_equal(p.choice[i].tariff[1], 8 + i);
		assert_int_equal(p.provider[i], 0);
		assert_int_equal(p.provider[8 + i], 1);
	}
}

/* Eight by three would be 24 tariffs: those that are alike share. Viettel's price is another. */
static void
carriers_that_are_alike_share_a_partition_where_there_are_too_many(void **state)
{
	struct config c = config();
	struct route_plan p;

	(void)state;
	serve_by(&c, ROUTE_ORDER, 3);
	c.providers[2].price[VIETTEL] = 1;
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	assert_int_equal(p.partitions, 2);
	assert_int_equal(p.tariffs, 6);
	assert_int_equal(p.map.partition[VIETTEL], 1);
	assert_int_equal(p.map.partition[WINTEL], 0);
	assert_int_equal(p.price[p.choice[1].tariff[2]], 1);
}

/* Six carriers with prices of their own by three: 18. */
static void
too_many_tariffs_are_an_error(void **state)
{
	struct config c = config();
	struct route_plan p;
	struct err_ctx e;

	(void)state;
	serve_by(&c, ROUTE_ORDER, 3);
	for (int carrier = 1; carrier < ITEL; carrier++)
		c.providers[0].price[carrier] = carrier;
	assert_int_equal(route_plan_make(&c, &p, &e), ERR_REFUSED);
	assert_string_equal(e.what, "route");
}

/* By price per part of the carrier; of the same price the one that stands first. */
static void
the_cheapest_come_first(void **state)
{
	struct config c = config();
	struct route_plan p;

	(void)state;
	serve_by(&c, ROUTE_CHEAPEST, 4);
	for (int i = 1; i <= WINTEL; i++)
		c.route[i].count = 0;
	c.providers[0].price[0] = 450;
	c.providers[1].price[0] = 420;
	c.providers[2].price[0] = 450;
	c.providers[3].price[0] = 400;
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	assert_int_equal(p.partitions, 1);
	assert_int_equal(p.tariffs, 4);
	assert_int_equal(p.provider[0], 3);
	assert_int_equal(p.provider[1], 1);
	assert_int_equal(p.provider[2], 0);
	assert_int_equal(p.provider[3], 2);
	assert_int_equal(p.price[0], 400);
	assert_int_equal(p.price[3], 450);
}

static void
a_price_is_of_the_first_or_the_mean_of_the_shares(void **state)
{
	struct config c = config();
	struct route_plan p;
	struct route_price price;

	(void)state;
	serve_by(&c, ROUTE_ORDER, 2);
	c.providers[0].price[0] = 430;
	c.providers[1].price[0] = 451;
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	price = route_plan_price(&p, 0);
	assert_int_equal(price.expected, 430);
	assert_int_equal(price.least, 430);
	assert_int_equal(price.most, 451);
	c.route[0].kind = ROUTE_SHARE;
	c.route[0].share[0] = 70;
	c.route[0].share[1] = 30;
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	/* 301 + 135.3 */
	assert_int_equal(route_plan_price(&p, 0).expected, 437);
}

static void
a_route_to_nobody_is_an_error(void **state)
{
	struct config c = config();
	struct route_plan p;
	struct err_ctx e;

	(void)state;
	assert_int_not_equal(route_plan_make(&c, &p, &e), ERR_OK);
	assert_string_equal(e.what, "route");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_carrier_has_its_partition_and_price),
		cmocka_unit_test(carriers_of_one_price_share_a_partition_where_batches_are_large),
		cmocka_unit_test(carriers_share_nothing_where_a_request_holds_one_of_them),
		cmocka_unit_test(every_carrier_that_there_is_finds_a_partition),
		cmocka_unit_test(the_first_provider_of_a_partition_has_its_number),
		cmocka_unit_test(
			carriers_that_are_alike_share_a_partition_where_there_are_too_many),
		cmocka_unit_test(too_many_tariffs_are_an_error),
		cmocka_unit_test(the_cheapest_come_first),
		cmocka_unit_test(a_price_is_of_the_first_or_the_mean_of_the_shares),
		cmocka_unit_test(a_route_to_nobody_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
