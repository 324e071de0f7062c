/* SPDX-License-Identifier: MIT */
/* Bytes that grow, and the few ways in which this program ends because of the machine. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* p is NULL or ends with a NUL that n does not count. Zero-initialised = empty. */
struct bytes {
	char *p;
	size_t n, cap;
};

void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_str(struct bytes *b, const char *s);
void bytes_format(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Take the first n away. */
void bytes_drop(struct bytes *b, size_t n);
void bytes_free(struct bytes *b);

/* Something of the machine fails (no memory, no socket): say so, end with 2. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *must_alloc(size_t n); /* zeros */
int64_t now_ms(void);	    /* monotonic */
void rest_ms(int64_t ms);
