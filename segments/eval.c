/* SPDX-License-Identifier: MIT */
/*
 * Runs the steps over sets of rows: 256 of a block, or the one row of values by
 * name. segments/judge says what a predicate means on one row; here are the ways
 * to be faster on a block, each with the same result:
 *
 *   - a dictionary's values are judged once each, and some remembered for other blocks;
 *   - a column's texts are folded all at once, and searched as one text;
 *   - values are compared with constants that are worked out once a block.
 */
#include <assert.h>
#include <endian.h>
#include <stdlib.h>

#include "segments/judge.h"
#include "segments/scan.h"

#define FEW_ROWS 24u   /* fewer than these are judged one by one */
#define MEMO_SLOTS 128 /* a power of two */
#define MEMO_BYTES 46  /* longer values are judged anew */

struct rows {
	uint64_t bits[4];
};

/* What a predicate said of values before; the newest of those that share a slot. */
struct memo {
	struct memo_slot {
		uint8_t n; /* 0 = free */
		bool holds;
		char bytes[MEMO_BYTES];
	} slots[MEMO_SLOTS];
};

struct query_memory {
	int32_t today;	     /* that the memos are of */
	struct memo **memos; /* [predicate_count], each NULL until it is needed */
	size_t memo_count;
	struct buf left, right, raw, text;
	int column;	/* whose texts are in `text`; -1 = none */
	bool is_folded; /* and they could be folded */
};

void
query_memory_free(struct query_memory *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->memo_count; i++)
		free(m->memos[i]);
	free(m->memos);
	buf_free(&m->left);
	buf_free(&m->right);
	buf_free(&m->raw);
	buf_free(&m->text);
	free(m);
}

struct query_memory *
query_memory_new(const struct query *q)
{
	struct query_memory *m = xcalloc(1, sizeof(*m));

	m->memo_count = q->predicate_count;
	m->memos = xcalloc(m->memo_count, sizeof(*m->memos));
	return m;
}

/* For a block: forget what was of another day or of the block before. */
static void
memory_begin(struct query_memory *m, int32_t today)
{
	m->column = -1;
	if (m->today == today)
		return;
	m->today = today;
	for (size_t i = 0; i < m->memo_count; i++)
		if (m->memos[i] != NULL)
			memset(m->memos[i], 0, sizeof(*m->memos[i]));
}

/* ---- predicates on a block ---- */

static void
set_bit(struct rows *r, uint32_t row, bool is_set)
{
	r->bits[row / 64] |= (uint64_t)is_set << (row % 64);
}

static uint32_t
count_rows(const struct rows *r)
{
	uint32_t n = 0;

	for (int k = 0; k < 4; k++)
		n += (uint32_t)__builtin_popcountll(r->bits[k]);
	return n;
}

/* The next row of a set at or behind `row`, or BLOCK_ROWS. */
static uint32_t
next_row(const struct rows *r, uint32_t row)
{
	while (row < BLOCK_ROWS) {
		uint64_t rest = r->bits[row / 64] >> (row % 64);

		if (rest != 0)
			return row + (uint32_t)__builtin_ctzll(rest);
		row = (row / 64 + 1) * 64;
	}
	return BLOCK_ROWS;
}

static bool
judge_value(struct judge *j, const struct predicate *x, struct slice value)
{
	bool holds;

	j->cell = &value;
	holds = judge_row(j, x);
	j->cell = NULL;
	return holds;
}

/* The same by memory. */
static bool
recall_value(struct judge *j, const struct predicate *x, struct slice value)
{
	struct memo **m = &j->q->memory->memos[x - j->q->predicates];
	struct memo_slot *slot;
	uint32_t h = 2166136261u; /* FNV-1a */

	if (value.n == 0 || value.n > MEMO_BYTES)
		return judge_value(j, x, value);
	if (*m == NULL)
		*m = xcalloc(1, sizeof(**m));
	for (size_t i = 0; i < value.n; i++)
		h = (h ^ (uint8_t)value.p[i]) * 16777619u;
	slot = &(*m)->slots[(h ^ h >> 15) % MEMO_SLOTS];
	if (slot->n != value.n || memcmp(slot->bytes, value.p, value.n) != 0) {
		slot->holds = judge_value(j, x, value);
		slot->n = (uint8_t)value.n;
		memcpy(slot->bytes, value.p, value.n);
	}
	return slot->holds;
}

