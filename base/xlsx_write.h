/* SPDX-License-Identifier: MIT */
/*
 * Writes a table as a workbook, row by row (by libxlsxwriter): a bold title row
 * that stays in sight, then the rows. Memory does not grow with them: each row
 * goes to a temporary file when the next one begins.
 *
 * Text is written as text, never as a formula or a link, whatever it begins with,
 * so phones and codes keep their zeros and nothing is run when somebody opens the
 * file. Where a sheet is full, another one with the same title row follows.
 * Blocks while it writes: meant for a helper process, or small tables.
 */
#pragma once

#include "base/xlsx.h"

enum xlsx_write_kind {
	XLSX_WRITE_TEXT,
	/* text is a decimal number of at most 15 digits without leading zeros; else it is written as text */
	XLSX_WRITE_NUMBER,
	XLSX_WRITE_DATE, /* text is yyyy-mm-dd from 1900-03-01 on; anything else as text */
};

struct xlsx_write_cell {
	enum xlsx_write_kind kind;
	struct slice text; /* n = 0: the cell stays empty */
};

struct xlsx_write_options {
	const char *sheet;  /* its name: cut to 31 characters, those that it may not have are '-' */
	const char *folder; /* for temporary files, if it is there; NULL = TMPDIR, or /tmp */
	uint32_t rows_max;  /* rows of a sheet, at least 2 with the title row; 0 = XLSX_ROWS_MAX */
	const struct slice *titles; /* [columns] */
	uint32_t columns;	    /* at most XLSX_COLUMNS_MAX */
};

struct xlsx_write;

/* The file appears, or is replaced, when it is finished. ERR_SYSTEM; *out is NULL then. */
MUST_CHECK enum err xlsx_write_open(const char *path, const struct xlsx_write_options *o,
				    struct xlsx_write **out, struct err_ctx *e);
/*
 * One row of the columns. ERR_INPUT with row and column: a text that no cell can hold: not UTF-8,
 * a NUL, U+FFFE or U+FFFF in it, longer than 32,767 UTF-16 units. The row counts from 1 behind the title row.
 */
MUST_CHECK enum err xlsx_write_row(struct xlsx_write *w, const struct xlsx_write_cell *cells,
				   struct err_ctx *e);
/* Writes the file and frees w, also after an error. */
MUST_CHECK enum err xlsx_write_finish(struct xlsx_write *w, struct err_ctx *e);
/* Frees w without a file. */
void xlsx_write_abort(struct xlsx_write *w);
