/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/mem.h"

int32_t
text_next(struct slice *s)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n;

	if (s->n == 0)
		return -1;
	if ((unsigned char)s->p[0] < 0x80) {
		s->n--;
		return *s->p++;
	}
	n = utf8proc_iterate((const utf8proc_uint8_t *)s->p, (utf8proc_ssize_t)s->n, &c);
	if (n <= 0) {
		s->p++;
		s->n--;
		return -2;
	}
	s->p += n;
	s->n -= (size_t)n;
	return c;
}

void
text_add_code_point(struct buf *out, int32_t c)
{
	utf8proc_uint8_t tmp[4];
	utf8proc_ssize_t n = utf8proc_encode_char(c, tmp);

	if (n > 0)
		buf_add(out, tmp, (size_t)n);
}

ptrdiff_t
text_find_malformed(struct slice s)
{
	const char *start = s.p;

	while (s.n > 0) {
		const char *at = s.p;

		if (text_next(&s) == -2)
			return at - start;
	}
	return -1;
}

/* ---- sixteen bytes at a time ---- */

typedef uint8_t bytes16 __attribute__((vector_size(16)));

static bytes16
load(const char *p)
{
	bytes16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* 0xFF where it is so, 0 elsewhere. */
static bytes16
is_between(bytes16 v, uint8_t from, uint8_t to)
{
	return (bytes16)((bytes16)(v - from) <= (uint8_t)(to - from));
}

static bytes16
is_byte(bytes16 v, uint8_t byte)
{
	return (bytes16)(v == byte);
}

static size_t
sum_of(bytes16 v)
{
	size_t sum = 0;

	for (size_t i = 0; i < sizeof(v); i++)
		sum += v[i];
	return sum;
}

static bool
is_zero(bytes16 v)
{
	uint64_t halves[2];

	memcpy(halves, &v, sizeof(v));
	return (halves[0] | halves[1]) == 0;
}

/* Bytes of ASCII at the beginning. */
static size_t
count_ascii(struct slice s)
{
	size_t i = 0;
	uint64_t word;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&word, s.p + i, 8);
		if (word & 0x8080808080808080u)
			break;
	}
	while (i < s.n && (unsigned char)s.p[i] < 0x80)
		i++;
	return i;
}

bool
text_is_ascii(struct slice s)
{
	return count_ascii(s) == s.n;
}

int32_t
text_base_of(int32_t c)
{
	utf8proc_int32_t parts[32];
	utf8proc_ssize_t n = utf8proc_decompose_char(c, parts, 32, UTF8PROC_DECOMPOSE, NULL);

	return n > 1 && n <= 32 ? parts[0] : c;
}

size_t
text_unstyled(int32_t c, int32_t *out, size_t max)
{
	utf8proc_ssize_t n = utf8proc_decompose_char(c, out, (utf8proc_ssize_t)max,
						     UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, NULL);

	return n <= 0 || (size_t)n > max || (n == 1 && out[0] == c) ? 0 : (size_t)n;
}

/* ---- lengths ---- */

/* Bytes of each kind; a lane of 16 counts up to 255. */
struct kinds {
	bytes16 tails; /* 80–BF */
	bytes16 due;   /* tails that the leads ask for */
	bytes16 pairs; /* F0–FF */
};

static void
count_block(struct kinds *k, bytes16 b)
{
	bytes16 is_lead4 = (bytes16)(b >= 0xF0);

	k->tails -= is_between(b, 0x80, 0xBF); /* 0xFF is -1 */
	k->due -= (bytes16)(b >= 0xC0) + (bytes16)(b >= 0xE0) + is_lead4;
	k->pairs -= is_lead4;
}

static size_t
count_utf16_slowly(struct slice s, size_t *pairs)
{
	size_t units = 0;

	*pairs = 0;
	while (s.n > 0) {
		int32_t c = text_next(&s);

		*pairs += c > 0xFFFF;
		units += c > 0xFFFF ? 2 : 1;
	}
	return units;
}

