/* SPDX-License-Identifier: MIT */
/*
 * Who is in a run: all rows that its segments matched, in row order. A row that
 * may not be sent to is in it too, with its end (same phone, no phone, no
 * route): exclusions are states, not absences. Pure: blocks in, decisions out;
 * `freeze` writes them down, `preview` counts them. Who has not consented is not in the way of a
 * later row with the same phone.
 *
 * With per: phone, rows that share a phone get one message: the first of them
 * that is in the audience. Rows are chained backwards by the list
 * (block_same_back), and the chain of a row is remembered here, so memory is
 * one bit a row plus 8 bytes per row that shares a phone.
 *
 * Of several lists, one behind the other, a query looks at the rows of its own list only. The
 * chains of a list do not reach into another: the phones of those who get a message are
 * remembered, but for the last list, in sets of some two bytes a phone.
 */
#pragma once

#include "dispatcher/store/record.h"
#include "segments/block.h"
#include "segments/query.h"

enum per { PER_PHONE, PER_ROW };

/* Partition of each carrier index; 255 = no provider serves it. */
#define NO_PARTITION 255
struct carrier_map {
	uint8_t partition[16];
};

struct audience;

/* The queries are borrowed: bound to the list's schema, a row is in if any matches. */
struct audience *audience_new(struct query *const *queries, size_t count, enum per per,
			      const struct carrier_map *map, uint64_t rows);
void audience_free(struct audience *a);

#define AUDIENCE_PARTS_MAX 16
struct audience_parts {
	size_t count;
	uint32_t first[AUDIENCE_PARTS_MAX]; /* block of each list, ascending */
	const uint8_t *of_query;	    /* which list each query is of; borrowed */
};
/* Before the first block: the rows are of several lists. */
void audience_set_parts(struct audience *a, const struct audience_parts *p);

/*
 * Before the first block: only who consents gets a message, the others are skipped. of_part: of each list
 * a bound query that holds for those who do, taken; NULL: in that list nobody does.
 */
void audience_set_consent(struct audience *a, struct query *take_of_part[], size_t parts);

struct audience_row {
	uint32_t row;		 /* in the list */
	uint8_t partition;	 /* excluded rows stand in partition 0 if they have none */
	enum record_state state; /* WAITING, or SKIPPED */
	enum record_reason reason;
};

/*
 * Evaluate block `index`; rows[256] gets the members in row order. Blocks come
 * in order, each once. today = days since 1970-01-01 in Vietnam.
 */
size_t audience_block(struct audience *a, uint32_t index, const struct block *b, int64_t today,
		      struct audience_row rows[BLOCK_ROWS]);
/* Which pieces of a block that reads; added to what is in *out. */
void audience_want(const struct audience *a, struct block_want *out);
