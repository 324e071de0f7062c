/* SPDX-License-Identifier: MIT */
/*
 * How each pair of operands compares. With a list's schema names become
 * columns and types must fit; without one (segment eval, a query just parsed)
 * the literal decides: a number compares numbers (a year dates too), a date
 * compares dates where the value is one, everything else compares texts.
 */
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
		return WORTH_TEXT_LITERAL;
	case OPERAND_COLUMN:
		break;
	}
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

static bool
unknown_column(const struct resolver *r, const struct operand *o)
{
	const char *names[2 * COLUMNS_MAX];
	char word[128];
	struct slice cut = query_clip(o->text, sizeof(word) - 1);
	const char *near_name;

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
			  "the list has no column %.*s: if it is a text, put it in quotes",
			  CLIP(o->text));
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
					  "this is compared with a date: write 'YYYY-MM-DD' or "
					  "'YYYY' instead of '%.*s'",
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
			  "a date does not compare with a number: write 'YYYY-MM-DD' or a year, or "
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
	o->column = schema_find(r->s, o->text);
	if (o->column < 0)
		return unknown_column(r, o);
	o->type = r->s->columns[o->column].type;
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
resolve_predicate(const struct resolver *r, struct predicate *x)
{
	struct operand *left = &r->q->operands[x->left];

	if (x->op != OP_LIKE && x->op != OP_CONTAINS && x->op != OP_HAS)
		for (uint16_t i = x->right; i < x->right + x->count; i++)
			if (!resolve_pair(r, left, &r->q->operands[i]))
				return false;
	if (x->op >= OP_LIKE && left->kind != OPERAND_COLUMN &&
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

bool
query_bind(struct query *q, const struct schema *s, struct query_error *e)
{
	if (e != NULL)
		*e = (struct query_error){.column = 1};
	return query_resolve(q, s, e);
}
