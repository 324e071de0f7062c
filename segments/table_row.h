/* SPDX-License-Identifier: MIT */
/*
 * A row of a table, whatever it came from: a line of a CSV, a row of a sheet. This
 * is what a reader of files hands to an import. Everything is borrowed.
 */
#pragma once

#include "base/buf.h"

/* What the file itself says of a value; a CSV knows text only. */
enum cell_kind { CELL_IS_TEXT, CELL_IS_NUMBER, CELL_IS_DATE, CELL_IS_BOOL };

/*
 * A date is yyyy-mm-dd, a number decimal text as exact as the file has it
 * (8.4912345678E10 is fine), a truth value TRUE or FALSE. A formula is its value.
 */
struct import_cell {
	struct slice text; /* UTF-8 */
	enum cell_kind kind;
	bool is_hidden; /* its column or row is hidden in the sheet */
};

struct import_cells {
	const struct import_cell *cells; /* [count], from the first column of the sheet */
	size_t count;			 /* CSV: at least 1, an empty line is one empty cell */
	uint32_t line; /* its place: line of the file where it begins, or row of the sheet */
};
