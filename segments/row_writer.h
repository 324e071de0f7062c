/* SPDX-License-Identifier: MIT */
/*
 * Rows in order → the blocks of a list. Distances back to the previous row of the same phone are
 * known to who puts the row, or are written afterwards (phone_chain.h). Columns may be added at the
 * end at any time. Pure.
 */
#pragma once

#include "segments/block.h"
#include "segments/phone_chain.h"

/* A row as lists have it; cells[columns], an empty slice = missing. */
struct list_row {
	const struct slice *cells;
	uint64_t phone; /* 0 = none */
	uint8_t carrier;
	bool is_deleted; /* a tombstone: it has neither cells nor a phone */
};

enum row_chaining {
	ROWS_UNCHAINED, /* the distances are of no use, or put with the rows */
	ROWS_NOTED,	/* all distances are 0; shared says who is to be chained afterwards */
};

/* Zero-initialised but for the first four. */
struct row_writer {
	const struct schema *schema; /* borrowed; may grow */
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows);
	void *arg;
	enum row_chaining chaining;
	struct block_builder *builder;
	uint32_t columns; /* that it has */
	struct shared_phones shared;
	uint64_t deleted;  /* of rows */
	uint64_t rows;	   /* numbers given: the next row has this one */
	uint64_t repeated; /* of rows that were put: whose phone an earlier row has */
	struct buf block;
};

void row_writer_free(struct row_writer *w);
void row_writer_add(struct row_writer *w, const struct list_row *row);
/* The same, with its distance. */
void row_writer_put(struct row_writer *w, const struct list_row *row, uint32_t back);
/* The last block. */
void row_writer_end(struct row_writer *w);
