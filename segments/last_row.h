/* SPDX-License-Identifier: MIT */
/*
 * Phone → the last row of a list that has it, while the list is updated: where rows change, the
 * distances must be known at once. (A list that is written anew: phone_chain.h.) An open-addressing
 * table of 8 bytes an entry: 10 million phones are 134 MB. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct last_row {
	uint64_t *slots; /* [1 << bits]; 0 = free */
	unsigned bits;	 /* 0 = nothing was put in yet */
	size_t used;	 /* phones */
	size_t shared;	 /* phones with more than one row */
};

/*
 * The phone (84 and nine digits) is on this row, greater than all before: the
 * distance back to its previous row, 0 = it has none. Zero-initialised = empty.
 */
uint32_t last_row_put(struct last_row *t, uint64_t phone, uint32_t row);
void last_row_free(struct last_row *t);
