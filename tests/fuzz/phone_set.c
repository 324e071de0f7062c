/* SPDX-License-Identifier: MIT */
/*
 * Sets of phones. Input: an even byte and a piece's bytes, or an odd byte and numbers of four
 * bytes each. Says: what is read is written as the same bytes; what was added is in, and reads back.
 */
#include "segments/phone_set.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

#define PIECE_MAX (64u << 20)

static struct buf
written(const struct phone_set *s)
{
	struct buf out = {0};
	uint32_t from = 0;

	phone_set_write(s, &from, PIECE_MAX, &out);
	return out;
}

static void
read_piece(struct slice bytes)
{
	struct slice copy = fuzz_copy(bytes);
	struct phone_set *s = phone_set_new();
	struct err_ctx e = {0};
	struct buf out;

	if (phone_set_read(s, copy, &e) != ERR_OK) {
		must_be_words(e.why);
	} else {
		out = written(s);
		/* An array of more than 4,096 numbers cannot be said, so there is one way to write. */
		must(slice_eq(buf_slice(&out), copy), "written otherwise");
		buf_free(&out);
	}
	phone_set_free(s);
	free((char *)copy.p);
}

static void
add_all(struct slice numbers)
{
	struct phone_set *s = phone_set_new(), *back = phone_set_new();
	struct reader r = reader_of(numbers);
	struct err_ctx e = {0};
	struct buf out;

	for (size_t i = 0; i < numbers.n / 4; i++)
		phone_set_add(s, PHONE_SET_FIRST + reader_u32(&r));
	phone_set_settle(s);
	out = written(s);
	if (out.len > 0)
		must(phone_set_read(back, buf_slice(&out), &e) == ERR_OK, "%s", e.why);
	must(phone_set_digest(back) == phone_set_digest(s) &&
		     phone_set_count(back) == phone_set_count(s),
	     "another set");
	r = reader_of(numbers);
	for (size_t i = 0; i < numbers.n / 4; i++) {
		uint64_t phone = PHONE_SET_FIRST + reader_u32(&r);

		must(phone_set_has(back, phone) == (phone <= PHONE_SET_LAST), "%llu",
		     (unsigned long long)phone);
	}
	buf_free(&out);
	phone_set_free(s);
	phone_set_free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = {(const char *)data + 1, n - 1};

	if (n == 0)
		return 0;
	if (data[0] % 2 == 0)
		read_piece(rest);
	else
		add_all(rest);
	return 0;
}
