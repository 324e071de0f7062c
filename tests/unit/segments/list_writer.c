/* SPDX-License-Identifier: MIT */
/* Writing a list into a real redis-server of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "segments/list.h"
#include "tests/unit/redis_server.h"
#include "tests/unit/turn.h"

static struct fixture {
	struct redis_server server;
	struct loop *loop;
	struct redis *r;
	bool is_ready, is_done, has_reply;
	struct err_ctx e;
	char text[256];
} fx;

static void
on_ready(void *arg, const char *run_id)
{
	(void)arg;
	(void)run_id;
	fx.is_ready = true;
}

static void
on_reply(void *arg, const struct reply *r)
{
	(void)arg;
	slice_copy(fx.text, sizeof(fx.text), reply_is_good(r) ? r->str : SLICE("?"));
	fx.has_reply = true;
}

/* Up to four words; the answer as text. */
static const char *
ask(const char *a, const char *b, const char *c, const char *d)
{
	struct slice v[] = {slice_of(a), slice_of(b), slice_of(c), slice_of(d)};

	fx.has_reply = false;
	redis_command(fx.r, v, d != NULL ? 4 : c != NULL ? 3 : 2, on_reply, NULL);
	TURN_UNTIL(fx.has_reply);
	return fx.text;
}

static void
on_done(void *arg, const struct err_ctx *e)
{
	(void)arg;
	fx.e = e != NULL ? *e : (struct err_ctx){0};
	fx.is_done = true;
}

/* A version of one row. */
static enum err
write_version(const char *name)
{
	struct schema s = {.phone = -1};
	struct block_builder *b = block_builder_new(&s);
	struct list_writer *w = list_writer_new(fx.r, name, "i-1");
	struct buf bytes = {0};

	block_builder_add(b, NULL, UINT64_C(84912345678), 0, 0);
	block_builder_finish(b, &bytes);
	list_writer_block(w, buf_slice(&bytes), 1);
	fx.is_done = false;
	list_writer_commit(w, &s, "{}", SLICE(""), on_done, NULL);
	TURN_UNTIL(fx.is_done);
	list_writer_free(w);
	buf_free(&bytes);
	block_builder_free(b);
	return fx.e.code;
}

/* Numbers are 32 bits in a snapshot: behind the last one come those that are in use. */
static void
a_list_whose_block_numbers_are_used_up_keeps_its_blocks(void **state)
{
	(void)state;
	assert_int_equal(write_version("a"), ERR_OK);
	assert_string_equal(ask("HGET", "loa:list:a", "last", NULL), "1");
	/* 16,383 imports of 262,144 numbers each */
	ask("HSET", "loa:seq:block", "1", "4294705152");
	assert_int_equal(write_version("a"), ERR_UNREACHABLE);
	assert_non_null(strstr(fx.e.why, "block numbers are used up"));
	assert_string_equal(ask("HGET", "loa:list:a", "last", NULL), "1");
	assert_string_equal(ask("HGET", "loa:seq:block", "1", NULL), "4294705152");
	assert_string_equal(ask("HGET", "loa:writing", "1:4294705153", NULL), "");
	assert_int_equal(write_version("b"), ERR_OK);
}

static int
set_up(void **state)
{
	struct redis_options o = {.on_ready = on_ready};

	(void)state;
	redis_server_start(&fx.server);
	fx.loop = loop_new();
	o.unix_socket = fx.server.socket;
	fx.r = redis_new(fx.loop, &o);
	TURN_UNTIL(fx.is_ready);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	redis_free(fx.r);
	loop_free(fx.loop);
	redis_server_remove(&fx.server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_whose_block_numbers_are_used_up_keeps_its_blocks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
