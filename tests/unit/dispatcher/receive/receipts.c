/* SPDX-License-Identifier: MIT */
/*
 * Pushes of receipts, small and large, with a made-up driver: a body is lines of an id and a status
 * word. Redis and the Lua library are real.
 */
#include <stdlib.h>

#include "dispatcher/receive/receipts.h"
#include "tests/unit/dispatcher/store/receipts_fixture.h"

static struct {
	struct engine *engine;
	struct receipts *receipts;
	struct config config;
	bool is_up, has_ended;
	struct err_ctx why; /* code 0 = kept */
} rx;

static const struct capability capability = {
	.batch_max = 1, .has_receipts = true, .echo = ECHO_ID, .receipt_deadline_s = 259200};

static const struct capability *
fake_capability(const struct provider *p)
{
	(void)p;
	return &capability;
}

static enum err
fake_receipt(const struct provider *p, struct slice query, struct slice body, struct arena *a,
	     struct receipt **out, size_t *count, struct err_ctx *e)
{
	struct receipt *list;
	size_t lines = 0;

	(void)p;
	(void)query;
	*count = 0;
	if (body.p[0] == '!')
		abort();
	for (size_t i = 0; i < body.n; i++)
		lines += body.p[i] == '\n';
	list = arena_alloc(a, (lines + 1) * sizeof(*list));
	for (size_t at = 0; at < body.n;) {
		struct receipt *r = &list[*count];
		int n = 0;

		*r = (struct receipt){.state = RECEIPT_DELIVERED};
		if (sscanf(body.p + at, "%63s %39s%n", r->id, r->code, &n) != 2)
			return err_set(e, ERR_INPUT, "receipt", "", "line %zu is none", *count + 1);
		at += (size_t)n + 1;
		(*count)++;
	}
	*out = list;
	return ERR_OK;
}

static const struct driver fake = {
	.name = "fake", .capability = fake_capability, .receipt = fake_receipt};

static void
on_event(void *arg)
{
	(void)arg;
}

static void
on_up(void *arg)
{
	(void)arg;
	rx.is_up = true;
}

static void
on_ended(void *arg, const struct err_ctx *e)
{
	(void)arg;
	rx.has_ended = true;
	if (e != NULL)
		rx.why = *e;
}

static int
set_up_receipts(void **state)
{
	struct engine_options eo = {.lease_ms = 5000,
				    .on_up = on_up,
				    .on_open = on_event,
				    .on_shut = on_event,
				    .on_lost = on_event,
				    .on_tick = on_event};

	set_up(state);
	memset(&rx, 0, sizeof(rx));
	rx.config.data = fx.server.dir;
	rx.config.spool_max_mb = 1;
	rx.config.provider_count = 1;
	rx.config.providers[0] = (struct provider_config){.name = "gw", .driver = &fake};
	eo.redis.unix_socket = fx.server.socket;
	rx.engine = engine_new(fx.loop, &eo);
	rx.receipts = receipts_new(fx.loop, rx.engine, &rx.config);
	TURN_UNTIL(rx.is_up);
	receipts_open(rx.receipts, key);
	COMMAND("HSET", "loa:meta", "open_at", "0", "takeover_at", "0");
	return 0;
}

static int
tear_down_receipts(void **state)
{
	engine_free(rx.engine);
	receipts_free(rx.receipts);
	tear_down(state);
	while (waitpid(-1, NULL, 0) > 0) /* a helper that is ending */
		continue;
	return 0;
}

/* `n` lines for the ids 0 …, the last one without its status if it is_bad. */
static void
push_lines(unsigned n, bool is_bad)
{
	struct buf b = {0};
	struct err_ctx e;

	for (unsigned i = 0; i < n; i++)
		buf_addf(&b, is_bad && i + 1 == n ? "id-%u\n" : "id-%u DELIVERED\n", i);
	rx.has_ended = false;
	assert_int_equal(receipts_push(rx.receipts, &rx.config.providers[0], SLICE(""),
				       buf_slice(&b), on_ended, NULL, &e),
			 ERR_OK);
	assert_false(rx.has_ended);
	buf_free(&b);
	TURN_UNTIL(rx.has_ended);
}

