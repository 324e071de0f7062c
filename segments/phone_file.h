/* SPDX-License-Identifier: MIT */
/*
 * A file of phones: a CSV with titles and a phone column, found as an import
 * finds it, or rows without titles, a phone a line say. Bytes are fed in slices
 * of any size; each row gives one cell, to be read by phone_parse. Pure.
 *
 * The first row with text has the titles if one of them is a phone column's, or
 * if it is one cell without a digit; it is a row of phones if a cell of it is a
 * phone or if it is one cell. Then each row gives all its cells that are phones,
 * with ';' between, or else the cell where the first row had its phone.
 */
#pragma once

#include "base/err.h"

struct phone_file;

struct phone_file_options {
	const char *file;   /* its name in errors */
	const char *column; /* title or name of the phone column; NULL = found */
	/* Anything but ERR_OK ends the reading and is what was fed returns. */
	enum err (*on_cell)(void *arg, struct slice cell, struct err_ctx *e);
	void *arg;
};

/* The strings are copied. */
struct phone_file *phone_file_new(const struct phone_file_options *o);
void phone_file_free(struct phone_file *f);
/*
 * ERR_INPUT with line and column: not UTF-8, no phone column, a row beyond
 * limits. Nothing may be fed after an error.
 */
MUST_CHECK enum err phone_file_feed(struct phone_file *f, struct slice bytes, struct err_ctx *e);
/* The last row; ERR_INPUT also for an open quote and for a file without text. */
MUST_CHECK enum err phone_file_finish(struct phone_file *f, struct err_ctx *e);
