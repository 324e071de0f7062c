/* SPDX-License-Identifier: MIT */
/* The union of the columns of several tables; expected by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/table_join.h"

static struct schema
schema_of(const char *const *names, uint32_t count, int phone)
{
	struct schema s = {.count = count, .phone = phone};

	for (uint32_t i = 0; i < count; i++) {
		snprintf(s.columns[i].name, sizeof(s.columns[i].name), "%s", names[i]);
		snprintf(s.columns[i].title, sizeof(s.columns[i].title), "%s", names[i]);
	}
	return s;
}

static void
columns_are_matched_by_name_and_new_ones_come_behind(void **state)
{
	struct schema one = schema_of((const char *[]){"ho_ten", "so_dien_thoai", "xa"}, 3, 1);
	struct schema two = schema_of((const char *[]){"thon", "ho_ten", "so_dien_thoai"}, 3, 2);
	struct slice cells[] = {SLICE("Thôn 1"), SLICE("An"), SLICE("0912345678")}, out[8];
	struct table_join *j = xcalloc(1, sizeof(*j));

	(void)state;
	table_join_init(j, NULL);
	table_join_columns(j, &one);
	table_join_begin(j);
	table_join_columns(j, &two);
	assert_int_equal(j->schema.count, 4);
	assert_string_equal(j->schema.columns[3].name, "thon");
	assert_int_equal(j->schema.phone, 1);
	table_join_row(j, cells, out);
	assert_true(slice_is(out[0], "An") && slice_is(out[1], "0912345678"));
	assert_true(out[2].n == 0 && slice_is(out[3], "Thôn 1"));
	free(j);
}

static void
the_phone_is_the_phone_whatever_it_is_called(void **state)
{
	struct schema one = schema_of((const char *[]){"so_dien_thoai", "xa"}, 2, 0);
	struct schema two = schema_of((const char *[]){"sdt_me", "so_dien_thoai"}, 2, 0);
	struct table_join *j = xcalloc(1, sizeof(*j));

	(void)state;
	table_join_init(j, &one);
	for (int i = 0; i < 3; i++) { /* the same table again adds nothing */
		table_join_begin(j);
		table_join_columns(j, &two);
	}
	assert_int_equal(j->schema.count, 3);
	assert_string_equal(j->schema.columns[2].name, "so_dien_thoai_2");
	assert_int_equal(j->map[0], 0);
	assert_int_equal(j->map[1], 2);
	assert_ptr_equal(table_join_like(&j->schema, &two, 0), &j->schema.columns[0]);
	free(j);
}

/* The list's phone is so_dien_thoai; the file's is sdt_me, and it has two more of that name. */
static void
no_two_columns_of_a_table_become_one(void **state)
{
	struct schema one = schema_of((const char *[]){"so_dien_thoai", "xa"}, 2, 0);
	struct schema two = schema_of(
		(const char *[]){"sdt_me", "so_dien_thoai", "so_dien_thoai_2", "xa"}, 4, 0);
	struct slice cells[] = {SLICE("1"), SLICE("2"), SLICE("3"), SLICE("4"), SLICE("5")}, out[8];
	struct table_join *j = xcalloc(1, sizeof(*j));

	(void)state;
	table_join_init(j, &one);
	for (int i = 0; i < 3; i++) { /* the same table again adds nothing */
		table_join_begin(j);
		table_join_columns(j, &two);
		assert_int_equal(j->schema.count, 4);
	}
	assert_string_equal(j->schema.columns[2].name, "so_dien_thoai_3");
	assert_string_equal(j->schema.columns[3].name, "so_dien_thoai_2");
	/* a column that is found while rows come */
	snprintf(two.columns[4].name, sizeof(two.columns[4].name), "so_dien_thoai_3");
	two.count = 5;
	table_join_columns(j, &two);
	assert_int_equal(j->schema.count, 5);
	table_join_row(j, cells, out);
	assert_true(slice_is(out[0], "1") && slice_is(out[1], "4") && slice_is(out[2], "2"));
	assert_true(slice_is(out[3], "3") && slice_is(out[4], "5"));
	free(j);
}

static void
what_there_is_no_room_for_is_counted(void **state)
{
	struct schema *full = xcalloc(1, sizeof(*full));
	struct schema two = schema_of((const char *[]){"phone", "moi"}, 2, 0);
	struct slice cells[] = {SLICE("0912345678"), SLICE("x")}, out[COLUMNS_MAX];
	struct table_join *j = xcalloc(1, sizeof(*j));

	(void)state;
	full->count = COLUMNS_MAX;
	for (uint32_t i = 0; i < COLUMNS_MAX; i++)
		snprintf(full->columns[i].name, sizeof(full->columns[i].name), "c%u", i);
	table_join_init(j, full);
	table_join_columns(j, &two);
	assert_int_equal(j->schema.count, COLUMNS_MAX);
	assert_int_equal(j->no_room, 1);
	table_join_row(j, cells, out);
	assert_true(slice_is(out[0], "0912345678"));
	free(j);
	free(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_matched_by_name_and_new_ones_come_behind),
		cmocka_unit_test(the_phone_is_the_phone_whatever_it_is_called),
		cmocka_unit_test(no_two_columns_of_a_table_become_one),
		cmocka_unit_test(what_there_is_no_room_for_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
