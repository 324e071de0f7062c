/* SPDX-License-Identifier: MIT */
/*
 * Memory: small allocations die when there is none left; an arena holds what
 * is freed together. Sizes that come from outside are bounded by the caller
 * before they get here. Not thread-safe, like everything in Loa.
 */
#pragma once

#include <stddef.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Print one line and abort: n bytes could not be had. */
void mem_die(size_t n) __attribute__((__noreturn__));
/* Never return NULL: on failure they print one line and abort. */
void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
/* Copy of n bytes with a NUL appended. */
char *xmemdup0(const void *p, size_t n);

/* An arena: allocations live until arena_reset or arena_free. Zero-initialised = empty. */
struct arena {
	struct arena_block *head; /* newest block; NULL = none */
	size_t used;		  /* bytes handed out since the last reset */
};

/* 16-byte aligned, not cleared; never NULL. */
void *arena_alloc(struct arena *a, size_t n);
char *arena_memdup0(struct arena *a, const void *p, size_t n);
/* Forget all allocations; keeps one block for reuse. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);
