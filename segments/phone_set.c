/* SPDX-License-Identifier: MIT */
#include "segments/phone_set.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>

#include "base/mem.h"

#define NUMBERS 1000000000u
#define CHUNK_NUMBERS 65536u
#define CHUNKS ((NUMBERS + CHUNK_NUMBERS - 1) / CHUNK_NUMBERS)
#define ARRAY_MAX 4096u /* as an array; a bitmap of all is as large */
#define WORDS (CHUNK_NUMBERS / 64)
#define PENDING_MAX 32768u
#define DIGIT_BITS 10 /* of a sorting step: three of them are 30 bits, more than NUMBERS */
#define DIGITS (1u << DIGIT_BITS)
#define FORMAT 1

struct chunk {
	uint32_t count; /* > ARRAY_MAX: bits, else values */
	uint32_t cap;	/* values that there is room for */
	union {
		uint16_t *values; /* ascending; NULL when cap is 0 */
		uint64_t *bits;	  /* [WORDS] */
	};
};

struct phone_set {
	struct chunk chunks[CHUNKS];
	uint64_t count, digest, added;
	size_t memory;	   /* of the chunks' contents */
	uint32_t *pending; /* [2 * PENDING_MAX]: as they came, and sorted; NULL = none */
	size_t pending_count;
	size_t sorted_count, taken; /* of the second half: that are in their chunks */
	uint32_t read_to;	    /* chunks before it were read */
	struct phone_set *repeated; /* added more than once; NULL = not noted */
	uint32_t *before; /* [CHUNKS]: phones in the chunks before; NULL = not asked for */
};

struct phone_set *
phone_set_new(void)
{
	return xcalloc(1, sizeof(struct phone_set));
}

void
phone_set_free(struct phone_set *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < CHUNKS; i++)
		free(s->chunks[i].values);
	free(s->pending);
	free(s->before);
	phone_set_free(s->repeated);
	free(s);
}

uint64_t
phone_set_count(const struct phone_set *s)
{
	assert(s->pending == NULL);
	return s->count;
}

uint64_t
phone_set_added(const struct phone_set *s)
{
	return s->added;
}

size_t
phone_set_memory(const struct phone_set *s)
{
	return sizeof(*s) + s->memory +
	       (s->pending != NULL ? 2 * PENDING_MAX * sizeof(*s->pending) : 0) +
	       (s->before != NULL ? CHUNKS * sizeof(*s->before) : 0) +
	       (s->repeated != NULL ? phone_set_memory(s->repeated) : 0);
}

uint64_t
phone_set_digest(const struct phone_set *s)
{
	assert(s->pending == NULL);
	return s->digest;
}

