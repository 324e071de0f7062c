/* SPDX-License-Identifier: MIT */
/* A query as text again: normalised, and with a caret under an error. */
#include <stdlib.h>

#include "base/text.h"
#include "segments/query_tree.h"

static const char *const op_texts[] = {
	[OP_EQ] = " = ",      [OP_NE] = " != ",	     [OP_LT] = " < ",	 [OP_LE] = " <= ",
	[OP_GT] = " > ",      [OP_GE] = " >= ",	     [OP_IN] = " IN (",	 [OP_BETWEEN] = " BETWEEN ",
	[OP_LIKE] = " LIKE ", [OP_CONTAINS] = " ~ ", [OP_HAS] = " HAS ", [OP_IS_NULL] = " IS NULL",
};
static const char *const negated_texts[] = {
	[OP_IN] = " NOT IN (",
	[OP_BETWEEN] = " NOT BETWEEN ",
	[OP_LIKE] = " NOT LIKE ",
	[OP_IS_NULL] = " IS NOT NULL",
};

static void
add_quoted(struct buf *out, struct slice s, char quote)
{
	buf_addc(out, quote);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == quote)
			buf_addc(out, quote);
		buf_addc(out, s.p[i]);
	}
	buf_addc(out, quote);
}

static void
add_name(struct buf *out, struct slice name)
{
	if (lex_is_bare_name(name))
		buf_add_slice(out, name);
	else
		add_quoted(out, name, '`');
}

static void
add_base(struct buf *out, const struct operand *o)
{
	switch (o->kind) {
	case OPERAND_COLUMN:
		add_name(out, o->text);
		break;
	case OPERAND_AGE:
		buf_adds(out, "age(");
		add_name(out, o->text);
		buf_addc(out, ')');
		break;
	case OPERAND_TODAY:
		buf_adds(out, "today()");
		break;
	case OPERAND_TEXT:
		add_quoted(out, o->text, '\'');
		break;
	case OPERAND_NUMBER:
		buf_add_slice(out, o->text);
		break;
	}
}

static void
add_operand(struct buf *out, const struct operand *o)
{
	add_base(out, o);
	for (uint8_t i = 0; i < o->shift_count; i++)
		buf_addf(out, " %c %d%c", o->shifts[i].count < 0 ? '-' : '+',
			 abs(o->shifts[i].count), o->shifts[i].unit);
}

static void
add_function(struct buf *out, const struct query *q, const struct predicate *x)
{
	static const char *const names[] = {
		[QUERY_IN_LIST] = "in_list(",
		[QUERY_REACHED_BY] = "reached_by(",
		[QUERY_STATE] = "state(",
	};
	const struct operand *column = &q->operands[x->left];

	buf_adds(out, x->op == OP_PROVINCE  ? "province("
		      : x->op == OP_SEGMENT ? "segment("
					    : names[q->externals[x->external].kind]);
	if (column->text.n > 0) {
		add_operand(out, column);
		buf_adds(out, ", ");
	}
	for (uint16_t i = 0; i < x->count; i++) {
		buf_adds(out, i > 0 ? ", " : "");
		add_operand(out, &q->operands[x->right + i]);
	}
	buf_addc(out, ')');
}

static void
add_predicate(struct buf *out, const struct query *q, const struct predicate *x)
{
	if (x->op == OP_PROVINCE || x->op == OP_EXTERNAL || x->op == OP_SEGMENT) {
		add_function(out, q, x);
		return;
	}
	add_operand(out, &q->operands[x->left]);
	buf_adds(out, x->is_negated ? negated_texts[x->op] : op_texts[x->op]);
	for (uint16_t i = 0; i < x->count; i++) {
		if (i > 0)
			buf_adds(out, x->op == OP_BETWEEN ? " AND " : ", ");
		add_operand(out, &q->operands[x->right + i]);
	}
	if (x->op == OP_IN)
		buf_addc(out, ')');
}

