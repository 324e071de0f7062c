/* SPDX-License-Identifier: MIT */
/*
 * Runs the steps over sets of rows: 256 of a block, or the one row of values by
 * name. A predicate on one dictionary column is judged once per distinct value.
 *
 * Two-valued: a predicate with a missing value is false, negated or not
 * (IS NULL excepted); only STEP_NOT turns around. A cell that is no number where
 * a number is compared, or no date where a date is, counts as missing.
 */
#include <assert.h>

#include "base/text.h"
#include "segments/query_tree.h"

struct rows {
	uint64_t bits[4];
};

/* Where the values of the row being judged come from. */
struct judge {
	const struct query *q;
	int32_t today;
	const struct block *block; /* NULL: values by name */
	uint32_t row;
	const struct slice *cell; /* not NULL: the value of the only column */
	query_value_cb get;
	void *arg;
	struct buf left, right; /* folded texts */
};

static struct slice
cell_of(const struct judge *j, const struct operand *o)
{
	if (j->cell != NULL)
		return *j->cell;
	if (j->block != NULL)
		return block_cell(j->block, j->row, (uint32_t)o->column);
	return j->get(j->arg, o->text);
}

static bool
is_literal(const struct operand *o)
{
	return o->kind == OPERAND_TEXT || o->kind == OPERAND_NUMBER;
}

/* ---- values; false = missing ---- */

static bool
number_of(const struct judge *j, const struct operand *o, double *out)
{
	int32_t birth;

	if (is_literal(o)) {
		*out = o->number;
		return o->has_number;
	}
	if (o->kind == OPERAND_AGE) {
		birth = query_date(cell_of(j, o));
		*out = birth != 0 ? query_age(birth, j->today) : -1;
		return *out >= 0;
	}
	return query_number(cell_of(j, o), out);
}

static bool
date_of(const struct judge *j, const struct operand *o, int32_t *out)
{
	if (is_literal(o))
		*out = o->date;
	else
		*out = o->kind == OPERAND_TODAY ? j->today : query_date(cell_of(j, o));
	return *out != 0;
}

static bool
text_of(const struct judge *j, const struct operand *o, struct buf *folded, struct slice *out)
{
	struct slice cell;

	if (o->kind == OPERAND_TEXT) {
		*out = o->folded;
		return true;
	}
	cell = o->kind == OPERAND_NUMBER ? o->text : cell_of(j, o);
	buf_reset(folded);
	query_fold(folded, cell);
	*out = buf_slice(folded);
	return cell.n > 0;
}

