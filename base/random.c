/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

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
	uint8_t bytes[32];

	if (n > sizeof(bytes))
		fatalx("random: more than %zu bytes as text", sizeof(bytes));
	randombytes_buf(bytes, n);
	sodium_bin2hex(out, 2 * n + 1, bytes, n);
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
hash_hex(const uint8_t *hash, size_t n, char *out)
{
	sodium_bin2hex(out, 2 * n + 1, hash, n);
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

struct hash_stream {
	crypto_generichash_state state; /* wants 64 bytes of alignment */
};

struct hash_stream *
hash_stream_new(void)
{
	struct hash_stream *h = NULL;

	if (posix_memalign((void **)&h, 64, sizeof(*h)) != 0)
		fatalx("random: no memory");
	crypto_generichash_init(&h->state, NULL, 0, HASH_STREAM_BYTES);
	return h;
}

void
hash_stream_add(struct hash_stream *h, struct slice piece)
{
	crypto_generichash_update(&h->state, (const uint8_t *)piece.p, piece.n);
}

void
hash_stream_hex(const struct hash_stream *h, char out[2 * HASH_STREAM_BYTES + 1])
{
	crypto_generichash_state copy = h->state;
	uint8_t hash[HASH_STREAM_BYTES];

	crypto_generichash_final(&copy, hash, sizeof(hash));
	sodium_bin2hex(out, 2 * HASH_STREAM_BYTES + 1, hash, sizeof(hash));
}

void
hash_stream_free(struct hash_stream *h)
{
	free(h);
}

#define PASSWORD_MEMORY (64u << 20)
#define PASSWORD_PASSES 3u

struct sha256 {
	crypto_hash_sha256_state state;
};

struct sha256 *
sha256_new(void)
{
	struct sha256 *h = xcalloc(1, sizeof(*h));

	crypto_hash_sha256_init(&h->state);
	return h;
}

void
sha256_add(struct sha256 *h, struct slice piece)
{
	crypto_hash_sha256_update(&h->state, (const unsigned char *)piece.p, piece.n);
}

void
sha256_end(struct sha256 *h, char out[SHA256_HEX + 1])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(&h->state, hash);
	hash_hex(hash, sizeof(hash), out);
	free(h);
}

void
hmac_sha256(struct slice key, struct slice text, char out[SHA256_HEX + 1])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.p, key.n);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text.p, text.n);
	crypto_auth_hmacsha256_final(&state, mac);
	hash_hex(mac, sizeof(mac), out);
}

bool
password_hash(struct slice password, char out[PASSWORD_HASH_MAX])
{
	return crypto_pwhash_str_alg(out, password.p, password.n, PASSWORD_PASSES, PASSWORD_MEMORY,
				     crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool
password_is(const char *hash, struct slice password)
{
	return crypto_pwhash_str_verify(hash, password.p, password.n) == 0;
}
