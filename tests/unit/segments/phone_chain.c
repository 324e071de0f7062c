/* SPDX-License-Identifier: MIT */
/* Distances between rows of the same phone, against a look at all rows before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "segments/phone_chain.h"

#define ROWS_MAX 3000u

struct row {
	uint64_t phone; /* 0 = none */
	uint8_t carrier;
	bool is_deleted;
};

static struct row rows[ROWS_MAX];
static uint32_t random_state = 2026;

static uint32_t
below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 8) * n >> 24);
}

/* By looking at all rows before. */
static uint32_t
naive_back(uint32_t row)
{
	for (uint32_t back = 1; rows[row].phone != 0 && back <= row; back++)
		if (rows[row - back].phone == rows[row].phone)
			return back;
	return 0;
}

static void
write_block(uint32_t first, uint32_t count, bool has_backs, struct buf *out)
{
	static const struct schema schema = {.phone = -1};
	struct block_builder *b = block_builder_new(&schema);

	for (uint32_t i = first; i < first + count; i++) {
		block_builder_add(b, NULL, rows[i].phone, has_backs ? naive_back(i) : 0,
				  rows[i].carrier);
		if (rows[i].is_deleted)
			block_builder_delete_last(b);
	}
	block_builder_finish(b, out);
	block_builder_free(b);
}

static struct slice
people_of(struct slice bytes)
{
	struct reader r;
	struct piece p;

	assert_int_equal(pieces_open(bytes, &r, NULL), ERR_OK);
	while (pieces_next(&r, &p))
		if (p.id == PIECE_PEOPLE)
			return p.bytes;
	fail();
	return (struct slice){NULL, 0};
}

/* The people as a block that is written with the distances at once has them. */
static void
check_block(struct phone_chain *chain, uint32_t first, uint32_t count)
{
	struct buf plain = {0}, chained = {0}, people = {0};
	struct slice want;
	struct block b;
	bool has_any = false;

	write_block(first, count, false, &plain);
	write_block(first, count, true, &chained);
	want = people_of(buf_slice(&chained));
	for (uint32_t i = first; i < first + count; i++)
		has_any |= naive_back(i) > 0;
	assert_int_equal(block_open(buf_slice(&plain), &b, NULL), ERR_OK);
	assert_int_equal(phone_chain_block(chain, first, &b, &people), has_any);
	assert_int_equal(people.len, has_any ? want.n : 0);
	if (has_any)
		assert_memory_equal(people.data, want.p, want.n);
	block_close(&b);
	buf_free(&plain);
	buf_free(&chained);
	buf_free(&people);
}

static void
check_rows(uint32_t count)
{
	struct shared_phones shared = {0};
	struct phone_chain *chain;
	uint64_t repeated = 0, phones = 0;

	for (uint32_t i = 0; i < count; i++) {
		bool is_second = naive_back(i) > 0 && naive_back(i - naive_back(i)) == 0;

		repeated += naive_back(i) > 0;
		phones += is_second;
		if (rows[i].phone != 0)
			shared_phones_add(&shared, rows[i].phone);
	}
	shared_phones_end(&shared);
	assert_int_equal(shared.rows_repeated, repeated);
	assert_int_equal(shared.count, phones);
	if (phones == 0) {
		assert_null(shared_phones_take(&shared));
		return;
	}
	chain = phone_chain_new(shared_phones_take(&shared));
	assert_null(shared_phones_take(&shared));
	for (uint32_t first = 0; first < count; first += BLOCK_ROWS)
		check_block(chain, first, count - first < BLOCK_ROWS ? count - first : BLOCK_ROWS);
	phone_chain_free(chain);
	shared_phones_free(&shared);
}

static void
random_rows_are_chained_as_by_looking_at_all_rows_before(void **state)
{
	/* of how many phones: one household, few, some rows share one, hardly any */
	static const uint32_t phones[] = {1, 40, 2000, 100000, 100000000};
	static const uint32_t counts[] = {1, 2, 255, 256, 257, 512, 700, ROWS_MAX};

	(void)state;
	for (size_t p = 0; p < ARRAY_LEN(phones); p++)
		for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
			for (uint32_t i = 0; i < counts[c]; i++) {
				bool is_deleted = below(20) == 0, has_phone = below(10) > 0;

				rows[i] = (struct row){.is_deleted = is_deleted};
				if (is_deleted)
					continue;
				rows[i].carrier = (uint8_t)below(7);
				if (has_phone)
					rows[i].phone = 84900000000 + below(phones[p]);
			}
			check_rows(counts[c]);
		}
}

/* 912345678, 987654321, 912345678: worked out by hand. */
static void
the_third_row_of_three_is_two_rows_behind_the_first(void **state)
{
	static const uint8_t want[] = {5,    1, /* five bytes a phone, one a distance */
				       0x4E, 0x92, 0x2B, 0xC5, 0x13, 0xB1, 0xB0, 0xA8, 0xC9, 0x13,
				       0x4E, 0x92, 0x2B, 0xC5, 0x13, 0,	   0,	 2,    0x21, 0x03};
	struct shared_phones shared = {0};
	struct phone_chain *chain;
	struct buf plain = {0}, people = {0};
	struct block b;

	(void)state;
	rows[0] = (struct row){84912345678, 1, false};
	rows[1] = (struct row){84987654321, 2, false};
	rows[2] = (struct row){84912345678, 3, false};
	for (size_t i = 0; i < 3; i++)
		shared_phones_add(&shared, rows[i].phone);
	shared_phones_end(&shared);
	chain = phone_chain_new(shared_phones_take(&shared));
	write_block(0, 3, false, &plain);
	assert_int_equal(block_open(buf_slice(&plain), &b, NULL), ERR_OK);
	assert_true(phone_chain_block(chain, 0, &b, &people));
	assert_int_equal(people.len, sizeof(want));
	assert_memory_equal(people.data, want, sizeof(want));
	block_close(&b);
	buf_free(&plain);
	buf_free(&people);
	phone_chain_free(chain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_rows_are_chained_as_by_looking_at_all_rows_before),
		cmocka_unit_test(the_third_row_of_three_is_two_rows_behind_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
