/* SPDX-License-Identifier: MIT */
/* What the files of an import share: its rows (import.c), bytes of a CSV, report. */
#pragma once

#include "base/csv.h"
#include "base/mem.h"
#include "segments/cell.h"
#include "segments/charset.h"
#include "segments/column_type.h"
#include "segments/hidden_text.h"
#include "segments/import.h"
#include "segments/import_columns.h"
#include "segments/phone.h"
#include "segments/phone_chain.h"
#include "segments/reject.h"
#include "segments/row_kind.h"

/* A kept row: its columns' values. */
struct kept {
	struct slice cells[COLUMNS_MAX]; /* [columns] are set */
	uint64_t phone;
	uint8_t carrier;
	uint32_t line;
};

/* The first rows, until the types are known. */
struct waiting {
	struct kept rows[BLOCK_ROWS];
	uint32_t count;
	struct arena memory; /* of their cells */
};

struct column_count {
	uint64_t filled;
	uint64_t misfits; /* values that are not of the column's type */
};

#define CSV_HEAD_LINES 24u /* lines with text that are looked at for the separator */

/* The bytes of a CSV on their way to rows. */
struct import_csv {
	struct buf head; /* what was fed before the separator was known */
	struct csv_sniff sniff;
	size_t sniffed;			    /* bytes of head that it has gone over */
	uint32_t lines;			    /* of the head, with text */
	uint16_t counts[CSV_HEAD_LINES][3]; /* how many of each separator they have */
	bool has_nul;			    /* somewhere in what was fed */
	char separator;
	struct csv *csv; /* NULL = not known yet */
	struct import_cell *cells;
	size_t cells_cap;
};

/* The bytes of a file before that, until and after their encoding is known. */
struct import_bytes {
	enum charset given; /* only if is_given */
	bool is_given;
	bool has_begun; /* ASCII was passed on */
	bool is_known;	/* the decoder has begun */
	struct buf head;
	uint32_t line, column; /* of the head's first byte, 0-based */
	struct charset_decoder decoder;
	struct buf text, sample;
};

struct import {
	char *file, *row_word, *encoding;
	struct import_choices choices;
	bool is_remembered;
	const char *(*recall)(void *arg, const char *fingerprint);
	uint32_t sample_rows;
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows);
	const char *(*on_kept)(void *arg, const struct import_kept *row, struct slice *about);
	void *arg;
	const struct schema *like; /* NULL = none */
	char *reject_file;	   /* NULL = none */
	bool is_over;		   /* finished, or ended by an error */

	struct import_bytes bytes;
	struct import_csv csv;
	struct hidden_text hidden; /* all rows go through it */
	const struct headers *headers;
	struct headers *own_headers; /* NULL = they are borrowed */
	struct table_shape *shape;   /* until the titles are known; NULL afterwards */
	struct import_columns columns;
	bool has_header;
	uint32_t header_line, header_rows;
	struct row_table table;
	struct arena titles; /* of table.titles */

	struct buf text;		      /* cells of the row being read, cleaned */
	struct slice *cells;		      /* [columns.width] in it */
	size_t *ends;			      /* [columns.width] */
	struct buf group;		      /* the last group row's name */
	struct phone_cell phone;	      /* of the row being read */
	char numbers[PHONES_IN_CELL_MAX][16]; /* its further numbers */
	char dates[COLUMNS_MAX][11];	      /* its dates, rewritten */
	bool is_misfit[COLUMNS_MAX];	      /* its cells that are not of the column's type */

	struct waiting *waiting;       /* NULL once the types are known */
	struct block_builder *builder; /* NULL until then */
	struct buf block;
	struct shared_phones shared; /* of the rows in blocks */

	uint64_t rows_read, rows_kept;
	uint64_t rows_below; /* the titles */
	uint64_t left_out[ROW_KINDS];
	struct rejects rejects;
	struct tally repairs;
	struct column_count counts[COLUMNS_MAX];
	struct buf sample; /* JSON objects with commas between */
};

enum err import_set_place(struct err_ctx *e, uint32_t line, uint32_t column);
/* Nothing of the file can be used: why. */
enum err import_fail_unusable(const struct import *im, struct err_ctx *e);
void import_csv_free(struct import_csv *c);
/* The text of a CSV, as UTF-8. */
MUST_CHECK enum err import_csv_feed(struct import *im, struct slice text, struct err_ctx *e);
void import_bytes_free(struct import_bytes *b);
/* Its bytes as they come; the end gives what was held back. */
MUST_CHECK enum err import_bytes_feed(struct import *im, struct slice bytes, struct err_ctx *e);
MUST_CHECK enum err import_bytes_end(struct import *im, struct err_ctx *e);
/* Its cells go to the list of rejects. */
void import_list_kept(struct import *im, const struct import_kept *row, const char *reason,
		      struct slice about);
/* The row as it was understood, for the report's sample. */
void import_add_sample(struct import *im, const struct slice *cells);
