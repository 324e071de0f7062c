/* SPDX-License-Identifier: MIT */
/*
 * Tables on their way into a list: files, or sheets of a workbook, one after the other. Each is read
 * by an import of its own; their rows go on with the columns of all of them, as the blocks of the
 * list, or (an update) as blocks that list_merge.h brings together with what the list has.
 */
#pragma once

#include "segments/import_sum.h"
#include "segments/list.h"
#include "segments/merge_row.h"
#include "segments/row_keys.h"
#include "segments/row_writer.h"
#include "segments/table_join.h"

#define TABLES_MAX 200u

struct import_table {
	struct import *import;
	char *label;	      /* "a.csv", "b.xlsx, Tổ 1" */
	char *seen;	      /* of a workbook: JSON; NULL = none */
	size_t first;	      /* its first row, of those with a key that were handed on */
	int map[COLUMNS_MAX]; /* [mapped] its columns in the union, -1 = not there */
	uint32_t mapped;
};

struct import_tables {
	struct import_table *all; /* [count] */
	size_t count;		  /* the last one is being read */
	struct table_join join;
	struct row_writer rows;
	struct reject_room room;
	bool is_alone;

	enum merge_mode mode;
	bool is_keyed;	       /* rows with the same key are told apart, or found in the list */
	char key[64];	       /* column: its name, of a replacement a title too; "" = the phone */
	struct row_keys *keys; /* NULL = not needed, or the columns are not known yet */
	uint32_t *lines;       /* [row_keys_count]: where the rows were */
	size_t line_cap;
	struct buf about; /* scratch */
	bool is_full;	  /* more rows than an update may have */

	/* What an update came to. */
	uint32_t columns_before; /* of the list */
	uint64_t rows_before, rows_after, shared_phones, rows_repeated;
	uint64_t updated, unchanged, appended;
	uint64_t not_told; /* updated or unchanged: only sensitive values would say which */
};

struct import_tables_options {
	enum merge_mode mode;
	const char *key;	 /* "" = the phone; NULL = rows with the same key are no matter */
	const struct list *list; /* that is updated; NULL = none */
	bool is_alone;		 /* one file and one sheet: rejects need not name it */
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows); /* of the rows */
	void *arg;
};
struct import_tables *import_tables_new(const struct import_tables_options *o);
void import_tables_free(struct import_tables *t);
/* Another table begins: o without what is of its place among others. ERR_INPUT: too many. */
MUST_CHECK enum err import_tables_add(struct import_tables *t, struct import_options o,
				      struct err_ctx *e);
/* Is there anything that ends the import? Asked when rows were read. */
MUST_CHECK enum err import_tables_check(const struct import_tables *t, struct err_ctx *e);
/* Row `row` of those that were handed on is rejected after all; cells of the union. */
void import_tables_reject(struct import_tables *t, size_t row, const struct slice *cells,
			  const char *reason);
/* The last one is of this sheet. */
void import_tables_name_sheet(struct import_tables *t, const char *file, const char *sheet);
/* The last one's rows are here. */
void import_tables_set_seen(struct import_tables *t, struct slice seen);
uint64_t import_tables_rows_read(const struct import_tables *t);
uint64_t import_tables_rows_kept(const struct import_tables *t);
/* Open at its end. */
void import_tables_report(const struct import_tables *t, struct buf *out);
void import_tables_rejects(const struct import_tables *t, struct buf *out);
