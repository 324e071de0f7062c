/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <sodium.h>

#include "base/log.h"

void
random_init(void)
{
	if (sodium_init() < 0)
		fatalx("random: libsodium cannot start");
}

void
random_bytes(void *out, size_t n)
{
	randombytes_buf(out, n);
}

void
random_hex(char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	uint8_t bytes[32];

	if (n > sizeof(bytes))
		fatalx("random: more than %zu bytes as text", sizeof(bytes));
	randombytes_buf(bytes, n);
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

void
hash_keyed(struct slice text, const uint8_t key[HASH_KEY_BYTES], uint8_t *out, size_t n)
{
	crypto_generichash(out, n, (const uint8_t *)text.p, text.n, key, HASH_KEY_BYTES);
}

void
hash_plain(struct slice text, uint8_t out[16])
{
	crypto_generichash(out, 16, (const uint8_t *)text.p, text.n, NULL, 0);
}

void
hash_plain256(struct slice text, uint8_t out[32])
{
	crypto_generichash(out, 32, (const uint8_t *)text.p, text.n, NULL, 0);
}

bool
hash_is_same(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}
