/* SPDX-License-Identifier: MIT */
/*
 * Text of old fonts in a Unicode file: a sheet that was typed in a .Vn… (TCVN3) or VNI-… font
 * keeps each byte as the letter of Latin-1 with its number, "NguyÔn V¨n". Rows go through here
 * on their way to an import; the cells of the columns that have such text come out as Vietnamese.
 *
 * The first HIDDEN_ROWS_MAX rows are held back and looked at together. Real Unicode is left
 * alone: a cell with a letter that only Vietnamese uses is never touched, a column is only
 * taken if its words are no Vietnamese as they stand and are when decoded, and a table only if at
 * least three different words say so. Pure.
 */
#pragma once

#include "base/mem.h"
#include "segments/charset.h"
#include "segments/table_row.h"

#define HIDDEN_ROWS_MAX 48u
#define HIDDEN_BYTES_MAX (1u << 20)

enum hidden_how {
	HIDDEN_NOWHERE,	  /* the column is left alone */
	HIDDEN_IN_COLUMN, /* its cells are decoded, unless that makes a word a wrong one */
	HIDDEN_IN_CELLS, /* nothing is known of the column, or it is mixed: only cells that are sure */
};

struct hidden_text {
	enum err (*on_row)(void *arg, const struct import_cells *row, struct err_ctx *e);
	void *arg;

	struct arena memory; /* of the rows held back */
	struct import_cells rows[HIDDEN_ROWS_MAX];
	size_t count;
	bool is_decided;

	bool is_found; /* only if is_decided */
	enum charset charset;
	uint8_t *columns; /* [width] enum hidden_how; cells behind it are HIDDEN_IN_CELLS */
	size_t width;
	uint64_t decoded; /* cells */
	struct charset_decoder decoder;

	struct import_cell *cells; /* of the row going through */
	size_t *ends;
	size_t cells_cap;
	struct buf text, one;
};

/* Zero-initialised before. What on_row returns ends the reading. */
void hidden_text_init(struct hidden_text *h,
		      enum err (*on_row)(void *arg, const struct import_cells *row,
					 struct err_ctx *e),
		      void *arg);
void hidden_text_free(struct hidden_text *h);
MUST_CHECK enum err hidden_text_row(struct hidden_text *h, const struct import_cells *row,
				    struct err_ctx *e);
/* No more rows: those that are still held back. */
MUST_CHECK enum err hidden_text_end(struct hidden_text *h, struct err_ctx *e);
/* The encoding that column `cell` was found to be in, or NULL. */
const char *hidden_text_of(const struct hidden_text *h, size_t cell);
