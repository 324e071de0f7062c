/* SPDX-License-Identifier: MIT */
/*
 * Several lists as one: what a campaign over segments of different lists is sent to. The
 * snapshots stand one behind the other, in the order in which the lists are given; row numbers
 * run on through them, and each part begins at a block. Nothing is copied or written: it is a
 * way to look at lists that are there.
 *
 * It has the columns of all, by name: each column of a part has its place among them, and those
 * that a part lacks are missing in its rows. A column that is not of the same type in all is a
 * text; the columns of the phones are one, whatever they are called. What is asked of one part
 * alone (a query) is bound to `schema` of the part, where its columns have their own types and
 * names at these places.
 *
 * A list that was loaded alone is answered for here as one that has a single part, so who uses
 * these functions need not know.
 */
#pragma once

#include "segments/list.h"

#define LIST_PARTS_MAX 16

struct list_part {
	struct list *list;
	uint32_t first;		 /* its first block */
	uint8_t at[COLUMNS_MAX]; /* of each of its columns: the place among those of all */
	struct schema schema;	 /* its columns at those places; the others have no name */
};

/*
 * Make one of lists[count], which are taken, also if it fails; a single one is handed back as it
 * is. ERR_INPUT: they have too many columns, or what is the phone in one is none in another.
 */
MUST_CHECK enum err lists_join(struct list *const *lists, size_t count, struct list **out,
			       struct err_ctx *e);

/* How many lists it is made of, and each of them. */
size_t list_part_count(const struct list *l);
const struct list *list_part(const struct list *l, size_t i);
/* What queries over that part are bound to. */
const struct schema *list_part_schema(const struct list *l, size_t i);
/* The part of that block; its first block. */
size_t list_part_of(const struct list *l, uint32_t block);
uint32_t list_part_first(const struct list *l, size_t i);
/* Their names, with commas. */
void list_add_names(const struct list *l, struct buf *out);

/* Where row `row` (from 0) of them all stands: in which list, and in which row of it, from 0. */
struct list_place {
	const struct list *list;
	uint64_t row;
};
struct list_place list_place(const struct list *l, uint64_t row);

/*
 * Load those lists and join them: versions 0 = the newest, which is refused if it is locked, or
 * a certain one. The names are copied.
 */
struct list_named {
	const char *name;
	uint32_t version;
};
void list_load_several(struct redis *r, const struct list_named *names, size_t count, list_cb cb,
		       void *arg);

/*
 * As list_ask_block, list_open_block, list_pack_block (segments/list.h) of block `block` of them
 * all: want, and the block that comes out, have the columns of all. What was packed and opened
 * with block_open_some has its part's columns until they are placed.
 */
void list_ask(struct redis *r, const struct list *l, uint32_t block, const struct block_want *want,
	      redis_reply_cb cb, void *arg);
MUST_CHECK enum err list_open(const struct reply *r, const struct list *l, uint32_t block,
			      const struct block_want *want, struct block *b, struct err_ctx *e);
MUST_CHECK enum err list_pack(const struct reply *r, const struct list *l, uint32_t block,
			      const struct block_want *want, struct buf *out, struct err_ctx *e);
void list_place_columns(const struct list *l, uint32_t block, struct block *b);
