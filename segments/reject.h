/* SPDX-License-Identifier: MIT */
/*
 * Rows an import could not use: counted by reason, and the first of them kept as
 * CSV with the line and the reason in Vietnamese and English, ready to be mended
 * and imported again. Pure.
 */
#pragma once

#include "base/csv.h"

#define REJECTS_ROWS_MAX 10000u
#define REJECTS_BYTES_MAX (2u << 20)
#define REJECTS_EMPTY_MAX 100u /* empty rows listed: thousands of them must not hide the others */
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

struct rejects {
	struct tally reasons;
	uint64_t rows;	 /* all of them */
	uint64_t listed; /* those in csv */
	uint64_t empty;	 /* empty rows */
	struct buf csv;
	uint32_t titles; /* columns of the header */
	char separator;
};

/* The header of the CSV: the file's own, then line and reasons. */
void rejects_begin(struct rejects *r, const struct csv_row *header, char separator);
/* Cells beyond the header's stand behind the reason, so that the columns stay in line. */
void rejects_add(struct rejects *r, const struct csv_row *row, const char *reason);
void rejects_free(struct rejects *r);
