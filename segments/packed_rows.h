/* SPDX-License-Identifier: MIT */
/*
 * Rows that wait for their turn, each with a number: their texts one behind the other, two bytes
 * before each, so that a row takes a third of what slices to copies of them would. Put in any order,
 * taken in ascending order. Pure.
 */
#pragma once

#include "segments/row_writer.h"

/* What a row takes whose cells have so many bytes. */
size_t packed_row_bytes(uint32_t columns, size_t bytes);

struct packed_rows;
/* room: what they will take together, at most; more than that is a bug. */
struct packed_rows *packed_rows_new(uint32_t columns, size_t room);
void packed_rows_free(struct packed_rows *p);
/* Copied. Each number once, no tombstones. */
void packed_rows_add(struct packed_rows *p, uint32_t number, const struct list_row *row);
/* No more rows. */
void packed_rows_settle(struct packed_rows *p);
/*
 * Row `number`, which is greater than the one asked for before; false = it is none of them. What
 * stands in cells[columns] lives as long as p.
 */
bool packed_rows_take(struct packed_rows *p, uint32_t number, struct slice *cells,
		      struct list_row *out);
