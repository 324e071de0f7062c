/* SPDX-License-Identifier: MIT */
#include "segments/row_keys.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"

#define FIRST_BITS 10
#define NO_ROW KEY_ROW_NEW

struct file_row {
	uint64_t key;	 /* the phone, or the hash of the column */
	uint64_t person; /* of the phone: hash of phone and name; 0 = of a column */
	uint32_t met;	 /* row of the list with this key; settled: the outcome */
	uint32_t met_person;
	uint8_t key_count, person_count; /* rows of the list with it: 0, 1, 2 = more */
	bool is_named;			 /* the name is one */
	bool has_several;		 /* of the files have the phone */
};

/* A value of the rows → the first row with it. Open addressing; 0 = free, else row + 1. */
struct index {
	uint32_t *slots; /* [1 << bits] */
	unsigned bits;	 /* 0 = empty */
	size_t used;
	bool is_of_person;
};

struct row_keys {
	struct key_columns columns;
	uint8_t secret[HASH_KEY_BYTES];
	struct file_row *rows; /* [count] */
	size_t count, cap;
	uint32_t part, parts;
	struct index keys, persons;
	struct buf text;
};

bool
key_columns_find(const struct schema *s, const char *key, struct key_columns *out)
{
	*out = (struct key_columns){-1, -1};
	for (uint32_t i = 0; i < s->count; i++) {
		if (key[0] != '\0' && strcmp(s->columns[i].name, key) == 0)
			out->key = (int)i;
		if (key[0] == '\0' && strcmp(s->columns[i].name, KEY_NAME_COLUMN) == 0)
			out->name = (int)i;
	}
	return key[0] == '\0' || out->key >= 0;
}

void
row_key_add_text(struct buf *out, struct slice cell)
{
	size_t from = out->len, to;

	if (!text_add_folded(out, cell))
		buf_add_slice(out, cell);
	to = from;
	for (size_t i = from; i < out->len; i++) {
		bool is_blank = out->data[i] == ' ' || out->data[i] == '\t';

		if (is_blank && (to == from || out->data[to - 1] == ' '))
			continue;
		out->data[to++] = is_blank ? ' ' : out->data[i];
	}
	if (to > from && out->data[to - 1] == ' ')
		to--;
	out->len = to;
}

/* ---- hashes ---- */

/* is_empty: there is no text in the cell. */
static uint64_t
hash_of(struct row_keys *k, uint64_t phone, struct slice cell, bool *is_empty)
{
	uint8_t hash[16];
	uint64_t v;

	buf_reset(&k->text);
	row_key_add_text(&k->text, cell);
	*is_empty = k->text.len == 0;
	buf_add_u64(&k->text, phone);
	hash_keyed(buf_slice(&k->text), k->secret, hash, sizeof(hash));
	memcpy(&v, hash, sizeof(v));
	return v | 1;
}

static uint64_t
key_of(struct row_keys *k, const struct list_row *row)
{
	uint64_t v;
	bool is_empty;

	if (k->columns.key < 0)
		return row->phone;
	v = hash_of(k, 0, row->cells[k->columns.key], &is_empty);
	return is_empty ? 0 : v;
}

/* Those without a name are one person to us. */
static uint64_t
person_of(struct row_keys *k, const struct list_row *row, bool *is_named)
{
	struct slice name =
		k->columns.name < 0 ? (struct slice){NULL, 0} : row->cells[k->columns.name];
	bool is_empty;
	uint64_t v = hash_of(k, row->phone, name, &is_empty);

	*is_named = !is_empty;
	return v;
}

static uint64_t
value_of(const struct row_keys *k, const struct index *ix, size_t row)
{
	return ix->is_of_person ? k->rows[row].person : k->rows[row].key;
}

/* The slot of the value, or the free one where it belongs. */
static uint32_t *
slot_of(const struct row_keys *k, const struct index *ix, uint64_t value)
{
	size_t mask = ((size_t)1 << ix->bits) - 1;
	size_t i = (size_t)(value * UINT64_C(0x9E3779B97F4A7C15) >> (64 - ix->bits));

	while (ix->slots[i] != 0 && value_of(k, ix, ix->slots[i] - 1) != value)
		i = (i + 1) & mask;
	return &ix->slots[i];
}

static void
grow(const struct row_keys *k, struct index *ix)
{
	struct index bigger = *ix;

	bigger.bits = ix->bits == 0 ? FIRST_BITS : ix->bits + 1;
	bigger.slots = xcalloc((size_t)1 << bigger.bits, sizeof(*bigger.slots));
	for (size_t i = 0; ix->bits != 0 && i < (size_t)1 << ix->bits; i++)
		if (ix->slots[i] != 0)
			*slot_of(k, &bigger, value_of(k, ix, ix->slots[i] - 1)) = ix->slots[i];
	free(ix->slots);
	*ix = bigger;
}

/* The first row of the files with this value, NULL = none. */
static struct file_row *
find(const struct row_keys *k, const struct index *ix, uint64_t value)
{
	uint32_t slot = ix->bits == 0 || value == 0 ? 0 : *slot_of(k, ix, value);

	return slot == 0 ? NULL : &k->rows[slot - 1];
}

