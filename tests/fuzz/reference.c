/* SPDX-License-Identifier: MIT */
/*
 * Client references. Input: 16 bytes for the numbers, then any text. Says:
 * decode(encode(x)) = x; one changed letter, another key and any other text are
 * none of ours.
 */
#include "dispatcher/run/reference.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static const uint8_t key[REFERENCE_KEY_BYTES] = "a key that only the tests have";
static const uint8_t other_key[REFERENCE_KEY_BYTES] = "another key";

static void
check_encoded(const struct reference *r, size_t changed, char letter)
{
	char text[REFERENCE_TEXT_MAX];
	size_t n = reference_encode(r, key, text);
	struct reference back = {0};
	struct slice copy;

	must(n < REFERENCE_TEXT_MAX && strlen(text) == n, "%zu letters", n);
	copy = fuzz_copy((struct slice){text, n});
	must(reference_decode(copy, key, &back), "%s is not ours", text);
	must(back.run == r->run && back.partition == r->partition && back.rank == r->rank &&
		     back.attempt == r->attempt,
	     "%s is another", text);
	must(!reference_decode(copy, other_key, &back), "the key does not matter");
	must(!reference_decode((struct slice){copy.p, n - 1}, key, &back), "too short");
	if (letter != text[changed % n]) {
		((char *)copy.p)[changed % n] = letter;
		must(!reference_decode(copy, key, &back), "%.*s is forged", (int)n, copy.p);
	}
	free((char *)copy.p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct reader in = {data, n, false};
	struct reference r = {
		.run = reader_u64(&in) & ((1ull << 34) - 1),
		.rank = reader_u32(&in) & 0x3FFFFFFFu,
		.partition = reader_u8(&in) & 7,
		.attempt = reader_u8(&in) % 15 + 1,
	};
	size_t changed = reader_u8(&in);
	char letter = (char)reader_u8(&in);
	struct reference out;

	random_init();
	check_encoded(&r, changed, letter);
	if (!in.is_bad)
		must(!reference_decode((struct slice){(const char *)in.p, in.left}, key, &out),
		     "%.*s is taken for ours", (int)in.left, (const char *)in.p);
	return 0;
}
