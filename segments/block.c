/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a block, format 2, and their reading. Integers are little endian
 * and unaligned; R = rows, C = columns. All pieces together are
 *
 *   1 version, 2; then for each piece: 1 which (0..127 a column, 254 people,
 *   255 rows), 4 its length, its bytes. The rows' piece is the first.
 *
 *   rows:         1         version, 2
 *                 1         flags: 1 = some are deleted
 *                 2         R, 1..256
 *                 2         C, 0..128
 *                 C/8       bit c: column c has a piece; else all its cells are missing
 *                 R/8       if flagged: row i is deleted when bit i%8 of byte i/8 is set
 *
 *   people:       1         bytes of a phone, P: 5 or 8
 *                 1         bytes of a distance, S: 0, 1, 2 or 4
 *                 P·R       phones: E.164 digits as a number, 0 = none
 *                 S·R       same phone: distance in rows back to the previous row of
 *                           the list with this phone, 0 = none
 *                 R/2       carriers, half a byte each, low half first: 0 = unknown
 *
 * and a column, its kind in the first byte (W = 2 or 4, as wide as the last offset needs):
 *
 *   plain 1:      1 W, W(R+1) offsets, text: row i is text[o(i) .. o(i+1))
 *   dictionary 2: 1 W, 1 D, R codes, W(D+1) offsets, text: 0 = missing, k = value k-1
 *   numbers 3:    1 bytes of a code 1..7, 1 digits, 8 base, codes: 0 = missing, k = base+k-1
 *                 in decimal, with zeros in front up to so many digits
 *   dates 4:      1 bytes of a code 2 or 4, 2 base, codes: 0 = missing, else
 *                 (year-base)·512 + month·32 + day; month and day 0: only the year is known
 *   words 5:      1 W, 2 D, 1 F, R counts, codes, W(D+1) offsets, text: row i is so many of
 *                 the next words with a blank between; code k is word k-1 of the F first ones,
 *                 0 is the next that was not used of the D-F others
 *
 * Offsets begin with 0 and never fall; a cell has at most 1000 bytes, a dictionary's
 * value and a word at least one; an empty plain cell is missing. The writer takes what
 * is shorter (segments/block_builder.c). A block may have fewer columns than its list:
 * they were added later.
 *
 * Opening checks what is read, and no more than that nothing is read beyond the bytes:
 * loops over rows are left to those who ask for cells.
 */
#include "segments/block.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "segments/block_format.h"
#include "segments/phone.h"

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

/* ---- the pieces together ---- */

static enum err
refuse(struct err_ctx *e, const char *why)
{
	return err_set(e, ERR_INPUT, "block of recipients",
		       "import the list again or restore a backup", "%s", why);
}

static enum err
check_version(uint8_t version, struct err_ctx *e)
{
	if (version == BLOCK_VERSION)
		return ERR_OK;
	if (version < BLOCK_VERSION)
		return err_set(e, ERR_INPUT, "block of recipients", "import it again",
			       "written by an older Loa");
	return err_set(e, ERR_INPUT, "block of recipients", "run the newer Loa again",
		       "written by a newer Loa");
}

void
pieces_begin(struct buf *out)
{
	buf_add_u8(out, BLOCK_VERSION);
}

void
pieces_add(struct buf *out, uint32_t id, struct slice bytes)
{
	buf_add_u8(out, (uint8_t)id);
	buf_add_u32(out, (uint32_t)bytes.n);
	buf_add_slice(out, bytes);
}

enum err
pieces_open(struct slice bytes, struct reader *out, struct err_ctx *e)
{
	*out = reader_of(bytes);
	if (bytes.n == 0)
		return refuse(e, "there are no bytes");
	return check_version(reader_u8(out), e);
}

bool
pieces_next(struct reader *r, struct piece *out)
{
	if (r->left == 0)
		return false;
	out->id = reader_u8(r);
	out->bytes = reader_bytes(r, reader_u32(r));
	return !r->is_bad;
}

/* ---- opening ---- */

static uint64_t
int_at(const uint8_t *p, size_t i, size_t size)
{
	uint64_t v = 0;

	memcpy(&v, p + i * size, size);
	return le64toh(v);
}

static inline uint32_t
offset_at(const struct block_column *c, uint32_t i)
{
	return c->offset_size == 2
		       ? (uint32_t)(c->offsets[2 * (size_t)i] | c->offsets[2 * (size_t)i + 1] << 8)
		       : (uint32_t)int_at(c->offsets, i, 4);
}

