/* SPDX-License-Identifier: MIT */
/*
 * Which row of a list is a row of a file about? Rows are found by their key: a column, or the phone,
 * and where several rows have a phone, the phone and the name. Pure.
 *
 *   rows of the files ─▶ row_keys_add …    in order, in memory: 40 to 50 bytes a row
 *   rows of the list  ─▶ row_keys_meet …   in order
 *   row_keys_settle   ─▶ row_keys_outcome of each row of the files that was added
 *
 * Files of many rows are looked at in parts, each of which has the rows with some of the keys: all
 * rows of the files and of the list are gone over for each part. So memory is bounded whatever the
 * rows. A table of all keys that is as small would be sorted hashes without their rows (7 bytes a
 * row), and each hit would have to be verified by reading a row again, in any order: as many
 * readings of blocks as rows. The passes read two or three pieces of each block, in order.
 *
 * Keys are compared by a keyed hash of 64 bits; who merges two rows looks at the texts again.
 */
#pragma once

#include "segments/row_writer.h"

#define UPDATE_ROWS_MAX 4000000u /* of the files of an update */
#define KEY_NAME_COLUMN "ho_ten"

struct key_columns {
	int key;  /* -1 = the phone */
	int name; /* of the phone: column of names, -1 = there is none */
};
/* Of a schema; key = name of its column, "" = the phone. False: it has no such column. */
bool key_columns_find(const struct schema *s, const char *key, struct key_columns *out);

/* NFC, case folded, blanks squeezed. */
void row_key_add_text(struct buf *out, struct slice cell);

struct row_keys;
struct row_keys *row_keys_new(struct key_columns columns);
void row_keys_free(struct row_keys *k);

/* Of `parts` parts this one's keys only, 0 at first; nothing is known of any row. */
void row_keys_begin_part(struct row_keys *k, uint32_t part, uint32_t parts);

/* Has it a key? */
bool row_keys_has(struct row_keys *k, const struct list_row *row);

/* The only cells of a row that are looked at here. */
struct key_columns row_keys_columns(const struct row_keys *k);

enum key_add {
	KEY_ADDED,
	KEY_NONE,      /* no value */
	KEY_TWICE,     /* *other is the row of the files that has it */
	KEY_ELSEWHERE, /* it is of another part */
	KEY_FULL       /* UPDATE_ROWS_MAX */
};
/* A row of the files, numbered from 0 if it is added. */
enum key_add row_keys_add(struct row_keys *k, const struct list_row *row, size_t *other);
/* A row of the list. */
void row_keys_meet(struct row_keys *k, const struct list_row *row, uint32_t number);
/* All rows of the list were met. */
void row_keys_settle(struct row_keys *k);

#define KEY_ROW_NEW UINT32_MAX		   /* the list does not have it */
#define KEY_ROW_AMBIGUOUS (UINT32_MAX - 1) /* several rows may be meant */
/* The row of the list, or one of these. */
uint32_t row_keys_outcome(const struct row_keys *k, size_t row);
size_t row_keys_count(const struct row_keys *k);
/* Have they really the same key? */
bool row_keys_is_same(const struct row_keys *k, const struct list_row *a, const struct list_row *b);