/* Row `row` is in k->rows already. */
static void
put(const struct row_keys *k, struct index *ix, size_t row)
{
	uint32_t *slot;

	if (ix->bits == 0 || ix->used >= ((size_t)1 << ix->bits) / 4 * 3)
		grow(k, ix);
	slot = slot_of(k, ix, value_of(k, ix, row));
	if (*slot == 0) {
		*slot = (uint32_t)row + 1;
		ix->used++;
	}
}

/* ---- rows of the files ---- */

struct row_keys *
row_keys_new(struct key_columns columns)
{
	struct row_keys *k = xcalloc(1, sizeof(*k));

	k->columns = columns;
	k->parts = 1;
	k->persons.is_of_person = true;
	random_bytes(k->secret, sizeof(k->secret));
	return k;
}

static void
index_clear(struct index *ix)
{
	free(ix->slots);
	*ix = (struct index){.is_of_person = ix->is_of_person};
}

void
row_keys_begin_part(struct row_keys *k, uint32_t part, uint32_t parts)
{
	index_clear(&k->keys);
	index_clear(&k->persons);
	k->count = 0;
	k->part = part;
	k->parts = parts;
}

/* By other bits of the product than a slot. */
static bool
is_of_part(const struct row_keys *k, uint64_t key)
{
	return k->parts == 1 || (key * UINT64_C(0xD6E8FEB86659FD93) >> 32) % k->parts == k->part;
}

bool
row_keys_has(struct row_keys *k, const struct list_row *row)
{
	return key_of(k, row) != 0;
}

struct key_columns
row_keys_columns(const struct row_keys *k)
{
	return k->columns;
}

void
row_keys_free(struct row_keys *k)
{
	if (k == NULL)
		return;
	free(k->rows);
	free(k->keys.slots);
	free(k->persons.slots);
	buf_free(&k->text);
	free(k);
}

enum key_add
row_keys_add(struct row_keys *k, const struct list_row *row, size_t *other)
{
	struct file_row new = {.key = key_of(k, row), .met = NO_ROW, .met_person = NO_ROW};
	struct file_row *same;

	if (new.key == 0)
		return KEY_NONE;
	if (!is_of_part(k, new.key))
		return KEY_ELSEWHERE;
	if (k->columns.key < 0)
		new.person = person_of(k, row, &new.is_named);
	/* a row from which it cannot be told */
	same = k->columns.key < 0 ? find(k, &k->persons, new.person) : find(k, &k->keys, new.key);
	if (same != NULL) {
		*other = (size_t)(same - k->rows);
		return KEY_TWICE;
	}
	if (k->count == UPDATE_ROWS_MAX)
		return KEY_FULL;
	same = find(k, &k->keys, new.key);
	if (same != NULL)
		same->has_several = true;
	if (k->count == k->cap) {
		k->cap = k->cap == 0 ? 1024 : k->cap * 2;
		k->rows = xrealloc(k->rows, k->cap * sizeof(*k->rows));
	}
	k->rows[k->count] = new;
	put(k, &k->keys, k->count);
	if (new.person != 0)
		put(k, &k->persons, k->count);
	k->count++;
	return KEY_ADDED;
}

/* ---- rows of the list ---- */

static void
meet(uint32_t *met, uint8_t *count, uint32_t number)
{
	if (*count == 0)
		*met = number;
	if (*count < 2)
		++*count;
}

void
row_keys_meet(struct row_keys *k, const struct list_row *row, uint32_t number)
{
	uint64_t key = key_of(k, row);
	struct file_row *f = is_of_part(k, key) ? find(k, &k->keys, key) : NULL;
	bool is_named;

	if (f == NULL)
		return;
	meet(&f->met, &f->key_count, number);
	if (k->columns.key >= 0)
		return;
	f = find(k, &k->persons, person_of(k, row, &is_named));
	if (f != NULL && is_named)
		meet(&f->met_person, &f->person_count, number);
}

/* f: the first row of the files with this phone. */
static uint32_t
settle_person(const struct file_row *row, const struct file_row *first)
{
	if (first->key_count == 0)
		return KEY_ROW_NEW;
	if (first->key_count == 1 && !first->has_several)
		return first->met;
	if (!row->is_named || row->person_count > 1)
		return KEY_ROW_AMBIGUOUS;
	return row->person_count == 1 ? row->met_person : KEY_ROW_NEW;
}

void
row_keys_settle(struct row_keys *k)
{
	/* from behind: the first row of a phone is asked for by the others */
	for (size_t i = k->count; i-- > 0;) {
		struct file_row *row = &k->rows[i];

		if (k->columns.key < 0)
			row->met_person = settle_person(row, find(k, &k->keys, row->key));
		else
			row->met_person = row->key_count > 1 ? KEY_ROW_AMBIGUOUS : row->met;
	}
}

uint32_t
row_keys_outcome(const struct row_keys *k, size_t row)
{
	return k->rows[row].met_person;
}

size_t
row_keys_count(const struct row_keys *k)
{
	return k->count;
}

static bool
is_same_text(struct slice a, struct slice b)
{
	struct buf x = {0}, y = {0};
	bool is;

	row_key_add_text(&x, a);
	row_key_add_text(&y, b);
	is = slice_eq(buf_slice(&x), buf_slice(&y));
	buf_free(&x);
	buf_free(&y);
	return is;
}

bool
row_keys_is_same(const struct row_keys *k, const struct list_row *a, const struct list_row *b)
{
	if (k->columns.key < 0)
		return a->phone == b->phone;
	return is_same_text(a->cells[k->columns.key], b->cells[k->columns.key]);
}
