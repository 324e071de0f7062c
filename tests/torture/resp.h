/* SPDX-License-Identifier: MIT */
/* How long is a value in Redis's protocol (RESP2, https://redis.io/docs/reference/protocol-spec)? */
#pragma once

#include <stddef.h>

/* Bytes of the first whole value of p[0 … n); 0 = it is not all there; -1 = this is no such value. */
long resp_length(const char *p, size_t n);
/* Word i (from 0) of the request p[0 … n), cut to fit; "" = it has none. */
void resp_word(const char *p, size_t n, size_t i, char *out, size_t cap);
