/* SPDX-License-Identifier: MIT */
/* The route at one moment: which carriers share a partition of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dispatcher/campaign/campaign.h"

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

/* Two providers, nobody served. */
static struct config
config(void)
{
	struct config c = {.provider_count = 2};

	memset(c.route, -1, sizeof(c.route));
	c.providers[0].driver = c.providers[1].driver = &any_driver;
	return c;
}

static void
serve(struct config *c, int carrier, int provider, int64_t price)
{
	c->route[carrier] = (int8_t)provider;
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
		assert_int_equal(p.provider[part], c.route[carrier]);
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

/* Whose partner takes one carrier in a request: few of one are too few. */
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
		cmocka_unit_test(a_route_to_nobody_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
