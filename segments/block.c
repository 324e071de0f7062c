/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a block, format 1. Integers are little endian and unaligned;
 * R = rows, C = columns. The parts follow each other without gaps:
 *
 *   offset  size  what
 *   0       1     version, 1
 *   1       1     0
 *   2       2     R, 1..256
 *   4       2     C, 0..128
 *   6       2     0
 *   8       8R    phones, u64: E.164 digits as a number, 0 = none
 *   8+8R    4R    same phone, u32: distance in rows back to the previous row of
 *                 the list with this phone, 0 = none
 *   8+12R   R     carriers, u8: 0 = unknown (segments/phone.h)
 *   8+13R   32    tombstones: row i is deleted when bit i%8 of byte i/8 is set;
 *                 bits beyond R are 0
 *   40+13R        C columns, each of one of two kinds:
 *
 *   plain:        1         kind, 0
 *                 4(R+1)    offsets, u32: row i is text[o(i) .. o(i+1))
 *                 o(R)      text
 *   dictionary:   1         kind, 1
 *                 1         D, 0..255: number of distinct values
 *                 R         codes, u8: 0 = missing, k = value k-1
 *                 4(D+1)    offsets, u32: value k is text[o(k) .. o(k+1))
 *                 o(D)      text
 *
 * Offsets begin with 0 and never fall; a cell has at most 1000 bytes, a
 * dictionary's value at least one; an empty plain cell is missing. The writer
 * takes the dictionary when there are at most 255 values and it is smaller. A
 * block may have fewer columns than its list: the columns were added later.
 */
#include "segments/block.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "segments/phone.h"

#define BLOCK_VERSION 1
#define KIND_PLAIN 0
#define KIND_DICTIONARY 1
#define TOMBSTONE_BYTES (BLOCK_ROWS / 8)
#define DISTINCT_MAX 255u
#define HASH_SLOTS 1024u /* four times the rows, a power of two */

static bool
name_is(const char *known, const struct buf *folded, struct buf *scratch)
{
	buf_reset(scratch);
	return text_add_folded(scratch, slice_of(known)) &&
	       slice_eq(buf_slice(scratch), buf_slice(folded));
}

int
schema_find(const struct schema *s, struct slice name)
{
	struct buf folded = {0}, scratch = {0};
	int found = -1;

	if (text_add_folded(&folded, slice_trim(name)) && folded.len > 0) {
		for (uint32_t i = 0; i < s->count && found < 0; i++)
			if (name_is(s->columns[i].name, &folded, &scratch))
				found = (int)i;
		for (uint32_t i = 0; i < s->count && found < 0; i++)
			if (name_is(s->columns[i].title, &folded, &scratch))
				found = (int)i;
	}
	buf_free(&folded);
	buf_free(&scratch);
	return found;
}

static const struct {
	const char *name;
	enum column_type type;
	enum column_form form;
} types[] = {
	{"text", COLUMN_TEXT, FORM_PLAIN}, {"number", COLUMN_NUMBER, FORM_PLAIN},
	{"date", COLUMN_DATE, FORM_PLAIN}, {"bool", COLUMN_TEXT, FORM_BOOL},
	{"tags", COLUMN_TEXT, FORM_TAGS},
};

const char *
column_type_name(const struct column *c)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == c->type && types[i].form == c->form)
			return types[i].name;
	return types[c->type].name;
}

void
column_set_type(struct column *c, const char *name)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(types) && strcmp(types[i].name, name) != 0)
		i++;
	if (strcmp(types[i].name, name) != 0)
		i = 0;
	c->type = types[i].type;
	c->form = types[i].form;
}

/* ---- writing ---- */

struct cells {
	struct buf text;
	uint32_t offsets[BLOCK_ROWS + 1]; /* [rows + 1] are set */
};

struct block_builder {
	uint32_t rows;
	uint32_t columns;
	struct buf phones, same_back, carriers;
	uint8_t deleted[TOMBSTONE_BYTES];
	struct cells cells[]; /* [columns] */
};

struct block_builder *
block_builder_new(const struct schema *s)
{
	struct block_builder *b;

	assert(s->count <= COLUMNS_MAX);
	b = xcalloc(1, sizeof(*b) + s->count * sizeof(b->cells[0]));
	b->columns = s->count;
	return b;
}

struct block_builder *
block_builder_add_column(struct block_builder *b)
{
	struct cells *c;

	assert(b->columns < COLUMNS_MAX);
	b = xrealloc(b, sizeof(*b) + (b->columns + 1) * sizeof(b->cells[0]));
	c = &b->cells[b->columns++];
	memset(c, 0, sizeof(*c));
	return b;
}

void
block_builder_free(struct block_builder *b)
{
	if (b == NULL)
		return;
	for (uint32_t i = 0; i < b->columns; i++)
		buf_free(&b->cells[i].text);
	buf_free(&b->phones);
	buf_free(&b->same_back);
	buf_free(&b->carriers);
	free(b);
}

