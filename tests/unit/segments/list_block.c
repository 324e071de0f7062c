/* SPDX-License-Identifier: MIT */
/* Blocks as Redis answers them: both ways of taking them in refuse the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "segments/list.h"

/* Of two columns, the second without a value; a third came later. */
static struct buf bytes;
static struct block_want want = {.has_people = true};
static struct err_ctx e;

static int
set_up(void **state)
{
	struct schema s = {.count = 2, .phone = -1};
	struct slice cells[2] = {SLICE("An"), {NULL, 0}};
	struct block_builder *b = block_builder_new(&s);

	(void)state;
	block_builder_add(b, cells, UINT64_C(84912345678), 0, 0);
	block_builder_finish(b, &bytes);
	block_builder_free(b);
	for (int i = 0; i < 3; i++)
		block_want_column(&want, i);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_free(&bytes);
	return 0;
}

/* Rows, people, columns 0, 1, 2. */
static struct reply
answer(struct reply items[5])
{
	struct reader rest = reader_of(buf_slice(&bytes));
	struct block_field f;

	memset(items, 0, 5 * sizeof(*items)); /* NIL */
	reader_u8(&rest);
	while (list_next_field(&rest, &f)) {
		size_t i = strcmp(f.name, "m") == 0 ? 0 : strcmp(f.name, "p") == 0 ? 1 : 2;

		assert_true(i < 2 || strcmp(f.name, "0") == 0);
		items[i] = (struct reply){.kind = REPLY_STRING, .str = f.value};
	}
	return (struct reply){.kind = REPLY_ARRAY, .items = items, .count = 5};
}

static void
a_block_is_taken_in_at_once_or_kept_for_later(void **state)
{
	struct reply items[5], r = answer(items);
	struct block b = {0};
	struct buf kept = {0};

	(void)state;
	assert_int_equal(list_open_block(&r, &want, &b, &e), ERR_OK);
	assert_true(slice_is(block_cell(&b, 0, 0), "An"));
	assert_int_equal(block_cell(&b, 0, 2).n, 0);
	block_close(&b);
	assert_int_equal(list_pack_block(&r, &want, &kept, &e), ERR_OK);
	assert_int_equal(block_open_some(buf_slice(&kept), &b, &e), ERR_OK);
	assert_true(slice_is(block_cell(&b, 0, 0), "An"));
	assert_int_equal(block_cell(&b, 0, 1).n, 0);
	assert_int_equal(block_phone(&b, 0), UINT64_C(84912345678));
	block_close(&b);
	buf_free(&kept);
}

static void
a_block_without_one_of_its_pieces_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct reply items[5], r = answer(items);
		struct block b = {0};
		struct buf kept = {0};

		items[i] = (struct reply){.kind = REPLY_NIL};
		assert_int_not_equal(list_open_block(&r, &want, &b, &e), ERR_OK);
		assert_int_not_equal(list_pack_block(&r, &want, &kept, &e), ERR_OK);
		block_close(&b);
		buf_free(&kept);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_taken_in_at_once_or_kept_for_later),
		cmocka_unit_test(a_block_without_one_of_its_pieces_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
