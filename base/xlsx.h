/* SPDX-License-Identifier: MIT */
/*
 * Reads workbooks of spreadsheet programs: SpreadsheetML in a ZIP (ECMA-376,
 * ISO/IEC 29500, transitional and strict), so .xlsx, .xlsm, .xltx. A sheet comes
 * row by row through a callback; macros, formulas and links are never run, the
 * values are those that the program stored last.
 *
 * Memory does not grow with the rows: one row and the shared strings are held,
 * both within limits. Whatever the bytes are, the answer is rows or ERR_INPUT
 * with the sheet and cell; what is no such workbook is recognised by its content
 * and refused with advice. Blocks while it reads: meant for a helper process.
 *
 * What header detection needs beforehand (xlsx_merges) stands behind the rows in
 * the file, so it is a pass of its own, without looking at the rows.
 */
#pragma once

#include "base/err.h"

/* What a sheet can have, in any program. */
#define XLSX_COLUMNS_MAX 16384
#define XLSX_ROWS_MAX 1048576
#define XLSX_TEXT_MAX 32767 /* UTF-16 units of a cell */

/* ---- what a file is, by its content ---- */

enum xlsx_format {
	XLSX_IS_ZIP,   /* a workbook perhaps: xlsx_open says */
	XLSX_IS_TEXT,  /* none of the others: CSV perhaps */
	XLSX_IS_EMPTY, /* no bytes */
	XLSX_IS_OLE,   /* .xls of Excel 97–2003, or a workbook with a password */
	XLSX_IS_HTML,  /* a web page that is called .xls */
	XLSX_IS_XML,   /* XML Spreadsheet 2003, or any other XML */
	XLSX_IS_PDF,
	XLSX_IS_IMAGE,
	XLSX_IS_RAR, /* RAR, 7z, gzip: packed by another program */
};

/* By the first bytes of a file; 512 are enough, blanks and a byte order mark before "<" are skipped. */
enum xlsx_format xlsx_recognise(struct slice head);
/* Refuse a file of this format (neither ZIP nor TEXT) with advice in English and Vietnamese. */
enum err xlsx_refuse(enum xlsx_format f, const char *file, struct err_ctx *e);

/* ---- workbook ---- */

struct xlsx_options {
	const char *file;	/* its name in errors; NULL = the path */
	uint64_t strings_max;	/* bytes for shared strings in memory; 0 = 256 MiB, at most 2 GiB */
	uint64_t part_max;	/* bytes of a sheet or of the shared strings, inflated; 0 = 4 GiB */
	uint32_t inflation_max; /* bytes from one packed byte, beyond the first 16 MiB; 0 = 300 */
};

enum xlsx_visibility {
	XLSX_VISIBLE,
	XLSX_HIDDEN,
	XLSX_VERY_HIDDEN, /* only macros can show it */
};

/* An area of cells; rows and columns count from 1, both ends belong to it. */
struct xlsx_area {
	uint32_t first_row, last_row;
	uint32_t first_column, last_column;
};

struct xlsx_sheet {
	const char *name; /* UTF-8 */
	enum xlsx_visibility visibility;
	/* The area that the program says has cells: a hint, may be too large or too small;
	   all 0 = it says nothing */
	struct xlsx_area dimension;
};

struct xlsx;

/*
 * Opens a workbook and reads what it says of its sheets. ERR_INPUT: it is none, or damaged, or
 * against the limits; ERR_SYSTEM: the file cannot be read. *out is NULL then.
 */
MUST_CHECK enum err xlsx_open(const char *path, const struct xlsx_options *o, struct xlsx **out,
			      struct err_ctx *e);
void xlsx_close(struct xlsx *x);

/* Sheets with cells, in the order of the tabs; chart sheets are left out. At least one. */
size_t xlsx_sheet_count(const struct xlsx *x);
const struct xlsx_sheet *xlsx_sheet(const struct xlsx *x, size_t sheet);
/* Is this column (from 1) hidden, or 0 wide? */
bool xlsx_column_is_hidden(const struct xlsx *x, size_t sheet, uint32_t column);
/* The sheet that was on top when the workbook was saved. */
size_t xlsx_active_sheet(const struct xlsx *x);

