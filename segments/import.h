/* SPDX-License-Identifier: MIT */
/*
 * A table → blocks. Pure: rows of cells come from a source, or the bytes of a CSV
 * in slices of any size; blocks go out through a callback, a report and the
 * rejected rows at the end.
 *
 *   bytes ─▶ text (charset.h) ─▶ CSV ─┐
 *                                     ├─▶ import_row ─▶ text of old fonts (hidden_text.h)
 *   a workbook ───────────────────────┘     ─▶ where the table begins (table_shape.h)
 *                                           ─▶ its columns (import_columns.h)
 *                                           ─▶ who is a person (row_kind.h) ─▶ blocks
 *
 * The invariant: rows read = kept + left out by kind + rejected by reason, whatever the
 * input. The rows of titles are none of them; every other row is.
 */
#pragma once

#include "base/err.h"
#include "segments/headers.h"
#include "segments/import_choices.h"
#include "segments/phone_set.h"
#include "segments/reject.h"
#include "segments/table_row.h"

struct import;

/* A row that can be used. */
struct import_kept {
	const struct slice *cells; /* of the columns of import_schema */
	uint64_t phone;		   /* 0 = none, where it may be missing */
	uint8_t carrier;
	uint32_t line;
};

struct import_options {
	const char *file;     /* its name in errors */
	const char *row_word; /* what errors call a row's place; NULL = "line" */
	/*
	 * Of a CSV: by charset.h, NULL = found by content. Of other rows: what the report shall say.
	 */
	const char *encoding;
	const struct headers *headers;	      /* borrowed; NULL = of its own */
	const struct import_choices *choices; /* NULL = none; copied */
	/*
	 * What was chosen before for a table with these titles, as import_choices_read has it, or
	 * NULL. Asked once, when nothing is chosen now.
	 */
	const char *(*recall)(void *arg, const char *fingerprint);
	uint32_t sample; /* kept rows that the report shows as they were understood */
	/* No row of a block knows yet which earlier row has its phone: import_take_shared. */
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows);
	/*
	 * Or: the rows themselves, no blocks are made. NULL = it is kept; else why it is not, and
	 * about which other row that is, if it is.
	 */
	const char *(*on_kept)(void *arg, const struct import_kept *row, struct slice *about);
	void *arg;
	/*
	 * It becomes a part of what has these columns: those of the same name have their types.
	 * Borrowed, may grow meanwhile; NULL = it stands alone.
	 */
	const struct schema *like;
	/*
	 * Its rows are found by this column: where it is there, the column of phones may be missing,
	 * and phones too. Borrowed; NULL = nobody without a phone is kept.
	 */
	const char *key;
	/* One of several files: its name in the list of rejects, which shares this room. NULL. */
	const char *reject_file;
	struct reject_room *reject_room; /* borrowed */
};

struct import *import_new(const struct import_options *o);
void import_free(struct import *im);

/* ---- rows, from any source ---- */

/*
 * Errors of the table as a whole (no phone column, two that look like it, a choice that
 * names none) end the import: ERR_INPUT with the row's place. Nothing may come after an error.
 */
MUST_CHECK enum err import_row(struct import *im, const struct import_cells *row,
			       struct err_ctx *e);
/* No more rows: the last block. ERR_INPUT when no row was kept. */
MUST_CHECK enum err import_end(struct import *im, struct err_ctx *e);

/* ---- a CSV ---- */

/*
 * In the encoding that was given, or found (charset.h): in doubt ERR_INPUT with the candidates
 * and a sample. The separator , ; or tab is found from the first lines; quotes as
 * in RFC 4180. Besides those of rows there are errors of bytes: not UTF-8, a cell or row beyond
 * limits; with line and column.
 */
MUST_CHECK enum err import_feed(struct import *im, struct slice bytes, struct err_ctx *e);
/* import_end, and checks that the file was complete (no open quote). */
MUST_CHECK enum err import_finish(struct import *im, struct err_ctx *e);

/* ---- what came of it ---- */

/*
 * After the titles were read, and after the end. The columns' types are decided from the first
 * 256 rows kept (column_type.h), dates are rewritten; a later value that is not of the type stays
 * as text and is counted as a misfit. Columns may be added at the end as long as rows come.
 */
const struct schema *import_schema(const struct import *im);
uint64_t import_rows_kept(const struct import *im);
uint64_t import_rows_read(const struct import *im);
/*
 * After the end, of the rows in blocks: the phones that several of them have, with which the
 * distances are written (list_writer_chain); the caller's from now on. NULL = there are none.
 */
struct phone_set *import_take_shared(struct import *im);
/* JSON, docs/FORMATS.md "Import report". */
void import_report(const struct import *im, struct buf *out);
/*
 * The rejected rows as CSV: their cells, line and reason (Vietnamese, English); at
 * most 10,000 and 2 MB. The report counts all.
 */
struct slice import_rejects(const struct import *im);
const struct rejects *import_reject_list(const struct import *im);
/* One of several files: its name from here on, copied. */
void import_name_reject_file(struct import *im, const char *name);
/* A row that was kept is rejected after all, by who has it; cells as on_kept had them. */
void import_reject_kept(struct import *im, const struct import_kept *row, const char *reason,
			struct slice about);
/* Of the titles; "" before they were read. What was chosen for them; is_remembered: by recall. */
const char *import_fingerprint(const struct import *im);
const struct import_choices *import_chosen(const struct import *im, bool *is_remembered);
