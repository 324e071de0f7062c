/* SPDX-License-Identifier: MIT */
/* Routes in the configuration: who may serve a carrier together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/config.h"

enum { VIETTEL = 1, MOBIFONE, VINAPHONE };

static struct capability any = {
	.batch_min = 1, .batch_max = 1, .channel = "sms", .has_unicode = true};
static struct capability sandbox = {
	.batch_min = 1, .batch_max = 1, .channel = "sms", .has_unicode = true, .is_sandbox = true};
static struct capability large = {
	.batch_min = 30, .batch_max = 100, .channel = "sms", .has_unicode = true};
static struct capability plain = {.batch_min = 1, .batch_max = 1, .channel = "sms"};
static struct capability zalo = {
	.batch_min = 1, .batch_max = 1, .channel = "zalo", .has_unicode = true};

/* An account is its capability. */
static const struct capability *
capability(const struct provider *p)
{
	return (const struct capability *)(const void *)p;
}

static const struct driver driver = {.capability = capability};

/* Providers a, b, c, d, e alike; then one that differs from them in each thing. */
static struct config *
config(void)
{
	static const struct {
		const char *name;
		struct capability *cap;
		enum sms_traffic traffic;
		enum accents accents;
		enum registered_texts texts;
		const char *brandname;
	} all[] = {
		{"a", &any, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"b", &any, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"c", &any, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"d", &any, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"e", &any, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"sandbox", &sandbox, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"large", &large, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"plain", &plain, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"zalo", &zalo, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"adverts", &any, SMS_QC, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"standard", &any, SMS_STANDARD, ACCENTS_KEPT, REGISTERED_AUTO, "LOA"},
		{"unaccented", &any, SMS_CSKH, ACCENTS_PLAIN, REGISTERED_AUTO, "LOA"},
		{"refusing", &any, SMS_CSKH, ACCENTS_KEPT, REGISTERED_REFUSE, "LOA"},
		{"other", &any, SMS_CSKH, ACCENTS_KEPT, REGISTERED_AUTO, "HUYEN"},
	};
	struct config *c = xcalloc(1, sizeof(*c));

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct provider_config *p = &c->providers[c->provider_count++];

		*p = (struct provider_config){.driver = &driver,
					      .account = (struct provider *)(void *)all[i].cap,
					      .traffic = all[i].traffic,
					      .accents = all[i].accents,
					      .registered_texts = all[i].texts};
		slice_copy(p->name, sizeof(p->name), slice_of(all[i].name));
		slice_copy(p->brandname, sizeof(p->brandname), slice_of(all[i].brandname));
	}
	return c;
}

static struct buf words;

/* The error of a route, "" when there is none; out is what it comes to. */
static const char *
read_route(const char *text, struct route out[CARRIERS_MAX])
{
	struct config *c = config();
	struct err_ctx e = {0};
	json_t *v;
	struct json_at at;

	assert_int_equal(json_parse(slice_of(text), 4096, "test", &v, &e), ERR_OK);
	at = json_root(v);
	at = json_get(&at, "route");
	buf_reset(&words);
	buf_adds(&words, "");
	if (routes_read(c, &at, out, &e) != ERR_OK)
		err_print(&e, &words);
	json_decref(v);
	free(c);
	return words.data;
}

static void
a_carrier_has_providers_in_order(void **state)
{
	struct route r[CARRIERS_MAX];

	(void)state;
	assert_string_equal(read_route("{\"route\":{\"viettel\":{\"order\":[\"b\",\"a\",\"c\","
				       "\"d\"]},\"*\":\"e\"}}",
				       r),
			    "");
	assert_int_equal(r[VIETTEL].kind, ROUTE_ORDER);
	assert_int_equal(r[VIETTEL].count, 4);
	assert_int_equal(r[VIETTEL].provider[0], 1);
	assert_int_equal(r[VIETTEL].provider[1], 0);
	assert_int_equal(r[VIETTEL].provider[3], 3);
	for (int i = 0; i < CARRIERS_MAX; i++)
		if (i != VIETTEL) {
			assert_int_equal(r[i].count, 1);
			assert_int_equal(r[i].provider[0], 4);
		}
}