static const uint8_t *
take(struct reader *r, size_t n)
{
	return (const uint8_t *)reader_bytes(r, n).p;
}

/* Offsets of `count` texts and the texts behind them; each has min..CELL_MAX bytes. */
static const char *
take_texts(struct reader *r, struct block_column *c, uint32_t count, uint32_t min)
{
	uint32_t bad = 0, before = 0;

	c->offsets = take(r, c->offset_size * ((size_t)count + 1));
	if (r->is_bad)
		return "a column's offsets end early";
	if (offset_at(c, 0) != 0)
		return "a column's offsets do not begin with 0";
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t at = offset_at(c, i);

		/* falls, or is too far: the difference is large either way */
		bad |= at - before - min > CELL_MAX - min;
		before = at;
	}
	c->text = reader_bytes(r, before).p;
	return bad != 0 || r->is_bad ? "a column's offsets are out of order" : NULL;
}

static const char *
open_plain(struct reader *r, const struct block *b, struct block_column *c)
{
	c->offset_size = reader_u8(r);
	if (c->offset_size != 2 && c->offset_size != 4)
		return "a column's offsets are of no known size";
	return take_texts(r, c, b->rows, 0);
}

static const char *
open_dictionary(struct reader *r, const struct block *b, struct block_column *c)
{
	uint8_t bad = 0;

	c->offset_size = reader_u8(r);
	c->distinct = reader_u8(r);
	c->codes = take(r, b->rows);
	if (r->is_bad || (c->offset_size != 2 && c->offset_size != 4))
		return "a dictionary ends early";
	for (uint32_t i = 0; i < b->rows; i++)
		bad |= c->codes[i] > c->distinct;
	return bad != 0 ? "a cell points behind its dictionary" : take_texts(r, c, c->distinct, 1);
}

static const char *
open_numbers(struct reader *r, const struct block *b, struct block_column *c)
{
	c->code_size = reader_u8(r);
	c->digits = reader_u8(r);
	c->base = (int64_t)reader_u64(r);
	if (c->code_size == 0 || c->code_size > NUMBER_CODE_MAX || c->digits > NUMBER_DIGITS_MAX ||
	    c->base > (INT64_C(1) << 56) || c->base < -(INT64_C(1) << 56))
		return "its numbers are of no known size";
	c->codes = take(r, (size_t)c->code_size * b->rows);
	return r->is_bad ? "its numbers end early" : NULL;
}

static const char *
open_dates(struct reader *r, const struct block *b, struct block_column *c)
{
	uint32_t bad = 0;

	c->code_size = reader_u8(r);
	c->base = reader_u16(r);
	if ((c->code_size != 2 && c->code_size != 4) || c->base > 9999)
		return "its dates are of no known size";
	c->codes = take(r, (size_t)c->code_size * b->rows);
	if (r->is_bad)
		return "its dates end early";
	/* Codes of two bytes reach 127 years behind the base: mostly nothing can be too late. */
	for (uint32_t i = 0; (c->code_size == 4 || c->base + 127 > 9999) && i < b->rows; i++)
		bad |= int_at(c->codes, i, c->code_size) >> DATE_YEAR_BITS >
		       9999u - (uint32_t)c->base;
	return bad != 0 ? "a date is too late" : NULL;
}

static const char *
open_words(struct reader *r, const struct block *b, struct block_column *c)
{
	uint32_t words = 0, others = 0;
	uint8_t most = 0;

	c->offset_size = reader_u8(r);
	c->distinct = reader_u16(r);
	c->frequent = reader_u8(r);
	c->codes = take(r, b->rows);
	if (r->is_bad || (c->offset_size != 2 && c->offset_size != 4) || c->frequent > c->distinct)
		return "its words end early";
	for (uint32_t i = 0; i < b->rows; i++)
		words += c->codes[i];
	c->words = take(r, words);
	if (r->is_bad)
		return "its words end early";
	for (uint32_t i = 0; i < words; i++) {
		others += c->words[i] == 0;
		most = c->words[i] > most ? c->words[i] : most;
	}
	if (most > c->frequent || others != c->distinct - c->frequent)
		return "a word is not in its table";
	return take_texts(r, c, c->distinct, 1);
}

