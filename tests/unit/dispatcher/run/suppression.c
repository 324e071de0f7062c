/* SPDX-License-Identifier: MIT */
/*
 * Suppressing and asking whether phones are suppressed, against a Redis of the
 * test's own: windows, scopes, and what a Redis that lost it is told again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/run/suppressed.h"
#include "dispatcher/run/suppression.h"
#include "dispatcher/store/record.h"
#include "tests/unit/redis_server.h"
#include "tests/unit/turn.h"

#define PHONES 1300u

static struct {
	struct redis_server server;
	struct loop *loop;
	struct engine *engine;
	bool is_open, is_done;
	int64_t epoch;
	char letters[PHONES + 1];
	uint8_t reasons[PHONES];
	bool has_any, has_failed;
} fx;

static void
on_open(void *arg)
{
	(void)arg;
	fx.is_open = true;
}

static void
on_shut(void *arg)
{
	(void)arg;
	fx.is_open = false;
}

static void
on_nothing(void *arg)
{
	(void)arg;
}

static int
set_up(void **state)
{
	struct engine_options o = {
		.lease_ms = 1000,
		.on_up = on_nothing,
		.on_open = on_open,
		.on_shut = on_shut,
		.on_lost = on_nothing,
		.on_tick = on_nothing,
	};

	(void)state;
	memset(&fx, 0, sizeof(fx));
	log_set_level(LOG_LEVEL_ERROR);
	redis_server_start(&fx.server);
	o.redis.unix_socket = fx.server.socket;
	fx.loop = loop_new();
	fx.engine = engine_new(fx.loop, &o);
	TURN_UNTIL(fx.is_open);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	engine_free(fx.engine);
	loop_free(fx.loop);
	redis_server_remove(&fx.server);
	return 0;
}

static void
on_applied(void *arg, const struct suppression_done *d, const struct err_ctx *e)
{
	size_t *count = arg;

	(void)e;
	assert_non_null(d);
	fx.epoch = d->epoch;
	memcpy(fx.letters, d->letters, *count);
	fx.letters[*count] = '\0';
	fx.is_done = true;
}

/* Phones from, from + 1, … → the letters. */
static const char *
apply(bool is_removal, const char *scope, uint64_t from, size_t count)
{
	uint64_t phones[PHONES];
	struct suppression_act a = {.is_removal = is_removal,
				    .scope = scope,
				    .reason = "asked at the counter",
				    .phones = phones,
				    .count = count};

	for (size_t i = 0; i < count; i++)
		phones[i] = from + i;
	fx.is_done = false;
	suppression_apply(fx.engine, &a, on_applied, &count);
	TURN_UNTIL(fx.is_done);
	return fx.letters;
}

static void
on_checked(void *arg, const struct suppressed_answer *a, const struct err_ctx *e)
{
	size_t *count = arg;

	fx.has_failed = a == NULL;
	assert_true((a == NULL) == (e != NULL));
	fx.has_any = a != NULL && a->reasons != NULL;
	if (a != NULL)
		fx.epoch = a->epoch;
	if (fx.has_any)
		memcpy(fx.reasons, a->reasons, *count);
	fx.is_done = true;
}

static void
check(const char *class, uint64_t unit, uint64_t from, size_t count)
{
	uint64_t phones[PHONES];
	struct suppressed_query q = {
		.class = class, .unit = unit, .phones = phones, .count = count};

	for (size_t i = 0; i < count; i++)
		phones[i] = from + i;
	fx.is_done = false;
	suppressed_check(fx.engine, &q, on_checked, &count);
	TURN_UNTIL(fx.is_done);
}

static void
every_window_is_looked_at(void **state)
{
	size_t at[] = {0, 511, 512, 1023, 1024, 1299}, k = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(at); i++)
		assert_string_equal(apply(false, "all", 84900000000 + at[i], 1), "+");
	check("notice", 1, 84900000000, PHONES);
	assert_true(fx.has_any);
	assert_int_equal(fx.epoch, 6);
	for (size_t i = 0; i < PHONES; i++) {
		bool is_one = k < ARRAY_LEN(at) && at[k] == i;

		assert_int_equal(fx.reasons[i], is_one ? REASON_SUPPRESSED : REASON_NONE);
		k += is_one;
	}
}

static void
where_nobody_is_suppressed_the_epoch_is_all_that_comes(void **state)
{
	(void)state;
	check("notice", 1, 84900000000, PHONES);
	assert_false(fx.has_any);
	assert_int_equal(fx.epoch, 0);
	apply(false, "unit:2", 84911111111, 1);
	check("notice", 1, 84911111111, 0);
	assert_int_equal(fx.epoch, 1);
}

static void
a_run_is_only_touched_by_its_own_unit_and_class(void **state)
{
	(void)state;
	apply(false, "unit:2", 84911111111, 1);
	apply(false, "class:advert", 84911111112, 1);
	check("advert", 2, 84911111111, 2);
	assert_int_equal(fx.reasons[0], REASON_SUPPRESSED_UNIT);
	assert_int_equal(fx.reasons[1], REASON_SUPPRESSED_CLASS);
	check("notice", 1, 84911111111, 2);
	assert_int_equal(fx.reasons[0], 0);
	assert_int_equal(fx.reasons[1], 0);
}

