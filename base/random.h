/* SPDX-License-Identifier: MIT */
/* Random bytes and keyed hashes, by libsodium. random_init is called first in main. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define HASH_KEY_BYTES 32u

/* Dies when the system has no randomness. */
void random_init(void);
void random_bytes(void *out, size_t n);
/* 2 * n lower-case hex digits (n ≤ 32) and a NUL. */
void random_hex(char *out, size_t n);
/* BLAKE2b of n bytes (16..64), keyed. */
void hash_keyed(struct slice text, const uint8_t key[HASH_KEY_BYTES], uint8_t *out, size_t n);
/* 2 * n lower-case hex digits of n bytes, and a NUL. */
void hash_hex(const uint8_t *hash, size_t n, char *out);
/* BLAKE2b-128 without a key: for "is it the same", never against an attacker. */
void hash_plain(struct slice text, uint8_t out[16]);
/* BLAKE2b-256 without a key: 32 bytes, for chains that anybody may check. */
void hash_plain256(struct slice text, uint8_t out[32]);
/* Constant-time comparison. */
bool hash_is_same(const void *a, const void *b, size_t n);

/* BLAKE2b-256 of bytes that come in pieces. */
struct hash_stream;
#define HASH_STREAM_BYTES 32u
struct hash_stream *hash_stream_new(void);
void hash_stream_add(struct hash_stream *h, struct slice piece);
/* The hash so far, as 64 lower-case hex digits and a NUL. */
void hash_stream_hex(const struct hash_stream *h, char out[2 * HASH_STREAM_BYTES + 1]);
void hash_stream_free(struct hash_stream *h);

/* SHA-256 of bytes that come in pieces: what `sha256sum` prints, for files of others. */
#define SHA256_HEX 64u
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, struct slice piece);
/* 64 lower-case hex digits and a NUL; frees it. */
void sha256_end(struct sha256 *h, char out[SHA256_HEX + 1]);

/* HMAC-SHA-256 (RFC 2104), in lower-case hex digits and a NUL. */
void hmac_sha256(struct slice key, struct slice text, char out[SHA256_HEX + 1]);

/*
 * Passwords, by Argon2id of 64 MiB and three passes (RFC 9106, section 4). Each call burns some
 * hundred milliseconds: for helper processes, not for the loop. False: no memory.
 */
#define PASSWORD_HASH_MAX 128u /* with its NUL; it says by itself how it was made */
bool password_hash(struct slice password, char out[PASSWORD_HASH_MAX]);
bool password_is(const char *hash, struct slice password);
