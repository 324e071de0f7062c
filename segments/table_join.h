/* SPDX-License-Identifier: MIT */
/*
 * Several tables as one: the union of their columns, and a table's row in the order of the union.
 * Columns are the same when their names are (ho_ten), the phone is the phone whatever it is called.
 * What comes first decides title and type. No two columns of a table become one: one that is named
 * like the union's phone, and is not it, gets a number that no other column of its table has. Pure.
 *
 *   first table    ho_ten  so_dien_thoai  xa              the union: ho_ten so_dien_thoai xa thon
 *   second table   thon    ho_ten         so_dien_thoai
 */
#pragma once

#include "segments/block.h"

struct table_join {
	struct schema schema; /* the union, grows at the end */
	uint64_t no_room; /* columns that the union of 128 had no room for; their values are lost */
	int map[COLUMNS_MAX]; /* column of the table that is being read → of the union, -1 = no room */
	uint32_t mapped;      /* its columns that are in map */
};

/* s = what is there before the first table (a list's columns); NULL = nothing. */
void table_join_init(struct table_join *j, const struct schema *s);
/* Another table begins. */
void table_join_begin(struct table_join *j);
/* The columns of the table, which may have become more since the last call. */
void table_join_columns(struct table_join *j, const struct schema *table);
/* Column `name` of the union as that of a table with these columns must be, or NULL: it has none. */
const struct column *table_join_like(const struct schema *s, const struct schema *table,
				     uint32_t i);
/* cells[table's columns] → out[union's columns]; what the table does not have is missing. */
void table_join_row(const struct table_join *j, const struct slice *cells, struct slice *out);
