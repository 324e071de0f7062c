/* SPDX-License-Identifier: MIT */
/* How much time a run has to be sent: by hand, on a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/window.h"

static const struct class_policy day = {.name = "notice", .hours_from = 420, .hours_to = 1320};
static const struct class_policy night = {.name = "x", .hours_from = 1320, .hours_to = 120};
static const struct class_policy any = {.name = "y", .hours_from = 0, .hours_to = 1440};

static int64_t
unix_of(const char *text)
{
	struct moment m;

	assert_null(moment_parse(slice_of(text), &m));
	return moment_to_unix(&m, VN_UTC_OFFSET_S);
}

static void
expect_open(const struct class_policy *class, const char *at, int minute, int64_t wanted)
{
	assert_int_equal(window_open_s(class, unix_of(at), minute), wanted);
}

static void
time_is_counted_while_the_class_may_send(void **state)
{
	(void)state;
	expect_open(&any, "2027-10-10T08:00", 17 * 60, 9 * 3600);
	expect_open(NULL, "2027-10-10T08:00:30", 8 * 60 + 1, 30);
	expect_open(&any, "2027-10-10T17:00", 17 * 60, 86400);
	expect_open(&any, "2027-10-10T23:30", 30, 3600);
	expect_open(&day, "2027-10-10T06:59:59", 7 * 60, 0);
	expect_open(&day, "2027-10-10T06:59:59", 7 * 60 + 1, 60);
	expect_open(&day, "2027-10-10T21:59:59", 23 * 60, 1);
	expect_open(&day, "2027-10-10T22:00", 23 * 60, 0);
	expect_open(&day, "2027-10-10T21:00", 8 * 60, 2 * 3600);
	expect_open(&night, "2027-10-10T21:00", 3 * 60, 4 * 3600);
}

static void
what_is_left_expires_at_the_next_such_minute(void **state)
{
	(void)state;
	assert_int_equal(window_finish_s(11 * 60, unix_of("2027-10-10T10:15")),
			 unix_of("2027-10-10T11:00"));
	assert_int_equal(window_finish_s(11 * 60, unix_of("2027-10-10T11:00")),
			 unix_of("2027-10-11T11:00"));
	assert_int_equal(window_finish_s(0, unix_of("2027-12-31T23:59:59")),
			 unix_of("2028-01-01T00:00"));
	assert_int_equal(window_finish_s(WINDOW_NONE, unix_of("2027-10-10T10:15")), 0);
}

static void
a_window_that_never_opens_is_refused(void **state)
{
	struct window w = {WINDOW_NONE, 23 * 60 + 30};
	struct err_ctx e = {0};

	(void)state;
	assert_int_equal(window_check(&w, &day, unix_of("2027-10-10T22:00"), &e), ERR_REFUSED);
	assert_non_null(strstr(e.why, "2027-10-10T22:00 and 23:30"));
	assert_non_null(strstr(e.why, "07:00 to 22:00"));
	assert_int_equal(window_check(&w, &day, unix_of("2027-10-10T21:59"), &e), ERR_OK);
	assert_int_equal(window_check(&w, &any, unix_of("2027-10-10T22:00"), &e), ERR_OK);
	w = (struct window){6 * 60, WINDOW_NONE};
	assert_int_equal(window_check(&w, &day, unix_of("2027-10-10T05:00"), &e), ERR_REFUSED);
	assert_string_equal(e.what, "smooth.until");
}

static void
too_little_time_is_told_with_how_many_that_are(void **state)
{
	struct window w = {WINDOW_NONE, 9 * 60};
	json_t *warnings = json_array();

	(void)state;
	/* an hour for what takes two: half of a thousand */
	window_add_warnings(&w, &day, unix_of("2027-10-10T08:00"), 7200, 1000, warnings);
	assert_int_equal(json_array_size(warnings), 1);
	assert_non_null(
		strstr(json_string_value(json_array_get(warnings, 0)), "some 500 messages"));
	json_array_clear(warnings);
	window_add_warnings(&w, &day, unix_of("2027-10-10T08:00"), 3600, 1000, warnings);
	assert_int_equal(json_array_size(warnings), 0);
	w = (struct window){9 * 60, WINDOW_NONE};
	window_add_warnings(&w, &day, unix_of("2027-10-10T08:00"), 3601, 1000, warnings);
	assert_non_null(strstr(json_string_value(json_array_get(warnings, 0)), "cannot be spread"));
	json_decref(warnings);
}

static void
what_is_no_time_of_day_is_refused(void **state)
{
	static const char *const bad[][2] = {
		{"{\"finish_by\":\"24:00\"}", "finish_by"},
		{"{\"finish_by\":\"8:00\"}", "finish_by"},
		{"{\"finish_by\":\"08:00:30\"}", "finish_by"},
		{"{\"finish_by\":8}", "finish_by"},
		{"{\"smooth\":\"17:00\"}", "smooth"},
		{"{\"smooth\":{}}", "smooth.until"},
		{"{\"smooth\":{\"until\":\"17\"}}", "smooth.until"},
		{"{\"smooth\":{\"to\":\"17:00\"}}", "smooth.to"},
	};
	struct window w;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err_ctx e = {0};
		json_t *doc = json_loads(bad[i][0], 0, NULL);
		struct json_at root = json_root(doc);

		assert_int_equal(window_read(&root, &w, &e), ERR_INPUT);
		assert_string_equal(e.what, bad[i][1]);
		json_decref(doc);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_counted_while_the_class_may_send),
		cmocka_unit_test(what_is_left_expires_at_the_next_such_minute),
		cmocka_unit_test(a_window_that_never_opens_is_refused),
		cmocka_unit_test(too_little_time_is_told_with_how_many_that_are),
		cmocka_unit_test(what_is_no_time_of_day_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