void
block_builder_add(struct block_builder *b, const struct slice *cells, uint64_t phone,
		  uint32_t same_phone_back, uint8_t carrier)
{
	assert(b->rows < BLOCK_ROWS && carrier < CARRIER_COUNT);
	for (uint32_t i = 0; i < b->columns; i++) {
		struct cells *c = &b->cells[i];

		assert(cells[i].n <= CELL_MAX);
		buf_add_slice(&c->text, cells[i]);
		c->offsets[b->rows + 1] = (uint32_t)c->text.len;
	}
	buf_add_u64(&b->phones, phone);
	buf_add_u32(&b->same_back, same_phone_back);
	buf_add_u8(&b->carriers, carrier);
	b->rows++;
}

void
block_builder_delete_last(struct block_builder *b)
{
	assert(b->rows > 0);
	b->deleted[(b->rows - 1) / 8] |= (uint8_t)(1u << (b->rows - 1) % 8);
}

uint32_t
block_builder_rows(const struct block_builder *b)
{
	return b->rows;
}

/* The distinct values of a column and the code of each row. */
struct dictionary {
	uint32_t distinct;
	uint32_t text_bytes;
	uint16_t slots[HASH_SLOTS];  /* 0 = free, else code */
	uint8_t codes[BLOCK_ROWS];   /* [rows] */
	uint16_t rows[DISTINCT_MAX]; /* [distinct]: the first row with the value */
};

static struct slice
cell_of(const struct cells *c, uint32_t row)
{
	uint32_t from = c->offsets[row];

	if (c->offsets[row + 1] == from)
		return (struct slice){NULL, 0};
	return (struct slice){c->text.data + from, c->offsets[row + 1] - from};
}

static uint32_t
hash_of(struct slice s)
{
	uint32_t h =
		2166136261u; /* FNV-1a; a block has 256 rows at most, so no attack is worth it */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619u;
	return h;
}

/* False when there are more values than one byte can tell. */
static bool
find_distinct(const struct cells *c, uint32_t rows, struct dictionary *d)
{
	memset(d, 0, sizeof(*d));
	for (uint32_t row = 0; row < rows; row++) {
		struct slice s = cell_of(c, row);
		uint32_t at = hash_of(s) % HASH_SLOTS;

		if (s.n == 0)
			continue;
		while (d->slots[at] != 0 && !slice_eq(cell_of(c, d->rows[d->slots[at] - 1]), s))
			at = (at + 1) % HASH_SLOTS;
		if (d->slots[at] == 0) {
			if (d->distinct == DISTINCT_MAX)
				return false;
			d->rows[d->distinct++] = (uint16_t)row;
			d->slots[at] = (uint16_t)d->distinct;
			d->text_bytes += (uint32_t)s.n;
		}
		d->codes[row] = (uint8_t)d->slots[at];
	}
	return true;
}

static void
add_dictionary(const struct cells *c, uint32_t rows, const struct dictionary *d, struct buf *out)
{
	uint32_t offset = 0;

	buf_add_u8(out, KIND_DICTIONARY);
	buf_add_u8(out, (uint8_t)d->distinct);
	buf_add(out, d->codes, rows);
	buf_add_u32(out, 0);
	for (uint32_t i = 0; i < d->distinct; i++) {
		offset += (uint32_t)cell_of(c, d->rows[i]).n;
		buf_add_u32(out, offset);
	}
	for (uint32_t i = 0; i < d->distinct; i++)
		buf_add_slice(out, cell_of(c, d->rows[i]));
}

static void
add_column(const struct cells *c, uint32_t rows, struct buf *out)
{
	struct dictionary d;
	size_t plain = 4 * ((size_t)rows + 1) + c->text.len;

	if (find_distinct(c, rows, &d) &&
	    1 + rows + 4 * ((size_t)d.distinct + 1) + d.text_bytes < plain) {
		add_dictionary(c, rows, &d, out);
		return;
	}
	buf_add_u8(out, KIND_PLAIN);
	for (uint32_t i = 0; i <= rows; i++)
		buf_add_u32(out, c->offsets[i]);
	buf_add_slice(out, buf_slice(&c->text));
}

void
block_builder_finish(struct block_builder *b, struct buf *out)
{
	if (b->rows == 0)
		return;
	buf_add_u8(out, BLOCK_VERSION);
	buf_add_u8(out, 0);
	buf_add_u16(out, (uint16_t)b->rows);
	buf_add_u16(out, (uint16_t)b->columns);
	buf_add_u16(out, 0);
	buf_add_slice(out, buf_slice(&b->phones));
	buf_add_slice(out, buf_slice(&b->same_back));
	buf_add_slice(out, buf_slice(&b->carriers));
	buf_add(out, b->deleted, sizeof(b->deleted));
	memset(b->deleted, 0, sizeof(b->deleted));
	for (uint32_t i = 0; i < b->columns; i++) {
		add_column(&b->cells[i], b->rows, out);
		buf_reset(&b->cells[i].text);
	}
	buf_reset(&b->phones);
	buf_reset(&b->same_back);
	buf_reset(&b->carriers);
	b->rows = 0;
}

/* ---- reading ---- */