enum err
block_open_column(struct block *b, uint32_t column, struct slice bytes, struct err_ctx *e)
{
	static const char *(*const open[])(struct reader *, const struct block *,
					   struct block_column *) = {
		[BLOCK_PLAIN] = open_plain,	[BLOCK_DICTIONARY] = open_dictionary,
		[BLOCK_NUMBERS] = open_numbers, [BLOCK_DATES] = open_dates,
		[BLOCK_WORDS] = open_words,
	};
	struct reader r = reader_of(bytes);
	struct block_column *c;
	const char *why;
	uint8_t kind;

	if (column >= b->columns)
		return bytes.p == NULL ? ERR_OK : refuse(e, "it has more columns than it says");
	c = &b->column[column];
	if (bytes.p == NULL)
		return c->kind == BLOCK_MISSING ? ERR_OK : refuse(e, "a column is gone");
	if (c->kind != BLOCK_UNREAD)
		return refuse(e, "a column is there that should not be, or twice");
	kind = reader_u8(&r);
	if (kind == 0 || kind >= ARRAY_LEN(open))
		return refuse(e, "a column is of no known kind");
	*c = (struct block_column){.kind = BLOCK_UNREAD};
	why = open[kind](&r, b, c);
	if (why == NULL && r.left > 0)
		why = "bytes follow a column";
	if (why != NULL)
		return refuse(e, why);
	c->kind = (enum block_kind)kind;
	return ERR_OK;
}

enum err
block_open_rows(struct block *b, struct slice bytes, struct err_ctx *e)
{
	struct reader r = reader_of(bytes);
	uint8_t flags;
	const uint8_t *has;

	if (check_version(reader_u8(&r), e) != ERR_OK)
		return ERR_INPUT;
	flags = reader_u8(&r);
	b->rows = reader_u16(&r);
	b->columns = reader_u16(&r);
	if (r.is_bad || flags > ROWS_HAVE_DELETED || b->rows == 0 || b->rows > BLOCK_ROWS ||
	    b->columns > COLUMNS_MAX)
		return refuse(e, "its header is not one of a block");
	has = take(&r, (b->columns + 7) / 8);
	b->deleted = flags != 0 ? take(&r, (b->rows + 7) / 8) : NULL;
	if (r.is_bad || r.left > 0)
		return refuse(e, "the piece about its rows is of another length");
	b->phones = NULL;
	for (uint32_t i = 0; i < b->columns; i++)
		b->column[i].kind = has[i / 8] >> (i % 8) & 1 ? BLOCK_UNREAD : BLOCK_MISSING;
	arena_reset(&b->texts);
	return ERR_OK;
}

enum err
block_open_people(struct block *b, struct slice bytes, struct err_ctx *e)
{
	struct reader r = reader_of(bytes);
	const uint8_t *phones;

	b->phone_size = reader_u8(&r);
	b->back_size = reader_u8(&r);
	if ((b->phone_size != PHONE_SHORT && b->phone_size != PHONE_LONG) ||
	    (b->back_size > 2 && b->back_size != 4))
		return refuse(e, "its phones are of no known size");
	phones = take(&r, (size_t)b->phone_size * b->rows);
	b->same_back = take(&r, (size_t)b->back_size * b->rows);
	b->carriers = take(&r, (b->rows + 1) / 2);
	if (r.is_bad || r.left > 0)
		return refuse(e, "the piece about its people is of another length");
	for (uint32_t i = 0; i < b->rows; i++)
		if ((b->carriers[i / 2] >> (CARRIER_BITS * (i % 2)) & 15) >= CARRIER_COUNT)
			return refuse(e, "a carrier is unknown");
	b->phones = phones;
	return ERR_OK;
}

static enum err
open_piece(struct block *b, const struct piece *p, struct err_ctx *e)
{
	if (p->id == PIECE_PEOPLE)
		return b->phones == NULL ? block_open_people(b, p->bytes, e)
					 : refuse(e, "a piece is there twice");
	return p->id < COLUMNS_MAX ? block_open_column(b, p->id, p->bytes, e)
				   : refuse(e, "a piece is of no known kind");
}

