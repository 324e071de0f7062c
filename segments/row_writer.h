/* SPDX-License-Identifier: MIT */
/*
 * Rows in order → the blocks of a list, with the distance back to the previous row of the same
 * phone. Columns may be added at the end at any time. Pure.
 */
#pragma once

#include "segments/block.h"
#include "segments/last_row.h"

/* A row as lists have it; cells[columns], an empty slice = missing. */
struct list_row {
	const struct slice *cells;
	uint64_t phone; /* 0 = none */
	uint8_t carrier;
	bool is_deleted; /* a tombstone: it has neither cells nor a phone */
};

/* Zero-initialised but for the first four. */
struct row_writer {
	const struct schema *schema; /* borrowed; may grow */
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows);
	void *arg;
	bool is_unchained; /* the distances are of no use: none is looked up */
	struct block_builder *builder;
	uint32_t columns; /* that it has */
	struct last_row last_row;
	uint64_t deleted;  /* of rows */
	uint64_t rows;	   /* numbers given: the next row has this one */
	uint64_t repeated; /* whose phone an earlier row has */
	struct buf block;
};

void row_writer_free(struct row_writer *w);
void row_writer_add(struct row_writer *w, const struct list_row *row);
/* The same, where the distance is known. */
void row_writer_put(struct row_writer *w, const struct list_row *row, uint32_t back);
/* The last block. */
void row_writer_end(struct row_writer *w);
