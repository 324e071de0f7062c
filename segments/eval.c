/* SPDX-License-Identifier: MIT */
/*
 * Runs the steps over sets of rows: 256 of a block, or the one row of values by
 * name. segments/judge says what a predicate means on one row; here are the ways
 * to be faster on a block, each with the same result:
 *
 *   - a dictionary's values are judged once each, and remembered for other blocks;
 *   - a plain column's texts are folded all at once, and searched as one text;
 *   - dates and numbers are compared with constants that are worked out once a block.
 */
#include <assert.h>
#include <endian.h>
#include <stdlib.h>

#include "segments/judge.h"
#include "segments/scan.h"

#define FEW_ROWS 24u   /* for fewer than these a column is not folded as a whole */
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

/* Once per value of the dictionary, then a look-up per row. */
static void
judge_dictionary(struct judge *j, const struct predicate *x, const struct block_column *c,
		 struct rows *out)
{
	uint8_t holds[BLOCK_ROWS]; /* by code */
	uint32_t count = 0;

	holds[0] = judge_value(j, x, (struct slice){NULL, 0});
	count += holds[0];
	for (uint32_t i = 0; i < c->distinct; i++) {
		holds[i + 1] = recall_value(j, x, block_value(c, i));
		count += holds[i + 1];
	}
	if (count == 0)
		return;
	for (uint32_t from = 0; from < j->block->rows; from += 64) {
		uint32_t n = j->block->rows - from < 64 ? j->block->rows - from : 64;
		uint64_t word = 0;

		for (uint32_t i = 0; i < n; i++)
			word |= (uint64_t)holds[c->codes[from + i]] << i;
		out->bits[from / 64] = word;
	}
}

/* ---- a plain column's texts as a whole ---- */

static uint32_t
offset_of(const struct block_column *c, uint32_t i)
{
	uint32_t v;

	memcpy(&v, c->offsets + 4 * (size_t)i, 4);
	return le32toh(v);
}

/* Fold the column into memory->text; false: its texts do not fold byte by byte. */
static bool
fold_column(struct judge *j, int column)
{
	struct query_memory *m = j->q->memory;
	const struct block_column *c = &j->block->column[column];
	uint32_t n = offset_of(c, j->block->rows);
	bool is_good = true;

	if (m->column == column)
		return m->is_folded;
	buf_reset(&m->raw);
	buf_add(&m->raw, "\0", 2);
	buf_add(&m->raw, c->text, n);
	memset(buf_reserve(&m->raw, SCAN_MARGIN), 0, SCAN_MARGIN);
	buf_reset(&m->text);
	for (uint32_t row = 0; row < j->block->rows; row++) {
		uint32_t at = offset_of(c, row);

		/* At the end of the text stands the margin's 0. */
		is_good = is_good && ((uint8_t)m->raw.data[2 + at] & 0xc0) != 0x80;
	}
	m->column = column;
	m->is_folded = is_good && scan_fold((const uint8_t *)m->raw.data + 2, n,
					    (uint8_t *)buf_reserve(&m->text, n + SCAN_MARGIN));
	return m->is_folded;
}

static struct slice
folded_cell(const struct judge *j, const struct block_column *c, uint32_t row)
{
	uint32_t from = offset_of(c, row);

	return (struct slice){j->q->memory->text.data + from, offset_of(c, row + 1) - from};
}

/* Rows in which the needle stands: one search over all of them. */
static void
search_column(struct judge *j, const struct block_column *c, struct slice needle, struct rows *out)
{
	const uint8_t *text = (const uint8_t *)j->q->memory->text.data;
	uint32_t n = offset_of(c, j->block->rows), row = 0;

	for (size_t at = scan_find(text, n, 0, needle); at < n;) {
		while (offset_of(c, row + 1) <= at)
			row++;
		if (at + needle.n <= offset_of(c, row + 1)) {
			set_bit(out, row, true);
			at = offset_of(c, row + 1);
		} else {
			at++;
		}
		at = scan_find(text, n, at, needle);
	}
}

/* The text between the two % of a pattern that has no other signs; n = 0: it is another one. */
static struct slice
needle_of(struct slice pattern)
{
	if (pattern.n < 3 || pattern.p[0] != '%' || pattern.p[pattern.n - 1] != '%')
		return (struct slice){NULL, 0};
	pattern = (struct slice){pattern.p + 1, pattern.n - 2};
	for (size_t i = 0; i < pattern.n; i++)
		if (strchr("%_\\", pattern.p[i]) != NULL)
			return (struct slice){NULL, 0};
	return pattern;
}

/* Rows whose cell is missing never match, negated or not. */
static void
negate_filled(const struct block *b, const struct block_column *c, struct rows *out)
{
	for (uint32_t row = 0; row < b->rows; row++)
		if (offset_of(c, row) == offset_of(c, row + 1))
			set_bit(out, row, true);
	for (int k = 0; k < 4; k++)
		out->bits[k] = ~out->bits[k];
	for (uint32_t row = b->rows; row < BLOCK_ROWS; row++)
		out->bits[row / 64] &= ~(UINT64_C(1) << (row % 64));
}

