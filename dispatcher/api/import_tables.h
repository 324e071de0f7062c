/* SPDX-License-Identifier: MIT */
/*
 * Several tables on their way into one list: files, or sheets of a workbook, one after the other.
 * Each is read by an import of its own; their rows go on with the columns of all of them.
 */
#pragma once

#include "segments/import_sum.h"
#include "segments/row_writer.h"
#include "segments/table_join.h"

#define TABLES_MAX 200u

struct import_table {
	struct import *import;
	char *label;	      /* "a.csv", "b.xlsx, Tổ 1" */
	char *seen;	      /* of a workbook: JSON; NULL = none */
	int map[COLUMNS_MAX]; /* its columns in the union; those of rows that were handed on */
};

struct import_tables {
	struct import_table *all; /* [count] */
	size_t count;		  /* the last one is being read */
	struct table_join join;
	struct row_writer rows;
	struct reject_room room;
};

/* on_block gets the list's blocks. */
struct import_tables *
import_tables_new(void (*on_block)(void *arg, struct slice bytes, uint32_t rows), void *arg);
void import_tables_free(struct import_tables *t);
/* Another table begins: o without what is of its place among others. ERR_INPUT: too many. */
MUST_CHECK enum err import_tables_add(struct import_tables *t, struct import_options o,
				      struct err_ctx *e);
/* The last one is of this sheet. */
void import_tables_name_sheet(struct import_tables *t, const char *file, const char *sheet);
/* The last one's rows are here. */
void import_tables_set_seen(struct import_tables *t, struct slice seen);
uint64_t import_tables_rows_read(const struct import_tables *t);
uint64_t import_tables_rows_kept(const struct import_tables *t);
/* Open at its end. */
void import_tables_report(const struct import_tables *t, struct buf *out);
void import_tables_rejects(const struct import_tables *t, struct buf *out);
