/* SPDX-License-Identifier: MIT */
/*
 * Rows that share a phone, chained backwards: which row has it before this one. Of a list of
 * millions few phones are shared, so a first reading finds which they are (phone_set.h), and a
 * second one chains their rows: four bytes a shared phone, beside the set's two. Pure.
 *
 *   a new list  shared_phones of its rows ─▶ all blocks are written ─▶ a sweep chains their people
 *   an update   of what the list's blocks say (shared_phones_of_block), and what is changed or
 *               added ─▶ its blocks are rewritten, with the distances at once (rewrite.h)
 */
#pragma once

#include "segments/block.h"
#include "segments/phone_set.h"

/* ---- the first reading ---- */

/* Which phones are shared; zero-initialised = none yet. */
struct shared_phones {
	struct phone_set *all;	  /* NULL = none was added, or it is over */
	struct phone_set *shared; /* NULL = there are none, it is not over, or they were taken */
	uint64_t count;		  /* of them; known at the end, as is: */
	uint64_t rows_repeated;	  /* whose phone an earlier row has */
};

/* A row has it: 84 and nine digits. Now and then a millisecond or two. */
void shared_phones_add(struct shared_phones *s, uint64_t phone);
/* No more rows. */
void shared_phones_end(struct shared_phones *s);
/* Those of several rows, the caller's from now on; NULL = there are none. */
struct phone_set *shared_phones_take(struct shared_phones *s);
void shared_phones_free(struct shared_phones *s);
/*
 * Or of a block of a list that is chained, whose people were read: those of its phones that an
 * earlier row of the list has. ERR_SYSTEM: a number is no phone, the block is damaged.
 */
MUST_CHECK enum err shared_phones_of_block(struct phone_set *shared, const struct block *b,
					   struct err_ctx *e);

/* ---- the second one ---- */

struct phone_chain;

/* shared: settled, at least the phones that stand in several rows; it is the chain's from now on. */
struct phone_chain *phone_chain_new(struct phone_set *shared);
void phone_chain_free(struct phone_chain *c);
/* Row `row`, greater than all before, has the phone: the distance to its previous row, 0 = none. */
uint32_t phone_chain_put(struct phone_chain *c, uint64_t phone, uint32_t row);
/* Phones that were put on several rows. */
uint64_t phone_chain_count(const struct phone_chain *c);
/*
 * Or the next block, whose people were read; its first row is number `first`. Appends the piece about
 * them with the distances of all rows. False: no row has one; nothing is appended.
 */
bool phone_chain_block(struct phone_chain *c, uint32_t first, const struct block *b,
		       struct buf *people);
