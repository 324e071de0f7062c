/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is one C file here: it takes any bytes,
 * feeds one function under test, and states with `must` what has to hold
 * whatever the bytes are. tests/fuzz/run builds and runs them.
 */
#pragma once

#include "base/buf.h"

/* The target. libFuzzer calls it with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Dies with the message unless it is so: a finding. */
void must(bool is_so, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Is well-formed UTF-8 and not empty: what a person is to read. */
void must_be_words(const char *s);
/* A NUL within cap and well-formed UTF-8. */
void must_fit(const char *s, size_t cap);
void must_be_equal(struct slice a, struct slice b, const char *what);
void must_be_json(struct slice s);

#define PARTS_MAX 64

/*
 * The input cut at each byte 0xFF, which no UTF-8 has: seeds stay readable. Each
 * part has memory of its own, so that ASan sees a read of the byte behind it.
 */
struct parts {
	struct slice v[PARTS_MAX]; /* [n]; those behind are empty */
	size_t n;
};

struct parts parts_split(const uint8_t *data, size_t n);
void parts_free(struct parts *p);
/* A copy in memory of its own, for free(). */
struct slice fuzz_copy(struct slice s);
