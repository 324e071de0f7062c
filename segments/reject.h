/* SPDX-License-Identifier: MIT */
/*
 * Rows an import could not use: counted by reason, and the first of them kept as
 * CSV with the line and the reason in Vietnamese and English, ready to be mended
 * and imported again. Pure.
 */
#pragma once

#include "segments/table_row.h"

#define REJECTS_ROWS_MAX 10000u
#define REJECTS_BYTES_MAX (2u << 20)
#define TALLY_MAX 48u

/* Counts by name, in the order of first use. Names are borrowed and must stay. */
struct tally {
	const char *names[TALLY_MAX];
	uint64_t counts[TALLY_MAX];
	size_t used;
};

void tally_add(struct tally *t, const char *name, uint64_t n);
/* {"name":n, …} */
void tally_add_json(const struct tally *t, struct buf *out);
/* For a person: "too-short 1, empty 1". */
void tally_add_words(const struct tally *t, struct buf *out);

/* How much of a list of rejects is used, where several tables share one. */
struct reject_room {
	uint64_t rows;
	size_t bytes;
};

/* Zero-initialised but for the first two. */
struct rejects {
	const char *file; /* borrowed: a column more names it; NULL = there is one file only */
	struct reject_room *room; /* borrowed; NULL = of its own */
	struct tally reasons;
	uint64_t rows;	 /* all of them */
	uint64_t listed; /* those in csv */
	struct buf csv;
	size_t titles_bytes; /* of csv: the mark and the titles */
	uint32_t titles;     /* columns of the header */
	char separator;
	uint8_t *is_hidden; /* [titles] */
};

/*
 * The header of the CSV: the file's own, then line and reasons. lower: the second row of titles,
 * NULL = there is one row.
 */
void rejects_begin(struct rejects *r, const struct import_cells *header,
		   const struct import_cells *lower, char separator);
/* The cells of that column are left empty: what a list may not hold is not kept with its rejects. */
void rejects_hide(struct rejects *r, size_t column);
/* Cells beyond the header's stand behind the reason, so that the columns stay in line. */
void rejects_add(struct rejects *r, const struct import_cells *row, const char *reason);
/* A reason that names another row: where it is, "12" or "12 (a.csv)". */
void rejects_add_about(struct rejects *r, const struct import_cells *row, const char *reason,
		       struct slice place);
/* Append the CSV of b to that of a: without titles that are the same. */
void rejects_join(struct buf *a, struct slice *titles_before, const struct rejects *b);
void rejects_free(struct rejects *r);
