/* SPDX-License-Identifier: MIT */
/*
 * How each pair of operands compares. With a list's schema names become
 * columns and types must fit; without one (segment eval, a query just parsed)
 * the literal decides: a number compares numbers (a year dates too), a date
 * compares dates where the value is one, everything else compares texts.
 */
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "segments/query_tree.h"

/* What an operand is worth. */
enum worth { WORTH_UNKNOWN, WORTH_TEXT, WORTH_NUMBER, WORTH_DATE, WORTH_TEXT_LITERAL };

struct resolver {
	struct query *q;
	const struct schema *s; /* NULL = none */
	struct query_error *e;
};

static enum worth
worth_of(const struct resolver *r, const struct operand *o)
{
	switch (o->kind) {
	case OPERAND_AGE:
	case OPERAND_NUMBER:
		return WORTH_NUMBER;
	case OPERAND_TODAY:
		return WORTH_DATE;
	case OPERAND_TEXT:
		return o->shift_count > 0 ? WORTH_DATE : WORTH_TEXT_LITERAL;
	case OPERAND_COLUMN:
		break;
	}
	if (o->shift_count > 0)
		return WORTH_DATE;
	if (r->s == NULL)
		return WORTH_UNKNOWN;
	switch (o->type) {
	case COLUMN_NUMBER:
		return WORTH_NUMBER;
	case COLUMN_DATE:
		return WORTH_DATE;
	case COLUMN_TEXT:
		break;
	}
	return WORTH_TEXT;
}

/* "; it has a, b, c", or nothing when they are too many to read. */
static const char *
name_columns(const struct schema *s, char *out, size_t cap)
{
	int n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < s->count; i++) {
		n += snprintf(out + n, cap - (size_t)n, "%s%s", i == 0 ? "; it has " : ", ",
			      s->columns[i].name);
		if ((size_t)n >= cap) {
			out[0] = '\0';
			break;
		}
	}
	return out;
}

static bool
unknown_column(const struct resolver *r, const struct operand *o)
{
	const char *names[2 * COLUMNS_MAX];
	char word[128];
	struct slice cut = text_clip(o->text, sizeof(word) - 1);
	const char *near_name;
	char all[120];

	memcpy(word, cut.p, cut.n);
	word[cut.n] = '\0';
	for (uint32_t i = 0; i < r->s->count; i++) {
		names[i] = r->s->columns[i].name;
		names[r->s->count + i] = r->s->columns[i].title;
	}
	near_name = nearest_name(word, names, 2 * (size_t)r->s->count);
	if (near_name != NULL)
		return query_fail(r->e, r->q->text, o->at,
				  "the list has no column %.*s: did you mean %s?", CLIP(o->text),
				  near_name);
	return query_fail(r->e, r->q->text, o->at,
			  "the list has no column %.*s: if it is a text, put it in quotes%s",
			  CLIP(o->text), name_columns(r->s, all, sizeof(all)));
}

/* The text literal on one side must be worth what the other side is. */
static bool
literal_fits(const struct resolver *r, const struct operand *literal, enum worth other,
	     enum compare_kind *how)
{
	if (other == WORTH_NUMBER) {
		*how = COMPARE_NUMBER;
		if (!literal->has_number)
			return query_fail(r->e, r->q->text, literal->at,
					  "this is compared with a number, but '%.*s' is none",
					  CLIP(literal->text));
	} else if (other == WORTH_DATE) {
		*how = COMPARE_DATE;
		if (literal->date == 0)
			return query_fail(r->e, r->q->text, literal->at,
					  "this is compared with a date: write 'yyyy-mm-dd', "
					  "'d/m/yyyy' or 'yyyy' instead of '%.*s'",
					  CLIP(literal->text));
	} else {
		*how = other == WORTH_UNKNOWN && literal->date != 0 ? COMPARE_DATE_ELSE_TEXT
								    : COMPARE_TEXT;
	}
	return true;
}

static bool
is_year(const struct operand *o)
{
	return o->kind == OPERAND_NUMBER && o->date != 0;
}

/* A date and a number: only a literal year will do. */
static bool
year_fits(const struct resolver *r, const struct operand *number, enum compare_kind *how)
{
	*how = COMPARE_DATE;
	if (is_year(number))
		return true;
	return query_fail(r->e, r->q->text, number->at,
			  "a date does not compare with a number: write 'yyyy-mm-dd' or a year, or "
			  "use age(column)");
}