size_t
text_utf16_length(struct slice s, size_t *pairs)
{
	size_t at = 0, tails = 0, due = 0;
	char rest[16] = {0};

	*pairs = 0;
	do {
		struct kinds k = {0};
		int block = 0;

		for (; block < 80 && at + 16 <= s.n; block++, at += 16)
			count_block(&k, load(s.p + at));
		if (block < 80 && at < s.n) {
			memcpy(rest, s.p + at, s.n - at);
			count_block(&k, load(rest));
			at = s.n;
		}
		tails += sum_of(k.tails);
		due += sum_of(k.due);
		*pairs += sum_of(k.pairs);
	} while (at < s.n);
	return tails == due ? s.n - tails + *pairs : count_utf16_slowly(s, pairs);
}

struct slice
text_clip(struct slice s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return (struct slice){s.p, max};
}

size_t
text_length(struct slice s)
{
	size_t n = 0;

	while (s.n > 0) {
		text_next(&s);
		n++;
	}
	return n;
}

/* ---- one look ---- */

/*
 * Each byte beside the three before it. What is accepted is well-formed, has no
 * canonical decomposition that NFC does not undo, is no second half of a
 * composition, and of combining class 0. (The Khmer sign U+17D2 is of class 9; as
 * nothing else accepted has a class, no order can be wrong.)
 */
struct window {
	bytes16 here, back1, back2, back3;
};

/* Zeros stand before and behind the text. */
static struct window
window_at(struct slice s, size_t at)
{
	char around[3 + 16] = {0};
	const char *p = around + 3;
	size_t before = at < 3 ? at : 3, behind = s.n - at < 16 ? s.n - at : 16;

	if (before == 3 && behind == 16)
		p = s.p + at;
	else
		memcpy(around + 3 - before, s.p + at - before, before + behind);
	return (struct window){load(p), load(p - 1), load(p - 2), load(p - 3)};
}

/* 0 where all is ASCII, U+0080–02FF and 1E00–1EFF: most of what is written in Vietnamese. */
static bytes16
find_unusual(const struct window *w, bytes16 is_tail)
{
	bytes16 b = w->here, e1 = is_byte(w->back1, 0xE1);
	bytes16 is_due = is_between(w->back1, 0xC2, 0xCB) | e1 | is_byte(w->back2, 0xE1);
	bytes16 is_known = is_tail | is_between(b, 0xC2, 0xCB) | is_byte(b, 0xE1);

	return (is_due ^ is_tail) | ((bytes16)(b >= 0x80) & ~is_known) |
	       (e1 & ~is_between(b, 0xB8, 0xBB));
}

/* 0xFF for each byte that is not as the first comment says. */
static bytes16
find_unsure(const struct window *w, bytes16 is_tail)
{
	bytes16 b = w->here, e1 = is_byte(w->back1, 0xE1), e2 = is_byte(w->back1, 0xE2);
	bytes16 ea = is_byte(w->back1, 0xEA), ef = is_byte(w->back1, 0xEF);
	bytes16 f0 = is_byte(w->back1, 0xF0), e1_ = is_byte(w->back2, 0xE1);
	bytes16 e2_ = is_byte(w->back2, 0xE2), ef_ = is_byte(w->back2, 0xEF);
	bytes16 is_due = is_between(w->back1, 0xC2, 0xCB) | e1 | e2 | ea | ef | f0 | e1_ | e2_ |
			 is_byte(w->back2, 0xEA) | ef_ | is_byte(w->back2, 0xF0) |
			 is_byte(w->back3, 0xF0);
	/* U+0080–02FF, 1xxx, 2xxx, Axxx, Fxxx, 1Fxxx */
	bytes16 is_lead = is_between(b, 0xC2, 0xCB) | is_byte(b, 0xE1) | is_byte(b, 0xE2) |
			  is_byte(b, 0xEA) | is_byte(b, 0xEF) | is_byte(b, 0xF0);
	bytes16 bad = (is_due ^ is_tail) | ((bytes16)(b >= 0xC0) & ~is_lead);

	/* U+1780–17FF but 17DD, which has a combining class; U+1E00–1EFF */
	bad |= e1 & ~(is_between(b, 0x9E, 0x9F) | is_between(b, 0xB8, 0xBB));
	bad |= e1_ & is_byte(w->back1, 0x9F) & is_byte(b, 0x9D);
	/* U+2002–203F (2000 and 2001 decompose), 2080–20BF, 2180–21BF, 2600–27BF */
	bad |= e2 & ~(is_byte(b, 0x80) | is_byte(b, 0x82) | is_byte(b, 0x86) |
		      is_between(b, 0x98, 0x9E));
	bad |= e2_ & is_byte(w->back1, 0x80) & is_between(b, 0x80, 0x81);
	/* U+AA00–AA7F; U+FE00–FE0F; U+1F000–1FFFF */
	bad |= ea & ~is_between(b, 0xA8, 0xA9);
	bad |= (ef & ~is_byte(b, 0xB8)) | (ef_ & ~is_between(b, 0x80, 0x8F));
	bad |= f0 & ~is_byte(b, 0x9F);
	return bad;
}

