/* SPDX-License-Identifier: MIT */
/*
 * Several lists as one: columns, places of rows, and blocks whose columns find their places.
 *
 *   a: ten (text), sdt (the phone), so (number), sinh (date)           300 rows in 2 blocks
 *   b: dien_thoai (the phone), so (text), ten (text), benh (sensitive)   5 rows in 1 block
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "segments/list_parts.h"

static void
add_column(struct list *l, const char *name, enum column_type type)
{
	struct column *c = &l->schema.columns[l->schema.count++];

	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->title, sizeof(c->title), "%s of %c", name, (char)l->id);
	c->type = type;
}

static struct list *
list_of(const char *name, size_t blocks, uint64_t rows)
{
	struct list *l = xcalloc(1, sizeof(*l));

	snprintf(l->name, sizeof(l->name), "%s", name);
	l->id = (uint64_t)name[0];
	l->version = 3;
	l->rows = rows;
	l->schema.phone = -1;
	l->block_count = blocks;
	l->blocks = xcalloc(blocks + 1, sizeof(*l->blocks));
	for (size_t i = 0; i < blocks; i++)
		l->blocks[i] = (uint32_t)(name[0] * 10 + i);
	return l;
}

static struct list *
list_a(void)
{
	struct list *l = list_of("a", 2, 300);

	add_column(l, "ten", COLUMN_TEXT);
	add_column(l, "sdt", COLUMN_TEXT);
	add_column(l, "so", COLUMN_NUMBER);
	add_column(l, "sinh", COLUMN_DATE);
	l->schema.phone = 1;
	return l;
}

static struct list *
list_b(void)
{
	struct list *l = list_of("b", 1, 5);

	add_column(l, "dien_thoai", COLUMN_TEXT);
	add_column(l, "so", COLUMN_TEXT);
	add_column(l, "ten", COLUMN_TEXT);
	add_column(l, "benh", COLUMN_TEXT);
	l->schema.columns[3].is_sensitive = true;
	l->schema.phone = 0;
	return l;
}

static struct list *
joined(struct list *one, struct list *other)
{
	struct list *lists[] = {one, other}, *out = NULL;
	struct err_ctx e;

	assert_int_equal(lists_join(lists, 2, &out, &e), ERR_OK);
	return out;
}

static void
a_single_list_stays_what_it_is(void **state)
{
	struct list *a = list_a(), *out;
	struct err_ctx e;

	(void)state;
	assert_int_equal(lists_join(&a, 1, &out, &e), ERR_OK);
	assert_ptr_equal(out, a);
	assert_int_equal(list_part_count(a), 1);
	assert_ptr_equal(list_part(a, 0), a);
	assert_ptr_equal(list_part_schema(a, 0), &a->schema);
	assert_int_equal(list_part_of(a, 1), 0);
	assert_ptr_equal(list_place(a, 299).list, a);
	assert_int_equal(list_place(a, 299).row, 299);
	list_free(a);
}

static void
it_has_the_columns_of_all_by_name_and_one_for_the_phones(void **state)
{
	static const char *const names[] = {"ten", "sdt", "so", "sinh", "benh"};
	struct list *l = joined(list_a(), list_b());

	(void)state;
	assert_int_equal(l->schema.count, 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_string_equal(l->schema.columns[i].name, names[i]);
	assert_int_equal(l->schema.phone, 1);
	assert_string_equal(l->schema.columns[0].title, "ten of a");
	assert_int_equal(l->schema.columns[2].type, COLUMN_TEXT); /* a number in a alone */
	assert_int_equal(l->schema.columns[3].type, COLUMN_DATE);
	assert_true(l->schema.columns[4].is_sensitive);
	list_free(l);
}

static void
a_part_has_its_own_names_and_types_at_the_places_of_all(void **state)
{
	struct list *l = joined(list_a(), list_b());
	const struct schema *a = list_part_schema(l, 0), *b = list_part_schema(l, 1);

	(void)state;
	assert_int_equal(a->columns[2].type, COLUMN_NUMBER);
	assert_int_equal(b->columns[2].type, COLUMN_TEXT);
	assert_int_equal(schema_find(a, SLICE("sdt")), 1);
	assert_int_equal(schema_find(b, SLICE("dien_thoai")), 1);
	assert_int_equal(schema_find(b, SLICE("sdt")), -1);
	assert_int_equal(schema_find(b, SLICE("sinh")), -1);
	assert_int_equal(schema_find(a, SLICE("benh")), -1);
	assert_int_equal(b->phone, 1);
	list_free(l);
}

