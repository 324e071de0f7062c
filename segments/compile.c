/* SPDX-License-Identifier: MIT */
/* Names to columns, and how each pair of operands is compared. */
#include "base/text.h"
#include "segments/program.h"

/* ---- types ---- */

/* GUESS: a column whose type is not known yet. */
static enum way
type_of(const struct operand *o)
{
	switch (o->kind) {
	case OPERAND_COLUMN:
		return o->type;
	case OPERAND_AGE:
	case OPERAND_NUMBER:
		return WAY_NUMBER;
	case OPERAND_TODAY:
		return WAY_DATE;
	case OPERAND_TEXT:
		break;
	}
	return WAY_TEXT;
}

static bool
is_known(enum way a, enum way b, enum way wanted)
{
	return (a == wanted || a == WAY_GUESS) && (b == wanted || b == WAY_GUESS);
}

/* Of a text literal against a number or a date. */
static bool
fail_literal(struct query *q, const struct operand *o, enum way wanted, struct query_error *e)
{
	return query_fail(e, q->text, o->at,
			  wanted == WAY_NUMBER
				  ? "this text is no number, and what it is compared with is one"
				  : "this text is no day: write a day as 'YYYY-MM-DD'");
}

/* A text column against a number compares as numbers: a cell that is none is missing. */
static bool
check_pair(struct query *q, const struct operand *a, struct operand *b, struct query_error *e)
{
	enum way ta = type_of(a), tb = type_of(b);
	const struct operand *text = a->kind == OPERAND_TEXT   ? a
				     : b->kind == OPERAND_TEXT ? b
							       : NULL;
	enum way other = text == a ? tb : ta;

	if (text != NULL && other == WAY_NUMBER) {
		b->way = WAY_NUMBER;
		return text->is_number || fail_literal(q, text, WAY_NUMBER, e);
	}
	if (text != NULL && other == WAY_DATE) {
		b->way = WAY_DATE;
		return text->is_date || fail_literal(q, text, WAY_DATE, e);
	}
	if (text != NULL && other == WAY_GUESS) {
		b->way = text->is_date ? WAY_DATE : WAY_TEXT;
		return true;
	}
	if (ta == tb)
		b->way = ta;
	else if (is_known(ta, tb, WAY_DATE))
		b->way = WAY_DATE;
	else if (ta != WAY_DATE && tb != WAY_DATE && (ta == WAY_NUMBER || tb == WAY_NUMBER))
		b->way = WAY_NUMBER;
	else if (is_known(ta, tb, WAY_TEXT))
		b->way = WAY_TEXT;
	else
		return query_fail(e, q->text, b->at,
				  ta == WAY_DATE
					  ? "the left side is a day: compare it with a day, as "
					    "'YYYY-MM-DD' or today()"
					  : "this is a day, and what it is compared with is none");
	return true;
}

bool
query_check_types(struct query *q, struct query_error *e)
{
	for (uint32_t i = 0; i < q->node_count; i++) {
		const struct node *n = &q->nodes[i];

		if (n->kind != NODE_COMPARE && n->kind != NODE_IN && n->kind != NODE_BETWEEN)
			continue;
		for (uint32_t r = 0; r < n->count; r++)
			if (!check_pair(q, &q->operands[n->left], &q->operands[n->right + r], e))
				return false;
	}
	return true;
}

/* ---- names ---- */

/* The column's name nearest to the folded word, or a title near to it; NULL = none. */
static const char *
nearest_column(const struct schema *s, const char *word)
{
	const char *names[COLUMNS_MAX];
	const char *found;

	for (uint32_t i = 0; i < s->count; i++)
		names[i] = s->columns[i].name;
	found = nearest_name(word, names, s->count);
	if (found != NULL)
		return found;
	for (uint32_t i = 0; i < s->count; i++)
		names[i] = s->columns[i].title;
	found = nearest_name(word, names, s->count);
	for (uint32_t i = 0; found != NULL && i < s->count; i++)
		if (found == s->columns[i].title)
			return s->columns[i].name;
	return NULL;
}

static bool
fail_unknown(struct query *q, const struct schema *s, const struct operand *o, bool is_right,
	     struct query_error *e)
{
	struct buf folded = {0}, has = {0};
	const char *meant = NULL;

	if (text_add_folded(&folded, o->text) && folded.len > 0)
		meant = nearest_column(s, folded.data);
	if (meant != NULL) {
		buf_addf(&has, "did you mean %s?", meant);
	} else {
		buf_adds(&has, "the list has ");
		for (uint32_t i = 0; i < s->count && has.len < 120; i++)
			buf_addf(&has, "%s%s", i > 0 ? ", " : "", s->columns[i].name);
	}
	query_fail(e, q->text, o->at, "no column is called %.*s: %s%s", query_cut(o->text, 64),
		   o->text.p, has.data, is_right ? "; a text stands in quotes" : "");
	buf_free(&folded);
	buf_free(&has);
	return false;
}

static bool
bind_operand(struct query *q, const struct schema *s, struct operand *o, bool is_right,
	     struct query_error *e)
{
	static const enum way ways[] = {
		[COLUMN_TEXT] = WAY_TEXT, [COLUMN_NUMBER] = WAY_NUMBER, [COLUMN_DATE] = WAY_DATE};

	if (o->kind != OPERAND_COLUMN && o->kind != OPERAND_AGE)
		return true;
	o->column = schema_find(s, o->text);
	if (o->column < 0)
		return fail_unknown(q, s, o, is_right, e);
	o->type = ways[s->columns[o->column].type];
	if (o->kind == OPERAND_AGE && o->type != WAY_DATE)
		return query_fail(e, q->text, o->at, "age() needs a column of dates: %s holds %s",
				  s->columns[o->column].name,
				  o->type == WAY_NUMBER ? "numbers" : "text");
	return true;
}

bool
query_bind(struct query *q, const struct schema *s, struct query_error *e)
{
	*e = (struct query_error){0};
	q->is_bound = false;
	for (uint32_t i = 0; i < q->node_count; i++) {
		const struct node *n = &q->nodes[i];

		if (n->kind <= NODE_NOT)
			continue;
		if (!bind_operand(q, s, &q->operands[n->left], false, e))
			return false;
		for (uint32_t r = 0; r < n->count; r++)
			if (!bind_operand(q, s, &q->operands[n->right + r], true, e))
				return false;
	}
	q->is_bound = query_check_types(q, e);
	return q->is_bound;
}