struct text_look
text_look(struct slice s)
{
	size_t at = count_ascii(s), tail_count = 0, pair_count = 0;
	bytes16 unsure = {0};
	bool was_unusual = false;

	if (at == s.n)
		return (struct text_look){true, true, s.n, 0};
	/* up to one byte behind the end: is the last character whole? */
	while (at <= s.n && is_zero(unsure)) {
		bytes16 tails = {0}, pairs = {0};

		for (int i = 0; i < 255 && at <= s.n; i++, at += 16) {
			struct window w = window_at(s, at);
			bytes16 is_tail = is_between(w.here, 0x80, 0xBF);
			bool is_unusual = !is_zero(find_unusual(&w, is_tail));

			/* a character may go on in the next block */
			if (is_unusual || was_unusual)
				unsure |= find_unsure(&w, is_tail);
			was_unusual = is_unusual;
			tails -= is_tail; /* 0xFF is -1 */
			pairs -= is_byte(w.here, 0xF0);
		}
		tail_count += sum_of(tails);
		pair_count += sum_of(pairs);
	}
	return (struct text_look){false, is_zero(unsure), s.n - tail_count, pair_count};
}

bool
text_is_nfc_quick(struct slice s)
{
	return text_look(s).is_nfc;
}

/* ---- normal forms ---- */

/* Code points that n bytes may become. U+0390 is the worst: two bytes, three code points. */
#define POINTS_OF(n) ((n) / 2 * 3 + 4)
#define SHORT_RUN 32 /* marks in a row; Unicode's stream-safe text has 30 at most */

static utf8proc_propval_t
class_of(int32_t c)
{
	return utf8proc_get_property(c)->combining_class;
}

/* By class, those of one class as they stand. */
static void
order_long_run(int32_t *run, size_t n, int32_t *spare)
{
	size_t begin[256 + 1] = {0};

	for (size_t i = 0; i < n; i++)
		begin[class_of(run[i]) + 1]++;
	for (size_t k = 1; k <= 256; k++)
		begin[k] += begin[k - 1];
	for (size_t i = 0; i < n; i++)
		spare[begin[class_of(run[i])]++] = run[i];
	memcpy(run, spare, n * sizeof(*run));
}

static void
order_run(int32_t *run, size_t n, int32_t *spare)
{
	if (n > SHORT_RUN) {
		order_long_run(run, n, spare);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		int32_t c = run[i];
		size_t at = i;

		for (; at > 0 && class_of(run[at - 1]) > class_of(c); at--)
			run[at] = run[at - 1];
		run[at] = c;
	}
}

/* The canonical order (UAX #15): marks behind a letter, by their class. */
static void
order_marks(int32_t *points, size_t count, int32_t *spare)
{
	size_t begin = 0;

	for (size_t i = 0; i <= count; i++) {
		if (i < count && class_of(points[i]) != 0)
			continue;
		if (i - begin > 1)
			order_run(points + begin, i - begin, spare);
		begin = i + 1;
	}
}

/*
 * As utf8proc_map, into points[POINTS_OF(s.n)], which become UTF-8. Its own
 * ordering takes the square of the time for many marks in a row. Bytes, or -1.
 */
