/* SPDX-License-Identifier: MIT */
/*
 * Writing of blocks (segments/block.h): for each column the shortest of the ways
 * that can keep it. A way that queries are slower on has to be the shorter for it.
 */
#include <assert.h>
#include <endian.h>
#include <stdlib.h>

#include "base/mem.h"
#include "segments/block.h"
#include "segments/block_format.h"
#include "segments/block_words.h"
#include "segments/phone.h"
#include "segments/scan.h"

#define DISTINCT_MAX 255u
#define HASH_SLOTS 1024u /* four times the rows, a power of two */
#define FEW_VALUES 32u	 /* a dictionary of so few is as good as words */

struct cells {
	struct buf text;
	enum column_type type;
	uint32_t offsets[BLOCK_ROWS + 1]; /* [rows + 1] are set */
};

struct block_builder {
	uint32_t rows;
	uint32_t columns;
	uint64_t phones[BLOCK_ROWS];
	uint32_t same_back[BLOCK_ROWS];
	uint8_t carriers[BLOCK_ROWS];
	uint8_t deleted[BLOCK_ROWS / 8];
	bool has_deleted;
	struct words_builder *words; /* NULL until a column may be words */
	struct buf piece;
	struct cells *cells; /* [columns] */
};

struct block_builder *
block_builder_new(const struct schema *s)
{
	struct block_builder *b = xcalloc(1, sizeof(*b));

	assert(s->count <= COLUMNS_MAX);
	b->cells = xcalloc(s->count + 1, sizeof(b->cells[0]));
	b->columns = s->count;
	for (uint32_t i = 0; i < s->count; i++)
		b->cells[i].type = s->columns[i].type;
	return b;
}

struct block_builder *
block_builder_add_column(struct block_builder *b)
{
	struct cells *c;

	assert(b->columns < COLUMNS_MAX);
	b->cells = xrealloc(b->cells, (b->columns + 1) * sizeof(b->cells[0]));
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
	free(b->cells);
	words_builder_free(b->words);
	buf_free(&b->piece);
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
	b->phones[b->rows] = phone;
	b->same_back[b->rows] = same_phone_back;
	b->carriers[b->rows] = carrier;
	b->rows++;
}

void
block_builder_delete_last(struct block_builder *b)
{
	assert(b->rows > 0);
	b->deleted[(b->rows - 1) / 8] |= (uint8_t)(1u << (b->rows - 1) % 8);
	b->has_deleted = true;
}

uint32_t
block_builder_rows(const struct block_builder *b)
{
	return b->rows;
}

static struct slice
cell_of(const struct cells *c, uint32_t row)
{
	uint32_t from = c->offsets[row];

	if (c->offsets[row + 1] == from)
		return (struct slice){NULL, 0};
	return (struct slice){c->text.data + from, c->offsets[row + 1] - from};
}

static uint8_t
offset_size(size_t last)
{
	return last <= UINT16_MAX ? 2 : 4;
}

static void
add_int(struct buf *out, uint64_t v, unsigned size)
{
	v = htole64(v);
	buf_add(out, &v, size);
}

static unsigned
bytes_of(uint64_t v)
{
	unsigned n = 1;

	while (n < 8 && v >> (8 * n) != 0)
		n++;
	return n;
}

/* ---- a dictionary ---- */

/* The distinct values of a column and the code of each row. */
struct dictionary {
	uint32_t distinct;
	uint32_t text_bytes;
	uint16_t slots[HASH_SLOTS];  /* 0 = free, else code */
	uint8_t codes[BLOCK_ROWS];   /* [rows] */
	uint16_t rows[DISTINCT_MAX]; /* [distinct]: the first row with the value */
};

