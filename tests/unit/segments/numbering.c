/* SPDX-License-Identifier: MIT */
/*
 * A numbering plan as data. That the built-in one is right is tested with phones
 * (phone.c, tests/peers/phones.mjs); here, what a file of one's own may say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/date.h"
#include "base/mem.h"
#include "segments/numbering.h"
#include "segments/phone.h"

static struct numbering plan;

/* "" or the place of the mistake. */
static const char *
read(const char *text, int64_t today)
{
	static struct err_ctx e;
	json_t *v = NULL;
	enum err rc;

	e = (struct err_ctx){0};
	assert_int_equal(json_parse(slice_of(text), 1u << 20, "plan", &v, &e), ERR_OK);
	rc = numbering_read(v, today, &plan, &e);
	json_decref(v);
	return rc == ERR_OK ? "" : e.what;
}

#define MOBILE "{\"carrier\":\"viettel\",\"prefixes\":[\"032\"]}"
#define PLAN(more) "{\"mobile\":[" MOBILE "]" more "}"

static void
an_entry_holds_on_its_days(void **state)
{
	static const char text[] =
		"{\"mobile\":[" MOBILE ",{\"carrier\":\"mobifone\",\"prefixes\":[\"071\"],"
		"\"since\":\"2027-03-01\"},{\"carrier\":\"wintel\",\"prefixes\":[\"055\"],"
		"\"until\":\"2027-02-28\"}]}";

	(void)state;
	assert_string_equal(read(text, date_to_days((struct date){2027, 2, 28})), "");
	assert_int_equal(plan.carrier[32], CARRIER_VIETTEL);
	assert_int_equal(plan.carrier[71], CARRIER_UNKNOWN);
	assert_int_equal(plan.carrier[55], CARRIER_WINTEL);
	assert_string_equal(read(text, date_to_days((struct date){2027, 3, 1})), "");
	assert_int_equal(plan.carrier[71], CARRIER_MOBIFONE);
	assert_int_equal(plan.carrier[55], CARRIER_UNKNOWN);
}

static void
a_range_may_pass_from_one_carrier_to_another(void **state)
{
	static const char text[] =
		"{\"mobile\":[{\"carrier\":\"gmobile\",\"prefixes\":[\"059\"],\"until\":"
		"\"2026-12-31\"},{\"carrier\":\"vinaphone\",\"prefixes\":[\"059\"],"
		"\"since\":\"2027-01-01\"}]}";

	(void)state;
	assert_string_equal(read(text, date_to_days((struct date){2026, 12, 31})), "");
	assert_int_equal(plan.carrier[59], CARRIER_GMOBILE);
	assert_string_equal(read(text, date_to_days((struct date){2027, 1, 1})), "");
	assert_int_equal(plan.carrier[59], CARRIER_VINAPHONE);
}

/* Written in before the day: until then neither holds, and the plan is none the worse. */
static void
a_renumbering_may_be_of_a_day_to_come(void **state)
{
	static const char text[] =
		"{\"mobile\":[" MOBILE ",{\"carrier\":\"itel\",\"prefixes\":[\"071\"],\"since\":"
		"\"2027-03-01\"}],\"renumbering\":[{\"since\":\"2027-03-01\",\"now\":"
		"{\"0187\":\"071\"}}]}";

	(void)state;
	assert_string_equal(read(text, date_to_days((struct date){2027, 2, 28})), "");
	assert_int_equal(plan.now[187], RENUMBERED_NONE);
	assert_string_equal(read(text, date_to_days((struct date){2027, 3, 1})), "");
	assert_int_equal(plan.now[187], 71);
}