static ptrdiff_t
map(struct slice s, int32_t *points, int32_t *spare, utf8proc_option_t options)
{
	size_t count = 0, room = POINTS_OF(s.n) - 1;
	int boundary = UTF8PROC_BOUNDCLASS_START;

	for (int32_t c; (c = text_next(&s)) != -1;) {
		utf8proc_ssize_t n;

		if (c == -2)
			return -1;
		n = utf8proc_decompose_char(c, points + count, (utf8proc_ssize_t)(room - count),
					    options, &boundary);
		if (n < 0 || (size_t)n > room - count)
			return -1;
		count += (size_t)n;
	}
	order_marks(points, count, spare);
	return utf8proc_reencode(points, (utf8proc_ssize_t)count, options);
}

static bool
add_mapped(struct buf *out, struct slice s, utf8proc_option_t options)
{
	size_t bytes = POINTS_OF(s.n) * sizeof(int32_t);
	int32_t *points = xmalloc(2 * bytes);
	ptrdiff_t n = map(s, points, points + POINTS_OF(s.n), options);

	if (n >= 0)
		buf_add(out, points, (size_t)n);
	free(points);
	return n >= 0;
}

bool
text_add_nfc(struct buf *out, struct slice s)
{
	if (text_is_nfc_quick(s)) {
		buf_add_slice(out, s);
		return true;
	}
	return add_mapped(out, s, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

bool
text_put_nfc(struct slice s, char *out, size_t room, size_t *n)
{
	int32_t points[POINTS_OF(TEXT_PUT_MAX)], spare[POINTS_OF(TEXT_PUT_MAX)];
	ptrdiff_t bytes;

	if (s.n > TEXT_PUT_MAX)
		return false;
	bytes = map(s, points, spare, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	if (bytes < 0 || (size_t)bytes > room)
		return false;
	memcpy(out, points, (size_t)bytes);
	*n = (size_t)bytes;
	return true;
}

bool
text_add_folded(struct buf *out, struct slice s)
{
	if (text_is_ascii(s)) {
		char *to = buf_reserve(out, s.n);

		for (size_t i = 0; i < s.n; i++)
			to[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
		to[s.n] = '\0';
		out->len += s.n;
		return true;
	}
	return add_mapped(out, s, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

bool
text_add_unaccented_folded(struct buf *out, struct slice s)
{
	struct buf tmp = {0};
	struct slice rest;
	int32_t c;
	bool is_good = add_mapped(&tmp, s,
				  UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
					  UTF8PROC_STRIPMARK);

	for (rest = buf_slice(&tmp); is_good && (c = text_next(&rest)) >= 0;)
		text_add_code_point(out, c == 0x111 ? 'd' : c);
	buf_free(&tmp);
	return is_good;
}

int32_t
text_upper(int32_t c)
{
	return utf8proc_toupper(c);
}

int32_t
text_lower(int32_t c)
{
	return utf8proc_tolower(c);
}

int32_t
text_bare(int32_t c)
{
	utf8proc_int32_t parts[8];
	int boundary = UTF8PROC_BOUNDCLASS_START;
	utf8proc_ssize_t n;

	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c < 0 ? 0 : c;
	n = utf8proc_decompose_char(c, parts, (utf8proc_ssize_t)ARRAY_LEN(parts),
				    UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK,
				    &boundary);
	if (n <= 0)
		return 0;
	return parts[0] == 0x111 ? 'd' : parts[0];
}

bool
text_bare_word(struct slice s, char *out, size_t size)
{
	size_t n = 0;

	while (s.n > 0) {
		int32_t c = text_next(&s), bare = text_bare(c);

		if (c < 0 || bare >= 0x80 || n + 1 >= size)
			return false;
		if (bare > 0)
			out[n++] = (char)bare;
	}
	out[n] = '\0';
	return true;
}

size_t
text_put(char out[4], int32_t c)
{
	utf8proc_ssize_t n = utf8proc_encode_char(c, (utf8proc_uint8_t *)out);

	return n > 0 ? (size_t)n : 0;
}
