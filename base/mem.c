/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK 16384u

struct arena_block {
	struct arena_block *next;
	size_t cap, used;
	_Alignas(16) unsigned char data[];
};

void
mem_die(size_t n)
{
	fprintf(stderr, "loa: memory: cannot allocate %zu bytes: stopping\n", n);
	abort();
}

void *
xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (p == NULL)
		mem_die(n);
	return p;
}

void *
xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (p == NULL)
		mem_die(count * size);
	return p;
}

void *
xrealloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);

	if (q == NULL)
		mem_die(n);
	return q;
}

char *
xstrdup(const char *s)
{
	return xmemdup0(s, strlen(s));
}

char *
xmemdup0(const void *p, size_t n)
{
	char *q = xmalloc(n + 1);

	if (n > 0)
		memcpy(q, p, n);
	q[n] = '\0';
	return q;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t want = (n + 15u) & ~(size_t)15u;
	struct arena_block *b = a->head;

	if (want < n)
		mem_die(n);
	if (b == NULL || b->cap - b->used < want) {
		size_t cap = want > ARENA_BLOCK ? want : ARENA_BLOCK;

		b = xmalloc(sizeof(*b) + cap);
		b->cap = cap;
		b->used = 0;
		b->next = a->head;
		a->head = b;
	}
	b->used += want;
	a->used += want;
	return b->data + b->used - want;
}

char *
arena_memdup0(struct arena *a, const void *p, size_t n)
{
	char *q = arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(q, p, n);
	q[n] = '\0';
	return q;
}

void
arena_reset(struct arena *a)
{
	struct arena_block *keep = a->head;

	if (keep != NULL) {
		for (struct arena_block *b = keep->next; b != NULL;) {
			struct arena_block *next = b->next;

			free(b);
			b = next;
		}
		keep->next = NULL;
		keep->used = 0;
	}
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	arena_reset(a);
	free(a->head);
	a->head = NULL;
}
