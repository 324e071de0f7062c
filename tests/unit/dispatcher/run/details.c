/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "dispatcher/run/details.h"

static const char *
folder(void)
{
	const char *t = getenv("TMPDIR");

	return t != NULL ? t : "/tmp";
}

static size_t
add(struct details *d, const char *line)
{
	struct err_ctx e;
	size_t members = 0;

	assert_int_equal(details_add(d, slice_of(line), &members, &e), ERR_OK);
	return members;
}

static void
assert_said(struct details *d, unsigned p, uint32_t rank, const char *id, const char *code)
{
	struct detail x;
	struct err_ctx e;

	assert_int_equal(details_get(d, p, rank, &x, &e), ERR_OK);
	assert_int_equal(x.id.n, strlen(id));
	assert_memory_equal(x.id.p, id, x.id.n);
	assert_int_equal(x.code.n, strlen(code));
	assert_memory_equal(x.code.p, code, x.code.n);
}

static void
an_answer_and_a_receipt_are_found_by_rank(void **state)
{
	struct details *d = details_new(folder());

	(void)state;
	assert_int_equal(add(d, "[\"answer\",1,[[7,1,\"gw-7\",\"0\"],[9,1,\"gw-9\",\"0\"]]]"), 2);
	assert_int_equal(add(d, "[\"receipt\",1,[[9,1,\"gw-9\",\"DELIVRD\"]]]"), 1);
	assert_said(d, 1, 7, "gw-7", "0");
	assert_said(d, 1, 9, "gw-9", "DELIVRD");
	assert_said(d, 1, 8, "", "");
	assert_said(d, 0, 7, "", "");
	assert_said(d, 1, 1u << 29, "", "");
	details_free(d);
}

static int64_t
answered(struct details *d, unsigned p, uint32_t rank, unsigned *attempt)
{
	struct detail x;
	struct err_ctx e;

	assert_int_equal(details_get(d, p, rank, &x, &e), ERR_OK);
	*attempt = x.answered_attempt;
	return x.answered_s;
}

static void
when_the_newest_attempt_was_answered_is_known_where_the_line_says_so(void **state)
{
	struct details *d = details_new(folder());
	unsigned attempt;

	(void)state;
	assert_int_equal(add(d, "[\"answer\",1,[[7,1,\"\",\"21\"],[8,1,\"gw-8\",\"\"]],12,3]"), 2);
	assert_int_equal(add(d, "[\"answer\",1,[[7,2,\"gw-7\",\"0\"]],3600,1]"), 1);
	assert_int_equal(add(d, "[\"receipt\",1,[[7,2,\"gw-7\",\"DELIVRD\"]],3700]"), 1);
	assert_int_equal(add(d, "[\"answer\",1,[[9,1,\"gw-9\",\"0\"]]]"), 1);
	assert_int_equal(answered(d, 1, 7, &attempt), 3600);
	assert_int_equal(attempt, 2);
	assert_int_equal(answered(d, 1, 8, &attempt), 12);
	assert_int_equal(answered(d, 1, 9, &attempt), -1);
	assert_int_equal(answered(d, 1, 10, &attempt), -1);
	assert_said(d, 1, 7, "gw-7", "DELIVRD");
	details_free(d);
}

static void
the_newest_attempt_that_says_something_counts(void **state)
{
	struct details *d = details_new(folder());

	(void)state;
	add(d, "[\"answer\",0,[[0,2,\"new\",\"0\"]]]");
	add(d, "[\"answer\",0,[[0,1,\"old\",\"21\"]]]");
	assert_said(d, 0, 0, "new", "0");
	add(d, "[\"answer\",0,[[0,3,\"\",\"10\"]]]");
	assert_said(d, 0, 0, "new", "10");
	details_free(d);
}

static void
a_receipt_that_came_before_the_answer_still_has_the_last_word(void **state)
{
	struct details *d = details_new(folder());

	(void)state;
	add(d, "[\"receipt\",0,[[3,1,\"\",\"DELIVRD\"]]]");
	add(d, "[\"answer\",0,[[3,1,\"gw-3\",\"0\"]]]");
	assert_said(d, 0, 3, "gw-3", "DELIVRD");
	details_free(d);
}

static void
escapes_are_undone(void **state)
{
	struct details *d = details_new(folder());

	(void)state;
	add(d, "[\"answer\",0,[[0,1,\"a\\\"b\\\\c\\/\\u0041\\u00e9\",\"\\ud83d\\ude00\\n\"]]]");
	assert_said(d, 0, 0, "a\"b\\c/A\xc3\xa9", "\xf0\x9f\x98\x80\n");
	add(d, "[\"answer\",0,[[1,1,\"\\ud83d\",\"x\"]]]");
	assert_said(d, 0, 1, "\xef\xbf\xbd", "x");
	details_free(d);
}