/* splitmix64's finaliser: sums of it are as good as random. */
static uint64_t
mixed(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* A number that was not in the set is. */
static void
count_one(struct phone_set *s, uint32_t chunk, uint16_t value)
{
	s->count++;
	s->digest += mixed((uint64_t)chunk * CHUNK_NUMBERS + value);
}

/* It is added, and was in the set. */
static void
note_repeated(struct phone_set *s, uint32_t number)
{
	if (s->repeated != NULL)
		phone_set_add(s->repeated, PHONE_SET_FIRST + number);
}

/* ---- a chunk ---- */

/* How many of the values are less than v. */
static uint32_t
values_below(const uint16_t *values, uint32_t n, uint16_t v)
{
	const uint16_t *at = values;

	while (n > 1) {
		uint32_t half = n / 2;

		at += at[half - 1] < v ? half : 0;
		n -= half;
	}
	return (uint32_t)(at - values) + (n == 1 && *at < v);
}

static bool
chunk_has(const struct chunk *c, uint16_t v)
{
	uint32_t at;

	if (c->count > ARRAY_MAX)
		return (c->bits[v / 64] >> (v % 64) & 1) != 0;
	at = values_below(c->values, c->count, v);
	return at < c->count && c->values[at] == v;
}

static void
chunk_reserve(struct phone_set *s, struct chunk *c, uint32_t n)
{
	uint32_t cap = n + n / 8 + 4;

	if (n <= c->cap)
		return;
	if (cap > ARRAY_MAX)
		cap = ARRAY_MAX;
	s->memory += (cap - c->cap) * sizeof(*c->values);
	c->values = xrealloc(c->values, cap * sizeof(*c->values));
	c->cap = cap;
}

/* n ascending values, repeated ones among them; all fit into an array. */
static void
insert_values(struct phone_set *s, uint32_t chunk, const uint32_t *numbers, uint32_t n)
{
	struct chunk *c = &s->chunks[chunk];
	uint16_t fresh[ARRAY_MAX], place[ARRAY_MAX]; /* place: values of c before it */
	uint32_t count = 0, end = c->count;

	for (uint32_t i = 0; i < n; i++) {
		uint16_t v = (uint16_t)numbers[i];
		uint32_t at;

		at = values_below(c->values, c->count, v);
		if ((count > 0 && fresh[count - 1] == v) || (at < c->count && c->values[at] == v)) {
			note_repeated(s, numbers[i]);
			continue;
		}
		fresh[count] = v;
		place[count++] = (uint16_t)at;
		count_one(s, chunk, v);
	}
	if (count == 0)
		return;
	chunk_reserve(s, c, c->count + count);
	c->count += count;
	for (uint32_t i = count; i-- > 0; end = place[i]) { /* from behind, each moved once */
		memmove(c->values + place[i] + i + 1, c->values + place[i],
			(end - place[i]) * sizeof(*c->values));
		c->values[place[i] + i] = fresh[i];
	}
}

static uint64_t *
bits_of_values(const struct chunk *c)
{
	uint64_t *bits = xcalloc(WORDS, sizeof(*bits));

	for (uint32_t i = 0; i < c->count; i++)
		bits[c->values[i] / 64] |= UINT64_C(1) << (c->values[i] % 64);
	return bits;
}

static void
values_of_bits(struct phone_set *s, struct chunk *c, const uint64_t *bits, uint32_t count)
{
	chunk_reserve(s, c, count);
	c->count = 0;
	for (uint32_t w = 0; w < WORDS; w++)
		for (uint64_t rest = bits[w]; rest != 0; rest &= rest - 1)
			c->values[c->count++] =
				(uint16_t)(w * 64 + (uint32_t)__builtin_ctzll(rest));
}

/* n values of which there may be too many for an array. */
static void
insert_bits(struct phone_set *s, uint32_t chunk, const uint32_t *numbers, uint32_t n)
{
	struct chunk *c = &s->chunks[chunk];
	bool was_bits = c->count > ARRAY_MAX;
	uint64_t *bits = was_bits ? c->bits : bits_of_values(c);
	uint32_t count = c->count;

	for (uint32_t i = 0; i < n; i++) {
		uint16_t v = (uint16_t)numbers[i];
		uint64_t bit = UINT64_C(1) << (v % 64);

		if ((bits[v / 64] & bit) != 0) {
			note_repeated(s, numbers[i]);
			continue;
		}
		bits[v / 64] |= bit;
		count++;
		count_one(s, chunk, v);
	}
	if (count <= ARRAY_MAX) {
		values_of_bits(s, c, bits, count);
		free(bits);
		return;
	}
	if (!was_bits) {
		free(c->values);
		s->memory += WORDS * sizeof(*bits) - c->cap * sizeof(*c->values);
		c->cap = 0;
		c->bits = bits;
	}
	c->count = count;
}

/* ---- adding ---- */

/* Three steps of a radix sort, from the least digit on: after them they are in the other half. */
static void
sort_pending(struct phone_set *s)
{
	uint32_t *from = s->pending, *to = s->pending + PENDING_MAX;
	size_t n = s->pending_count;

	for (unsigned shift = 0; shift < 3 * DIGIT_BITS; shift += DIGIT_BITS) {
		uint32_t starts[DIGITS + 1] = {0}, *swap = from;

		for (size_t i = 0; i < n; i++)
			starts[(from[i] >> shift & (DIGITS - 1)) + 1]++;
		for (uint32_t d = 0; d < DIGITS; d++)
			starts[d + 1] += starts[d];
		for (size_t i = 0; i < n; i++)
			to[starts[from[i] >> shift & (DIGITS - 1)]++] = from[i];
		from = to;
		to = swap;
	}
	s->sorted_count = n;
	s->taken = s->pending_count = 0;
}

/* Sorted numbers go into their chunks, until `end` of them are. */
static void
take_sorted(struct phone_set *s, size_t end)
{
	const uint32_t *sorted = s->pending + PENDING_MAX;

	free(s->before);
	s->before = NULL;
	end = end < s->sorted_count ? end : s->sorted_count;
	while (s->taken < end) {
		uint32_t chunk = sorted[s->taken] / CHUNK_NUMBERS, n = 1;
		const uint32_t *first = sorted + s->taken;

		while (s->taken + n < s->sorted_count && first[n] / CHUNK_NUMBERS == chunk)
			n++;
		if (s->chunks[chunk].count + n > ARRAY_MAX)
			insert_bits(s, chunk, first, n);
		else
			insert_values(s, chunk, first, n);
		s->taken += n;
	}
}

bool
phone_set_add(struct phone_set *s, uint64_t phone)
{
	if (phone < PHONE_SET_FIRST || phone > PHONE_SET_LAST)
		return false;
	if (s->pending == NULL)
		s->pending = xmalloc(2 * PENDING_MAX * sizeof(*s->pending));
	s->added++;
	s->pending[s->pending_count++] = (uint32_t)(phone - PHONE_SET_FIRST);
	take_sorted(s, s->pending_count); /* one for one: all are, when the next are sorted */
	if (s->pending_count == PENDING_MAX)
		sort_pending(s);
	return true;
}

void
phone_set_settle(struct phone_set *s)
{
	if (s->pending != NULL) {
		take_sorted(s, s->sorted_count);
		sort_pending(s);
		take_sorted(s, s->sorted_count);
		s->sorted_count = s->taken = 0;
	}
	free(s->pending);
	s->pending = NULL;
	if (s->repeated != NULL)
		phone_set_settle(s->repeated);
}

void
phone_set_note_repeated(struct phone_set *s)
{
	assert(s->added == 0 && s->repeated == NULL);
	s->repeated = phone_set_new();
}

struct phone_set *
phone_set_take_repeated(struct phone_set *s)
{
	struct phone_set *repeated = s->repeated;

	assert(s->pending == NULL);
	s->repeated = NULL;
	return repeated;
}

bool
phone_set_has(const struct phone_set *s, uint64_t phone)
{
	uint32_t number;

	assert(s->pending == NULL);
	if (phone < PHONE_SET_FIRST || phone > PHONE_SET_LAST)
		return false;
	number = (uint32_t)(phone - PHONE_SET_FIRST);
	return chunk_has(&s->chunks[number / CHUNK_NUMBERS], (uint16_t)number);
}

static void
count_before(struct phone_set *s)
{
	uint32_t n = 0;

	s->before = xmalloc(CHUNKS * sizeof(*s->before));
	for (uint32_t i = 0; i < CHUNKS; i++) {
		s->before[i] = n;
		n += s->chunks[i].count;
	}
}

/* How many of the chunk's numbers are smaller than v, which is one of them. */
static uint32_t
place_in_chunk(const struct chunk *c, uint16_t v)
{
	uint32_t n = 0;

	if (c->count <= ARRAY_MAX)
		return values_below(c->values, c->count, v);
	for (uint32_t w = 0; w < v / 64u; w++)
		n += (uint32_t)__builtin_popcountll(c->bits[w]);
	return n +
	       (uint32_t)__builtin_popcountll(c->bits[v / 64] & ((UINT64_C(1) << (v % 64)) - 1));
}

int64_t
phone_set_index(struct phone_set *s, uint64_t phone)
{
	uint32_t number = (uint32_t)(phone - PHONE_SET_FIRST), chunk = number / CHUNK_NUMBERS;

	if (!phone_set_has(s, phone))
		return -1;
	if (s->before == NULL)
		count_before(s);
	return (int64_t)s->before[chunk] + place_in_chunk(&s->chunks[chunk], (uint16_t)number);
}

/* ---- bytes ---- */

static size_t
body_bytes(uint32_t count)
{
	return count > ARRAY_MAX ? CHUNK_NUMBERS / 8 : 2 * (size_t)count;
}

static void
write_chunk(const struct chunk *c, uint32_t number, struct buf *out)
{
	buf_add_u16(out, (uint16_t)number);
	buf_add_u16(out, (uint16_t)(c->count - 1));
	if (c->count > ARRAY_MAX)
		for (uint32_t w = 0; w < WORDS; w++)
			buf_add_u64(out, c->bits[w]);
	else
		for (uint32_t i = 0; i < c->count; i++)
			buf_add_u16(out, c->values[i]);
}

bool
phone_set_write(const struct phone_set *s, uint32_t *from, size_t most, struct buf *out)
{
	size_t bytes = 1;

	assert(s->pending == NULL && most >= PHONE_SET_PIECE_MIN);
	for (; *from < CHUNKS; ++*from) {
		const struct chunk *c = &s->chunks[*from];

		if (c->count == 0)
			continue;
		if (bytes + 4 + body_bytes(c->count) > most)
			break;
		if (bytes == 1)
			buf_add_u8(out, FORMAT);
		bytes += 4 + body_bytes(c->count);
		write_chunk(c, *from, out);
	}
	return bytes > 1;
}

static uint16_t
u16_at(struct slice body, uint32_t i)
{
	uint16_t v;

	memcpy(&v, body.p + 2 * (size_t)i, 2);
	return le16toh(v);
}

/* NULL, or what is wrong with it. */
static const char *
read_values(struct phone_set *s, uint32_t number, struct slice body, uint32_t count)
{
	struct chunk *c = &s->chunks[number];
	uint16_t last = u16_at(body, count - 1);

	for (uint32_t i = 1; i < count; i++)
		if (u16_at(body, i) <= u16_at(body, i - 1))
			return "its numbers do not ascend";
	if ((uint64_t)number * CHUNK_NUMBERS + last >= NUMBERS)
		return "it has a number that is none";
	c->values = xmalloc(count * sizeof(*c->values));
	c->cap = c->count = count;
	s->memory += count * sizeof(*c->values);
	for (uint32_t i = 0; i < count; i++) {
		c->values[i] = u16_at(body, i);
		count_one(s, number, c->values[i]);
	}
	return NULL;
}

static const char *
read_bits(struct phone_set *s, uint32_t number, struct slice body, uint32_t count)
{
	struct chunk *c = &s->chunks[number];
	struct reader r = reader_of(body);
	uint64_t *bits = xmalloc(WORDS * sizeof(*bits));
	uint32_t have = 0, last = 0;

	for (uint32_t w = 0; w < WORDS; w++) {
		bits[w] = reader_u64(&r);
		have += (uint32_t)__builtin_popcountll(bits[w]);
		if (bits[w] != 0)
			last = w * 64 + 63 - (uint32_t)__builtin_clzll(bits[w]);
	}
	if (have != count || (uint64_t)number * CHUNK_NUMBERS + last >= NUMBERS) {
		free(bits);
		return have != count ? "it has not as many numbers as it says"
				     : "it has a number that is none";
	}
	c->bits = bits;
	c->count = count;
	s->memory += WORDS * sizeof(*bits);
	for (uint32_t w = 0; w < WORDS; w++)
		for (uint64_t rest = bits[w]; rest != 0; rest &= rest - 1)
			count_one(s, number, (uint16_t)(w * 64 + (uint32_t)__builtin_ctzll(rest)));
	return NULL;
}

static const char *
read_chunk(struct phone_set *s, struct reader *r)
{
	uint32_t number = reader_u16(r), count = reader_u16(r) + 1u;
	struct slice body = reader_bytes(r, body_bytes(count));

	if (r->is_bad)
		return "it is cut off";
	if (number >= CHUNKS)
		return "it has a number that is none";
	if (number < s->read_to)
		return "it is out of order";
	s->read_to = number + 1;
	return count > ARRAY_MAX ? read_bits(s, number, body, count)
				 : read_values(s, number, body, count);
}

enum err
phone_set_read(struct phone_set *s, struct slice piece, struct err_ctx *e)
{
	struct reader r = reader_of(piece);
	const char *wrong = NULL;

	if (reader_u8(&r) != FORMAT || r.is_bad || r.left == 0)
		wrong = "it is of another format";
	while (wrong == NULL && r.left > 0)
		wrong = read_chunk(s, &r);
	if (wrong != NULL)
		return err_set(e, ERR_INPUT, "set of phones", "", "is damaged: %s", wrong);
	return ERR_OK;
}
