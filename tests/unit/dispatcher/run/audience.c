/* SPDX-License-Identifier: MIT */
/*
 * A list of one text column `nhom` is written row by row; what the audience
 * makes of it is printed as one word a member: ROW:STATE, where STATE is the
 * partition of a message to send, or = (same phone), - (no phone), / (no route), ! (no consent).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/audience.h"
#include "dispatcher/run/consent.h"

#define BLOCKS_MAX 8
#define PHONE(n) (84900000000u + (n))

static struct {
	struct schema schema;
	struct block_builder *builder;
	struct buf blocks[BLOCKS_MAX];
	size_t block_count, rows;
	uint64_t last_row_of[100]; /* phone n stands in this row - 1; 0 = in none yet */
	struct audience_parts parts;
	uint8_t of_query[2];
	struct query *queries[2];
	const char
		*consent[2]; /* column of each list; NULL = none is asked for, "" = it has none */
	struct buf seen;
} fx;

static void
end_block(void)
{
	if (block_builder_rows(fx.builder) == 0)
		return;
	assert_in_range(fx.block_count, 0, BLOCKS_MAX - 1);
	block_builder_finish(fx.builder, &fx.blocks[fx.block_count++]);
}

/* A row of group `nhom` ("" = missing) with phone n (0 = none) of a carrier; chained as the list does. */
static void
add_row(const char *nhom, unsigned n, uint8_t carrier)
{
	struct slice cell = slice_of(nhom);
	uint32_t back =
		n > 0 && fx.last_row_of[n] > 0 ? (uint32_t)(fx.rows + 1 - fx.last_row_of[n]) : 0;

	block_builder_add(fx.builder, &cell, n > 0 ? PHONE(n) : 0, back, carrier);
	fx.rows++;
	if (n > 0)
		fx.last_row_of[n] = fx.rows;
	if (block_builder_rows(fx.builder) == BLOCK_ROWS)
		end_block();
}

static void
add_rows(size_t count, const char *nhom)
{
	for (size_t i = 0; i < count; i++)
		add_row(nhom, 0, 0);
}

/*
 * The rows from here on are of another list: it begins with a block, and knows nothing of the
 * phones before. The rows of the block before that are not there count, too.
 */
static void
begin_list(void)
{
	end_block();
	fx.rows = fx.block_count * BLOCK_ROWS;
	memset(fx.last_row_of, 0, sizeof(fx.last_row_of));
	fx.parts.count = fx.parts.count > 0 ? fx.parts.count + 1 : 2;
	fx.parts.first[fx.parts.count - 1] = (uint32_t)fx.block_count;
}

static struct query *
query(const char *text)
{
	struct query_error e;
	struct query *q = query_parse(slice_of(text), &e);

	if (q == NULL || !query_bind(q, &fx.schema, &e))
		fail_msg("%s: %s", text, e.message);
	return q;
}

static void
ask_for_consent(struct audience *a)
{
	struct query *of_part[2] = {NULL, NULL};
	struct err_ctx e;

	for (size_t i = 0; i < 2; i++)
		if (fx.consent[i] != NULL && fx.consent[i][0] != '\0')
			assert_non_null(of_part[i] = consent_query(fx.consent[i], &fx.schema, &e));
	if (fx.consent[0] != NULL)
		audience_set_consent(a, of_part, 2);
}