static void
what_is_not_understood_is_left(void **state)
{
	static const char *const bad[] = {"",
					  "[",
					  "[]",
					  "{}",
					  "[\"answer\"]",
					  "[\"answer\",8,[[0,1,\"\",\"\"]]]",
					  "[\"answer\",0,[[0,16,\"\",\"\"]]]",
					  "[\"answer\",0,[[1073741824,1,\"\",\"\"]]]",
					  "[\"answer\",0,[[0,1,\"a",
					  "[\"answer\",0,[[0,1,\"a\\",
					  "[\"answer\",0,[[0,1,\"\\u12",
					  "[\"answer\",0,[[0,1,\"a\",\"b\"",
					  "[\"answer\",0,7]",
					  "[\"answer\",99999999999,[]]"};
	struct details *d = details_new(folder());

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(add(d, bad[i]), 0);
	assert_said(d, 0, 0, "", "");
	assert_int_equal(add(d, "[\"answer\",0,[[1,1,\"x\",\"0\"],[2,1,3]]]"), 1);
	assert_said(d, 0, 1, "x", "0");
	details_free(d);
}

static void
too_long_an_id_is_cut_at_a_character(void **state)
{
	struct details *d = details_new(folder());
	struct buf line = {0}, wanted = {0};

	(void)state;
	/* 254 bytes, then two-byte letters: 255 would cut one in half. */
	buf_adds(&line, "[\"answer\",0,[[0,1,\"");
	for (int i = 0; i < 254; i++)
		buf_addc(&wanted, 'a');
	buf_add_slice(&line, buf_slice(&wanted));
	buf_adds(&line, "éé\",\"7\"]]]");
	add(d, line.data);
	assert_said(d, 0, 0, wanted.data, "7");
	buf_free(&line);
	buf_free(&wanted);
	details_free(d);
}

/* 200,000 ranks in disorder: 49 buckets, far more pages than stay in memory. */
static void
a_long_log_in_disorder_goes_through_the_file(void **state)
{
	struct details *d = details_new(folder());
	struct loop *l = loop_new();
	char line[200], id[40];

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t rank = (uint32_t)((uint64_t)i * 77777 % 200000); /* coprime: each once */

		snprintf(line, sizeof(line), "[\"answer\",2,[[%u,1,\"id-%u\",\"0\"]]]", rank, rank);
		add(d, line);
		if (rank % 3 == 0) {
			snprintf(line, sizeof(line), "[\"receipt\",2,[[%u,1,\"\",\"R%u\"]]]", rank,
				 rank % 10);
			add(d, line);
		}
	}
	for (uint32_t rank = 0; rank < 200000; rank++) {
		char code[8];

		snprintf(id, sizeof(id), "id-%u", rank);
		snprintf(code, sizeof(code), rank % 3 == 0 ? "R%u" : "0", rank % 10);
		assert_said(d, 2, rank, id, code);
	}
	details_free_slowly(l, d);
	for (int i = 0; i < 8; i++)
		loop_turn(l, 0);
	loop_free(l);
}

static void
a_folder_that_cannot_be_written_is_an_error(void **state)
{
	struct details *d = details_new("/nowhere/at/all");
	struct err_ctx e;
	size_t members = 0;
	enum err rc = ERR_OK;
	char line[64];

	(void)state;
	for (uint32_t i = 0; i < 100000 && rc == ERR_OK; i++) {
		snprintf(line, sizeof(line), "[\"answer\",0,[[%u,1,\"id\",\"0\"]]]", i % 4096);
		rc = details_add(d, slice_of(line), &members, &e);
	}
	assert_int_equal(rc, ERR_SYSTEM);
	assert_string_equal(e.what, "/nowhere/at/all");
	details_free(d);
}

#define T(f) cmocka_unit_test(f)
int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_and_a_receipt_are_found_by_rank),
		T(when_the_newest_attempt_was_answered_is_known_where_the_line_says_so),
		T(the_newest_attempt_that_says_something_counts),
		T(a_receipt_that_came_before_the_answer_still_has_the_last_word),
		T(escapes_are_undone),
		T(what_is_not_understood_is_left),
		T(too_long_an_id_is_cut_at_a_character),
		T(a_long_log_in_disorder_goes_through_the_file),
		T(a_folder_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