static void
rows_stand_in_the_list_of_their_block(void **state)
{
	static const struct {
		uint64_t row, own;
		const char *list;
	} cases[] = {{0, 0, "a"}, {299, 299, "a"}, {511, 511, "a"}, {512, 0, "b"}, {516, 4, "b"}};
	struct list *l = joined(list_a(), list_b());
	struct buf names = {0};

	(void)state;
	assert_int_equal(l->rows, 305);
	assert_int_equal(l->block_count, 3);
	assert_int_equal(l->blocks[1], 971);
	assert_int_equal(l->blocks[2], 980);
	assert_int_equal(list_part_first(l, 1), 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct list_place at = list_place(l, cases[i].row);

		assert_string_equal(at.list->name, cases[i].list);
		assert_int_equal(at.row, cases[i].own);
	}
	list_add_names(l, &names);
	assert_string_equal(names.data, "a, b");
	buf_free(&names);
	list_free(l);
}

static void
one_without_rows_has_no_block(void **state)
{
	struct list *l = joined(list_of("c", 0, 0), list_b());

	(void)state;
	assert_int_equal(list_part_of(l, 0), 1);
	assert_string_equal(list_place(l, 0).list->name, "b");
	assert_int_equal(l->schema.phone, 0);
	list_free(l);
}

static void
what_is_true_of_one_is_true_of_all(void **state)
{
	struct list *a = list_a(), *b = list_b(), *l;

	(void)state;
	b->is_demo = b->is_locked = true;
	l = joined(a, b);
	assert_true(l->is_demo);
	assert_true(l->is_locked);
	list_free(l);
}

/* Its one row: dien_thoai, so, ten, benh. */
static void
a_block_gets_the_columns_of_all(void **state)
{
	struct list *l = joined(list_a(), list_b());
	struct slice cells[] = {SLICE("0912345678"), SLICE("A-7"), SLICE("An"), {NULL, 0}};
	struct block_builder *builder = block_builder_new(&l->parts[1].list->schema);
	struct buf bytes = {0};
	struct block b = {0};
	struct err_ctx e;

	(void)state;
	block_builder_add(builder, cells, 84912345678, 0, 1);
	block_builder_finish(builder, &bytes);
	assert_int_equal(block_open(buf_slice(&bytes), &b, &e), ERR_OK);
	list_place_columns(l, 2, &b);
	assert_int_equal(b.columns, 5);
	assert_true(slice_is(block_cell(&b, 0, 0), "An"));
	assert_true(slice_is(block_cell(&b, 0, 1), "0912345678"));
	assert_true(slice_is(block_cell(&b, 0, 2), "A-7"));
	assert_int_equal(block_cell(&b, 0, 3).n, 0);
	assert_int_equal(b.column[3].kind, BLOCK_MISSING);
	assert_int_equal(block_cell(&b, 0, 4).n, 0);
	assert_int_equal(block_phone(&b, 0), 84912345678);
	block_close(&b);
	block_builder_free(builder);
	buf_free(&bytes);
	list_free(l);
}

static void
too_many_columns_are_refused(void **state)
{
	struct list *lists[] = {list_of("c", 0, 0), list_of("d", 0, 0)}, *out;
	struct err_ctx e;
	char name[16];

	(void)state;
	for (int i = 0; i < 65; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		add_column(lists[0], name, COLUMN_TEXT);
		snprintf(name, sizeof(name), "y%d", i);
		add_column(lists[1], name, COLUMN_TEXT);
	}
	assert_int_equal(lists_join(lists, 2, &out, &e), ERR_INPUT);
	assert_null(out);
	assert_string_equal(e.what, "d");
}

static void
the_phone_of_one_that_is_something_else_in_another_is_refused(void **state)
{
	struct list *lists[] = {list_a(), list_b()}, *out;
	struct err_ctx e;

	(void)state;
	add_column(lists[1], "sdt", COLUMN_TEXT); /* a second one, which is not its phone */
	assert_int_equal(lists_join(lists, 2, &out, &e), ERR_INPUT);
	assert_string_equal(e.what, "b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_list_stays_what_it_is),
		cmocka_unit_test(it_has_the_columns_of_all_by_name_and_one_for_the_phones),
		cmocka_unit_test(a_part_has_its_own_names_and_types_at_the_places_of_all),
		cmocka_unit_test(rows_stand_in_the_list_of_their_block),
		cmocka_unit_test(one_without_rows_has_no_block),
		cmocka_unit_test(what_is_true_of_one_is_true_of_all),
		cmocka_unit_test(a_block_gets_the_columns_of_all),
		cmocka_unit_test(too_many_columns_are_refused),
		cmocka_unit_test(the_phone_of_one_that_is_something_else_in_another_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
