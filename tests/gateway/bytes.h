/* SPDX-License-Identifier: MIT */
/*
 * A growing run of bytes, a borrowed piece of text, and memory that is there
 * or ends the program. Everything the gateway writes is put together here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed, not ended by a NUL. p NULL = absent. */
struct text {
	char *p;
	size_t n;
};

struct bytes {
	char *p;
	size_t n, cap;
};

/* These end the program when there is no memory. */
void *must_alloc(size_t n);
void *must_grow(void *p, size_t n);
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Room for n more bytes; returns where they go. The caller raises b->n. */
char *bytes_room(struct bytes *b, size_t n);
void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_str(struct bytes *b, const char *s);
void bytes_number(struct bytes *b, uint64_t v);
void bytes_text(struct bytes *b, struct text t);
/* A JSON string with its quotes; t is UTF-8. An absent text becomes "". */
void bytes_json(struct bytes *b, struct text t);
void bytes_format(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_free(struct bytes *b);

bool text_is(struct text t, const char *s);
