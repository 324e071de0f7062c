/* SPDX-License-Identifier: MIT */
/*
 * Bytes: a growable buffer and a borrowed slice. Integers are written little
 * endian. `data` is kept NUL-terminated behind `len` once something was added.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes, not NUL-terminated. p may be NULL when n is 0. */
struct slice {
	const char *p;
	size_t n;
};

#define SLICE(lit) ((struct slice){(lit), sizeof(lit) - 1})

static inline struct slice
slice_of(const char *s)
{
	return (struct slice){s, s == NULL ? 0 : strlen(s)};
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_of(s));
}

/* Without ASCII blanks, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);
/* Whole slice as a decimal number; false when it is none or does not fit. */
bool slice_to_i64(struct slice s, int64_t *out);
/* The same; 0 when it is none, or negative. */
uint64_t slice_to_u64(struct slice s);
bool slice_to_double(struct slice s, double *out);

/* Into an array of cap bytes, cut where it is too long, with a NUL. */
void slice_copy(char *out, size_t cap, struct slice s);
/* Go over this character; false, and nothing is gone over, where another stands. */
bool slice_take_char(struct slice *s, char c);
/* What stands before the next end, or all of it; *s is what follows. */
struct slice slice_take_until(struct slice *s, char end);
/* The value of a hex digit, -1 when it is none. */
int hex_value(char c);

/* Zero-initialised = empty. */
struct buf {
	char *data; /* NULL = nothing was ever added */
	size_t len;
	size_t cap;
};

void buf_free(struct buf *b);
/* len = 0, keeps the memory. */
void buf_reset(struct buf *b);
/* Room for n more bytes behind len; returns where they go. */
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_add_slice(struct buf *b, struct slice s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_add_u8(struct buf *b, uint8_t v);
void buf_add_u16(struct buf *b, uint16_t v);
void buf_add_u32(struct buf *b, uint32_t v);
void buf_add_u64(struct buf *b, uint64_t v);
/* Drop the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* The bytes, owned by the caller now (free()); the buffer is empty afterwards. Never NULL. */
char *buf_take(struct buf *b);

static inline struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){b->data, b->len};
}

/* A bounded reader over bytes: every get fails softly (is_bad, returns 0) beyond the end. */
struct reader {
	const uint8_t *p;
	size_t left;
	bool is_bad;
};

static inline struct reader
reader_of(struct slice s)
{
	return (struct reader){(const uint8_t *)s.p, s.n, false};
}

uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
struct slice reader_bytes(struct reader *r, size_t n);