static const char *
members(enum per per, const char *one, const char *other)
{
	/* carriers 1 and 2 in partition 0, 3 in partition 5, the unknown in 2, others not served */
	struct carrier_map map;
	struct audience_row rows[BLOCK_ROWS];
	struct audience *a;

	memset(map.partition, NO_PARTITION, sizeof(map.partition));
	map.partition[0] = 2;
	map.partition[1] = map.partition[2] = 0;
	map.partition[3] = 5;
	end_block();
	fx.queries[0] = query(one);
	fx.queries[1] = other != NULL ? query(other) : NULL;
	a = audience_new(fx.queries, other != NULL ? 2 : 1, per, &map, fx.rows);
	fx.parts.of_query = fx.of_query;
	if (fx.parts.count > 0)
		audience_set_parts(a, &fx.parts);
	ask_for_consent(a);
	buf_reset(&fx.seen);
	for (size_t i = 0; i < fx.block_count; i++) {
		struct err_ctx e;
		struct block b;
		size_t n;

		assert_int_equal(block_open(buf_slice(&fx.blocks[i]), &b, &e), ERR_OK);
		n = audience_block(a, (uint32_t)i, &b, 0, rows);
		for (size_t k = 0; k < n; k++) {
			const struct audience_row *r = &rows[k];

			buf_addf(&fx.seen, "%s%u:", fx.seen.len > 0 ? " " : "", r->row);
			if (r->state == RECORD_WAITING)
				buf_addf(&fx.seen, "%u", r->partition);
			else
				buf_adds(&fx.seen, r->reason == REASON_SAME_PHONE   ? "="
						   : r->reason == REASON_NO_PHONE   ? "-"
						   : r->reason == REASON_NO_CONSENT ? "!"
										    : "/");
		}
		block_close(&b);
	}
	audience_free(a);
	query_free(fx.queries[0]);
	query_free(fx.queries[1]);
	return fx.seen.data != NULL ? fx.seen.data : "";
}

static int
set_up(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	fx.schema.count = 1;
	fx.schema.phone = -1;
	memcpy(fx.schema.columns[0].name, "nhom", 5);
	memcpy(fx.schema.columns[0].title, "nhom", 5);
	fx.builder = block_builder_new(&fx.schema);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	block_builder_free(fx.builder);
	for (size_t i = 0; i < fx.block_count; i++)
		buf_free(&fx.blocks[i]);
	buf_free(&fx.seen);
	return 0;
}

static void
rows_that_match_any_query_are_in_it_in_their_order(void **state)
{
	(void)state;
	add_row("a", 1, 1);
	add_row("b", 2, 1);
	add_row("", 3, 1);
	add_row("c", 4, 1);
	add_row("a", 5, 1);
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", "nhom = 'c'"), "0:0 3:0 4:0");
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", "nhom IN ('a', 'b')"), "0:0 1:0 4:0");
	assert_string_equal(members(PER_PHONE, "nhom = 'x'", NULL), "");
}

static void
rows_go_to_the_partition_of_their_carrier_or_nowhere(void **state)
{
	(void)state;
	add_row("a", 1, 1);
	add_row("a", 2, 2);
	add_row("a", 3, 3);
	add_row("a", 4, 4);
	add_row("a", 5, 0);
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", NULL), "0:0 1:0 2:5 3:/ 4:2");
	assert_string_equal(members(PER_ROW, "nhom = 'a'", NULL), "0:0 1:0 2:5 3:/ 4:2");
}

static void
a_row_without_a_phone_is_a_member_that_is_skipped(void **state)
{
	(void)state;
	add_row("a", 0, 0);
	add_row("a", 0, 4);
	add_row("a", 1, 1);
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", NULL), "0:- 1:- 2:0");
	assert_string_equal(members(PER_ROW, "nhom = 'a'", NULL), "0:- 1:- 2:0");
}

static void
per_phone_the_first_row_of_the_audience_gets_the_message(void **state)
{
	(void)state;
	add_row("a", 1, 1);
	add_row("a", 2, 1);
	add_row("a", 1, 1);
	add_row("a", 1, 1);
	add_row("a", 2, 1);
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", NULL), "0:0 1:0 2:= 3:= 4:=");
	assert_string_equal(members(PER_ROW, "nhom = 'a'", NULL), "0:0 1:0 2:0 3:0 4:0");
}

static void
a_chain_goes_on_through_rows_that_do_not_match(void **state)
{
	(void)state;
	add_row("b", 1, 1); /* not in it: takes no message from the others */
	add_row("a", 1, 1);
	add_row("b", 1, 1);
	add_row("b", 1, 1);
	add_row("a", 1, 1);
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", NULL), "1:0 4:=");
	assert_string_equal(members(PER_PHONE, "nhom = 'b'", NULL), "0:0 2:= 3:=");
}