enum err
block_open_some(struct slice bytes, struct block *out, struct err_ctx *e)
{
	struct reader r;
	struct piece p;

	out->texts = (struct arena){0};
	if (pieces_open(bytes, &r, e) != ERR_OK)
		return ERR_INPUT;
	if (!pieces_next(&r, &p) || p.id != PIECE_ROWS)
		return refuse(e, "the piece about its rows is not the first");
	if (block_open_rows(out, p.bytes, e) != ERR_OK)
		return ERR_INPUT;
	while (pieces_next(&r, &p))
		if (open_piece(out, &p, e) != ERR_OK)
			return ERR_INPUT;
	return r.is_bad ? refuse(e, "its last piece ends early") : ERR_OK;
}

enum err
block_open(struct slice bytes, struct block *out, struct err_ctx *e)
{
	if (block_open_some(bytes, out, e) != ERR_OK)
		return ERR_INPUT;
	if (out->phones == NULL)
		return refuse(e, "the piece about its people is gone");
	for (uint32_t i = 0; i < out->columns; i++)
		if (out->column[i].kind == BLOCK_UNREAD)
			return refuse(e, "a column is gone");
	return ERR_OK;
}

void
block_close(struct block *b)
{
	arena_free(&b->texts);
}

/* ---- cells ---- */

static struct slice
text_at(const struct block_column *c, uint32_t i)
{
	uint32_t from = offset_at(c, i);

	return (struct slice){c->text + from, offset_at(c, i + 1) - from};
}

