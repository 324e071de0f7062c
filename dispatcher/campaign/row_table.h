/* SPDX-License-Identifier: MIT */
/*
 * A table NAME → how many, with the first rows: what a person must look at in a
 * list. Row numbers only, no cell of the list. Pure.
 */
#pragma once

#include <stdint.h>

#include "base/json.h"

#define ROW_TABLE_ROWS 5
#define ROW_TABLE_MAX 128
#define ROW_TABLE_NAME_MAX 64

struct row_table {
	struct row_line {
		char name[ROW_TABLE_NAME_MAX];
		uint64_t count;
		uint64_t rows[ROW_TABLE_ROWS]; /* of the list, from 1 */
	} lines[ROW_TABLE_MAX];
	size_t count;
};

/* row: from 1. Beyond ROW_TABLE_MAX names it is not noted. */
void row_table_add(struct row_table *t, const char *name, uint64_t row);
/* [{what: name, "count", "rows": […]}], most first; the caller's. */
json_t *row_table_json(const struct row_table *t, const char *what);
