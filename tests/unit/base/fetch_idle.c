/* SPDX-License-Identifier: MIT */
/* Connections that are not used. */
#include "tests/unit/base/fetch_fixture.h"

static struct outcome out;

static void
idle_for(int64_t ms)
{
	fetch_free(fx.f);
	fx.o.idle_ms = ms;
	fx.f = fetch_new(fx.loop, &fx.o);
}

/* Without any other request that would let curl look at it. */
static void
a_connection_that_is_not_used_is_closed_and_another_opened(void **state)
{
	(void)state;
	idle_for(200);
	post(&out, "/ok");
	assert_done(&out, 200, "ok");
	assert_int_equal(fetch_connections(fx.f), 1);
	TURN_UNTIL(counts->open == 0);
	assert_int_equal(fetch_connections(fx.f), 0);
	assert_int_equal(counts->closed_by_server, 0);
	post(&out, "/ok");
	assert_done(&out, 200, "ok");
	assert_int_equal(counts->accepted, 2);
	assert_int_equal(fetch_connections(fx.f), 1);
}

/* It has to answer after twice the time for which one may be idle. */
static void
a_connection_that_waits_for_its_answer_is_not_idle(void **state)
{
	struct fetch_request r = request_of(&out, "/silent");

	(void)state;
	idle_for(100);
	r.timeout_ms = 600;
	start_request(&out, &r);
	TURN_UNTIL(out.calls == 1);
	assert_in_doubt(&out);
	assert_true(out.elapsed_us >= 400000);
	assert_non_null(strstr(out.why, "timed out"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_that_is_not_used_is_closed_and_another_opened),
		TEST(a_connection_that_waits_for_its_answer_is_not_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
