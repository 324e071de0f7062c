/* SPDX-License-Identifier: MIT */
/* What may be in doubt at once, and how large a request is then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dispatcher/run/dedupe.h"

static struct capability cap;

static const struct capability *
capability(const struct provider *p)
{
	(void)p;
	return &cap;
}

static const struct driver driver = {.name = "test", .capability = capability};

/* A gateway that knows no repetition, takes up to 500 messages, and has a contract of 100 a second. */
static struct provider_config
provider(int64_t doubt_cap)
{
	cap = (struct capability){.shape = SHAPE_LIST, .batch_min = 30, .batch_max = 500};
	return (struct provider_config){.driver = &driver,
					.rate = 100,
					.timeout_ms = 10000,
					.doubt_cap = doubt_cap,
					.batch_max = 500};
}

static void
a_request_has_no_more_messages_than_may_be_in_doubt(void **state)
{
	struct provider_config p = provider(0);

	(void)state;
	assert_int_equal(provider_doubt_cap(&p), 100);
	assert_int_equal(provider_batches(&p).batch_max, 100);
	p = provider(40);
	assert_int_equal(provider_doubt_cap(&p), 40);
	assert_int_equal(provider_batches(&p).batch_max, 40);
	assert_int_equal(provider_batches(&p).batch_min, 30);
	p = provider(900);
	assert_int_equal(provider_batches(&p).batch_max, 500);
	/* the smallest batch is sent all the same: such a cap is refused when it is read */
	p = provider(10);
	assert_int_equal(provider_batches(&p).batch_max, 30);
	/* a second of a contract of requests is of the largest ones */
	p = provider(0);
	cap.counts = COUNTS_REQUESTS;
	assert_int_equal(provider_doubt_cap(&p), 50000);
	assert_int_equal(provider_batches(&p).batch_max, 500);
	/* which may be smaller by agreement */
	p.batch_max = 60;
	assert_int_equal(provider_doubt_cap(&p), 6000);
	assert_int_equal(provider_batches(&p).batch_max, 60);
}

static void
where_repetitions_are_known_there_is_no_bound(void **state)
{
	struct provider_config p = provider(40);

	(void)state;
	cap.dedupe = DEDUPE_BY_REFERENCE;
	cap.dedupe_window_s = 300;
	/* less an old permit, the time-out and a margin: 300 - 0.2 - 10 - 2 */
	assert_int_equal(provider_dedupe_ms(&p), 287800);
	assert_int_equal(provider_doubt_cap(&p), 0);
	assert_int_equal(provider_batches(&p).batch_max, 500);
	cap.dedupe_window_s = 12; /* over before a repeat is sure */
	assert_int_equal(provider_dedupe_ms(&p), 0);
	assert_int_equal(provider_batches(&p).batch_max, 40);
	cap.dedupe = DEDUPE_BY_TEXT;
	cap.dedupe_window_s = 86400;
	assert_int_equal(provider_dedupe_ms(&p), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_no_more_messages_than_may_be_in_doubt),
		cmocka_unit_test(where_repetitions_are_known_there_is_no_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
