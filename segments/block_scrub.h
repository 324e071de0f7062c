/* SPDX-License-Identifier: MIT */
/*
 * A block without a person: rows with the phone become empty tombstones, their row numbers stay;
 * cells of other rows that name the phone lose it. All else stays, what is in a cell to the letter.
 * Pure.
 */
#pragma once

#include "segments/block.h"
#include "segments/phone_trace.h"

struct block_scrubbed {
	uint32_t rows;	/* of the person */
	uint32_t cells; /* of other rows that named it */
};

/* What there is to scrub; the block was opened with all its pieces. */
struct block_scrubbed block_scrub_count(struct block *b, const struct phone_trace *t);
/* Append the new block to out, as block_builder_finish does. */
struct block_scrubbed block_scrub(struct block *b, const struct phone_trace *t, struct buf *out);
