/* SPDX-License-Identifier: MIT */
/*
 * The audit's chain, and two processes that append to one at once. The hashes are those of
 * b2sum -l 256 (GNU coreutils) and of Python's hashlib.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "dispatcher/store/audit.h"
#include "tests/unit/redis_server.h"

#define FIRST "{\"act\":\"genesis\",\"n\":1,\"x\":\"ễ\"}"
#define SECOND "{\"act\":\"doubt.mark\",\"n\":2,\"x\":1}"
#define FIRST_HASH "d61565cf80ccffcab1e5e5ea0bab17073b56aaccd5d1f5b829e1ba03c102faaf"
#define SECOND_HASH "c6b025cb1eeb981479f6332a12b5e95bff80889bed5dc1f408d6db3d4546b207"

static enum err
next(struct audit_chain *c, uint64_t n, const char *entry, const char *hash, struct err_ctx *e)
{
	return audit_chain_next(c, n, slice_of(entry), slice_of(hash), e);
}

static void
a_chain_as_other_programs_hash_it_is_whole(void **state)
{
	struct audit_chain c = {0};
	struct err_ctx e;

	(void)state;
	assert_int_equal(next(&c, 1, FIRST, FIRST_HASH, &e), ERR_OK);
	assert_int_equal(next(&c, 2, SECOND, SECOND_HASH, &e), ERR_OK);
	assert_int_equal(audit_chain_end(&c, 2, slice_of(SECOND_HASH), &e), ERR_OK);
}

static void
a_changed_entry_breaks_it_there(void **state)
{
	struct audit_chain c = {0};
	struct err_ctx e;

	(void)state;
	assert_int_equal(next(&c, 1, "{\"act\":\"genesis\",\"n\":1,\"x\":\"ê\"}", FIRST_HASH, &e),
			 ERR_CONFLICT);
	assert_string_equal(e.why, "entry 1 is not as it was written");
	/* Whole by its hash, but another's number. */
	c = (struct audit_chain){0};
	assert_int_equal(next(&c, 1, SECOND, SECOND_HASH, &e), ERR_CONFLICT);
}

static void
a_missing_entry_is_named(void **state)
{
	struct audit_chain c = {0};
	struct err_ctx e;

	(void)state;
	assert_int_equal(next(&c, 2, SECOND, SECOND_HASH, &e), ERR_CONFLICT);
	assert_string_equal(e.why, "entry 1 is missing: entry 2 follows entry 0");
	c = (struct audit_chain){0};
	assert_int_equal(next(&c, 1, FIRST, FIRST_HASH, &e), ERR_OK);
	assert_int_equal(audit_chain_end(&c, 2, slice_of(SECOND_HASH), &e), ERR_CONFLICT);
	assert_string_equal(e.why, "entries 2 to 2 are missing at the end");
	assert_int_equal(audit_chain_end(&c, 1, slice_of(SECOND_HASH), &e), ERR_CONFLICT);
}

/* ---- in Redis ---- */

#define EACH 20 /* entries of each process */

static struct {
	struct redis_server server;
	struct loop *loop;
	struct engine *engines[2];
	unsigned open, written, failed;
	uint64_t sum; /* of the numbers that were given */
	bool has_page;
	struct audit_chain chain;
	enum err verdict;
} fx;

#define TURN_UNTIL(cond)                                    \
	do {                                                \
		int64_t end_ms = clock_mono_ms() + 20000;   \
		while (!(cond) && clock_mono_ms() < end_ms) \
			loop_turn(fx.loop, 20);             \
		assert_true(cond);                          \
	} while (0)

static void
on_open(void *arg)
{
	(void)arg;
	fx.open++;
}

static void
on_nothing(void *arg)
{
	(void)arg;
}

static void
on_written(void *arg, uint64_t n, const struct err_ctx *e)
{
	(void)arg;
	fx.written += e == NULL;
	fx.failed += e != NULL;
	fx.sum += n;
}

static void
on_page(void *arg, const struct reply *r)
{
	struct err_ctx e;

	(void)arg;
	for (size_t i = 2; i < r->count && fx.verdict == ERR_OK; i++)
		fx.verdict = audit_chain_next(&fx.chain, (uint64_t)i - 1,
					      reply_item(reply_item(r, i), 1)->str,
					      reply_item(reply_item(r, i), 2)->str, &e);
	if (fx.verdict == ERR_OK)
		fx.verdict = audit_chain_end(&fx.chain, (uint64_t)reply_item(r, 0)->integer,
					     reply_item(r, 1)->str, &e);
	fx.has_page = true;
}

static int
set_up(void **state)
{
	struct engine_options o = {.lease_ms = 1000,
				   .on_up = on_nothing,
				   .on_open = on_open,
				   .on_shut = on_nothing,
				   .on_lost = on_nothing,
				   .on_tick = on_nothing};

	(void)state;
	memset(&fx, 0, sizeof(fx));
	log_set_level(LOG_LEVEL_ERROR);
	redis_server_start(&fx.server);
	fx.loop = loop_new();
	o.redis.unix_socket = fx.server.socket;
	for (int i = 0; i < 2; i++)
		fx.engines[i] = engine_new(fx.loop, &o);
	TURN_UNTIL(fx.open == 2);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		if (fx.engines[i] != NULL)
			engine_free(fx.engines[i]);
	loop_free(fx.loop);
	redis_server_remove(&fx.server);
	return 0;
}

static void
two_processes_append_to_one_chain_at_once(void **state)
{
	struct argv a = {0};

	(void)state;
	for (int i = 0; i < 2 * EACH; i++)
		audit_append(fx.engines[i % 2], "administrator", "doubt.mark", "campaign:c",
			     json_pack("{s:i, s:s}", "b", i, "a", "ễ"), on_written, NULL);
	TURN_UNTIL(fx.written + fx.failed == 2 * EACH);
	assert_int_equal(fx.failed, 0);
	/* 1 is the genesis: the numbers 2 … 41 were given once each. */
	assert_int_equal(fx.sum, 41 * 42 / 2 - 1);
	argv_adds(&a, "1");
	argv_adds(&a, "500");
	engine_call(fx.engines[0], "audit_page", &a, on_page, NULL);
	argv_free(&a);
	TURN_UNTIL(fx.has_page);
	assert_int_equal(fx.verdict, ERR_OK);
	assert_int_equal(fx.chain.n, 41);
}

static void
without_redis_nothing_is_written_and_the_caller_is_told(void **state)
{
	(void)state;
	redis_server_kill(&fx.server);
	audit_append(fx.engines[0], "administrator", "doubt.mark", "campaign:c", NULL, on_written,
		     NULL);
	assert_int_equal(fx.failed, 0); /* never before the call returned */
	TURN_UNTIL(fx.failed == 1);
	assert_int_equal(fx.written, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_as_other_programs_hash_it_is_whole),
		cmocka_unit_test(a_changed_entry_breaks_it_there),
		cmocka_unit_test(a_missing_entry_is_named),
		cmocka_unit_test_setup_teardown(two_processes_append_to_one_chain_at_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			without_redis_nothing_is_written_and_the_caller_is_told, set_up, tear_down),
	};

	random_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