/* False when there are more values than one byte can tell. */
static bool
find_distinct(const struct cells *c, uint32_t rows, struct dictionary *d)
{
	memset(d, 0, sizeof(*d));
	for (uint32_t row = 0; row < rows; row++) {
		struct slice s = cell_of(c, row);
		uint32_t at = words_hash(s) % HASH_SLOTS;

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

static size_t
dictionary_bytes(const struct dictionary *d, uint32_t rows)
{
	return 3 + rows + offset_size(d->text_bytes) * ((size_t)d->distinct + 1) + d->text_bytes;
}

static void
add_dictionary(const struct cells *c, uint32_t rows, const struct dictionary *d, struct buf *out)
{
	uint8_t size = offset_size(d->text_bytes);
	uint32_t offset = 0;

	buf_add_u8(out, BLOCK_DICTIONARY);
	buf_add_u8(out, size);
	buf_add_u8(out, (uint8_t)d->distinct);
	buf_add(out, d->codes, rows);
	add_int(out, 0, size);
	for (uint32_t i = 0; i < d->distinct; i++) {
		offset += (uint32_t)cell_of(c, d->rows[i]).n;
		add_int(out, offset, size);
	}
	for (uint32_t i = 0; i < d->distinct; i++)
		buf_add_slice(out, cell_of(c, d->rows[i]));
}

/* ---- numbers and dates ---- */

/* What becomes of a column's cells: values that grow with what they stand for. */
struct codes {
	bool is_good;
	unsigned size; /* of a code */
	uint8_t digits;
	int64_t base;		    /* as in the piece */
	int64_t values[BLOCK_ROWS]; /* less base: the code; where the cell is missing, whatever */
};

/* Decimal, as a writer without choice would write it: no sign but -, and no -0. */
static bool
read_integer(struct slice s, bool *has_zeros, int64_t *out)
{
	bool is_negative = s.n > 0 && s.p[0] == '-';
	int64_t v = 0;

	if (is_negative)
		s = (struct slice){s.p + 1, s.n - 1};
	if (s.n == 0 || s.n > NUMBER_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*has_zeros = s.n > 1 && s.p[0] == '0';
	*out = is_negative ? -v : v;
	return !is_negative || (v != 0 && !*has_zeros);
}

/*
 * All of them without zeros in front; or all as long as the shortest with zeros, or longer. So
 * a number is spelt with zeros up to a length that no other falls short of.
 */
static void
find_numbers(const struct cells *c, uint32_t rows, struct codes *k)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	size_t shortest = SIZE_MAX, longest_of_zeros = 0;

	*k = (struct codes){.is_good = false};
	for (uint32_t row = 0; row < rows; row++) {
		struct slice s = cell_of(c, row);
		int64_t v = 0;
		bool has_zeros = false;

		if (s.n == 0)
			continue;
		if (!read_integer(s, &has_zeros, &v))
			return;
		k->values[row] = v;
		least = v < least ? v : least;
		most = v > most ? v : most;
		shortest = v >= 0 && s.n < shortest ? s.n : shortest;
		if (has_zeros && s.n > longest_of_zeros)
			longest_of_zeros = s.n;
	}
	if (longest_of_zeros > 0 && (shortest < longest_of_zeros || least < 0))
		return;
	k->digits = (uint8_t)longest_of_zeros;
	k->base = least;
	k->size = bytes_of((uint64_t)(most - least) + 1);
	k->is_good = k->size <= NUMBER_CODE_MAX;
}

static void
find_dates(const struct cells *c, uint32_t rows, struct codes *k)
{
	int64_t first = INT64_MAX, last = 0;

	*k = (struct codes){.is_good = false};
	for (uint32_t row = 0; row < rows; row++) {
		struct slice s = cell_of(c, row);
		int64_t year = 0, date;
		bool has_zeros = false;

		if (s.n == 0)
			continue;
		if (s.n == 10)
			date = scan_date(s.p);
		else if (s.n == 4 && read_integer(s, &has_zeros, &year) && year >= 1000)
			date = year * 10000;
		else
			return;
		if (date == 0)
			return;
		year = date / 10000;
		first = year < first ? year : first;
		last = year > last ? year : last;
		k->values[row] = year << DATE_YEAR_BITS | date / 100 % 100 << 5 | date % 100;
	}
	k->base = first - 1; /* 0 is no date */
	k->size = (last - k->base) >> (16 - DATE_YEAR_BITS) == 0 ? 2 : 4;
	k->is_good = true;
}

static size_t
numbers_bytes(const struct codes *k, uint32_t rows)
{
	return k->is_good ? 11 + (size_t)k->size * rows : SIZE_MAX;
}

static size_t
dates_bytes(const struct codes *k, uint32_t rows)
{
	return k->is_good ? 4 + (size_t)k->size * rows : SIZE_MAX;
}

static void
add_numbers(const struct cells *c, uint32_t rows, const struct codes *k, struct buf *out)
{
	buf_add_u8(out, BLOCK_NUMBERS);
	buf_add_u8(out, (uint8_t)k->size);
	buf_add_u8(out, k->digits);
	buf_add_u64(out, (uint64_t)k->base);
	for (uint32_t row = 0; row < rows; row++)
		add_int(out, cell_of(c, row).n > 0 ? (uint64_t)(k->values[row] - k->base) + 1 : 0,
			k->size);
}

static void
add_dates(const struct cells *c, uint32_t rows, const struct codes *k, struct buf *out)
{
	buf_add_u8(out, BLOCK_DATES);
	buf_add_u8(out, (uint8_t)k->size);
	buf_add_u16(out, (uint16_t)k->base);
	for (uint32_t row = 0; row < rows; row++)
		add_int(out,
			cell_of(c, row).n > 0
				? (uint64_t)(k->values[row] - (k->base << DATE_YEAR_BITS))
				: 0,
			k->size);
}

/* ---- a column ---- */

static void
add_plain(const struct cells *c, uint32_t rows, struct buf *out)
{
	uint8_t size = offset_size(c->text.len);

	buf_add_u8(out, BLOCK_PLAIN);
	buf_add_u8(out, size);
	for (uint32_t i = 0; i <= rows; i++)
		add_int(out, c->offsets[i], size);
	buf_add_slice(out, buf_slice(&c->text));
}

/* A way that evaluation likes less, by half of its length. */
static size_t
handicap(size_t bytes, bool is_disliked)
{
	return is_disliked && bytes != SIZE_MAX ? bytes + bytes / 2 : bytes;
}

static size_t
words_bytes(struct block_builder *b, const struct cells *c)
{
	if (c->type != COLUMN_TEXT || memchr(c->text.data, ' ', c->text.len) == NULL)
		return SIZE_MAX;
	if (b->words == NULL)
		b->words = words_builder_new();
	return words_builder_fill(b->words, c->text.data, c->offsets, b->rows);
}

/* The column's piece; not called when no cell has a value. */
static void
add_column(struct block_builder *b, const struct cells *c, struct buf *out)
{
	struct dictionary d;
	struct codes numbers, dates;
	uint32_t rows = b->rows;
	size_t plain = 2 + offset_size(c->text.len) * ((size_t)rows + 1) + c->text.len;
	size_t dictionary = find_distinct(c, rows, &d) ? dictionary_bytes(&d, rows) : SIZE_MAX;
	size_t number, date, words = SIZE_MAX, least = plain < dictionary ? plain : dictionary;

	find_numbers(c, rows, &numbers);
	find_dates(c, rows, &dates);
	/* A year is compared as a date where that is asked, so it is not kept as a number. */
	number = c->type == COLUMN_DATE
			 ? SIZE_MAX
			 : handicap(numbers_bytes(&numbers, rows), c->type != COLUMN_NUMBER);
	date = handicap(dates_bytes(&dates, rows), c->type != COLUMN_DATE);
	least = number < least ? number : least;
	least = date < least ? date : least;
	if (dictionary == SIZE_MAX || d.distinct > FEW_VALUES)
		words = words_bytes(b, c);
	if (words < least)
		words_builder_add(b->words, out);
	else if (date == least)
		add_dates(c, rows, &dates, out);
	else if (number == least)
		add_numbers(c, rows, &numbers, out);
	else if (dictionary == least)
		add_dictionary(c, rows, &d, out);
	else
		add_plain(c, rows, out);
}

/* ---- the block ---- */

static void
add_rows(const struct block_builder *b, struct buf *out)
{
	uint8_t has[COLUMNS_MAX / 8] = {0};

	for (uint32_t i = 0; i < b->columns; i++)
		has[i / 8] |= (uint8_t)((b->cells[i].text.len > 0) << (i % 8));
	buf_add_u8(out, BLOCK_VERSION);
	buf_add_u8(out, b->has_deleted ? ROWS_HAVE_DELETED : 0);
	buf_add_u16(out, (uint16_t)b->rows);
	buf_add_u16(out, (uint16_t)b->columns);
	buf_add(out, has, (b->columns + 7) / 8);
	if (b->has_deleted)
		buf_add(out, b->deleted, (b->rows + 7) / 8);
}

/* Bytes of each distance. */
static unsigned
back_size_of(const uint32_t *same_back, uint32_t rows)
{
	uint32_t backs = 0;

	for (uint32_t i = 0; i < rows; i++)
		backs |= same_back[i];
	return backs == 0 ? 0 : bytes_of(backs) == 3 ? 4 : bytes_of(backs);
}

static void
add_people(const struct block_builder *b, struct buf *out)
{
	uint64_t phones = 0;
	unsigned phone_size, back_size = back_size_of(b->same_back, b->rows);

	for (uint32_t i = 0; i < b->rows; i++)
		phones |= b->phones[i];
	phone_size = bytes_of(phones) <= PHONE_SHORT ? PHONE_SHORT : PHONE_LONG;
	buf_add_u8(out, (uint8_t)phone_size);
	buf_add_u8(out, (uint8_t)back_size);
	for (uint32_t i = 0; i < b->rows; i++)
		add_int(out, b->phones[i], phone_size);
	for (uint32_t i = 0; i < b->rows; i++)
		add_int(out, b->same_back[i], back_size);
	for (uint32_t i = 0; i < b->rows; i += 2)
		buf_add_u8(out,
			   (uint8_t)(b->carriers[i] | (i + 1 < b->rows ? b->carriers[i + 1] : 0)
							      << CARRIER_BITS));
}

void
block_write_people(const struct block *b, const uint32_t *same_back, struct buf *out)
{
	unsigned back_size = back_size_of(same_back, b->rows);

	buf_add_u8(out, b->phone_size);
	buf_add_u8(out, (uint8_t)back_size);
	buf_add(out, b->phones, (size_t)b->phone_size * b->rows);
	for (uint32_t i = 0; i < b->rows; i++)
		add_int(out, same_back[i], back_size);
	buf_add(out, b->carriers, (b->rows + 1) / 2);
}

void
block_builder_finish(struct block_builder *b, struct buf *out)
{
	if (b->rows == 0)
		return;
	pieces_begin(out);
	buf_reset(&b->piece);
	add_rows(b, &b->piece);
	pieces_add(out, PIECE_ROWS, buf_slice(&b->piece));
	buf_reset(&b->piece);
	add_people(b, &b->piece);
	pieces_add(out, PIECE_PEOPLE, buf_slice(&b->piece));
	for (uint32_t i = 0; i < b->columns; i++) {
		if (b->cells[i].text.len == 0)
			continue;
		buf_reset(&b->piece);
		add_column(b, &b->cells[i], &b->piece);
		pieces_add(out, i, buf_slice(&b->piece));
		buf_reset(&b->cells[i].text);
	}
	memset(b->deleted, 0, sizeof(b->deleted));
	b->has_deleted = false;
	b->rows = 0;
}