/* ---- the texts of a column as a whole ---- */

/* What a column stores: of a plain one the cells, of a dictionary the distinct values. */
struct values {
	const struct block_column *c;
	int column;
	uint32_t n;
};

static uint32_t
offset_of(const struct values *v, uint32_t i)
{
	uint32_t at;

	memcpy(&at, v->c->offsets + 4 * (size_t)i, 4);
	return le32toh(at);
}

static struct slice
value_at(const struct values *v, uint32_t i)
{
	uint32_t from = offset_of(v, i);

	return (struct slice){v->c->text + from, offset_of(v, i + 1) - from};
}

/* Fold all values into memory->text; false: they do not fold byte by byte. */
static bool
fold_values(struct query_memory *m, const struct values *v)
{
	uint32_t n = offset_of(v, v->n);
	uint8_t inside = 0;

	if (m->column == v->column)
		return m->is_folded;
	buf_reset(&m->raw);
	buf_add(&m->raw, "\0", 2);
	buf_add(&m->raw, v->c->text, n);
	memset(buf_reserve(&m->raw, SCAN_MARGIN), 0, SCAN_MARGIN);
	buf_reset(&m->text);
	/* None may begin inside a character; where the text ends stands the margin's 0. */
	for (uint32_t i = 0; i < v->n; i++)
		inside |= ((uint8_t)m->raw.data[2 + offset_of(v, i)] & 0xc0) == 0x80;
	m->column = v->column;
	m->is_folded = inside == 0 && scan_fold((const uint8_t *)m->raw.data + 2, n,
						(uint8_t *)buf_reserve(&m->text, n + SCAN_MARGIN));
	return m->is_folded;
}

static struct slice
folded_at(const struct query_memory *m, const struct values *v, uint32_t i)
{
	uint32_t from = offset_of(v, i);

	return (struct slice){m->text.data + from, offset_of(v, i + 1) - from};
}

/* ---- LIKE ---- */

/* A pattern without signs inside: what stands between its % in front and behind. */
struct like {
	bool is_simple, is_open_before, is_open_behind;
	struct slice text;
};

static struct like
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

static bool
like_holds(const struct like *l, struct slice s, struct slice pattern)
{
	struct slice t = l->text;

	if (!l->is_simple)
		return judge_like(s, pattern);
	if (s.n < t.n || (s.n > t.n && !l->is_open_before && !l->is_open_behind))
		return false;
	return memcmp(l->is_open_before ? s.p + s.n - t.n : s.p, t.p, t.n) == 0;
}

/* Values in which the text stands: one search over all of them. */
static void
search_values(const struct query_memory *m, const struct values *v, struct slice text,
	      struct rows *out)
{
	struct scan_needle needle = scan_needle(text);
	uint32_t n = offset_of(v, v->n), i = 0;

	for (size_t at = scan_find((const uint8_t *)m->text.data, n, 0, &needle); at < n;) {
		while (offset_of(v, i + 1) <= at)
			i++;
		if (at + text.n <= offset_of(v, i + 1)) {
			set_bit(out, i, true);
			at = offset_of(v, i + 1);
		} else {
			at++;
		}
		at = scan_find((const uint8_t *)m->text.data, n, at, &needle);
	}
}