/* The decimal digits of v at the end of a field of n, zeros in front. */
static void
put_digits(char *to, size_t n, uint64_t v)
{
	while (n-- > 0) {
		to[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

#define NUMBER_BYTES 20u /* of the longest, with its sign */

static size_t
spell_number(const struct block_column *c, uint64_t code, char *to)
{
	int64_t v = c->base + (int64_t)code - 1;
	uint64_t rest = v < 0 ? (uint64_t)-v : (uint64_t)v;
	size_t n = 1;

	for (uint64_t x = rest; x >= 10; x /= 10)
		n++;
	n = n < c->digits ? c->digits : n;
	if (v < 0)
		*to++ = '-';
	put_digits(to, n, rest);
	return n + (v < 0);
}

#define DATE_BYTES 10u

static size_t
spell_date(const struct block_column *c, uint64_t code, char *to)
{
	put_digits(to, 4, block_date_year(c, code));
	if ((code & ((1u << DATE_YEAR_BITS) - 1)) == 0)
		return 4;
	to[4] = to[7] = '-';
	put_digits(to + 5, 2, block_date_month(code));
	put_digits(to + 8, 2, block_date_day(code));
	return DATE_BYTES;
}

/* The next `count` words; a cell that would be too long is cut: no writer makes one. */
static size_t
spell_words(const struct block_column *c, uint32_t count, const uint8_t **next, uint32_t *others,
	    char *to)
{
	size_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t code = *(*next)++;
		struct slice word = text_at(c, code > 0 ? code - 1u : c->frequent + (*others)++);

		if (n + word.n + (i > 0) > CELL_MAX)
			continue;
		if (i > 0)
			to[n++] = ' ';
		memcpy(to + n, word.p, word.n);
		n += word.n;
	}
	return n;
}

/* At least as many bytes as spelling them takes. */
static size_t
room_of(const struct block *b, const struct block_column *c)
{
	const uint8_t *next = c->words;
	uint32_t others = 0;
	size_t n = 0;

	if (c->kind != BLOCK_WORDS)
		return (size_t)b->rows * (c->kind == BLOCK_NUMBERS ? NUMBER_BYTES : DATE_BYTES);
	for (uint32_t row = 0; row < b->rows; row++) {
		size_t cell = 0;

		for (uint32_t i = 0; i < c->codes[row]; i++, next++)
			cell += text_at(c, *next > 0 ? *next - 1u : c->frequent + others++).n + 1;
		n += cell < CELL_MAX ? cell : CELL_MAX;
	}
	return n;
}

/* The view fills itself in: it was never a constant. */
static void
spell(const struct block *b, const struct block_column *c)
{
	struct block_column *to = (struct block_column *)c;
	struct arena *memory = &((struct block *)b)->texts;
	uint32_t *offsets = arena_alloc(memory, (b->rows + 1) * sizeof(*offsets));
	char *text = arena_alloc(memory, room_of(b, c));
	const uint8_t *next = c->words;
	uint32_t others = 0, at = 0;
	uint64_t codes[BLOCK_ROWS];

	if (c->kind != BLOCK_WORDS)
		block_codes(b, c, codes);
	for (uint32_t row = 0; row < b->rows; row++) {
		offsets[row] = at;
		if (c->kind == BLOCK_WORDS)
			at += (uint32_t)spell_words(c, c->codes[row], &next, &others, text + at);
		else if (codes[row] != 0)
			at += (uint32_t)(c->kind == BLOCK_NUMBERS
						 ? spell_number(c, codes[row], text + at)
						 : spell_date(c, codes[row], text + at));
	}
	offsets[b->rows] = at;
	to->spelt_offsets = offsets;
	to->spelt = text;
}

static bool
is_spelt(const struct block *b, const struct block_column *c)
{
	if (c->kind != BLOCK_NUMBERS && c->kind != BLOCK_DATES && c->kind != BLOCK_WORDS)
		return false;
	if (c->spelt_offsets == NULL)
		spell(b, c);
	return true;
}

static void
widen(const struct block_column *c, uint32_t n, uint32_t *at)
{
	if (c->offset_size == 2)
		for (uint32_t i = 0; i <= n; i++)
			at[i] = (uint32_t)(c->offsets[2 * i] | c->offsets[2 * i + 1] << 8);
	else
		for (uint32_t i = 0; i <= n; i++)
			at[i] = offset_at(c, i);
}

uint32_t
block_texts(const struct block *b, const struct block_column *c, uint32_t *at, const char **text)
{
	uint32_t n = c->kind == BLOCK_DICTIONARY ? c->distinct : b->rows;

	assert(c->kind != BLOCK_UNREAD);
	if (c->kind == BLOCK_MISSING) {
		memset(at, 0, (n + 1) * sizeof(*at));
		*text = "";
	} else if (is_spelt(b, c)) {
		memcpy(at, c->spelt_offsets, (n + 1) * sizeof(*at));
		*text = c->spelt;
	} else {
		widen(c, n, at);
		*text = c->text;
	}
	return n;
}

void
block_word_table(const struct block_column *c, uint32_t *at)
{
	assert(c->kind == BLOCK_WORDS);
	widen(c, c->distinct, at);
}

void
block_codes(const struct block *b, const struct block_column *c, uint64_t *out)
{
	const uint8_t *p = c->codes;

	assert(c->kind == BLOCK_NUMBERS || c->kind == BLOCK_DATES);
	switch (c->code_size) {
	case 1:
		for (uint32_t i = 0; i < b->rows; i++)
			out[i] = p[i];
		break;
	case 2:
		for (uint32_t i = 0; i < b->rows; i++)
			out[i] = (uint64_t)(p[2 * i] | p[2 * i + 1] << 8);
		break;
	default:
		for (uint32_t i = 0; i < b->rows; i++)
			out[i] = int_at(p, i, c->code_size);
	}
}

struct slice
block_value(const struct block_column *c, uint32_t i)
{
	assert(c->kind == BLOCK_DICTIONARY && i < c->distinct);
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
	assert(c->kind != BLOCK_UNREAD);
	if (c->kind == BLOCK_PLAIN)
		return text_at(c, row);
	if (is_spelt(b, c))
		return (struct slice){c->spelt + c->spelt_offsets[row],
				      c->spelt_offsets[row + 1] - c->spelt_offsets[row]};
	if (c->kind == BLOCK_MISSING || c->codes[row] == 0)
		return (struct slice){NULL, 0};
	return text_at(c, c->codes[row] - 1u);
}

/* ---- people ---- */

uint64_t
block_phone(const struct block *b, uint32_t row)
{
	assert(row < b->rows && b->phones != NULL);
	return int_at(b->phones, row, b->phone_size);
}

uint32_t
block_same_back(const struct block *b, uint32_t row)
{
	assert(row < b->rows && b->phones != NULL);
	return b->back_size > 0 ? (uint32_t)int_at(b->same_back, row, b->back_size) : 0;
}

uint8_t
block_carrier(const struct block *b, uint32_t row)
{
	assert(row < b->rows && b->phones != NULL);
	return b->carriers[row / 2] >> (CARRIER_BITS * (row % 2)) & 15;
}

bool
block_is_deleted(const struct block *b, uint32_t row)
{
	assert(row < b->rows);
	return b->deleted != NULL && (b->deleted[row / 8] >> (row % 8) & 1) != 0;
}
