/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && memchr(" \t\r\n", s.p[0], 4) != NULL) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && memchr(" \t\r\n", s.p[s.n - 1], 4) != NULL)
		s.n--;
	return s;
}

bool
slice_to_i64(struct slice s, int64_t *out)
{
	char tmp[24];
	char *end;

	if (s.n == 0 || s.n >= sizeof(tmp) || !(s.p[0] == '-' || (s.p[0] >= '0' && s.p[0] <= '9')))
		return false;
	memcpy(tmp, s.p, s.n);
	tmp[s.n] = '\0';
	errno = 0;
	*out = strtoll(tmp, &end, 10);
	return errno == 0 && end == tmp + s.n;
}

uint64_t
slice_to_u64(struct slice s)
{
	int64_t v;

	return slice_to_i64(s, &v) && v > 0 ? (uint64_t)v : 0;
}

bool
slice_to_double(struct slice s, double *out)
{
	char tmp[64];
	char *end;

	if (s.n == 0 || s.n >= sizeof(tmp) ||
	    !(s.p[0] == '-' || s.p[0] == '.' || (s.p[0] >= '0' && s.p[0] <= '9')))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (strchr("0123456789.eE+-", s.p[i]) == NULL || s.p[i] == '\0')
			return false;
	memcpy(tmp, s.p, s.n);
	tmp[s.n] = '\0';
	errno = 0;
	*out = strtod(tmp, &end);
	return errno == 0 && end == tmp + s.n;
}

void
slice_copy(char *out, size_t cap, struct slice s)
{
	size_t n = s.n < cap ? s.n : cap - 1;

	if (n > 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

bool
slice_take_char(struct slice *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

struct slice
slice_take_until(struct slice *s, char end)
{
	const char *at = s->n > 0 ? memchr(s->p, end, s->n) : NULL;
	struct slice word = {s->p, at != NULL ? (size_t)(at - s->p) : s->n};
	size_t used = word.n + (at != NULL);

	if (used > 0)
		*s = (struct slice){s->p + used, s->n - used};
	return word;
}

int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void
buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

char *
buf_reserve(struct buf *b, size_t n)
{
	size_t need = b->len + n + 1;

	if (need < n)
		abort();
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 64;

		while (cap < need)
			cap *= 2;
		b->data = xrealloc(b->data, cap);
		b->cap = cap;
	}
	return b->data + b->len;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (n > 0)
		memcpy(to, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.p, s.n);
}

void
buf_addv(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
}

void
buf_add_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

static void
add_le(struct buf *b, uint64_t v, size_t n)
{
	uint8_t tmp[8];

	for (size_t i = 0; i < n; i++)
		tmp[i] = (uint8_t)(v >> (8 * i));
	buf_add(b, tmp, n);
}

void
buf_add_u16(struct buf *b, uint16_t v)
{
	add_le(b, v, 2);
}

void
buf_add_u32(struct buf *b, uint32_t v)
{
	add_le(b, v, 4);
}

void
buf_add_u64(struct buf *b, uint64_t v)
{
	add_le(b, v, 8);
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_reset(b);
		return;
	}
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	b->data[b->len] = '\0';
}

char *
buf_take(struct buf *b)
{
	char *p = b->data != NULL ? b->data : xmemdup0("", 0);

	*b = (struct buf){0};
	return p;
}

static uint64_t
get_le(struct reader *r, size_t n)
{
	uint64_t v = 0;

	if (r->left < n) {
		r->is_bad = true;
		r->left = 0;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)r->p[i] << (8 * i);
	r->p += n;
	r->left -= n;
	return v;
}

uint8_t
reader_u8(struct reader *r)
{
	return (uint8_t)get_le(r, 1);
}

uint16_t
reader_u16(struct reader *r)
{
	return (uint16_t)get_le(r, 2);
}

uint32_t
reader_u32(struct reader *r)
{
	return (uint32_t)get_le(r, 4);
}

uint64_t
reader_u64(struct reader *r)
{
	return get_le(r, 8);
}

struct slice
reader_bytes(struct reader *r, size_t n)
{
	struct slice s = {(const char *)r->p, n};

	if (r->left < n) {
		r->is_bad = true;
		r->left = 0;
		return (struct slice){NULL, 0};
	}
	r->p += n;
	r->left -= n;
	return s;
}
