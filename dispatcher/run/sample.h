/* SPDX-License-Identifier: MIT */
/*
 * N rows by chance out of as many as come: each set of N is as likely as any other
 * (J. S. Vitter, "Random sampling with a reservoir", 1985, algorithm R), drawn by
 * SplitMix64 from a seed: the same rows in the same order and the same seed give the
 * same sample. Holds N rows, whatever the list. Pure.
 */
#pragma once

#include "base/buf.h"
#include "segments/block.h"

#define SAMPLE_MAX 100u

struct sample_row {
	uint64_t row; /* of the list, from 0 */
	uint64_t phone;
	struct buf cells;	    /* one behind the other */
	uint32_t ends[COLUMNS_MAX]; /* of each in `cells` */
};

struct sample;
/* n ≤ SAMPLE_MAX; columns: of the list. */
struct sample *sample_new(unsigned n, uint64_t seed, uint32_t columns);
void sample_free(struct sample *s);
/* Row i of the block, `row` of the list. */
void sample_offer(struct sample *s, const struct block *b, uint32_t i, uint64_t row);
/*
 * Those that were drawn, by given name where names is a column of names, else (-1) in the
 * order of the list. Valid until the next call; out has room for SAMPLE_MAX.
 */
size_t sample_rows(const struct sample *s, int names, const struct sample_row **out);
struct slice sample_cell(const struct sample_row *r, uint32_t column);
