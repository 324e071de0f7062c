/* SPDX-License-Identifier: MIT */
#include "segments/judge.h"

#include "base/text.h"

static struct slice
cell_of(const struct judge *j, const struct operand *o)
{
	if (j->cell != NULL)
		return *j->cell;
	if (j->block != NULL)
		return block_cell(j->block, j->row, (uint32_t)o->column);
	return j->get(j->arg, o->text);
}

/* Of province( … ): without a list, the first column of a telling name that has a value. */
static struct slice
province_cell(const struct judge *j, const struct operand *o)
{
	struct slice found = {NULL, 0};

	if (j->cell != NULL || j->block != NULL || o->text.n > 0)
		return cell_of(j, o);
	if (o->folded.n > 0)
		return j->get(j->arg, o->folded);
	for (size_t i = 0; province_columns[i] != NULL && found.n == 0; i++)
		found = j->get(j->arg, slice_of(province_columns[i]));
	return found;
}

static bool
is_literal(const struct operand *o)
{
	return o->kind == OPERAND_TEXT || o->kind == OPERAND_NUMBER;
}

/* ---- values; false = missing ---- */

bool
judge_number(const struct judge *j, const struct operand *o, double *out)
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

bool
judge_date(const struct judge *j, const struct operand *o, int32_t *out)
{
	if (is_literal(o))
		*out = o->date;
	else
		*out = o->kind == OPERAND_TODAY ? j->today : query_date(cell_of(j, o));
	for (uint8_t i = 0; i < o->shift_count && !is_literal(o); i++)
		*out = query_shift_date(*out, o->shifts[i]);
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

int
judge_order(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static bool
compare_numbers(const struct judge *j, const struct operand *a, const struct operand *b, int *out)
{
	double x, y;

	if (!judge_number(j, a, &x) || !judge_number(j, b, &y))
		return false;
	*out = (x > y) - (x < y);
	return true;
}

static bool
compare_dates(const struct judge *j, const struct operand *a, const struct operand *b, int *out)
{
	int32_t x, y;

	if (!judge_date(j, a, &x) || !judge_date(j, b, &y))
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
	*out = judge_order(x, y);
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
		return !judge_number(j, o, &number);
	if (o->kind == OPERAND_COLUMN && j->q->is_bound && o->type == COLUMN_NUMBER)
		return !judge_number(j, o, &number);
	if (o->kind == OPERAND_COLUMN && j->q->is_bound && o->type == COLUMN_DATE)
		return !judge_date(j, o, &date);
	return o->kind == OPERAND_COLUMN && cell_of(j, o).n == 0;
}

static bool
judge_comparison(struct judge *j, const struct predicate *x)
{
	int c;

	if (!compare(j, &j->q->operands[x->left], &j->q->operands[x->right], &c))
		return false;
	return judge_holds(x->op, c);
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

bool
judge_like(struct slice s, struct slice pattern)
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

bool
judge_row(struct judge *j, const struct predicate *x)
{
	const struct operand *left = &j->q->operands[x->left];
	const struct operand *right = &j->q->operands[x->right];
	struct slice text;

	if (x->op == OP_PROVINCE) {
		int place = province_find(j->q->provinces, province_cell(j, left));

		return place >= 0 && (x->places >> place & 1) != 0;
	}
	if (x->op == OP_EXTERNAL || x->op == OP_SEGMENT)
		return false; /* a row by name has no phone; eval asks for blocks */
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
		       judge_like(text, right->folded) != x->is_negated;
	if (x->op == OP_CONTAINS)
		return contains(j, cell_of(j, left), right->folded);
	return has_tag(j, cell_of(j, left), right->folded);
}