static void
a_small_push_is_merged(void **state)
{
	static const char *const ids[] = {"id-0", "id-1"};
	struct answer q = {.permit = "p1", .classes = "AA", .ids = ids};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	permitted(0, 2, "p1");
	answered(&q);
	push_lines(2, false);
	assert_int_equal(rx.why.code, ERR_OK);
	assert_string_equal(state_of(1), "delivered");
	assert_int_equal(receipts_gauges(rx.receipts)->merged, 2);
}

static void
a_push_of_a_megabyte_is_merged_in_short_turns(void **state)
{
	(void)state;
	launch_run(1);
	loop_gauge_reset(fx.loop);
	push_lines(50000, false);
	assert_int_equal(rx.why.code, ERR_OK);
	/* Nobody's: ten thousand may wait for their answer, the others are unknown. */
	assert_int_equal(receipts_gauges(rx.receipts)->parked, 50000);
	assert_string_equal(COMMAND("HLEN", "loa:parked:gw"), "10000");
	/* 80 receipts a turn at most. */
	assert_true(loop_gauge(fx.loop)->count >= 50000 / 80);
	print_message("turns of a push of 50,000: 99%% below %u us, longest %u us\n",
		      gauge_quantile_us(loop_gauge(fx.loop), 990), loop_gauge(fx.loop)->longest_us);
}

static void
a_large_push_that_is_none_is_refused_with_its_place(void **state)
{
	(void)state;
	launch_run(1);
	push_lines(5000, true);
	assert_int_equal(rx.why.code, ERR_INPUT);
	assert_string_equal(rx.why.why, "line 5000 is none");
	assert_int_equal(receipts_gauges(rx.receipts)->malformed, 1);
}

static void
a_driver_that_dies_over_a_large_push_takes_nobody_along(void **state)
{
	struct buf b = {0};
	struct err_ctx e;

	(void)state;
	for (int i = 0; i < 40000; i++)
		buf_addc(&b, '!');
	assert_int_equal(receipts_push(rx.receipts, &rx.config.providers[0], SLICE(""),
				       buf_slice(&b), on_ended, NULL, &e),
			 ERR_OK);
	buf_free(&b);
	TURN_UNTIL(rx.has_ended);
	assert_int_equal(rx.why.code, ERR_UNREACHABLE);
	assert_string_equal(rx.why.why, "the process that reads it has died");
}

static void
receipts_wait_on_the_disk_while_redis_is_away(void **state)
{
	static const char *const ids[] = {"id-0"};
	struct answer q = {.permit = "p1", .classes = "A", .ids = ids};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	permitted(0, 1, "p1");
	answered(&q);
	kill(fx.server.pid, SIGSTOP);
	push_lines(90, false);
	assert_int_equal(rx.why.code, ERR_OK);
	assert_int_equal(receipts_gauges(rx.receipts)->spooled, 90);
	assert_true(receipts_spool_bytes(rx.receipts) > 0);
	kill(fx.server.pid, SIGCONT);
	rx.is_up = false;
	TURN_UNTIL(rx.is_up);
	receipts_open(rx.receipts, key);
	TURN_UNTIL(receipts_spool_bytes(rx.receipts) == 0);
	TURN_UNTIL(redis_is_ready(fx.redis));
	assert_string_equal(state_of(0), "delivered");
}

#define G(f) cmocka_unit_test_setup_teardown(f, set_up_receipts, tear_down_receipts)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		G(a_small_push_is_merged),
		G(a_push_of_a_megabyte_is_merged_in_short_turns),
		G(a_large_push_that_is_none_is_refused_with_its_place),
		G(a_driver_that_dies_over_a_large_push_takes_nobody_along),
		G(receipts_wait_on_the_disk_while_redis_is_away),
	};

	random_init();
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