static void
judge_texts(struct judge *j, const struct predicate *x, const struct rows *asked, struct rows *out)
{
	const struct block_column *c = &j->block->column[x->one_column];
	struct slice needle = {NULL, 0};

	if (x->op == OP_LIKE)
		needle = needle_of(j->q->operands[x->right].folded);
	if (needle.n > 0) {
		search_column(j, c, needle, out);
		if (x->is_negated)
			negate_filled(j->block, c, out);
		return;
	}
	for (uint32_t row = next_row(asked, 0); row < BLOCK_ROWS; row = next_row(asked, row + 1)) {
		struct slice folded = folded_cell(j, c, row);

		j->row = row;
		j->cell = j->folded = &folded; /* as empty as the cell is */
		set_bit(out, row, judge_row(j, x));
	}
	j->cell = j->folded = NULL;
}

/* ---- dates and numbers against constants ---- */

#define CONSTANTS_MAX 16

struct constants {
	double numbers[CONSTANTS_MAX];
	int32_t dates[CONSTANTS_MAX];
};

/* How all right sides compare with a left side that is the column; -1: not all alike, or not constant. */
static int
one_way(const struct query *q, const struct predicate *x)
{
	const struct operand *left = &q->operands[x->left], *right = &q->operands[x->right];

	if (x->op > OP_BETWEEN || left->column < 0 || x->count > CONSTANTS_MAX)
		return -1;
	for (uint16_t i = 0; i < x->count; i++)
		if (right[i].how != right[0].how || right[i].column >= 0)
			return -1;
	return (int)right[0].how;
}

static bool
read_constants(const struct judge *j, const struct predicate *x, bool are_dates,
	       struct constants *out)
{
	for (uint16_t i = 0; i < x->count; i++) {
		const struct operand *o = &j->q->operands[x->right + i];

		if (are_dates ? !judge_date(j, o, &out->dates[i])
			      : !judge_number(j, o, &out->numbers[i]))
			return false;
	}
	return true;
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
judge_constants(struct judge *j, const struct predicate *x, bool are_dates,
		const struct constants *k, const struct rows *asked, struct rows *out)
{
	const struct operand *left = &j->q->operands[x->left];
	const struct block_column *column = &j->block->column[x->one_column];
	int c[CONSTANTS_MAX];

	for (uint32_t row = next_row(asked, 0); row < BLOCK_ROWS; row = next_row(asked, row + 1)) {
		uint32_t from = offset_of(column, row);
		struct slice cell = {column->text + from, offset_of(column, row + 1) - from};
		double number;
		int32_t date;

		j->cell = &cell;
		if (cell.n == 0 ||
		    (are_dates ? !judge_date(j, left, &date) : !judge_number(j, left, &number)))
			continue;
		for (uint16_t i = 0; i < x->count; i++)
			c[i] = are_dates ? query_compare_dates(date, k->dates[i])
					 : (number > k->numbers[i]) - (number < k->numbers[i]);
		set_bit(out, row, decide(x, c));
	}
	j->cell = NULL;
}

/* ---- which way ---- */

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
judge_plain(struct judge *j, const struct predicate *x, const struct rows *asked, struct rows *out)
{
	struct constants constants;
	int how = one_way(j->q, x);
	bool is_text = x->op == OP_LIKE || how == COMPARE_TEXT;

	if ((how == COMPARE_DATE || how == COMPARE_NUMBER) &&
	    read_constants(j, x, how == COMPARE_DATE, &constants))
		judge_constants(j, x, how == COMPARE_DATE, &constants, asked, out);
	else if (is_text && j->q->operands[x->left].kind == OPERAND_COLUMN &&
		 count_rows(asked) >= FEW_ROWS && fold_column(j, x->one_column))
		judge_texts(j, x, asked, out);
	else
		judge_rows(j, x, asked, out);
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
	bool has_one = x->one_column >= 0 && (uint32_t)x->one_column < b->columns;

	if (x->op == OP_EXTERNAL)
		judge_external(j, &j->q->externals[x->external], asked, out);
	else if (!has_one)
		judge_rows(j, x, asked, out);
	else if (!b->column[x->one_column].is_dictionary)
		judge_plain(j, x, asked, out);
	else if (b->column[x->one_column].distinct < count_rows(asked))
		judge_dictionary(j, x, &b->column[x->one_column], out);
	else
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
	struct rows every = {{0}}, result;

	assert(q->is_bound);
	memory_begin(m, j.today);
	j.left = m->left;
	j.right = m->right;
	for (uint32_t row = 0; row < b->rows; row += 64)
		every.bits[row / 64] =
			b->rows - row >= 64 ? UINT64_MAX : (UINT64_C(1) << (b->rows - row)) - 1;
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
