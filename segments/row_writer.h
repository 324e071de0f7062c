/* SPDX-License-Identifier: MIT */
/*
 * Rows in order → the blocks of a list, with the distance back to the previous row of the same
 * phone, if that is wanted at once. Columns may be added at the end at any time. Pure.
 */
#pragma once

#include "segments/block.h"
#include "segments/last_row.h"
#include "segments/phone_chain.h"

/* A row as lists have it; cells[columns], an empty slice = missing. */
struct list_row {
	const struct slice *cells;
	uint64_t phone; /* 0 = none */
	uint8_t carrier;
	bool is_deleted; /* a tombstone: it has neither cells nor a phone */
};

enum row_chaining {
	ROWS_CHAINED,	/* 8 to 16 bytes of memory a phone */
	ROWS_NOTED,	/* all distances are 0; shared says who is to be chained afterwards */
	ROWS_UNCHAINED, /* the distances are of no use */
};

/* Zero-initialised but for the first four. */
struct row_writer {
	const struct schema *schema; /* borrowed; may grow */
	void (*on_block)(void *arg, struct slice bytes, uint32_t rows);
	void *arg;
	enum row_chaining chaining;
	struct block_builder *builder;
	uint32_t columns; /* that it has */
	struct last_row last_row;
	struct shared_phones shared;
	uint64_t deleted;  /* of rows */
	uint64_t rows;	   /* numbers given: the next row has this one */
	uint64_t repeated; /* of chained rows: whose phone an earlier row has */
	struct buf block;
};

void row_writer_free(struct row_writer *w);
void row_writer_add(struct row_writer *w, const struct list_row *row);
/* The same, where the distance is known. */
void row_writer_put(struct row_writer *w, const struct list_row *row, uint32_t back);
/* The last block. */
void row_writer_end(struct row_writer *w);