static void
what_cannot_be_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"{}", "mobile"},
		{"{\"mobile\":[]}", "mobile"},
		{"{\"mobil\":[]}", "mobil"},
		{"{\"mobile\":[1]}", "mobile[0]"},
		{"{\"mobile\":[{\"carrier\":\"viettle\",\"prefixes\":[]}]}", "mobile[0].carrier"},
		{"{\"mobile\":[{\"carrier\":\"viettel\",\"prefixes\":[\"32\"]}]}",
		 "mobile[0].prefixes[0]"},
		{"{\"mobile\":[{\"carrier\":\"viettel\",\"prefixes\":[\"0321\"]}]}",
		 "mobile[0].prefixes[0]"},
		{"{\"mobile\":[{\"carrier\":\"viettel\",\"prefixes\":[\"03x\"]}]}",
		 "mobile[0].prefixes[0]"},
		{"{\"mobile\":[{\"carrier\":\"viettel\",\"prefixes\":[32]}]}",
		 "mobile[0].prefixes[0]"},
		{"{\"mobile\":[{\"carrier\":\"viettel\",\"prefixes\":[\"028\"]}]}",
		 "mobile[0].prefixes[0]"},
		{"{\"mobile\":[" MOBILE ",{\"carrier\":\"itel\",\"prefixes\":[\"032\"]}]}",
		 "mobile[1].prefixes[0]"},
		{"{\"mobile\":[{\"carrier\":\"itel\",\"prefixes\":[\"087\"],\"since\":"
		 "\"2026-02-30\"}]}",
		 "mobile[0].since"},
		{"{\"mobile\":[{\"carrier\":\"itel\",\"prefixes\":[\"087\"],\"since\":"
		 "\"2999-01-01\"}]}",
		 "mobile"},
		{PLAN(",\"renumbering\":[{\"now\":{\"162\":\"032\"}}]"), "renumbering[0].now.162"},
		{PLAN(",\"renumbering\":[{\"now\":{\"0162\":\"32\"}}]"), "renumbering[0].now.0162"},
		{PLAN(",\"renumbering\":[{\"now\":{\"0163\":\"033\"}}]"),
		 "renumbering[0].now.0163"},
		{PLAN(",\"services\":[{\"prefix\":\"\",\"min\":8,\"max\":10}]"),
		 "services[0].prefix"},
		{PLAN(",\"services\":[{\"prefix\":\"18O0\",\"min\":8,\"max\":10}]"),
		 "services[0].prefix"},
		{PLAN(",\"services\":[{\"prefix\":\"18001800\",\"min\":8,\"max\":10}]"),
		 "services[0].prefix"},
		{PLAN(",\"services\":[{\"prefix\":\"1800\",\"min\":10,\"max\":8}]"), "services[0]"},
		{PLAN(",\"services\":[{\"prefix\":\"1800\"}]"), "services[0]"},
		{PLAN(",\"services\":[{\"prefix\":\"1800\",\"min\":8,\"max\":21}]"),
		 "services[0].max"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *what = read(cases[i].text, 20000);

		if (strcmp(what, cases[i].what) != 0)
			fail_msg("%s: %s", cases[i].text, what);
	}
}

static void
phones_are_read_by_the_plan_in_force(void **state)
{
	struct phone_cell cell;

	(void)state;
	assert_int_equal(carrier_of(84712345678), CARRIER_UNKNOWN);
	assert_string_equal(read("{\"mobile\":[{\"carrier\":\"mobifone\",\"prefixes\":[\"071\"]}],"
				 "\"renumbering\":[{\"now\":{\"0140\":\"071\"}}],"
				 "\"services\":[{\"prefix\":\"0911\",\"min\":9,\"max\":9}]}",
				 20000),
			    "");
	numbering_set(&plan);
	assert_int_equal(carrier_of(84712345678), CARRIER_MOBIFONE);
	phone_parse(SLICE("0712345678"), &cell);
	assert_int_equal(cell.count, 1);
	assert_int_equal(cell.carrier, CARRIER_MOBIFONE);
	phone_parse(SLICE("01402345678"), &cell);
	assert_int_equal(cell.phones[0], 84712345678);
	phone_parse(SLICE("0911234567"), &cell);
	assert_string_equal(cell.reason, "service-number");
	phone_parse(SLICE("0971234567"), &cell);
	assert_string_equal(cell.reason, "unknown-prefix");
	numbering_set(NULL);
	phone_parse(SLICE("0971234567"), &cell);
	assert_int_equal(cell.carrier, CARRIER_VIETTEL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_holds_on_its_days),
		cmocka_unit_test(a_range_may_pass_from_one_carrier_to_another),
		cmocka_unit_test(a_renumbering_may_be_of_a_day_to_come),
		cmocka_unit_test(what_cannot_be_is_refused_with_its_place),
		cmocka_unit_test(phones_are_read_by_the_plan_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
