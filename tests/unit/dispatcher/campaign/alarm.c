/* SPDX-License-Identifier: MIT */
/* When the hours of a class let a scheduled campaign go; names of reasons. Times by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "dispatcher/campaign/alarm.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/store/record.h"

static const char *
opens(int from, int to, const char *at)
{
	static char out[32];
	struct class_policy c = {.hours_from = from, .hours_to = to};
	struct moment m;

	assert_null(moment_parse(slice_of(at), &m));
	clock_format_vn(class_opens_s(&c, moment_to_unix(&m, VN_UTC_OFFSET_S)), out);
	return out;
}

static void
inside_its_hours_it_goes_at_its_time(void **state)
{
	(void)state;
	assert_string_equal(opens(480, 1200, "2026-10-10T08:00:00"), "2026-10-10T08:00:00+07:00");
	assert_string_equal(opens(480, 1200, "2026-10-10T19:59:59"), "2026-10-10T19:59:59+07:00");
	assert_string_equal(opens(0, 1440, "2026-10-10T23:59:59"), "2026-10-10T23:59:59+07:00");
}

static void
outside_it_waits_for_the_next_opening(void **state)
{
	(void)state;
	assert_string_equal(opens(480, 1200, "2026-10-10T07:00:30"), "2026-10-10T08:00:00+07:00");
	assert_string_equal(opens(480, 1200, "2026-10-10T20:00:00"), "2026-10-11T08:00:00+07:00");
	assert_string_equal(opens(480, 1200, "2026-12-31T22:15:10"), "2027-01-01T08:00:00+07:00");
}

static void
hours_may_go_over_midnight(void **state)
{
	(void)state;
	assert_string_equal(opens(1320, 120, "2026-10-10T23:00:00"), "2026-10-10T23:00:00+07:00");
	assert_string_equal(opens(1320, 120, "2026-10-11T01:59:00"), "2026-10-11T01:59:00+07:00");
	assert_string_equal(opens(1320, 120, "2026-10-11T02:00:00"), "2026-10-11T22:00:00+07:00");
}

static void
a_reason_has_a_name_that_finds_it(void **state)
{
	char name[32];

	(void)state;
	assert_string_equal(record_reason_name(REASON_BAD_RECIPIENT, name), "bad-recipient");
	assert_int_equal(record_reason_find("receipt-failed"), REASON_RECEIPT_FAILED);
	assert_int_equal(record_reason_find("none"), 0);
	assert_int_equal(record_reason_find("BAD_RECIPIENT"), 0);
	assert_int_equal(record_reason_find(""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside_its_hours_it_goes_at_its_time),
		cmocka_unit_test(outside_it_waits_for_the_next_opening),
		cmocka_unit_test(hours_may_go_over_midnight),
		cmocka_unit_test(a_reason_has_a_name_that_finds_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
