/* SPDX-License-Identifier: MIT */
/*
 * Files of phones. Input: a byte says how many bytes are fed at a time, then the file.
 * Says: cut or not, the same cells and the same error.
 */
#include "segments/phone_file.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static enum err
on_cell(void *arg, struct slice cell, struct err_ctx *e)
{
	struct buf *cells = arg;

	(void)e;
	buf_add_slice(cells, cell);
	buf_addc(cells, '\n');
	return ERR_OK;
}

static enum err
read_file(struct slice text, size_t piece, struct buf *cells, struct err_ctx *e)
{
	struct phone_file_options o = {.file = "t.csv", .on_cell = on_cell, .arg = cells};
	struct phone_file *f = phone_file_new(&o);
	enum err rc = ERR_OK;

	while (rc == ERR_OK && text.n > 0) {
		size_t n = piece < text.n ? piece : text.n;
		struct slice copy = fuzz_copy((struct slice){text.p, n});

		rc = phone_file_feed(f, copy, e);
		free((char *)copy.p);
		text = (struct slice){text.p + n, text.n - n};
	}
	if (rc == ERR_OK)
		rc = phone_file_finish(f, e);
	phone_file_free(f);
	if (rc != ERR_OK) {
		must(rc == ERR_INPUT, "error %d", (int)rc);
		must_be_words(e->why);
	}
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = {(const char *)data + 1, n - 1};
	struct buf whole = {0}, cut = {0};
	struct err_ctx e = {0}, e2 = {0};

	if (n < 1)
		return 0;
	must(read_file(text, text.n + 1, &whole, &e) ==
		     read_file(text, data[0] % 16 + 1u, &cut, &e2),
	     "another end: %s\n%s", e.why, e2.why);
	must(e.line == e2.line && e.column == e2.column, "another place");
	must_be_equal(slice_of(e.why), slice_of(e2.why), "errors");
	must_be_equal(buf_slice(&whole), buf_slice(&cut), "cells");
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