static void
a_thousand_are_one_act(void **state)
{
	char wanted[PHONES + 1];

	(void)state;
	memset(wanted, '+', PHONES);
	wanted[PHONES] = '\0';
	assert_string_equal(apply(false, "all", 84900000000, PHONES), wanted);
	assert_int_equal(fx.epoch, 1);
	memset(wanted, '-', PHONES);
	assert_string_equal(apply(true, "all", 84900000000, PHONES), wanted);
	assert_int_equal(fx.epoch, 2);
	check("notice", 1, 84900000000, 1);
	assert_false(fx.has_any);
}

static void
on_flushed(void *arg, const struct reply *r)
{
	(void)arg;
	(void)r;
	fx.is_done = true;
}

/* FLUSHALL stands for the loss of acknowledged writes. */
static void
a_redis_that_lost_it_is_told_again(void **state)
{
	struct slice v[1] = {SLICE("FLUSHALL")};

	(void)state;
	apply(false, "all", 84911111111, 2);
	apply(true, "all", 84911111112, 1);
	fx.is_done = false;
	redis_command(engine_redis(fx.engine), v, 1, on_flushed, NULL);
	TURN_UNTIL(fx.is_done);
	redis_server_kill(&fx.server);
	TURN_UNTIL(!fx.is_open);
	redis_server_start(&fx.server);
	TURN_UNTIL(fx.is_open);
	check("notice", 1, 84911111111, 2);
	assert_true(fx.has_any);
	assert_int_equal(fx.reasons[0], REASON_SUPPRESSED);
	assert_int_equal(fx.reasons[1], 0);
}

static void
without_redis_nobody_is_said_to_be_free(void **state)
{
	(void)state;
	redis_server_kill(&fx.server);
	TURN_UNTIL(!fx.is_open);
	check("notice", 1, 84911111111, 1);
	assert_true(fx.has_failed);
}

/* ---- words ---- */

static const char *
scope_error(const char *scope)
{
	static struct err_ctx e;
	static char text[700];
	struct config *c;
	struct err_ctx load;

	assert_int_equal(config_load(NULL, &c, &load), ERR_OK);
	text[0] = '\0';
	if (suppression_check_scope(c, scope, &e) != ERR_OK)
		snprintf(text, sizeof(text), "%s: %s", e.why, e.todo);
	config_free(c);
	return text;
}

static void
a_scope_is_all_a_unit_or_a_class_of_the_policy(void **state)
{
	(void)state;
	assert_string_equal(scope_error("all"), "");
	assert_string_equal(scope_error("unit:1"), "");
	assert_string_equal(scope_error("unit:4294967296"), "");
	assert_string_equal(scope_error("class:advert"), "");
	assert_non_null(strstr(scope_error("class:advrt"), "did you mean class:advert?"));
	assert_non_null(strstr(scope_error("class:"), "no class"));
	assert_non_null(strstr(scope_error("unit:0"), "no unit"));
	assert_non_null(strstr(scope_error("unit:01"), "no unit"));
	assert_non_null(strstr(scope_error("unit:+1"), "no unit"));
	assert_non_null(strstr(scope_error("unit:-1"), "no unit"));
	assert_non_null(strstr(scope_error("unit:99999999999999999999"), "no unit"));
	assert_non_null(strstr(scope_error("unit:"), "no unit"));
	assert_non_null(strstr(scope_error("ALL"), "not all, unit:N or class:NAME"));
	assert_non_null(strstr(scope_error(""), "not all, unit:N or class:NAME"));
}

static void
a_reason_is_a_line_of_at_most_200_bytes(void **state)
{
	struct err_ctx e;
	char text[202];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[200] = '\0';
	assert_int_equal(suppression_check_reason(text, &e), ERR_OK);
	text[200] = 'x';
	text[201] = '\0';
	assert_int_equal(suppression_check_reason(text, &e), ERR_INPUT);
	assert_int_equal(suppression_check_reason("Công dân đề nghị", &e), ERR_OK);
	assert_int_equal(suppression_check_reason("", &e), ERR_INPUT);
	assert_int_equal(suppression_check_reason("  ", &e), ERR_INPUT);
	assert_int_equal(suppression_check_reason("a\nb", &e), ERR_INPUT);
	assert_int_equal(suppression_check_reason("a\xff", &e), ERR_INPUT);
	assert_int_equal(suppression_check_reason("a\xc2\x9b", &e),
			 ERR_INPUT); /* CSI of terminals */
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_window_is_looked_at),
		T(where_nobody_is_suppressed_the_epoch_is_all_that_comes),
		T(a_run_is_only_touched_by_its_own_unit_and_class),
		T(a_thousand_are_one_act),
		T(a_redis_that_lost_it_is_told_again),
		T(without_redis_nobody_is_said_to_be_free),
		cmocka_unit_test(a_scope_is_all_a_unit_or_a_class_of_the_policy),
		cmocka_unit_test(a_reason_is_a_line_of_at_most_200_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