static void
judge_like_values(const struct judge *j, const struct predicate *x, const struct values *v,
		  const struct rows *asked, struct rows *out)
{
	const struct query_memory *m = j->q->memory;
	struct slice pattern = j->q->operands[x->right].folded;
	struct like l = like_of(pattern);
	struct rows found = {{0}};

	if (l.is_simple && l.is_open_before && l.is_open_behind)
		search_values(m, v, l.text, &found);
	for (uint32_t i = next_row(asked, 0); i < v->n; i = next_row(asked, i + 1)) {
		struct slice s = folded_at(m, v, i);
		bool holds = l.is_simple && l.is_open_before && l.is_open_behind
				     ? (found.bits[i / 64] >> (i % 64) & 1) != 0
				     : like_holds(&l, s, pattern);

		set_bit(out, i, s.n > 0 && holds != x->is_negated);
	}
}

/* ---- values against constants ---- */

#define CONSTANTS_MAX 16

struct constants {
	enum compare_kind how;
	double numbers[CONSTANTS_MAX];
	int32_t dates[CONSTANTS_MAX];
	struct slice texts[CONSTANTS_MAX];
};

/* False: not all compare alike with the column, or one is no constant or missing. */
static bool
read_constants(const struct judge *j, const struct predicate *x, struct constants *k)
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
compare_texts(const struct judge *j, const struct predicate *x, const struct values *v,
	      const struct constants *k, struct rows *io)
{
	bool is_order = (x->op >= OP_LT && x->op <= OP_GE) || x->op == OP_BETWEEN;
	struct rows asked = *io;
	int c[CONSTANTS_MAX];

	*io = (struct rows){{0}};
	for (uint32_t i = next_row(&asked, 0); i < v->n; i = next_row(&asked, i + 1)) {
		struct slice s = folded_at(j->q->memory, v, i);

		if (s.n == 0)
			continue;
		for (uint16_t n = 0; n < x->count; n++)
			c[n] = is_order ? judge_order(s, k->texts[n]) : !slice_eq(s, k->texts[n]);
		set_bit(io, i, decide(x, c));
	}
}

static void
compare_dates(const struct judge *j, const struct predicate *x, const struct values *v,
	      const struct constants *k, struct rows *io)
{
	const struct operand *left = &j->q->operands[x->left];
	struct rows asked = *io;
	int c[CONSTANTS_MAX];

	*io = (struct rows){{0}};
	for (uint32_t i = next_row(&asked, 0); i < v->n; i = next_row(&asked, i + 1)) {
		struct slice s = value_at(v, i);
		int32_t date = s.n == 10 && s.p[4] == '-' ? scan_date(s.p) : query_date(s);

		for (uint8_t n = 0; n < left->shift_count; n++)
			date = query_shift_date(date, left->shifts[n]);
		if (date == 0)
			continue;
		for (uint16_t n = 0; n < x->count; n++)
			c[n] = query_compare_dates(date, k->dates[n]);
		set_bit(io, i, decide(x, c));
	}
}

static void
compare_numbers(const struct judge *j, const struct predicate *x, const struct values *v,
		const struct constants *k, struct rows *io)
{
	bool is_age = j->q->operands[x->left].kind == OPERAND_AGE;
	struct rows asked = *io;
	int c[CONSTANTS_MAX];

	*io = (struct rows){{0}};
	for (uint32_t i = next_row(&asked, 0); i < v->n; i = next_row(&asked, i + 1)) {
		struct slice s = value_at(v, i);
		double number = -1;

		if (is_age) {
			int32_t birth = query_date(s);

			number = birth != 0 ? query_age(birth, j->today) : -1;
			if (number < 0)
				continue;
		} else if (!query_number(s, &number)) {
			continue;
		}
		for (uint16_t n = 0; n < x->count; n++)
			c[n] = (number > k->numbers[n]) - (number < k->numbers[n]);
		set_bit(io, i, decide(x, c));
	}
}

/* ---- which way ---- */

