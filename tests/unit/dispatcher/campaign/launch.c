/* SPDX-License-Identifier: MIT */
/* The route at one moment: which carriers share a partition of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dispatcher/campaign/campaign.h"

enum { VIETTEL = 1, MOBIFONE, VINAPHONE, VIETNAMOBILE };

/* Two providers, nobody served. */
static struct config
config(void)
{
	struct config c = {.provider_count = 2};

	memset(c.route, -1, sizeof(c.route));
	return c;
}

static void
serve(struct config *c, int carrier, int provider, int64_t price)
{
	c->route[carrier] = (int8_t)provider;
	c->providers[provider].price[carrier] = price;
}

static void
carriers_of_one_provider_and_price_share_a_partition(void **state)
{
	struct config c = config();
	struct route_plan p;

	(void)state;
	serve(&c, 0, 0, 450);
	serve(&c, VIETTEL, 0, 430);
	serve(&c, MOBIFONE, 0, 450);
	serve(&c, VINAPHONE, 1, 450);
	assert_int_equal(route_plan_make(&c, &p, NULL), ERR_OK);
	assert_int_equal(p.partitions, 3);
	assert_int_equal(p.map.partition[0], p.map.partition[MOBIFONE]);
	assert_int_not_equal(p.map.partition[0], p.map.partition[VIETTEL]);
	assert_int_not_equal(p.map.partition[0], p.map.partition[VINAPHONE]);
	assert_int_not_equal(p.map.partition[VIETTEL], p.map.partition[VINAPHONE]);
	for (int carrier = 0; carrier <= VINAPHONE; carrier++) {
		unsigned part = p.map.partition[carrier];

		assert_true(part < p.partitions);
		assert_int_equal(p.provider[part], c.route[carrier]);
		assert_int_equal(p.price[part], carrier == VIETTEL ? 430 : 450);
	}
	for (int carrier = VIETNAMOBILE; carrier < CARRIERS_MAX; carrier++)
		assert_int_equal(p.map.partition[carrier], NO_PARTITION);
}

static void
eight_kinds_of_provider_and_price_are_allowed_and_nine_refused(void **state)
{
	struct config c = config();
	struct route_plan p;
	struct err_ctx e;

	(void)state;
	for (int i = 0; i < 8; i++)
		serve(&c, i, i % 2, 400 + i / 2);
	/* the same kinds again are no new ones */
	for (int i = 8; i < 15; i++)
		serve(&c, i, i % 2, 400 + (i - 8) / 2);
	assert_int_equal(route_plan_make(&c, &p, &e), ERR_OK);
	assert_int_equal(p.partitions, 8);
	assert_int_equal(p.map.partition[14], p.map.partition[6]);
	serve(&c, 15, 0, 1);
	assert_int_equal(route_plan_make(&c, &p, &e), ERR_INPUT);
	assert_string_equal(e.what, "route");
	assert_non_null(strstr(e.why, "more than 8 kinds"));
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
		cmocka_unit_test(carriers_of_one_provider_and_price_share_a_partition),
		cmocka_unit_test(eight_kinds_of_provider_and_price_are_allowed_and_nine_refused),
		cmocka_unit_test(a_route_to_nobody_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
