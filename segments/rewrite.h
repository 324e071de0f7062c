/* SPDX-License-Identifier: MIT */
/*
 * The blocks of a version of a list, in order → those of the next one. A block in which no row
 * changes, the distances to earlier rows of the same phone included, stays as it is and is shared
 * by both versions. Rows keep their numbers: what is added comes behind, what is taken away
 * becomes a tombstone. Pure.
 *
 * Distances are known at once, from the phones that may stand on several rows of the new version: six
 * bytes of each. They are found before, in a reading of the list's people: those that have a
 * distance already, and all phones that are added or may be set.
 */
#pragma once

#include "segments/row_writer.h"

struct rewrite_options {
	const struct schema *schema; /* of the new version; borrowed, does not change */
	/*
	 * Where its columns were: [schema->count], -1 = nowhere. NULL: each where it was, columns
	 * that the old version does not have at the end.
	 */
	const int *from;
	/* Those phones, settled; the rewrite's from now on. */
	struct phone_set *shared;
	bool has_more; /* rows will be added: the last block may be an open one */
	/*
	 * Row `row` of the list, which is no tombstone; cells are the row's and may be changed, to
	 * what lives until rewrite_block returns. True: it is another one now.
	 */
	bool (*edit)(void *arg, uint32_t row, struct slice *cells, struct list_row *r);
	void (*on_same)(void *arg, uint32_t index, uint32_t rows);	/* NULL = nobody asks */
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows); /* rows: no tombstones */
	void *arg;
};

struct rewrite;
struct rewrite *rewrite_new(const struct rewrite_options *o);
void rewrite_free(struct rewrite *rw);
/* The next block, number index. ERR_SYSTEM: it is damaged, or there was an open one before. */
MUST_CHECK enum err rewrite_block(struct rewrite *rw, uint32_t index, const struct block *b,
				  struct err_ctx *e);
/* All blocks were here: a row more. */
void rewrite_add(struct rewrite *rw, const struct list_row *row);
/* No more rows. */
void rewrite_end(struct rewrite *rw);
/* What came of it: rows without tombstones, phones on several rows, rows that repeat one. */
uint64_t rewrite_rows(const struct rewrite *rw);
uint64_t rewrite_shared_phones(const struct rewrite *rw);
uint64_t rewrite_repeated(const struct rewrite *rw);
