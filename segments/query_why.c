/* SPDX-License-Identifier: MIT */
#include "segments/query_why.h"

#include "segments/judge.h"

struct why {
	const struct query_why *w;
	struct judge judge;
	query_reason_cb cb;
	void *arg;
	enum query_answer answers[QUERY_NODES_MAX]; /* by node */
};

static enum query_answer
answer_not(enum query_answer a)
{
	return a == QUERY_NOT_KNOWN ? a : a == QUERY_YES ? QUERY_NO : QUERY_YES;
}

/* What decides an AND is QUERY_NO, of an OR QUERY_YES. */
static enum query_answer
answer_join(enum query_answer a, enum query_answer b, enum query_answer decides)
{
	if (a == decides || b == decides)
		return decides;
	return a == QUERY_NOT_KNOWN || b == QUERY_NOT_KNOWN ? QUERY_NOT_KNOWN : answer_not(decides);
}

static enum query_answer
judge_predicate(struct why *y, const struct predicate *x)
{
	const struct query_external *e = &y->w->q->externals[x->external];
	uint64_t phone;

	if (x->op != OP_EXTERNAL)
		return judge_row(&y->judge, x) ? QUERY_YES : QUERY_NO;
	phone = block_phone(y->w->block, y->w->row);
	if (phone == 0)
		return QUERY_NO;
	if (y->w->lacks_sets || e->has == NULL)
		return QUERY_NOT_KNOWN;
	return e->has(e->arg, phone) ? QUERY_YES : QUERY_NO;
}

static enum query_answer
judge_node(struct why *y, uint16_t at)
{
	const struct node *n = &y->w->q->nodes[at];
	enum query_answer a = QUERY_NO;

	switch (n->kind) {
	case NODE_PREDICATE:
		a = judge_predicate(y, &y->w->q->predicates[n->a]);
		break;
	case NODE_NOT:
		a = answer_not(judge_node(y, n->a));
		break;
	case NODE_AND:
	case NODE_OR:
		a = judge_node(y, n->a);
		a = answer_join(a, judge_node(y, n->b), n->kind == NODE_AND ? QUERY_NO : QUERY_YES);
		break;
	}
	y->answers[at] = a;
	return a;
}

/* ---- telling ---- */

static void
look_at_operand(const struct why *y, const struct operand *o, struct query_reason *r)
{
	if ((o->kind != OPERAND_COLUMN && o->kind != OPERAND_AGE) || o->column < 0)
		return;
	if (r->missing < 0 && block_cell(y->w->block, y->w->row, (uint32_t)o->column).n == 0)
		r->missing = o->column;
	r->is_sensitive = r->is_sensitive || y->w->schema->columns[o->column].is_sensitive;
}

static void
tell(struct why *y, uint16_t at, const struct predicate *x)
{
	struct query_reason r = {.answer = y->answers[at], .missing = -1};
	struct buf text = {0};

	if (y->cb == NULL)
		return;
	if (x->op != OP_EXTERNAL) {
		look_at_operand(y, &y->w->q->operands[x->left], &r);
		for (uint16_t i = 0; i < x->count; i++)
			look_at_operand(y, &y->w->q->operands[x->right + i], &r);
	}
	/* What is asked of IS NULL is the column itself. */
	if (r.answer != QUERY_NO || x->op == OP_IS_NULL)
		r.missing = -1;
	query_add_part(y->w->q, at, &text);
	r.text = buf_slice(&text);
	y->cb(y->arg, &r);
	buf_free(&text);
}

static void
tell_node(struct why *y, uint16_t at)
{
	const struct node *n = &y->w->q->nodes[at], *inner;

	switch (n->kind) {
	case NODE_PREDICATE:
		tell(y, at, &y->w->q->predicates[n->a]);
		break;
	case NODE_NOT:
		inner = &y->w->q->nodes[n->a];
		if (inner->kind == NODE_PREDICATE)
			tell(y, at, &y->w->q->predicates[inner->a]);
		else
			tell_node(y, n->a);
		break;
	case NODE_AND:
	case NODE_OR:
		/* Where both sides came to what it is, both have a part in it. */
		if (y->answers[n->a] == y->answers[at])
			tell_node(y, n->a);
		if (y->answers[n->b] == y->answers[at])
			tell_node(y, n->b);
		break;
	}
}

enum query_answer
query_why(const struct query_why *w, query_reason_cb cb, void *arg)
{
	struct why y = {.w = w, .cb = cb, .arg = arg};
	enum query_answer a;

	y.judge = (struct judge){
		.q = w->q, .today = query_date_of_days(w->today), .block = w->block, .row = w->row};
	a = judge_node(&y, w->q->root);
	tell_node(&y, w->q->root);
	buf_free(&y.judge.left);
	buf_free(&y.judge.right);
	return a;
}