static void
a_chain_goes_on_across_blocks(void **state)
{
	(void)state;
	add_row("a", 1, 1); /* row 0 */
	add_rows(299, "b");
	add_row("b", 1, 1); /* row 300, block 1: not in it */
	add_rows(399, "b");
	add_row("a", 1, 1); /* row 700, block 2 */
	add_row("a", 2, 3); /* row 701 */
	add_rows(330, "b");
	add_row("a", 2, 3); /* row 1032, block 4 */
	add_row("a", 1, 1); /* row 1033 */
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", NULL),
			    "0:0 700:= 701:5 1032:= 1033:=");
	assert_string_equal(members(PER_ROW, "nhom = 'a'", NULL), "0:0 700:0 701:5 1032:5 1033:0");
}

static void
a_row_that_is_skipped_takes_no_message_from_its_phone(void **state)
{
	(void)state;
	/* one phone, ported between imports: the first row's guess is not served */
	add_row("a", 1, 4);
	add_row("a", 1, 1);
	add_row("a", 1, 4);
	add_row("a", 1, 1);
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", NULL), "0:/ 1:0 2:/ 3:=");
}

static void
the_last_row_of_a_full_block_and_the_first_of_the_next_are_neighbours(void **state)
{
	(void)state;
	add_rows(255, "b");
	add_row("a", 9, 1); /* row 255 */
	add_row("a", 9, 1); /* row 256 */
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", NULL), "255:0 256:=");
}

/* 90 phones in turn over 1,800 rows: 20 rows each, more chains than the first table holds. */
static void
many_chains_give_one_message_a_phone(void **state)
{
	size_t good = 0, same = 0;

	(void)state;
	for (unsigned i = 0; i < 1800; i++)
		add_row("a", 1 + i % 90, 1);
	members(PER_PHONE, "nhom = 'a'", NULL);
	for (const char *p = fx.seen.data; (p = strchr(p, ':')) != NULL; p++) {
		good += p[1] == '0';
		same += p[1] == '=';
	}
	assert_int_equal(good, 90);
	assert_int_equal(same, 1710);
	members(PER_ROW, "nhom = 'a'", NULL);
	assert_null(strchr(fx.seen.data, '='));
}

static void
a_query_looks_at_the_rows_of_its_list_only(void **state)
{
	(void)state;
	add_row("a", 1, 1);
	add_row("b", 2, 1);
	begin_list(); /* row 256 */
	add_row("a", 3, 1);
	add_row("b", 4, 1);
	fx.of_query[1] = 1;
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", "nhom = 'b'"), "0:0 257:0");
	fx.of_query[0] = 1;
	fx.of_query[1] = 0;
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", "nhom = 'b'"), "1:0 256:0");
	fx.of_query[0] = 0; /* nobody of the second list is asked for */
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", "nhom = 'b'"), "0:0 1:0");
}

static void
a_phone_of_an_earlier_list_is_not_written_to_again(void **state)
{
	(void)state;
	add_row("a", 1, 1);
	add_row("b", 2, 1); /* not asked for: takes no message from the other list */
	add_row("a", 3, 4); /* not served there, and served in the other */
	begin_list();	    /* row 256 */
	add_row("a", 1, 1);
	add_row("a", 2, 1);
	add_row("a", 2, 1);
	add_row("a", 3, 1);
	add_row("a", 0, 0);
	fx.of_query[1] = 1;
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", "nhom = 'a'"),
			    "0:0 2:/ 256:= 257:0 258:= 259:0 260:-");
	assert_string_equal(members(PER_ROW, "nhom = 'a'", "nhom = 'a'"),
			    "0:0 2:/ 256:0 257:0 258:0 259:0 260:-");
}

static void
all_earlier_lists_count_not_only_the_one_before(void **state)
{
	(void)state;
	add_row("a", 1, 1);
	begin_list(); /* row 256, of which nobody is asked for */
	add_row("c", 1, 1);
	begin_list(); /* row 512 */
	add_row("b", 1, 1);
	add_row("b", 2, 1);
	fx.of_query[1] = 2;
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", "nhom = 'b'"), "0:0 512:= 513:0");
}

static void
a_list_without_rows_is_passed_over(void **state)
{
	(void)state;
	begin_list(); /* the first has none */
	add_row("a", 1, 1);
	begin_list();
	begin_list(); /* nor has the third */
	add_row("b", 1, 1);
	add_row("b", 2, 1);
	fx.of_query[0] = 1;
	fx.of_query[1] = 3;
	assert_string_equal(members(PER_PHONE, "nhom = 'a'", "nhom = 'b'"), "0:0 256:= 257:0");
}

