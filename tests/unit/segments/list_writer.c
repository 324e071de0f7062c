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

/* Blocks of one row each. */
static void
write_blocks(struct list_writer *w, size_t count)
{
	struct schema s = {.phone = -1};
	struct block_builder *b = block_builder_new(&s);
	struct buf bytes = {0};

	block_builder_add(b, NULL, UINT64_C(84912345678), 0, 0);
	block_builder_finish(b, &bytes);
	for (size_t i = 0; i < count; i++)
		list_writer_block(w, buf_slice(&bytes), 1);
	buf_free(&bytes);
	block_builder_free(b);
}

static enum err
commit(struct list_writer *w)
{
	struct schema s = {.phone = -1};

	fx.is_done = false;
	list_writer_commit(w, &s, "{}", SLICE(""), on_done, NULL);
	TURN_UNTIL(fx.is_done);
	list_writer_free(w);
	return fx.e.code;
}

/* A version of one block. */
static enum err
write_version(const char *name)
{
	struct list_writer *w = list_writer_new(fx.r, name, "i-1");

	write_blocks(w, 1);
	return commit(w);
}

/* Of the list's blocks. */
static const char *
last_number(const char *list)
{
	char key[64], id[24];

	snprintf(key, sizeof(key), "loa:list:%s", list);
	snprintf(id, sizeof(id), "%s", ask("HGET", key, "id", NULL));
	return ask("HGET", "loa:seq:block", id, NULL);
}

/* Numbers are 32 bits in a snapshot: behind the last one come those that are in use. */
static void
a_list_whose_block_numbers_are_used_up_keeps_its_blocks(void **state)
{
	(void)state;
	assert_int_equal(write_version("a"), ERR_OK);
	assert_string_equal(ask("HGET", "loa:list:a", "last", NULL), "1");
	/* 16,383 times 262,144 */
	ask("HSET", "loa:seq:block", "1", "4294705152");
	assert_int_equal(write_version("a"), ERR_UNREACHABLE);
	assert_non_null(strstr(fx.e.why, "block numbers are used up"));
	assert_string_equal(ask("HGET", "loa:list:a", "last", NULL), "1");
	assert_string_equal(ask("HGET", "loa:seq:block", "1", NULL), "4294705152");
	assert_string_equal(ask("HGET", "loa:writing", "1:4294705153", NULL), "");
	assert_int_equal(write_version("b"), ERR_OK);
}

/* ---- somebody is erased ---- */

static void
write_and_wait(struct list_writer *w, size_t count)
{
	write_blocks(w, count);
	TURN_UNTIL(list_writer_pending(w) == 0);
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
	write_and_wait(w, 1);
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
	write_and_wait(w, 1);
	ask("HSET", "loa:meta", "erasures", "3");
	write_and_wait(w, 255);
	assert_false(list_writer_is_refused(w, &e));
	write_and_wait(w, 1);
	assert_true(list_writer_is_refused(w, &e));
	assert_int_equal(commit_in_vain(w, "d", 4), ERR_CONFLICT);
}

static void
one_that_is_not_noticed_is_refused_by_the_commit(void **state)
{
	struct list_writer *w = list_writer_new(fx.r, "e", "i-1");
	struct err_ctx e;

	(void)state;
	write_and_wait(w, 2);
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
	write_and_wait(w, 600);
	assert_false(list_writer_is_refused(w, &e));
	fx.is_done = false;
	list_writer_commit(w, &s, "{}", SLICE(""), on_done, NULL);
	TURN_UNTIL(fx.is_done);
	assert_int_equal(fx.e.code, ERR_OK);
	list_writer_free(w);
}

/* Daily for a hundred years: 36,525 days. With 2^32 numbers each may take 117,590 of them. */
static void
an_update_keeps_the_block_numbers_that_it_used_and_no_others(void **state)
{
	struct list_writer *w;
	char *id;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(write_version("p"), ERR_OK);
	assert_string_equal(last_number("p"), "1000");
	w = list_writer_new(fx.r, "p", "i-1");
	write_blocks(w, 7);
	assert_int_equal(commit(w), ERR_OK);
	assert_string_equal(last_number("p"), "1007");
	/* 117,590 a day but for the last one, which is refused without 262,144 */
	id = strdup(ask("HGET", "loa:list:p", "id", NULL));
	ask("HSET", "loa:seq:block", id, "4294705151");
	free(id);
	assert_int_equal(write_version("p"), ERR_OK);
	assert_int_equal(write_version("p"), ERR_UNREACHABLE);
}

/* What is written and deleted again could still be under way: it is not written to twice. */
static void
a_writer_that_is_given_up_keeps_the_numbers_that_it_wrote_to(void **state)
{
	struct list_writer *w;

	(void)state;
	assert_int_equal(write_version("q"), ERR_OK);
	w = list_writer_new(fx.r, "q", "i-1");
	write_blocks(w, 5);
	TURN_UNTIL(list_writer_pending(w) == 0);
	list_writer_free(w);
	assert_string_equal(last_number("q"), "6");
	assert_int_equal(write_version("q"), ERR_OK);
	assert_string_equal(last_number("q"), "7");
}

static void
numbers_behind_which_somebody_else_writes_are_not_given_back(void **state)
{
	struct list_writer *first, *second;

	(void)state;
	assert_int_equal(write_version("t"), ERR_OK);
	first = list_writer_new(fx.r, "t", "i-1");
	second = list_writer_new(fx.r, "t", "i-1");
	write_blocks(first, 2);
	write_blocks(second, 3);
	assert_int_equal(commit(first), ERR_OK);
	assert_string_equal(last_number("t"), "524289"); /* 1 + 2 * 262,144 */
	assert_int_equal(commit(second), ERR_CONFLICT);
	assert_string_equal(last_number("t"), "262148"); /* 1 + 262,144 + 3 */
	assert_int_equal(write_version("t"), ERR_OK);
}

/* The rows of an update's files are read again and thrown away. */
static void
a_stage_takes_numbers_of_no_list(void **state)
{
	struct list_writer *w;
	struct list staged;
	char key[64], id[24];

	(void)state;
	assert_int_equal(write_version("f"), ERR_OK);
	w = list_writer_new_stage(fx.r, "i-1");
	write_blocks(w, 2);
	TURN_UNTIL(list_writer_pending(w) == 0);
	assert_null(list_writer_why(w));
	assert_true(list_writer_get(w, &staged));
	assert_int_equal(staged.block_count, 2);
	snprintf(id, sizeof(id), "%llu:1", (unsigned long long)staged.id);
	assert_string_equal(ask("HGET", "loa:writing", id, NULL), "i-1");
	assert_true(ask("HGET", list_block_key(key, staged.id, 2), "p", NULL)[0] != '\0');
	list_writer_free(w);
	assert_string_equal(ask("HGET", "loa:writing", id, NULL), "");
	assert_string_equal(ask("HGET", list_block_key(key, staged.id, 2), "p", NULL), "");
	assert_string_equal(last_number("f"), "1");
	free(staged.blocks);
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
		cmocka_unit_test(an_update_keeps_the_block_numbers_that_it_used_and_no_others),
		cmocka_unit_test(a_writer_that_is_given_up_keeps_the_numbers_that_it_wrote_to),
		cmocka_unit_test(numbers_behind_which_somebody_else_writes_are_not_given_back),
		cmocka_unit_test(a_stage_takes_numbers_of_no_list),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
