/* SPDX-License-Identifier: MIT */
#include "segments/values.h"

#include <math.h>

#include "base/mem.h"
#include "segments/scan.h"

/* ---- texts ---- */

void
folded_values_free(struct folded_values *f)
{
	buf_free(&f->at);
	buf_free(&f->raw);
	buf_free(&f->text);
	buf_free(&f->bare);
	buf_free(&f->bare_at);
}

static uint32_t *
room_for_offsets(struct buf *b, uint32_t n)
{
	buf_reset(b);
	return (uint32_t *)(void *)buf_reserve(b, ((size_t)n + 1) * sizeof(uint32_t));
}

const struct values *
values_of(struct folded_values *f, const struct block *b, int column)
{
	uint32_t *at;

	if (f->column == column)
		return &f->values;
	at = room_for_offsets(&f->at, BLOCK_ROWS);
	f->values.column = f->column = column;
	f->values.n = block_texts(b, &b->column[column], at, &f->values.text);
	f->values.at = at;
	f->is_folded = f->is_bare = false;
	return &f->values;
}

const struct values *
values_of_words(struct folded_values *f, const struct block *b, int column)
{
	const struct block_column *c = &b->column[column];
	uint32_t *at;

	if (f->column == column)
		return &f->values;
	at = room_for_offsets(&f->at, c->distinct);
	block_word_table(c, at);
	f->column = column;
	f->values = (struct values){column, c->distinct, at, c->text};
	f->is_folded = f->is_bare = false;
	return &f->values;
}

bool
values_fold(struct folded_values *f)
{
	const struct values *v = &f->values;
	uint32_t n = v->at[v->n];
	uint8_t inside = 0;

	if (f->is_folded)
		return f->is_good;
	buf_reset(&f->raw);
	buf_add(&f->raw, "\0", 2);
	buf_add(&f->raw, v->text, n);
	memset(buf_reserve(&f->raw, SCAN_MARGIN), 0, SCAN_MARGIN);
	buf_reset(&f->text);
	/* None may begin inside a character; where the text ends stands the margin's 0. */
	for (uint32_t i = 0; i < v->n; i++)
		inside |= ((uint8_t)f->raw.data[2 + v->at[i]] & 0xc0) == 0x80;
	f->is_folded = true;
	f->is_good = inside == 0 && scan_fold((const uint8_t *)f->raw.data + 2, n,
					      (uint8_t *)buf_reserve(&f->text, n + SCAN_MARGIN));
	return f->is_good;
}

static struct slice
folded_at(const struct folded_values *f, uint32_t i)
{
	uint32_t from = f->values.at[i];

	return (struct slice){f->text.data + from, f->values.at[i + 1] - from};
}

bool
values_bare(struct folded_values *f)
{
	const struct values *v = &f->values;
	uint32_t *at;
	char *to;
	size_t len = 0;

	if (!values_fold(f))
		return false;
	if (f->is_bare)
		return f->is_bare_good;
	f->is_bare = true;
	f->is_bare_good = false;
	buf_reset(&f->bare);
	to = buf_reserve(&f->bare, v->at[v->n] + SCAN_MARGIN);
	at = room_for_offsets(&f->bare_at, v->n);
	for (uint32_t i = 0; i < v->n; i++) {
		struct slice s = folded_at(f, i);
		size_t n = scan_bare((const uint8_t *)s.p, s.n, to + len);

		if (n == SIZE_MAX)
			return false;
		at[i] = (uint32_t)len;
		len += n;
	}
	at[v->n] = (uint32_t)len;
	memset(to + len, 0, SCAN_MARGIN);
	f->is_bare_good = true;
	return true;
}

/* ---- LIKE ---- */

static const char *
next_character(const char *p, const char *end)
{
	for (p++; p < end && ((uint8_t)*p & 0xc0) == 0x80; p++)
		;
	return p;
}