/* The values asked for of a column, if there is a short way; false: there is none. */
static bool
judge_values(struct judge *j, const struct predicate *x, const struct values *v,
	     const struct rows *asked, struct rows *out)
{
	struct constants k;
	bool is_like = x->op == OP_LIKE;

	if (!is_like && !read_constants(j, x, &k))
		return false;
	if ((is_like || k.how == COMPARE_TEXT) && !fold_values(j->q->memory, v))
		return false;
	if (is_like) {
		judge_like_values(j, x, v, asked, out);
		return true;
	}
	*out = *asked;
	if (k.how == COMPARE_DATE)
		compare_dates(j, x, v, &k, out);
	else if (k.how == COMPARE_NUMBER)
		compare_numbers(j, x, v, &k, out);
	else
		compare_texts(j, x, v, &k, out);
	return true;
}

static struct rows
first_rows(uint32_t n)
{
	struct rows r = {{0}};

	for (uint32_t i = 0; i < n; i += 64)
		r.bits[i / 64] = n - i >= 64 ? UINT64_MAX : (UINT64_C(1) << (n - i)) - 1;
	return r;
}

/* Once per value of the dictionary, then a look-up per row. */
static void
judge_dictionary(struct judge *j, const struct predicate *x, const struct values *v,
		 struct rows *out)
{
	uint8_t holds[BLOCK_ROWS] = {judge_value(j, x, (struct slice){NULL, 0})}; /* by code */
	struct rows every = first_rows(v->n), found = {{0}};
	bool is_known = judge_values(j, x, v, &every, &found);

	for (uint32_t i = 0; i < v->n && !is_known; i++)
		set_bit(&found, i,
			v->n <= MEMO_SLOTS / 2 ? recall_value(j, x, value_at(v, i))
					       : judge_value(j, x, value_at(v, i)));
	if (holds[0] == 0 && count_rows(&found) == 0)
		return;
	for (uint32_t i = 0; i < v->n; i++)
		holds[i + 1] = found.bits[i / 64] >> (i % 64) & 1;
	for (uint32_t from = 0; from < j->block->rows; from += 64) {
		uint32_t n = j->block->rows - from < 64 ? j->block->rows - from : 64;
		uint64_t word = 0;

		for (uint32_t i = 0; i < n; i++)
			word |= (uint64_t)holds[v->c->codes[from + i]] << i;
		out->bits[from / 64] = word;
	}
}

static void
judge_rows(struct judge *j, const struct predicate *x, const struct rows *asked, struct rows *out)
{
	struct slice cell;
	bool has_one = x->one_column >= 0;

	for (uint32_t row = next_row(asked, 0); row < BLOCK_ROWS; row = next_row(asked, row + 1)) {
		j->row = row;
		if (has_one) {
			cell = block_cell(j->block, row, (uint32_t)x->one_column);
			j->cell = &cell;
		}
		set_bit(out, row, judge_row(j, x));
	}
	j->cell = NULL;
}

static void
judge_external(struct judge *j, const struct query_external *x, const struct rows *asked,
	       struct rows *out)
{
	if (x->rows != NULL) {
		x->rows(x->arg, j->block, out->bits);
		return;
	}
	for (uint32_t row = next_row(asked, 0); row < BLOCK_ROWS; row = next_row(asked, row + 1)) {
		uint64_t phone = block_phone(j->block, row);

		set_bit(out, row, phone != 0 && x->has(x->arg, phone));
	}
}

/* Rows outside of `asked` may come out either way. */
static void
judge_block(struct judge *j, const struct predicate *x, const struct rows *asked, struct rows *out)
{
	const struct block *b = j->block;
	struct values v = {.column = x->one_column};
	uint32_t few = count_rows(asked);

	if (x->op == OP_EXTERNAL) {
		judge_external(j, &j->q->externals[x->external], asked, out);
		return;
	}
	if (v.column >= 0 && (uint32_t)v.column < b->columns) {
		v.c = &b->column[v.column];
		v.n = v.c->is_dictionary ? v.c->distinct : b->rows;
		if (v.c->is_dictionary && v.n < few) {
			judge_dictionary(j, x, &v, out);
			return;
		}
		if (!v.c->is_dictionary && few >= FEW_ROWS && judge_values(j, x, &v, asked, out))
			return;
	}
	judge_rows(j, x, asked, out);
}