static uint32_t
u32_at(const uint8_t *p, uint32_t i)
{
	p += 4 * (size_t)i;
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static const uint8_t *
take(struct reader *r, size_t n)
{
	return (const uint8_t *)reader_bytes(r, n).p;
}

/* Offsets of `values` texts and the texts behind them; each has min..CELL_MAX bytes. */
static bool
take_texts(struct reader *r, struct block_column *c, uint32_t values, uint32_t min)
{
	c->offsets = take(r, 4 * ((size_t)values + 1));
	if (r->is_bad || u32_at(c->offsets, 0) != 0)
		return false;
	for (uint32_t i = 0; i < values; i++) {
		uint32_t from = u32_at(c->offsets, i), to = u32_at(c->offsets, i + 1);

		if (to < from || to - from < min || to - from > CELL_MAX)
			return false;
	}
	c->text = reader_bytes(r, u32_at(c->offsets, values)).p;
	return !r->is_bad;
}

/* NULL, or what is wrong. */
static const char *
open_column(struct reader *r, uint32_t rows, struct block_column *c)
{
	uint8_t kind = reader_u8(r);

	*c = (struct block_column){.is_dictionary = kind == KIND_DICTIONARY};
	if (r->is_bad || kind > KIND_DICTIONARY)
		return "a column is of no known kind";
	if (!c->is_dictionary)
		return take_texts(r, c, rows, 0) ? NULL : "a column's offsets are out of order";
	c->distinct = reader_u8(r);
	c->codes = take(r, rows);
	if (r->is_bad)
		return "a column ends early";
	for (uint32_t i = 0; i < rows; i++)
		if (c->codes[i] > c->distinct)
			return "a cell points behind its dictionary";
	return take_texts(r, c, c->distinct, 1) ? NULL : "a dictionary's offsets are out of order";
}

/* The parts before the columns; NULL, or what is wrong. */
static const char *
open_fixed(struct reader *r, struct block *b)
{
	uint8_t version = reader_u8(r), zero = reader_u8(r);
	uint16_t zeros;

	b->rows = reader_u16(r);
	b->columns = reader_u16(r);
	zeros = reader_u16(r);
	if (r->is_bad)
		return "its header ends early";
	if (version != BLOCK_VERSION)
		return "its version is not 1";
	if (b->rows == 0 || b->rows > BLOCK_ROWS || b->columns > COLUMNS_MAX || zero != 0 ||
	    zeros != 0)
		return "its header is out of range";
	b->phones = take(r, 8 * (size_t)b->rows);
	b->same_back = take(r, 4 * (size_t)b->rows);
	b->carriers = take(r, b->rows);
	b->deleted = take(r, TOMBSTONE_BYTES);
	if (r->is_bad)
		return "its fixed part ends early";
	for (uint32_t i = 0; i < b->rows; i++)
		if (b->carriers[i] >= CARRIER_COUNT)
			return "a carrier is unknown";
	for (uint32_t i = b->rows; i < BLOCK_ROWS; i++)
		if (b->deleted[i / 8] >> (i % 8) & 1)
			return "a row beyond its end is deleted";
	return NULL;
}

enum err
block_open(struct slice bytes, struct block *out, struct err_ctx *e)
{
	struct reader r = reader_of(bytes);
	const char *why;

	out->bytes = bytes;
	why = open_fixed(&r, out);
	for (uint32_t i = 0; why == NULL && i < out->columns; i++)
		why = open_column(&r, out->rows, &out->column[i]);
	if (why == NULL && r.left > 0)
		why = "bytes follow its last column";
	if (why != NULL)
		return err_set(e, ERR_INPUT, "block of recipients",
			       "import the list again or restore a backup", "%s", why);
	return ERR_OK;
}

static struct slice
text_at(const struct block_column *c, uint32_t i)
{
	uint32_t from = u32_at(c->offsets, i);

	return (struct slice){c->text + from, u32_at(c->offsets, i + 1) - from};
}

struct slice
block_value(const struct block_column *c, uint32_t i)
{
	assert(c->is_dictionary && i < c->distinct);
	return text_at(c, i);
}

struct slice
block_cell(const struct block *b, uint32_t row, uint32_t column)
{
	const struct block_column *c;

	assert(row < b->rows);
	if (column >= b->columns)
		return (struct slice){NULL, 0};
	c = &b->column[column];
	if (!c->is_dictionary)
		return text_at(c, row);
	return c->codes[row] > 0 ? text_at(c, c->codes[row] - 1u) : (struct slice){NULL, 0};
}

uint64_t
block_phone(const struct block *b, uint32_t row)
{
	assert(row < b->rows);
	return (uint64_t)u32_at(b->phones, 2 * row) | (uint64_t)u32_at(b->phones, 2 * row + 1)
							      << 32;
}

uint32_t
block_same_back(const struct block *b, uint32_t row)
{
	assert(row < b->rows);
	return u32_at(b->same_back, row);
}

uint8_t
block_carrier(const struct block *b, uint32_t row)
{
	assert(row < b->rows);
	return b->carriers[row];
}

bool
block_is_deleted(const struct block *b, uint32_t row)
{
	assert(row < b->rows);
	return b->deleted[row / 8] >> (row % 8) & 1;
}
