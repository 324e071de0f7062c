/* SPDX-License-Identifier: MIT */
/*
 * CSV → blocks. Pure: bytes are fed in slices of any size, blocks come out
 * through a callback, a report and the rejected rows at the end. UTF-8 with or
 * without BOM; separator , ; or tab found from the header; quotes as in RFC
 * 4180. The first non-empty line is the header; Vietnamese headers are mapped to
 * column names (`Họ và tên` → ho_ten), the phone column by synonyms.
 *
 * The invariant: rows read = kept + each kind of reject, whatever the input.
 */
#pragma once

#include "base/err.h"
#include "segments/block.h"

struct import;

struct import_options {
	const char *file;	  /* its name in errors */
	const char *phone_column; /* header or name of the phone column; NULL = by synonyms */
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows);
	void *arg;
};

struct import *import_new(const struct import_options *o);
void import_free(struct import *im);

/*
 * Errors of the file as a whole (not UTF-8, no phone column, no header, a row
 * beyond limits) end the import: ERR_INPUT with line and column. Nothing may be
 * fed after an error.
 */
MUST_CHECK enum err import_feed(struct import *im, struct slice bytes, struct err_ctx *e);
/* The last block; checks that the file was complete (no open quote, at least one row kept). */
MUST_CHECK enum err import_finish(struct import *im, struct err_ctx *e);

/*
 * After the header was read, and after finish. The columns'
 * types are decided from the first 256 rows kept, dates (d/m/yyyy, yyyy-m-d, yyyy)
 * are rewritten; a later value that is not of the type stays as text and is
 * counted as a misfit. Before, all types are TEXT.
 */
const struct schema *import_schema(const struct import *im);
uint64_t import_rows_kept(const struct import *im);
uint64_t import_rows_read(const struct import *im);
/* JSON, docs/FORMATS.md "Import report": rows read = kept + rejects by reason; columns; repairs. */
void import_report(const struct import *im, struct buf *out);
/*
 * The rejected rows as CSV: their cells, line and reason (Vietnamese, English); at
 * most 10,000 and 2 MB, 100 of them empty. The report counts all.
 */
struct slice import_rejects(const struct import *im);
