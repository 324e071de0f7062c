/* SPDX-License-Identifier: MIT */
/*
 * Of the rows that a query finds: who would get a message in a campaign per phone, and who
 * would not and why (no phone, same phone as an earlier row, suppressed for all), before there
 * is any campaign: what depends on its class, unit and route is not looked at.
 */
#pragma once

#include "dispatcher/campaign/row_table.h"
#include "dispatcher/run/audience.h"
#include "dispatcher/store/engine.h"

struct exclusions;
/* query: bound, borrowed. on_room is called when all that was asked has been answered, e NULL or why not. */
struct exclusions *exclusions_new(struct engine *e, struct query *query, uint64_t rows,
				  void (*on_room)(void *arg, const struct err_ctx *e), void *arg);
/* Also while something is asked: nothing is called any more. */
void exclusions_free(struct exclusions *x);
/* Blocks in order, each once; deleted rows are left out. */
void exclusions_block(struct exclusions *x, uint32_t index, const struct block *b, int64_t today);
/*
 * Ask for what has gathered. False: there is nothing to wait for. True: on_room comes, never
 * before this returns.
 */
bool exclusions_ask(struct exclusions *x);

struct exclusions_counts {
	uint64_t rows, with_phone, phones; /* phones: different ones */
	uint64_t reached;		   /* of them, those not suppressed */
	struct row_table reasons;	   /* rows - reached, by text of enum record_reason */
};
const struct exclusions_counts *exclusions_counts(const struct exclusions *x);