static void
shares_and_the_cheapest_are_kinds_of_their_own(void **state)
{
	struct route r[CARRIERS_MAX];

	(void)state;
	assert_string_equal(read_route("{\"route\":{\"mobifone\":{\"share\":{\"a\":70,\"c\":30}},"
				       "\"vinaphone\":{\"cheapest\":[\"c\",\"b\"]}}}",
				       r),
			    "");
	assert_int_equal(r[MOBIFONE].kind, ROUTE_SHARE);
	assert_int_equal(r[MOBIFONE].count, 2);
	assert_int_equal(r[MOBIFONE].share[0], 70);
	assert_int_equal(r[MOBIFONE].share[1], 30);
	assert_int_equal(r[MOBIFONE].provider[1], 2);
	assert_int_equal(r[VINAPHONE].kind, ROUTE_CHEAPEST);
	assert_int_equal(r[VINAPHONE].provider[0], 2);
	assert_int_equal(r[VIETTEL].count, 0);
}

static void
what_cannot_be_a_route_says_where_and_why(void **state)
{
	static const struct {
		const char *route, *error;
	} cases[] = {
		{"{\"order\":[\"a\",\"x\"]}", "route.*.order[1]: \"x\" is no provider"},
		{"{\"order\":[\"a\",\"b\",\"a\"]}", "route.*.order[2]: \"a\" stands there twice"},
		{"{\"order\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}",
		 "route.*.order[4]: more than 4 providers"},
		{"{\"order\":[]}", "route.*: names no provider"},
		{"{\"share\":{}}", "route.*: names no provider"},
		{"{}", "route.*: is to have one of order, share and cheapest"},
		{"{\"order\":[\"a\"],\"cheapest\":[\"b\"]}", "route.*: is to have one of"},
		{"{\"ordr\":[\"a\"]}", "ordr"},
		{"{\"order\":\"a\"}", "route.*.order"},
		{"{\"order\":[1]}", "route.*.order[0]"},
		{"{\"share\":{\"a\":70,\"b\":20}}", "route.*.share: the shares add up to 90"},
		{"{\"share\":{\"a\":0,\"b\":100}}", "route.*.share.a"},
		{"{\"share\":{\"a\":70,\"x\":30}}", "route.*.share.x: \"x\" is no provider"},
		{"{\"order\":[\"a\",\"sandbox\"]}",
		 "route.*.order[1]: \"a\" and \"sandbox\" cannot share a route: one is a sandbox"},
		{"{\"order\":[\"a\",\"large\"]}", "one takes large batches only"},
		{"{\"order\":[\"a\",\"plain\"]}", "with accents by one and without by the other"},
		{"{\"order\":[\"a\",\"unaccented\"]}",
		 "with accents by one and without by the other"},
		{"{\"order\":[\"a\",\"zalo\"]}", "they are of different channels"},
		{"{\"cheapest\":[\"a\",\"adverts\"]}",
		 "one carries adverts, the other care traffic"},
		{"{\"share\":{\"a\":50,\"standard\":50}}", "count parts by different rules"},
		{"{\"order\":[\"a\",\"b\",\"other\"]}", "people would see two senders"},
		{"{\"order\":[\"a\",\"refusing\"]}", "texts that are not registered differently"},
	};
	struct route r[CARRIERS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = {0};
		const char *error;

		buf_addf(&b, "{\"route\":{\"*\":%s}}", cases[i].route);
		error = read_route(b.data, r);
		if (strstr(error, cases[i].error) == NULL)
			fail_msg("%s: %s", cases[i].route, error);
		buf_free(&b);
	}
	buf_free(&words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_carrier_has_providers_in_order),
		cmocka_unit_test(shares_and_the_cheapest_are_kinds_of_their_own),
		cmocka_unit_test(what_cannot_be_a_route_says_where_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
