/* SPDX-License-Identifier: MIT */
#include "tests/gateway/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fail(const char *format, ...)
{
	va_list ap;

	fputs("gateway: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void *
must_alloc(size_t n)
{
	void *p = calloc(1, n);

	if (p == NULL)
		fail("no memory for %zu bytes", n);
	return p;
}

void *
must_grow(void *p, size_t n)
{
	void *more = realloc(p, n);

	if (more == NULL)
		fail("no memory for %zu bytes", n);
	return more;
}

char *
bytes_room(struct bytes *b, size_t n)
{
	if (b->cap - b->n < n) {
		b->cap = b->cap * 2 > b->n + n ? b->cap * 2 : b->n + n + 256;
		b->p = must_grow(b->p, b->cap);
	}
	return b->p + b->n;
}

void
bytes_add(struct bytes *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(bytes_room(b, n), p, n);
	b->n += n;
}

void
bytes_str(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s));
}

void
bytes_number(struct bytes *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	bytes_add(b, digits + at, sizeof(digits) - at);
}

void
bytes_text(struct bytes *b, struct text t)
{
	bytes_add(b, t.p, t.n);
}

void
bytes_json(struct bytes *b, struct text t)
{
	static const char hex[] = "0123456789abcdef";
	char *to = bytes_room(b, t.n * 6 + 2); /* \u001f is the longest */
	char *start = to;

	*to++ = '"';
	for (size_t i = 0; i < t.n; i++) {
		unsigned char c = (unsigned char)t.p[i];

		if (c >= 0x20 && c != '"' && c != '\\') {
			*to++ = (char)c;
		} else if (c == '"' || c == '\\') {
			*to++ = '\\';
			*to++ = (char)c;
		} else if (c == '\n') {
			*to++ = '\\';
			*to++ = 'n';
		} else {
			memcpy(to, "\\u00", 4);
			to[4] = hex[c >> 4];
			to[5] = hex[c & 15];
			to += 6;
		}
	}
	*to++ = '"';
	b->n += (size_t)(to - start);
}

void
bytes_format(struct bytes *b, const char *format, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, format);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n > 0) {
		vsnprintf(bytes_room(b, (size_t)n + 1), (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void
bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){0};
}

bool
text_is(struct text t, const char *s)
{
	return t.n == strlen(s) && (t.n == 0 || memcmp(t.p, s, t.n) == 0);
}
