/* SPDX-License-Identifier: MIT */
/* The report of several tables that became one: their sums, and the report of each. Pure. */
#pragma once

#include "segments/import.h"

/* A table and where it is from. */
struct import_part {
	const struct import *import;
	const char *seen; /* of a workbook: what was seen, JSON; NULL = it is none */
};

struct import_sum {
	const struct import_part *parts; /* [count] */
	size_t count;
	const struct schema *schema; /* the union of their columns, or what it was added to */
	uint64_t no_room;	     /* columns that it had no room for */
	uint64_t shared_phones, rows_repeated;
};

/* JSON, docs/FORMATS.md "Import report", open at its end: more members may follow. */
void import_sum_report(const struct import_sum *s, struct buf *out);
/* The lists of rejects of all tables as one. */
void import_sum_rejects(const struct import_sum *s, struct buf *out);
