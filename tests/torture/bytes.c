/* SPDX-License-Identifier: MIT */
#include "tests/torture/bytes.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
fail(const char *format, ...)
{
	va_list v;

	fputs("torture: ", stderr);
	va_start(v, format);
	vfprintf(stderr, format, v);
	va_end(v);
	fputc('\n', stderr);
	exit(2);
}

void *
must_alloc(size_t n)
{
	void *p = calloc(1, n > 0 ? n : 1);

	if (p == NULL)
		fail("no memory");
	return p;
}

static void
make_room(struct bytes *b, size_t n)
{
	if (b->n + n + 1 <= b->cap)
		return;
	b->cap = (b->n + n + 1) * 2;
	b->p = realloc(b->p, b->cap);
	if (b->p == NULL)
		fail("no memory");
}

void
bytes_add(struct bytes *b, const void *p, size_t n)
{
	make_room(b, n);
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
bytes_str(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s));
}

void
bytes_format(struct bytes *b, const char *format, ...)
{
	va_list v;
	int n;

	va_start(v, format);
	n = vsnprintf(NULL, 0, format, v);
	va_end(v);
	make_room(b, (size_t)n);
	va_start(v, format);
	vsnprintf(b->p + b->n, (size_t)n + 1, format, v);
	va_end(v);
	b->n += (size_t)n;
}

void
bytes_drop(struct bytes *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

void
bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){0};
}

int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
rest_ms(int64_t ms)
{
	poll(NULL, 0, (int)ms);
}