#define ALL "nhom IS NULL OR nhom IS NOT NULL"

static void
only_a_yes_is_consent(void **state)
{
	static const char *const yes[] = {"có",	 "Có",	   "CÓ",  "x",	  "X", "v", "đúng",
					  "rồi", "Đồng ý", "yes", "true", "1", "✓"};
	static const char *const no[] = {"",  "không", "chưa", "no",	 "false",
					 "0", "2",     "-",    "co the", "đồng ý?"};
	struct buf wanted = {0};

	(void)state;
	fx.consent[0] = "nhom";
	for (unsigned i = 0; i < ARRAY_LEN(yes); i++) {
		add_row(yes[i], i + 1, 1);
		buf_addf(&wanted, "%s%u:0", i > 0 ? " " : "", i);
	}
	for (unsigned i = 0; i < ARRAY_LEN(no); i++) {
		add_row(no[i], i + 30, 1);
		buf_addf(&wanted, " %u:!", (unsigned)ARRAY_LEN(yes) + i);
	}
	assert_string_equal(members(PER_PHONE, ALL, NULL), wanted.data);
	buf_free(&wanted);
}

static void
who_does_not_consent_is_not_in_the_way_of_a_later_row(void **state)
{
	(void)state;
	fx.consent[0] = "nhom";
	add_row("không", 1, 1);
	add_row("có", 1, 1);
	add_row("có", 1, 1);
	add_row("không", 1, 1);
	assert_string_equal(members(PER_PHONE, ALL, NULL), "0:! 1:0 2:= 3:!");
	assert_string_equal(members(PER_ROW, ALL, NULL), "0:! 1:0 2:0 3:!");
}

static void
of_a_list_that_does_not_say_nobody_consents(void **state)
{
	(void)state;
	fx.consent[0] = "nhom";
	fx.consent[1] = "";
	add_row("có", 1, 1);
	begin_list();
	add_row("có", 2, 1);
	add_row("có", 1, 1);
	fx.of_query[0] = 0;
	fx.of_query[1] = 1;
	assert_string_equal(members(PER_PHONE, ALL, ALL), "0:0 256:! 257:!");
}

static void
consent_is_a_column_of_texts_or_of_numbers(void **state)
{
	struct schema s = {.count = 2, .phone = -1};
	struct query *q;
	struct err_ctx e;

	(void)state;
	memcpy(s.columns[0].name, "dong_y", 7);
	memcpy(s.columns[1].name, "ngay", 5);
	s.columns[0].type = COLUMN_NUMBER;
	s.columns[1].type = COLUMN_DATE;
	assert_non_null(q = consent_query("dong_y", &s, &e));
	query_free(q);
	assert_null(consent_query("ngay", &s, &e));
	assert_string_equal(e.why, "is a column of dates");
	assert_null(consent_query("khac", &s, &e));
	assert_string_equal(e.why, "is no column of the list");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(rows_that_match_any_query_are_in_it_in_their_order),
		T(rows_go_to_the_partition_of_their_carrier_or_nowhere),
		T(a_row_without_a_phone_is_a_member_that_is_skipped),
		T(per_phone_the_first_row_of_the_audience_gets_the_message),
		T(a_chain_goes_on_through_rows_that_do_not_match),
		T(a_chain_goes_on_across_blocks),
		T(a_row_that_is_skipped_takes_no_message_from_its_phone),
		T(the_last_row_of_a_full_block_and_the_first_of_the_next_are_neighbours),
		T(many_chains_give_one_message_a_phone),
		T(a_query_looks_at_the_rows_of_its_list_only),
		T(a_phone_of_an_earlier_list_is_not_written_to_again),
		T(all_earlier_lists_count_not_only_the_one_before),
		T(a_list_without_rows_is_passed_over),
		T(only_a_yes_is_consent),
		T(who_does_not_consent_is_not_in_the_way_of_a_later_row),
		T(of_a_list_that_does_not_say_nobody_consents),
		T(consent_is_a_column_of_texts_or_of_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
