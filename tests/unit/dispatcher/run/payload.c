/* SPDX-License-Identifier: MIT */
/* What a single message says to whom, packed; bytes by hand from docs/FORMATS.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dispatcher/run/payload.h"

/* 84912345678 = 0x13c52b924e; 1795572000000 = 0x1a2106e6500 */
static const char packed[] = "\x01\x01\x02"
			     "\x4e\x92\x2b\xc5\x13\0\0\0"
			     "\0\x65\x6e\x10\xa2\x01\0\0"
			     "\x02"
			     "H1"
			     "\x03"
			     "flo"
			     "text";

static struct slice
bytes(size_t n)
{
	return (struct slice){packed, n};
}

static void
a_payload_is_packed_as_the_format_says(void **state)
{
	struct payload p = {.phone = 84912345678,
			    .parts = 2,
			    .is_unicode = true,
			    .accepted_ms = 1795572000000,
			    .label = SLICE("H1"),
			    .order = SLICE("flo"),
			    .text = SLICE("text")};
	struct buf b = {0};

	(void)state;
	payload_encode(&p, &b);
	assert_int_equal(b.len, sizeof(packed) - 1);
	assert_memory_equal(b.data, packed, b.len);
	buf_free(&b);
}

static void
a_packed_payload_is_read_back(void **state)
{
	struct payload p;

	(void)state;
	assert_true(payload_decode(bytes(sizeof(packed) - 1), &p));
	assert_true(p.phone == 84912345678);
	assert_int_equal(p.parts, 2);
	assert_true(p.is_unicode);
	assert_true(p.accepted_ms == 1795572000000);
	assert_true(slice_is(p.label, "H1"));
	assert_true(slice_is(p.order, "flo"));
	assert_true(slice_is(p.text, "text"));
}

static void
a_payload_that_is_cut_or_foreign_is_not_read(void **state)
{
	struct payload p;

	(void)state;
	/* Up to the last byte before the text: without a text there is no message. */
	for (size_t n = 0; n <= sizeof(packed) - 1 - 4; n++)
		assert_false(payload_decode(bytes(n), &p));
	assert_false(payload_decode(SLICE("\x02\x01\x02xxxxxxxxxxxxxxxx\0\0text"), &p));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_is_packed_as_the_format_says),
		cmocka_unit_test(a_packed_payload_is_read_back),
		cmocka_unit_test(a_payload_that_is_cut_or_foreign_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
