/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the targets, and an arena whose allocations end in bytes that must
 * not be touched: the linker puts it before base/mem's (--wrap).
 */
#include "tests/fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#define REDZONE 32

/* AddressSanitizer's, in its runtime library. */
void __asan_poison_memory_region(const volatile void *p, size_t n);
void __asan_unpoison_memory_region(const volatile void *p, size_t n);
void *__real_arena_alloc(struct arena *a, size_t n);
void *__wrap_arena_alloc(struct arena *a, size_t n);
char *__wrap_arena_memdup0(struct arena *a, const void *p, size_t n);

void *
__wrap_arena_alloc(struct arena *a, size_t n)
{
	char *p = __real_arena_alloc(a, n + REDZONE);

	__asan_unpoison_memory_region(p, n + REDZONE);
	__asan_poison_memory_region(p + n, REDZONE);
	return p;
}

char *
__wrap_arena_memdup0(struct arena *a, const void *p, size_t n)
{
	char *out = __wrap_arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(out, p, n);
	out[n] = '\0';
	return out;
}

void
must(bool is_so, const char *fmt, ...)
{
	va_list ap;

	if (is_so)
		return;
	fputs("FINDING: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void
must_be_words(const char *s)
{
	must(s[0] != '\0', "an error without words");
	must(text_find_malformed(slice_of(s)) < 0, "an error's words are not UTF-8: %s", s);
}

void
must_fit(const char *s, size_t cap)
{
	must(memchr(s, '\0', cap) != NULL, "no NUL within %zu bytes", cap);
	must(text_find_malformed(slice_of(s)) < 0, "not UTF-8: %s", s);
}

void
must_be_equal(struct slice a, struct slice b, const char *what)
{
	must(slice_eq(a, b), "%s differ:\n%.*s\n%.*s", what, (int)a.n, a.n > 0 ? a.p : "", (int)b.n,
	     b.n > 0 ? b.p : "");
}

void
must_be_json(struct slice s)
{
	struct err_ctx e = {0};
	json_t *v;

	must(json_parse(s, s.n, "output", &v, &e) == ERR_OK, "not JSON: %s: %.*s", e.why, (int)s.n,
	     s.p);
	json_decref(v);
}

struct slice
fuzz_copy(struct slice s)
{
	char *p = xmalloc(s.n > 0 ? s.n : 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct slice){p, s.n};
}

struct parts
parts_split(const uint8_t *data, size_t n)
{
	struct parts out = {.n = 0};
	struct slice s = {(const char *)data, n};

	while (out.n < PARTS_MAX) {
		const char *end = s.n > 0 ? memchr(s.p, 0xFF, s.n) : NULL;
		size_t part = end != NULL ? (size_t)(end - s.p) : s.n;

		out.v[out.n++] = fuzz_copy((struct slice){s.p, part});
		if (end == NULL)
			break;
		s = (struct slice){end + 1, s.n - part - 1};
	}
	return out;
}

void
parts_free(struct parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		free((char *)p->v[i].p);
}
