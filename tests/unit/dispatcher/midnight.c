/* SPDX-License-Identifier: MIT */
/* The numbering plan of a process that runs over midnight in Vietnam; the clock is moved by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "dispatcher/midnight.h"
#include "segments/phone.h"

#define HOUR_MS 3600000

static struct {
	char path[64], plan_path[64];
	struct loop *loop;
	struct config *config;
	struct midnight midnight;
} fx;

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
load(const char *plan)
{
	char text[160];
	struct err_ctx e;

	write_file(fx.plan_path, plan);
	snprintf(text, sizeof(text), "{\"numbering\": \"%s\"}", fx.plan_path);
	write_file(fx.path, text);
	assert_int_equal(config_load(fx.path, &fx.config, &e), ERR_OK);
	numbering_set(&fx.config->plan);
}

/* What a number with 071 is now. */
static int
carrier_of_071(void)
{
	struct phone_cell cell;

	phone_parse(SLICE("0711234567"), &cell);
	return cell.count == 0 ? CARRIER_UNKNOWN : cell.carrier;
}

static void
turn(void)
{
	for (int i = 0; i < 3; i++)
		loop_turn(fx.loop, 0);
}

static void
move(int64_t by_ms)
{
	clock_advance_ms(by_ms);
	turn();
}

/* 2027-02-28 23:00:00 in Vietnam: 16:00:00 UTC, 1,803,830,400 s since 1970 (`date -d … +%s`). */
static int
set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	memset(&fx, 0, sizeof(fx));
	snprintf(fx.path, sizeof(fx.path), "%.40s/loa-config.XXXXXX", tmp != NULL ? tmp : "/tmp");
	snprintf(fx.plan_path, sizeof(fx.plan_path), "%.40s/loa-plan.XXXXXX",
		 tmp != NULL ? tmp : "/tmp");
	close(mkstemp(fx.path));
	close(mkstemp(fx.plan_path));
	clock_advance_ms(1803830400000 - clock_wall_ms());
	fx.loop = loop_new();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	midnight_shut(&fx.midnight);
	numbering_set(NULL);
	config_free(fx.config);
	loop_free(fx.loop);
	unlink(fx.path);
	unlink(fx.plan_path);
	return 0;
}

#define VIETTEL "{\"carrier\":\"viettel\",\"prefixes\":[\"032\"]}"
#define FROM_MARCH                                                                       \
	"{\"mobile\":[" VIETTEL ",{\"carrier\":\"mobifone\",\"prefixes\":[\"071\"],"     \
	"\"since\":\"2027-03-01\",\"until\":\"2027-03-01\"},{\"carrier\":\"vinaphone\"," \
	"\"prefixes\":[\"071\"],\"since\":\"2027-03-02\"}]}"

static void
an_entry_of_tomorrow_takes_effect_at_midnight(void **state)
{
	(void)state;
	load(FROM_MARCH);
	midnight_open(&fx.midnight, fx.loop, &fx.config);
	turn();
	assert_int_equal(carrier_of_071(), CARRIER_UNKNOWN);
	move(HOUR_MS - 2000);
	assert_int_equal(carrier_of_071(), CARRIER_UNKNOWN);
	move(4000);
	assert_int_equal(carrier_of_071(), CARRIER_MOBIFONE);
	move(24 * HOUR_MS - 8000);
	assert_int_equal(carrier_of_071(), CARRIER_MOBIFONE);
	move(8000);
	assert_int_equal(carrier_of_071(), CARRIER_VINAPHONE);
}

static void
a_clock_that_is_set_back_is_followed(void **state)
{
	(void)state;
	load(FROM_MARCH);
	clock_advance_ms(2 * HOUR_MS); /* between the reading and the first look */
	midnight_open(&fx.midnight, fx.loop, &fx.config);
	turn();
	assert_int_equal(carrier_of_071(), CARRIER_MOBIFONE);
	/* The tests' clocks move together, so the timer that waits is armed again. */
	midnight_shut(&fx.midnight);
	clock_advance_ms(-2 * HOUR_MS);
	midnight_open(&fx.midnight, fx.loop, &fx.config);
	turn();
	assert_int_equal(carrier_of_071(), CARRIER_UNKNOWN);
}

static void
only_what_was_read_counts_not_what_the_file_says_since(void **state)
{
	(void)state;
	load(FROM_MARCH);
	midnight_open(&fx.midnight, fx.loop, &fx.config);
	turn();
	write_file(fx.plan_path, "{ half");
	move(HOUR_MS);
	assert_int_equal(carrier_of_071(), CARRIER_MOBIFONE);
}

static void
a_day_that_contradicts_itself_keeps_the_plan_of_the_day_before(void **state)
{
	(void)state;
	load("{\"mobile\":[{\"carrier\":\"gmobile\",\"prefixes\":[\"071\"]},"
	     "{\"carrier\":\"viettel\",\"prefixes\":[\"071\"],\"since\":\"2027-03-01\","
	     "\"until\":\"2027-03-01\"}]}");
	midnight_open(&fx.midnight, fx.loop, &fx.config);
	turn();
	move(HOUR_MS);
	assert_int_equal(carrier_of_071(), CARRIER_GMOBILE);
	assert_int_equal(fx.config->plan_day, clock_today_vn());
	/* and the next day, which does not, is read */
	move(24 * HOUR_MS);
	assert_int_equal(carrier_of_071(), CARRIER_GMOBILE);
}

static void
the_configuration_that_hup_put_there_is_the_one_that_changes(void **state)
{
	struct config *before;

	(void)state;
	load(FROM_MARCH);
	midnight_open(&fx.midnight, fx.loop, &fx.config);
	turn();
	before = fx.config;
	load("{\"mobile\":[" VIETTEL ",{\"carrier\":\"wintel\",\"prefixes\":[\"071\"],"
	     "\"since\":\"2027-03-01\"}]}");
	config_free(before);
	move(HOUR_MS);
	assert_int_equal(carrier_of_071(), CARRIER_WINTEL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_entry_of_tomorrow_takes_effect_at_midnight),
		TEST(a_clock_that_is_set_back_is_followed),
		TEST(only_what_was_read_counts_not_what_the_file_says_since),
		TEST(a_day_that_contradicts_itself_keeps_the_plan_of_the_day_before),
		TEST(the_configuration_that_hup_put_there_is_the_one_that_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