static bool
resolve_pair(const struct resolver *r, const struct operand *a, struct operand *b)
{
	enum worth x = worth_of(r, a), y = worth_of(r, b);

	if (y == WORTH_TEXT_LITERAL)
		return literal_fits(r, b, x, &b->how);
	if (x == WORTH_TEXT_LITERAL)
		return literal_fits(r, a, y, &b->how);
	if (x == WORTH_DATE && y == WORTH_NUMBER)
		return year_fits(r, b, &b->how);
	if (x == WORTH_NUMBER && y == WORTH_DATE)
		return year_fits(r, a, &b->how);
	if ((x == WORTH_UNKNOWN && is_year(b)) || (y == WORTH_UNKNOWN && is_year(a)))
		b->how = COMPARE_NUMBER_ELSE_DATE;
	else if (x == WORTH_NUMBER || y == WORTH_NUMBER)
		b->how = COMPARE_NUMBER;
	else if (x == WORTH_DATE || y == WORTH_DATE)
		b->how = COMPARE_DATE;
	else
		b->how = x == WORTH_UNKNOWN || y == WORTH_UNKNOWN ? COMPARE_AUTO : COMPARE_TEXT;
	return true;
}

static bool
resolve_column(const struct resolver *r, struct operand *o)
{
	if (o->kind != OPERAND_COLUMN && o->kind != OPERAND_AGE)
		return true;
	o->column = -1;
	if (r->s == NULL)
		return true;
	if (o->text.n == 0)
		return true; /* of province( … ), or of a function that looks at no column */
	o->column = schema_find(r->s, o->text);
	if (o->column < 0)
		return unknown_column(r, o);
	o->type = r->s->columns[o->column].type;
	if (o->shift_count > 0 && o->type == COLUMN_NUMBER)
		return query_fail(r->e, r->q->text, o->at,
				  "%.*s is a column of numbers: only a date has a time added",
				  CLIP(o->text));
	return true;
}

/* The only column that the predicate looks at, or -1. */
static int
one_column_of(const struct query *q, const struct predicate *x)
{
	int found = q->operands[x->left].column;

	for (uint16_t i = x->right; i < x->right + x->count; i++) {
		int column = q->operands[i].column;

		if (column >= 0 && found >= 0 && column != found)
			return -1;
		if (column >= 0)
			found = column;
	}
	return found;
}

static bool
resolve_province(const struct resolver *r, struct predicate *x)
{
	struct operand *left = &r->q->operands[x->left];
	char all[120];

	if (r->s != NULL && left->text.n == 0) {
		left->column = province_find_column(r->s);
		if (left->column < 0)
			return query_fail(r->e, r->q->text, left->at,
					  "the list has no column tinh or tinh_thanh: write "
					  "province(column, '%.*s')%s",
					  CLIP(r->q->operands[x->right].text),
					  name_columns(r->s, all, sizeof(all)));
		left->type = r->s->columns[left->column].type;
		left->folded = slice_of(r->s->columns[left->column].name);
		left->folded.p = arena_memdup0(&r->q->arena, left->folded.p, left->folded.n);
	}
	x->one_column = left->column;
	return true;
}

static bool
resolve_predicate(const struct resolver *r, struct predicate *x)
{
	struct operand *left = &r->q->operands[x->left];

	if (x->op == OP_PROVINCE)
		return resolve_province(r, x);
	if (x->op == OP_EXTERNAL || x->op == OP_SEGMENT)
		return true;

	if (x->op != OP_LIKE && x->op != OP_CONTAINS && x->op != OP_HAS)
		for (uint16_t i = x->right; i < x->right + x->count; i++)
			if (!resolve_pair(r, left, &r->q->operands[i]))
				return false;
	if (x->op >= OP_LIKE && (left->kind != OPERAND_COLUMN || left->shift_count > 0) &&
	    !(x->op == OP_IS_NULL && left->kind == OPERAND_AGE))
		return query_fail(r->e, r->q->text, left->at,
				  "LIKE, ~, HAS and IS NULL look at a column");
	x->one_column = one_column_of(r->q, x);
	return true;
}