struct like
like_of(struct slice pattern)
{
	struct like l = {.is_simple = true, .text = pattern};

	if (l.text.n > 0 && l.text.p[0] == '%') {
		l.is_open_before = true;
		l.text = (struct slice){l.text.p + 1, l.text.n - 1};
	}
	if (l.text.n > 0 && l.text.p[l.text.n - 1] == '%') {
		l.is_open_behind = true;
		l.text.n--;
	}
	for (size_t i = 0; i < l.text.n; i++)
		l.is_simple = l.is_simple && strchr("%_\\", l.text.p[i]) == NULL;
	l.is_simple = l.is_simple && l.text.n > 0 && memchr(l.text.p, '\0', l.text.n) == NULL;
	return l;
}

/*
 * judge_like for well-formed texts: bytes are compared, and only _ and the next start behind a
 * % step over whole characters.
 */
static bool
like_bytes(struct slice s, struct slice pattern)
{
	const char *t = s.p, *t_end = s.p + s.n, *p = pattern.p, *p_end = pattern.p + pattern.n;
	const char *retry_t = NULL, *retry_p = NULL;

	for (;;) {
		if (p < p_end && *p == '%') {
			retry_p = ++p;
			retry_t = t;
			if (p == p_end)
				return true;
			continue;
		}
		if (p == p_end && t == t_end)
			return true;
		if (p < p_end && t < t_end) {
			const char *literal = *p == '\\' && p + 1 < p_end ? p + 1 : p;

			if (literal == p && *p == '_') {
				p++;
				t = next_character(t, t_end);
				continue;
			}
			if (*literal == *t) {
				p = literal + 1;
				t++;
				continue;
			}
		}
		if (retry_p == NULL || retry_t == t_end)
			return false;
		retry_t = next_character(retry_t, t_end);
		if (strchr("%_\\", *retry_p) == NULL) {
			retry_t = memchr(retry_t, *retry_p, (size_t)(t_end - retry_t));
			if (retry_t == NULL)
				return false;
		}
		t = retry_t;
		p = retry_p;
	}
}

static bool
like_holds(const struct like *l, struct slice s, struct slice pattern)
{
	struct slice t = l->text;

	if (!l->is_simple)
		return like_bytes(s, pattern);
	if (s.n < t.n || (s.n > t.n && !l->is_open_before && !l->is_open_behind))
		return false;
	return memcmp(l->is_open_before ? s.p + s.n - t.n : s.p, t.p, t.n) == 0;
}

/* Values in which the text stands: one search over all of them. */
static void
search_values(const char *text, const uint32_t *ends, uint32_t values, struct slice part,
	      struct rows *out)
{
	struct scan_needle needle = scan_needle(part);
	uint32_t n = ends[values], i = 0;

	for (size_t at = scan_find((const uint8_t *)text, n, 0, &needle); at < n;) {
		while (ends[i + 1] <= at)
			i++;
		if (at + part.n <= ends[i + 1]) {
			set_bit(out, i, true);
			at = ends[i + 1];
		} else {
			at++;
		}
		at = scan_find((const uint8_t *)text, n, at, &needle);
	}
}

static void
like_values(const struct predicate *x, struct slice pattern, const struct folded_values *f,
	    struct rows *io)
{
	struct like l = like_of(pattern);
	bool is_search = l.is_simple && l.is_open_before && l.is_open_behind;
	struct rows found = {{0}}, asked = *io;
	uint32_t n = f->values.n;

	if (is_search)
		search_values(f->text.data, f->values.at, n, l.text, &found);
	*io = (struct rows){{0}};
	for (uint32_t i = next_row(&asked, 0); i < n; i = next_row(&asked, i + 1)) {
		struct slice s = folded_at(f, i);
		bool holds = is_search ? (found.bits[i / 64] >> (i % 64) & 1) != 0
				       : like_holds(&l, s, pattern);

		set_bit(io, i, s.n > 0 && holds != x->is_negated);
	}
}

/* ---- values against constants ---- */

