/* SPDX-License-Identifier: MIT */
/* Writing a list into a real redis-server of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
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

/* ---- somebody is erased ---- */

/* One row, again and again. */
static void
write_blocks(struct list_writer *w, int n)
{
	struct schema s = {.phone = -1};
	struct block_builder *b = block_builder_new(&s);
	struct buf bytes = {0};

	block_builder_add(b, NULL, UINT64_C(84912345678), 0, 0);
	block_builder_finish(b, &bytes);
	for (int i = 0; i < n; i++)
		list_writer_block(w, buf_slice(&bytes), 1);
	TURN_UNTIL(list_writer_pending(w) == 0);
	buf_free(&bytes);
	block_builder_free(b);
}

/* What the commit says; nothing is left of the list afterwards. */
static enum err
commit_in_vain(struct list_writer *w, const char *name, unsigned id)
{
	struct schema s = {.phone = -1};
	char key[64];

	fx.is_done = false;
	list_writer_commit(w, &s, "{}", SLICE(""), on_done, NULL);
	TURN_UNTIL(fx.is_done);
	list_writer_free(w);
	snprintf(key, sizeof(key), "loa:list:%s", name);
	assert_string_equal(ask("HGET", key, "last", NULL), "");
	snprintf(key, sizeof(key), "loa:block:%u:1", id);
	assert_string_equal(ask("TYPE", key, NULL, NULL), "none");
	return fx.e.code;
}

static void
a_list_that_is_begun_while_somebody_is_erased_is_refused_before_its_commit(void **state)
{
	struct list_writer *w;
	struct err_ctx e;

	(void)state;
	ask("HSET", "loa:meta", "erasing", "1");
	w = list_writer_new(fx.r, "c", "i-1");
	assert_false(list_writer_is_refused(w, &e));
	write_blocks(w, 1);
	assert_true(list_writer_is_refused(w, &e));
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_non_null(strstr(e.why, "somebody is erased"));
	/* The erasure is over: what was begun before its end stays refused. */
	ask("HDEL", "loa:meta", "erasing", NULL);
	ask("HSET", "loa:meta", "erasures", "2");
	assert_int_equal(commit_in_vain(w, "c", 3), ERR_CONFLICT);
	assert_string_equal(fx.e.why, e.why);
}

static void
an_erasure_is_noticed_while_blocks_are_written(void **state)
{
	struct list_writer *w = list_writer_new(fx.r, "d", "i-1");
	struct err_ctx e;

	(void)state;
	write_blocks(w, 1);
	ask("HSET", "loa:meta", "erasures", "3");
	write_blocks(w, 255);
	assert_false(list_writer_is_refused(w, &e));
	write_blocks(w, 1);
	assert_true(list_writer_is_refused(w, &e));
	assert_int_equal(commit_in_vain(w, "d", 4), ERR_CONFLICT);
}

static void
one_that_is_not_noticed_is_refused_by_the_commit(void **state)
{
	struct list_writer *w = list_writer_new(fx.r, "e", "i-1");
	struct err_ctx e;

	(void)state;
	write_blocks(w, 2);
	ask("HSET", "loa:meta", "erasures", "4");
	assert_false(list_writer_is_refused(w, &e));
	assert_int_equal(commit_in_vain(w, "e", 5), ERR_CONFLICT);
	assert_non_null(strstr(fx.e.why, "somebody is erased"));
}

static void
erasures_of_before_do_not_matter(void **state)
{
	struct list_writer *w = list_writer_new(fx.r, "f", "i-1");
	struct schema s = {.phone = -1};
	struct err_ctx e;

	(void)state;
	write_blocks(w, 600);
	assert_false(list_writer_is_refused(w, &e));
	fx.is_done = false;
	list_writer_commit(w, &s, "{}", SLICE(""), on_done, NULL);
	TURN_UNTIL(fx.is_done);
	assert_int_equal(fx.e.code, ERR_OK);
	list_writer_free(w);
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
		cmocka_unit_test(
			a_list_that_is_begun_while_somebody_is_erased_is_refused_before_its_commit),
		cmocka_unit_test(an_erasure_is_noticed_while_blocks_are_written),
		cmocka_unit_test(one_that_is_not_noticed_is_refused_by_the_commit),
		cmocka_unit_test(erasures_of_before_do_not_matter),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