static int
compare_slices(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static bool
compare_numbers(const struct judge *j, const struct operand *a, const struct operand *b, int *out)
{
	double x, y;

	if (!number_of(j, a, &x) || !number_of(j, b, &y))
		return false;
	*out = (x > y) - (x < y);
	return true;
}

static bool
compare_dates(const struct judge *j, const struct operand *a, const struct operand *b, int *out)
{
	int32_t x, y;

	if (!date_of(j, a, &x) || !date_of(j, b, &y))
		return false;
	*out = query_compare_dates(x, y);
	return true;
}

static bool
compare_texts(struct judge *j, const struct operand *a, const struct operand *b, int *out)
{
	struct slice x, y;

	if (!text_of(j, a, &j->left, &x) || !text_of(j, b, &j->right, &y))
		return false;
	*out = compare_slices(x, y);
	return true;
}

/* *out < 0, 0, > 0 as a is before, equal to, behind b. False: a value is missing. */
static bool
compare(struct judge *j, const struct operand *a, const struct operand *b, int *out)
{
	switch (b->how) {
	case COMPARE_NUMBER:
		return compare_numbers(j, a, b, out);
	case COMPARE_DATE:
		return compare_dates(j, a, b, out);
	case COMPARE_NUMBER_ELSE_DATE:
		return compare_numbers(j, a, b, out) || compare_dates(j, a, b, out);
	case COMPARE_DATE_ELSE_TEXT:
		return compare_dates(j, a, b, out) || compare_texts(j, a, b, out);
	case COMPARE_AUTO:
		return compare_numbers(j, a, b, out) || compare_dates(j, a, b, out) ||
		       compare_texts(j, a, b, out);
	case COMPARE_TEXT:
		break;
	}
	return compare_texts(j, a, b, out);
}

/* ---- predicates on one row ---- */

static bool
is_missing(const struct judge *j, const struct operand *o)
{
	double number;
	int32_t date;

	if (o->kind == OPERAND_AGE)
		return !number_of(j, o, &number);
	if (o->kind == OPERAND_COLUMN && j->block != NULL && o->type == COLUMN_NUMBER)
		return !number_of(j, o, &number);
	if (o->kind == OPERAND_COLUMN && j->block != NULL && o->type == COLUMN_DATE)
		return !date_of(j, o, &date);
	return o->kind == OPERAND_COLUMN && cell_of(j, o).n == 0;
}

static bool
judge_comparison(struct judge *j, const struct predicate *x)
{
	/* when before, equal, behind */
	static const bool holds[][3] = {
		[OP_EQ] = {false, true, false}, [OP_NE] = {true, false, true},
		[OP_LT] = {true, false, false}, [OP_LE] = {true, true, false},
		[OP_GT] = {false, false, true}, [OP_GE] = {false, true, true},
	};
	int c;

	if (!compare(j, &j->q->operands[x->left], &j->q->operands[x->right], &c))
		return false;
	return holds[x->op][(c > 0) - (c < 0) + 1];
}

static bool
judge_in(struct judge *j, const struct predicate *x)
{
	bool is_known = false;

	for (uint16_t i = x->right; i < x->right + x->count; i++) {
		int c;

		if (!compare(j, &j->q->operands[x->left], &j->q->operands[i], &c))
			continue;
		if (c == 0)
			return !x->is_negated;
		is_known = true;
	}
	return is_known && x->is_negated;
}

static bool
judge_between(struct judge *j, const struct predicate *x)
{
	const struct operand *left = &j->q->operands[x->left];
	int low, high;

	if (!compare(j, left, &j->q->operands[x->right], &low) ||
	    !compare(j, left, &j->q->operands[x->right + 1], &high))
		return false;
	return (low >= 0 && high <= 0) != x->is_negated;
}

/* SQL's LIKE on folded texts: % any text, _ one character, \ before either means itself. */
static bool
is_like(struct slice s, struct slice pattern)
{
	struct slice retry_s = {NULL, 0}, retry_pattern = {NULL, 0};

	for (;;) {
		struct slice p = pattern, t = s;
		int32_t want = text_next(&p), got;

		if (want == '%') {
			if (p.n == 0)
				return true;
			pattern = retry_pattern = p;
			retry_s = s;
			continue;
		}
		if (want == -1 && s.n == 0)
			return true;
		got = text_next(&t);
		if (want != -1 && got != -1) {
			bool is_any = want == '_';

			if (want == '\\' && p.n > 0)
				want = text_next(&p);
			if (is_any || want == got) {
				pattern = p;
				s = t;
				continue;
			}
		}
		if (retry_pattern.p == NULL || retry_s.n == 0)
			return false;
		text_next(&retry_s); /* let the last % take one character more */
		s = retry_s;
		pattern = retry_pattern;
	}
}

static bool
contains(struct judge *j, struct slice cell, struct slice part)
{
	buf_reset(&j->left);
	query_fold_unaccented(&j->left, cell);
	return part.n == 0 ||
	       (j->left.len >= part.n && memmem(j->left.data, j->left.len, part.p, part.n) != NULL);
}

/* Is one of the tags, divided by , ; | or line ends, the text? */
static bool
has_tag(struct judge *j, struct slice cell, struct slice tag)
{
	while (cell.n > 0) {
		size_t n = 0;

		while (n < cell.n && strchr(",;|\n", cell.p[n]) == NULL)
			n++;
		buf_reset(&j->left);
		query_fold(&j->left, slice_trim((struct slice){cell.p, n}));
		if (slice_eq(buf_slice(&j->left), tag))
			return true;
		n += n < cell.n;
		cell = (struct slice){cell.p + n, cell.n - n};
	}
	return false;
}

static bool
judge_row(struct judge *j, const struct predicate *x)
{
	const struct operand *left = &j->q->operands[x->left];
	const struct operand *right = &j->q->operands[x->right];
	struct slice text;

	if (x->op == OP_IS_NULL)
		return is_missing(j, left) != x->is_negated;
	if (x->op < OP_IN)
		return judge_comparison(j, x);
	if (x->op == OP_IN)
		return judge_in(j, x);
	if (x->op == OP_BETWEEN)
		return judge_between(j, x);
	if (is_missing(j, left))
		return false;
	if (x->op == OP_LIKE)
		return text_of(j, left, &j->left, &text) &&
		       is_like(text, right->folded) != x->is_negated;
	if (x->op == OP_CONTAINS)
		return contains(j, cell_of(j, left), right->folded);
	return has_tag(j, cell_of(j, left), right->folded);
}

/* ---- predicates on a block ---- */

static void
set_bit(struct rows *r, uint32_t row, bool is_set)
{
	r->bits[row / 64] |= (uint64_t)is_set << (row % 64);
}

static bool
is_in(const struct rows *r, uint32_t row)
{
	return r->bits[row / 64] >> (row % 64) & 1;
}

static uint32_t
count_rows(const struct rows *r)
{
	uint32_t n = 0;

	for (int k = 0; k < 4; k++)
		n += (uint32_t)__builtin_popcountll(r->bits[k]);
	return n;
}

/* Once per value of the dictionary, then a look-up per row. */
static void
judge_dictionary(struct judge *j, const struct predicate *x, const struct block_column *c,
		 struct rows *out)
{
	bool holds[BLOCK_ROWS]; /* by code */
	struct slice cell = {NULL, 0};

	j->cell = &cell;
	holds[0] = judge_row(j, x);
	for (uint32_t i = 0; i < c->distinct; i++) {
		cell = block_value(c, i);
		holds[i + 1] = judge_row(j, x);
	}
	j->cell = NULL;
	for (uint32_t row = 0; row < j->block->rows; row++)
		set_bit(out, row, holds[c->codes[row]]);
}

/* Rows outside of `asked` may come out either way. */
static void
judge_block(struct judge *j, const struct predicate *x, const struct rows *asked, struct rows *out)
{
	const struct block *b = j->block;
	bool has_one = x->one_column >= 0 && (uint32_t)x->one_column < b->columns;
	const struct block_column *c = has_one ? &b->column[x->one_column] : NULL;
	struct slice cell = {NULL, 0};

	if (has_one && c->is_dictionary && c->distinct < count_rows(asked)) {
		judge_dictionary(j, x, c, out);
		return;
	}
	for (uint32_t row = 0; row < b->rows; row++) {
		if (!is_in(asked, row))
			continue;
		j->row = row;
		if (has_one) {
			cell = block_cell(b, row, (uint32_t)x->one_column);
			j->cell = &cell;
		}
		set_bit(out, row, judge_row(j, x));
	}
	j->cell = NULL;
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
	buf_free(&j->left);
	buf_free(&j->right);
	return m.results[0];
}

void
query_eval_block(const struct query *q, const struct block *b, int64_t today, uint64_t out[4])
{
	struct judge j = {.q = q, .today = query_date_of_days(today), .block = b};
	struct rows all = {{0}}, result;

	assert(q->is_bound);
	for (uint32_t row = 0; row < b->rows; row++)
		set_bit(&all, row, true);
	result = run_steps(&j, &all);
	memcpy(out, result.bits, sizeof(result.bits));
}

bool
query_eval_row(const struct query *q, query_value_cb get, void *arg, int64_t today)
{
	struct judge j = {.q = q, .today = query_date_of_days(today), .get = get, .arg = arg};
	struct rows all = {{1}};

	return run_steps(&j, &all).bits[0] & 1;
}