bool
query_resolve(struct query *q, const struct schema *s, struct query_error *e)
{
	struct resolver r = {q, s, e};

	q->is_bound = false;
	for (uint16_t i = 0; i < q->operand_count; i++)
		if (!resolve_column(&r, &q->operands[i]))
			return false;
	for (uint16_t i = 0; i < q->predicate_count; i++)
		if (!resolve_predicate(&r, &q->predicates[i]))
			return false;
	q->is_bound = s != NULL;
	return true;
}

static bool
is_filled(const struct query *q, struct query_error *e)
{
	static const char *const names[] = {
		[QUERY_IN_LIST] = "in_list",
		[QUERY_REACHED_BY] = "reached_by",
		[QUERY_STATE] = "state",
	};

	if (q->segment_count > 0)
		return query_fail(e, q->text, q->segments[0].at,
				  "the text of segment( … ) is not put in its place");
	for (uint16_t i = 0; i < q->external_count; i++) {
		const struct query_external *x = &q->externals[i];

		if (x->has == NULL && x->rows == NULL)
			return query_fail(
				e, q->text, x->at,
				"%s( … ) cannot be answered here: nobody has looked it up",
				names[x->kind]);
	}
	return true;
}

bool
query_check(struct query *q, const struct schema *s, struct query_error *e)
{
	bool is_good;

	if (e != NULL)
		*e = (struct query_error){.column = 1};
	is_good = query_resolve(q, s, e);
	q->is_bound = false;
	return is_good;
}

bool
query_bind(struct query *q, const struct schema *s, struct query_error *e)
{
	query_memory_free(q->memory); /* of another list */
	q->memory = NULL;
	q->is_bound = query_check(q, s, e) && is_filled(q, e);
	if (q->is_bound)
		q->memory = query_memory_new(q);
	return q->is_bound;
}

int
query_column(const struct query *q, size_t i)
{
	for (uint16_t k = 0; k < q->operand_count; k++) {
		int column = q->operands[k].column;
		uint16_t before = 0;

		while (before < k && q->operands[before].column != column)
			before++;
		if (column >= 0 && before == k && i-- == 0)
			return column;
	}
	return -1;
}

bool
query_reads(const struct query *q, int column)
{
	for (uint16_t i = 0; i < q->operand_count; i++)
		if ((q->operands[i].kind == OPERAND_COLUMN || q->operands[i].kind == OPERAND_AGE) &&
		    q->operands[i].column == column)
			return true;
	return false;
}

bool
query_reads_sensitive(const struct query *q, const struct schema *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->columns[i].is_sensitive && query_reads(q, (int)i))
			return true;
	return false;
}

bool
query_literal(const struct query *q, size_t i, struct query_literal *out)
{
	for (uint16_t k = 0; k < q->predicate_count; k++) {
		const struct predicate *x = &q->predicates[k];
		const struct operand *left = &q->operands[x->left];

		if (left->kind != OPERAND_COLUMN || left->column < 0 ||
		    (x->op != OP_EQ && x->op != OP_NE && x->op != OP_IN))
			continue;
		for (uint16_t r = x->right; r < x->right + x->count; r++) {
			const struct operand *o = &q->operands[r];

			if (o->kind != OPERAND_TEXT || o->how != COMPARE_TEXT || i-- > 0)
				continue;
			*out = (struct query_literal){left->column, o->text, o->at};
			return true;
		}
	}
	return false;
}

ptrdiff_t
query_nearest_value(struct slice text, const struct slice *values, size_t n)
{
	struct buf want = {0}, bare = {0}, have = {0};
	ptrdiff_t found = -1, spelt = -1;
	const char *near_name;

	query_fold(&want, text);
	query_fold_unaccented(&bare, text);
	buf_adds(&want, "");
	for (size_t i = 0; i < n; i++) {
		const char *one;

		buf_reset(&have);
		query_fold(&have, values[i]);
		if (slice_eq(buf_slice(&have), buf_slice(&want))) {
			found = spelt = -1;
			break;
		}
		buf_adds(&have, "");
		one = have.data;
		near_name = nearest_name(want.data, &one, 1);
		if (near_name != NULL && spelt < 0)
			spelt = (ptrdiff_t)i;
		buf_reset(&have);
		query_fold_unaccented(&have, values[i]);
		if (found < 0 && bare.len > 0 && slice_eq(buf_slice(&have), buf_slice(&bare)))
			found = (ptrdiff_t)i;
	}
	buf_free(&want);
	buf_free(&bare);
	buf_free(&have);
	return found >= 0 ? found : spelt;
}