bool
constants_read(const struct judge *j, const struct predicate *x, struct constants *k)
{
	const struct operand *left = &j->q->operands[x->left];
	const struct operand *right = &j->q->operands[x->right];

	if (x->op > OP_BETWEEN || left->column < 0 || x->count > CONSTANTS_MAX)
		return false;
	k->how = right[0].how;
	for (uint16_t i = 0; i < x->count; i++) {
		if (right[i].how != k->how || right[i].column >= 0)
			return false;
		if (k->how == COMPARE_DATE && !judge_date(j, &right[i], &k->dates[i]))
			return false;
		if (k->how == COMPARE_NUMBER && !judge_number(j, &right[i], &k->numbers[i]))
			return false;
		if (k->how == COMPARE_TEXT && right[i].kind != OPERAND_TEXT)
			return false;
		k->texts[i] = right[i].folded;
	}
	return k->how == COMPARE_DATE || k->how == COMPARE_NUMBER || k->how == COMPARE_TEXT;
}

/* c[i]: how the value stands to the constant i. */
static bool
decide(const struct predicate *x, const int *c)
{
	if (x->op < OP_IN)
		return judge_holds(x->op, c[0]);
	if (x->op == OP_BETWEEN)
		return (c[0] >= 0 && c[1] <= 0) != x->is_negated;
	for (uint16_t i = 0; i < x->count; i++)
		if (c[i] == 0)
			return !x->is_negated;
	return x->is_negated;
}

static void
compare_texts(const struct predicate *x, const struct folded_values *f, const struct constants *k,
	      struct rows *io)
{
	bool is_order = (x->op >= OP_LT && x->op <= OP_GE) || x->op == OP_BETWEEN;
	struct rows asked = *io;
	int c[CONSTANTS_MAX];

	*io = (struct rows){{0}};
	for (uint32_t i = next_row(&asked, 0); i < f->values.n; i = next_row(&asked, i + 1)) {
		struct slice s = folded_at(f, i);

		if (s.n == 0)
			continue;
		for (uint16_t n = 0; n < x->count; n++)
			c[n] = is_order ? judge_order(s, k->texts[n]) : !slice_eq(s, k->texts[n]);
		set_bit(io, i, decide(x, c));
	}
}

bool
interval_of(const struct predicate *x, double a, double b, struct interval *out)
{
	struct interval all[] = {
		[OP_EQ] = {a, a, true},		 [OP_NE] = {a, a, false},
		[OP_LT] = {a, INFINITY, false},	 [OP_LE] = {-INFINITY, a, true},
		[OP_GT] = {-INFINITY, a, false}, [OP_GE] = {a, INFINITY, true},
	};

	if (x->op != OP_BETWEEN && x->op >= OP_IN)
		return false;
	*out = x->op == OP_BETWEEN ? (struct interval){a, b, !x->is_negated} : all[x->op];
	return true;
}

bool
constants_date_holds(const struct predicate *x, const struct constants *k, int32_t date)
{
	int c[CONSTANTS_MAX];

	if (date == 0)
		return false;
	for (uint16_t n = 0; n < x->count; n++)
		c[n] = query_compare_dates(date, k->dates[n]);
	return decide(x, c);
}

static void
compare_dates(const struct judge *j, const struct predicate *x, const struct values *v,
	      const struct constants *k, struct rows *io)
{
	const struct operand *left = &j->q->operands[x->left];
	struct interval t = {0, 0, true};
	/* A year alone among the constants compares in another way than by its number. */
	bool has_interval = interval_of(x, k->dates[0], k->dates[x->count - 1], &t) &&
			    left->shift_count == 0 && k->dates[0] % 10000 != 0 &&
			    k->dates[x->count - 1] % 10000 != 0;
	int32_t from = t.from < 0 ? 0 : (int32_t)t.from,
		to = t.to > 1e9 ? INT32_MAX : (int32_t)t.to;

	for (uint32_t base = 0; base < v->n; base += 64) {
		uint32_t n = v->n - base < 64 ? v->n - base : 64;
		uint64_t word = 0;

		for (uint32_t i = 0; i < n && io->bits[base / 64] != 0; i++) {
			struct slice s = values_at(v, base + i);
			int32_t date = s.n == 10 && s.p[4] == '-' ? scan_date(s.p) : query_date(s);
			bool holds = (date >= from && date <= to) == t.is_inside && date != 0;

			for (uint8_t m = 0; m < left->shift_count; m++)
				date = query_shift_date(date, left->shifts[m]);
			if (!has_interval || s.n == 4)
				holds = constants_date_holds(x, k, date);
			word |= (uint64_t)holds << i;
		}
		io->bits[base / 64] = word;
	}
}