/* ---- the steps ---- */

/*
 * The stack of results, and beside it the rows that each right side is asked
 * for: those that the left side of its AND let through, or of its OR did not.
 * Whatever it says of other rows is undone by the AND or OR itself.
 */
struct machine {
	struct rows results[STACK_MAX];
	struct rows asked[STACK_MAX];
	size_t result_count, asked_count;
};

static void
run_predicate(struct judge *j, const struct predicate *x, struct machine *m)
{
	struct rows *out = &m->results[m->result_count++];

	assert(m->result_count <= STACK_MAX);
	*out = (struct rows){{0}};
	if (j->block != NULL)
		judge_block(j, x, &m->asked[m->asked_count - 1], out);
	else
		set_bit(out, 0, judge_row(j, x));
}

/* Ask the right side for the rows still open; false: there are none. */
static bool
open_right(struct machine *m, bool is_and)
{
	const struct rows *left = &m->results[m->result_count - 1];
	const struct rows *asked = &m->asked[m->asked_count - 1];
	struct rows *open = &m->asked[m->asked_count];
	uint64_t any = 0;

	assert(m->asked_count < STACK_MAX);
	for (int k = 0; k < 4; k++) {
		open->bits[k] = asked->bits[k] & (is_and ? left->bits[k] : ~left->bits[k]);
		any |= open->bits[k];
	}
	m->asked_count += any != 0;
	return any != 0;
}

static void
join(struct machine *m, bool is_and)
{
	struct rows *left, *right;

	assert(m->result_count >= 2 && m->asked_count >= 2);
	m->asked_count--;
	right = &m->results[--m->result_count];
	left = &m->results[m->result_count - 1];
	for (int k = 0; k < 4; k++)
		left->bits[k] =
			is_and ? left->bits[k] & right->bits[k] : left->bits[k] | right->bits[k];
}

/* all = the rows there are. */
static struct rows
run_steps(struct judge *j, const struct rows *all)
{
	struct machine m;

	m.asked[0] = *all;
	m.asked_count = 1;
	m.result_count = 0;
	for (uint16_t i = 0; i < j->q->step_count; i++) {
		const struct step *s = &j->q->steps[i];

		switch (s->kind) {
		case STEP_PREDICATE:
			run_predicate(j, &j->q->predicates[s->arg], &m);
			break;
		case STEP_NOT:
			for (int k = 0; k < 4; k++)
				m.results[m.result_count - 1].bits[k] ^= all->bits[k];
			break;
		case STEP_RIGHT_OF_AND:
		case STEP_RIGHT_OF_OR:
			if (!open_right(&m, s->kind == STEP_RIGHT_OF_AND))
				i = (uint16_t)(s->arg - 1);
			break;
		case STEP_AND:
		case STEP_OR:
			join(&m, s->kind == STEP_AND);
			break;
		}
	}
	assert(m.result_count == 1 && m.asked_count == 1);
	return m.results[0];
}

void
query_eval_block(const struct query *q, const struct block *b, int64_t today, uint64_t out[4])
{
	struct judge j = {.q = q, .today = query_date_of_days(today), .block = b};
	struct query_memory *m = q->memory;
	struct rows every = first_rows(b->rows), result;

	assert(q->is_bound);
	memory_begin(m, j.today);
	j.left = m->left;
	j.right = m->right;
	result = run_steps(&j, &every);
	m->left = j.left;
	m->right = j.right;
	memcpy(out, result.bits, sizeof(result.bits));
}

bool
query_eval_row(const struct query *q, query_value_cb get, void *arg, int64_t today)
{
	struct judge j = {.q = q, .today = query_date_of_days(today), .get = get, .arg = arg};
	struct rows all = {{1}};
	bool holds = run_steps(&j, &all).bits[0] & 1;

	buf_free(&j.left);
	buf_free(&j.right);
	return holds;
}