static void add_node(struct buf *out, const struct query *q, uint16_t at);

/* With parentheses if the child binds less than its parent: OR < AND < NOT < predicate. */
static void
add_child(struct buf *out, const struct query *q, uint16_t child, enum node_kind parent)
{
	enum node_kind kind = q->nodes[child].kind;
	bool is_weaker = (parent == NODE_NOT && (kind == NODE_AND || kind == NODE_OR)) ||
			 (parent == NODE_AND && kind == NODE_OR);

	buf_adds(out, is_weaker ? "(" : "");
	add_node(out, q, child);
	buf_adds(out, is_weaker ? ")" : "");
}

static void
add_node(struct buf *out, const struct query *q, uint16_t at)
{
	const struct node *n = &q->nodes[at];

	switch (n->kind) {
	case NODE_PREDICATE:
		add_predicate(out, q, &q->predicates[n->a]);
		break;
	case NODE_NOT:
		buf_adds(out, "NOT ");
		add_child(out, q, n->a, NODE_NOT);
		break;
	case NODE_AND:
	case NODE_OR:
		add_child(out, q, n->a, n->kind);
		buf_adds(out, n->kind == NODE_AND ? " AND " : " OR ");
		add_child(out, q, n->b, n->kind);
		break;
	}
}

void
query_add_part(const struct query *q, uint16_t node, struct buf *out)
{
	add_node(out, q, node);
}

void
query_add_normalised(const struct query *q, struct buf *out)
{
	add_node(out, q, q->root);
}

/* What a province's name leaves out or takes in. */
static void
add_province_warning(const struct query *q, const struct predicate *x, struct buf *out)
{
	const struct provinces *p = q->provinces;
	const char *name = p->places[x->place].name, *unit = p->units[p->unit_of[x->place]].name;
	bool is_first = true;

	if (!province_is_today(p, x->place)) {
		buf_addf(
			out,
			"province('%s') finds rows that say %s: it is part of %s since 2025-07-01, "
			"and a row that says %s does not tell of which part it is; province('%s') "
			"finds both\n",
			name, name, unit, unit, unit);
		return;
	}
	if ((x->places & (x->places - 1)) == 0)
		return; /* nothing was merged into it */
	buf_addf(out, "province('%s') is %s of today: rows that say ", name, name);
	for (size_t i = 0; i < p->place_count; i++)
		if ((x->places >> i & 1) != 0 && (int)i != x->place) {
			buf_addf(out, "%s%s", is_first ? "" : " or ", p->places[i].name);
			is_first = false;
		}
	buf_adds(out, " are in it\n");
}

void
query_add_warnings(const struct query *q, struct buf *out)
{
	for (uint16_t i = 0; i < q->predicate_count; i++) {
		uint16_t k = 0;

		if (q->predicates[i].op != OP_PROVINCE)
			continue;
		while (k < i && (q->predicates[k].op != OP_PROVINCE ||
				 q->predicates[k].place != q->predicates[i].place))
			k++;
		if (k == i)
			add_province_warning(q, &q->predicates[i], out);
	}
}

void
query_add_caret(struct slice text, const struct query_error *e, struct buf *out)
{
	size_t at = e->at < text.n ? e->at : text.n;
	size_t from = at, to = at;
	struct slice before;
	int32_t c;

	while (from > 0 && text.p[from - 1] != '\n')
		from--;
	while (to < text.n && text.p[to] != '\n' && text.p[to] != '\r')
		to++;
	buf_add(out, text.p + from, to - from);
	buf_addc(out, '\n');
	before = (struct slice){text.p + from, at - from};
	while (before.n > 0) {
		c = text_next(&before);
		if (c < 0x300 || c > 0x36f) /* marks stand above the letter before them */
			buf_addc(out, c == '\t' ? '\t' : ' ');
	}
	buf_addf(out, "^ %s\n", e->message);
}
