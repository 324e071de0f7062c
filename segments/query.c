/* SPDX-License-Identifier: MIT */
/* A query's end, its errors with a caret, and its normalised text. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "segments/program.h"

void
query_free(struct query *q)
{
	if (q == NULL)
		return;
	arena_free(&q->memory);
	free(q->operands);
	free(q);
}

/* ---- errors ---- */

int
query_cut(struct slice s, size_t max)
{
	size_t n = max;

	if (s.n <= max)
		return (int)s.n;
	while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return (int)n;
}

bool
query_fail(struct query_error *e, struct slice text, size_t at, const char *fmt, ...)
{
	struct buf message = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&message, fmt, ap);
	va_end(ap);
	e->at = at;
	e->column = text_length((struct slice){text.p, at}) + 1;
	snprintf(e->message, sizeof(e->message), "%.*s",
		 query_cut(buf_slice(&message), sizeof(e->message) - 1), message.data);
	buf_free(&message);
	return false;
}

/* What a terminal would obey or choke on is shown as U+FFFD. */
static void
add_visible(struct buf *out, struct slice s)
{
	while (s.n > 0) {
		int32_t c = text_next(&s);
		bool is_control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0);

		if (c != '\r')
			text_add_code_point(out, is_control ? 0xFFFD : c);
	}
}

/*
 * The text's lines up to the one with the place, the caret under it, the
 * message. A text too long to be a query is not repeated.
 */
void
query_add_caret(struct slice text, const struct query_error *e, struct buf *out)
{
	size_t at = e->at <= text.n ? e->at : text.n, begin = at, end = at;

	if (text.n <= QUERY_MAX_BYTES) {
		struct slice before;

		while (begin > 0 && text.p[begin - 1] != '\n')
			begin--;
		while (end < text.n && text.p[end] != '\n')
			end++;
		add_visible(out, (struct slice){text.p, end});
		buf_addc(out, '\n');
		before = (struct slice){text.n > 0 ? text.p + begin : NULL, at - begin};
		while (before.n > 0) {
			int32_t c = text_next(&before);

			if (c != '\r')
				buf_addc(out, c == '\t' ? '\t' : ' ');
		}
		buf_adds(out, "^\n");
	}
	add_visible(out, slice_of(e->message));
	buf_addc(out, '\n');
}

/* ---- normalised ---- */

/* s between two quotes; the quote itself stands twice. */
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
	if (query_is_plain_name(name))
		buf_add_slice(out, name);
	else
		add_quoted(out, name, '`');
}

static void
add_operand(struct buf *out, const struct operand *o)
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

/* A condition: no AND, OR or NOT ( … ). */
static void
add_condition(const struct query *q, const struct node *n, struct buf *out)
{
	static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};
	const struct operand *right = &q->operands[n->right];
	const char *not_ = n->is_negated ? "NOT " : "";

	add_operand(out, &q->operands[n->left]);
	switch (n->kind) {
	case NODE_COMPARE:
		buf_addf(out, " %s ", ops[n->op - TOKEN_EQ]);
		break;
	case NODE_IN:
		buf_addf(out, " %sIN (", not_);
		break;
	case NODE_BETWEEN:
		buf_addf(out, " %sBETWEEN ", not_);
		break;
	case NODE_LIKE:
		buf_addf(out, " %sLIKE ", not_);
		break;
	case NODE_CONTAINS:
		buf_adds(out, " ~ ");
		break;
	default:
		buf_addf(out, " IS %sNULL", not_);
		break;
	}
	for (uint32_t i = 0; i < n->count; i++) {
		if (i > 0)
			buf_adds(out, n->kind == NODE_BETWEEN ? " AND " : ", ");
		add_operand(out, &right[i]);
	}
	if (n->kind == NODE_IN)
		buf_addc(out, ')');
}

/* How tightly a node binds: OR < AND < NOT < condition. */
static int
rank_of(enum node_kind kind)
{
	return kind == NODE_OR ? 1 : kind == NODE_AND ? 2 : kind == NODE_NOT ? 3 : 4;
}

static void
add_node(const struct query *q, uint32_t i, int rank, struct buf *out)
{
	const struct node *n = &q->nodes[i];
	int own = rank_of(n->kind);

	if (own < rank)
		buf_addc(out, '(');
	if (n->kind == NODE_NOT) {
		buf_adds(out, "NOT ");
		add_node(q, n->a, own, out);
	} else if (n->kind == NODE_AND || n->kind == NODE_OR) {
		add_node(q, n->a, own, out);
		buf_adds(out, n->kind == NODE_AND ? " AND " : " OR ");
		add_node(q, n->b, own, out);
	} else {
		add_condition(q, n, out);
	}
	if (own < rank)
		buf_addc(out, ')');
}

void
query_add_normalised(const struct query *q, struct buf *out)
{
	add_node(q, q->node_count - 1, 0, out);
}