/* ---- rows ---- */

enum xlsx_kind {
	XLSX_EMPTY = 0, /* no value, or a text of no letters */
	XLSX_TEXT,   /* shared, inline or a formula's; rich text joined, phonetic guides left out */
	XLSX_NUMBER, /* neither a date nor a time by its number format */
	XLSX_DATE,   /* "yyyy-mm-dd", or "yyyy-mm-dd hh:mm:ss" if it has a time of day too */
	XLSX_TIME,   /* "hh:mm:ss", hours beyond 23 if it is a duration */
	XLSX_BOOL,   /* "TRUE", "FALSE" */
	XLSX_ERROR,  /* "#N/A", "#REF!", … */
	XLSX_UNCALCULATED, /* a formula without a stored value: no program has calculated it yet */
};

struct xlsx_cell {
	enum xlsx_kind kind;
	bool is_formula;
	bool is_hidden; /* its column is */
	/*
	 * What a person sees, roughly: UTF-8, as XLSX_* says; "" for EMPTY and UNCALCULATED. A number
	 * without exponent and without ".0": digits as they are where it is a whole number of at most
	 * 15 digits (8.4912345678E10 is 84912345678), else rounded to the 15 digits that Excel has;
	 * as written where it has no such form. Leading zeros of numbers are lost in the file already.
	 */
	struct slice text;
	/* A number, date or time exactly as the file has it; for others the same as text. */
	struct slice raw;
};

/*
 * cells[i] is column i + 1; the last one is not EMPTY, those left out in between are. Rows without
 * a value are not delivered, so numbers may jump; they always grow. All slices live during the call.
 */
struct xlsx_row {
	uint32_t number; /* from 1, as the program shows it */
	bool is_hidden;	 /* by hand or by a filter, or 0 high */
	const struct xlsx_cell *cells;
	uint32_t count;
	uint32_t beyond; /* cells with a value right of columns_max: not delivered */
};

struct xlsx_reading {
	uint32_t columns_max; /* cells of a row to deliver; 0 = XLSX_COLUMNS_MAX */
	uint32_t rows_max;    /* read until this row number; 0 = all */
	/* Anything but ERR_OK ends the reading and is what xlsx_read returns. */
	enum err (*on_row)(void *arg, const struct xlsx_row *row, struct err_ctx *e);
	void *arg;
};

/*
 * Reads one sheet from its first row. May be called again, for the same sheet too. The first time
 * the shared strings are loaded. ERR_INPUT with "sheet …, cell C17: …", e->line the row and
 * e->column the column; the rows before it were delivered, so the caller has to take them back.
 */
MUST_CHECK enum err xlsx_read(struct xlsx *x, size_t sheet, const struct xlsx_reading *r,
			      struct err_ctx *e);

/* ---- merged cells ---- */

struct xlsx_merges {
	struct xlsx_area
		*areas; /* by first row, then first column; those of one cell are left out */
	size_t count;
};

/*
 * The merged areas that begin in the first rows_max rows (0 = all). Their value stands in the cell
 * at the top left, the others are empty. Free with xlsx_merges_free, also after an error.
 */
MUST_CHECK enum err xlsx_merges(struct xlsx *x, size_t sheet, uint32_t rows_max,
				struct xlsx_merges *out, struct err_ctx *e);
void xlsx_merges_free(struct xlsx_merges *m);

/* ---- texts and names of cells ---- */

/* Longer than XLSX_TEXT_MAX? */
bool xlsx_text_is_long(struct slice s);

/* "A", "XFD" of a column (from 1). */
void xlsx_column_name(uint32_t column, char out[8]);
/* "C17" → row 17, column 3, "$" ignored; false when it is no cell of a sheet. */
bool xlsx_cell_of_name(struct slice name, uint32_t *row, uint32_t *column);