bool
constants_number_holds(const struct predicate *x, const struct constants *k, double number)
{
	int c[CONSTANTS_MAX];

	for (uint16_t n = 0; n < x->count; n++)
		c[n] = (number > k->numbers[n]) - (number < k->numbers[n]);
	return decide(x, c);
}

/* False = missing. */
static inline bool
number_of(struct slice s, bool is_age, int32_t today, double *out)
{
	int32_t v = 0;

	if (is_age) {
		int32_t birth = s.n == 10 && s.p[4] == '-' ? scan_date(s.p) : query_date(s);

		*out = birth != 0 ? query_age(birth, today) : -1;
		return *out >= 0;
	}
	if (s.n == 0 || s.n > 9)
		return query_number(s, out);
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (uint8_t)s.p[i] - (unsigned)'0';

		if (digit > 9)
			return query_number(s, out);
		v = v * 10 + (int32_t)digit;
	}
	*out = v;
	return true;
}

static void
compare_numbers(const struct judge *j, const struct predicate *x, const struct values *v,
		const struct constants *k, struct rows *io)
{
	bool is_age = j->q->operands[x->left].kind == OPERAND_AGE;
	struct interval t = {0, 0, true};
	bool has_interval = interval_of(x, k->numbers[0], k->numbers[x->count - 1], &t);

	for (uint32_t base = 0; base < v->n; base += 64) {
		uint32_t n = v->n - base < 64 ? v->n - base : 64;
		uint64_t word = 0;

		for (uint32_t i = 0; i < n && io->bits[base / 64] != 0; i++) {
			double number;
			bool holds = number_of(values_at(v, base + i), is_age, j->today, &number);

			if (holds)
				holds = has_interval ? (number >= t.from && number <= t.to) ==
							       t.is_inside
						     : constants_number_holds(x, k, number);
			word |= (uint64_t)holds << i;
		}
		io->bits[base / 64] = word;
	}
}

/* ---- which way ---- */

bool
values_judge(struct judge *j, const struct predicate *x, struct folded_values *f,
	     const struct rows *asked, struct rows *out)
{
	const struct values *v = &f->values;
	struct constants k;
	bool is_like = x->op == OP_LIKE;
	struct slice part = j->q->operands[x->right].folded;

	/* A cell that is no number, or no date, is missing in a column of them. */
	if ((is_like || x->op == OP_CONTAINS) && j->q->operands[x->left].type != COLUMN_TEXT)
		return false;
	if (x->op == OP_CONTAINS) {
		if (part.n == 0 || !values_bare(f))
			return false;
		search_values(f->bare.data, (const uint32_t *)(void *)f->bare_at.data, v->n, part,
			      out);
		return true;
	}
	if (!is_like && !constants_read(j, x, &k))
		return false;
	if ((is_like || k.how == COMPARE_TEXT) && !values_fold(f))
		return false;
	*out = *asked;
	if (is_like)
		like_values(x, part, f, out);
	else if (k.how == COMPARE_DATE)
		compare_dates(j, x, v, &k, out);
	else if (k.how == COMPARE_NUMBER)
		compare_numbers(j, x, v, &k, out);
	else
		compare_texts(x, f, &k, out);
	return true;
}
