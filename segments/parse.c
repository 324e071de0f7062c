/* SPDX-License-Identifier: MIT */
/*
 * Tokens → tree, by recursive descent:
 *
 *   any       = all { OR all }
 *   all       = one { AND one }
 *   one       = NOT one | "(" any ")" | predicate
 *   predicate = operand ( comparison operand | [NOT] IN "(" literal {, literal} ")"
 *             | [NOT] BETWEEN operand AND operand | [NOT] LIKE text | "~" text
 *             | HAS text | IS [NOT] NULL )
 *   operand   = column | text | number | age "(" column ")" | today "(" ")"
 */
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "segments/query_tree.h"

struct parser {
	struct query *q;
	struct lexer lexer;
	struct token token; /* the one to look at */
	struct query_error *e;
	unsigned depth;
};

#define NONE UINT16_MAX /* a failed rule; the error is set */

static uint16_t parse_any(struct parser *p);

static uint16_t
fail(struct parser *p, size_t at, const char *message)
{
	query_fail(p->e, p->q->text, at, "%s", message);
	return NONE;
}

static bool
advance(struct parser *p)
{
	return lex_next(&p->lexer, &p->token);
}

static bool
is_word(const struct parser *p, const char *word)
{
	return p->token.kind == TOKEN_NAME && p->token.text.n == strlen(word) &&
	       strncasecmp(p->token.text.p, word, p->token.text.n) == 0;
}

/* Pass over the token of that kind, or fail with the message. */
static bool
expect(struct parser *p, enum token_kind kind, const char *message)
{
	if (p->token.kind == kind)
		return advance(p);
	fail(p, p->token.at, message);
	return false;
}

static uint16_t
too_large(struct parser *p)
{
	query_fail(p->e, p->q->text, p->token.at,
		   "the query has more than %u parts: make two segments of it", QUERY_NODES_MAX);
	return NONE;
}

static uint16_t
add_node(struct parser *p, enum node_kind kind, uint16_t a, uint16_t b)
{
	if (p->q->node_count == QUERY_NODES_MAX)
		return too_large(p);
	p->q->nodes[p->q->node_count] = (struct node){kind, a, b};
	return p->q->node_count++;
}

/* ---- operands ---- */

/* Takes the bytes of folded. */
static void
keep_folded(struct parser *p, struct operand *o, struct buf *folded)
{
	o->folded.n = folded->len;
	o->folded.p = arena_memdup0(&p->q->arena, folded->len > 0 ? folded->data : "", folded->len);
	buf_free(folded);
}

static uint16_t
add_operand(struct parser *p, enum operand_kind kind, size_t at, struct slice text)
{
	struct buf folded = {0};
	struct operand *o;

	if (p->q->operand_count == QUERY_NODES_MAX)
		return too_large(p);
	o = &p->q->operands[p->q->operand_count];
	*o = (struct operand){.kind = kind, .at = at, .text = text, .column = -1};
	if (kind == OPERAND_TEXT || kind == OPERAND_NUMBER) {
		o->has_number = query_number(text, &o->number);
		o->date = query_date(text);
	}
	if (kind == OPERAND_TEXT) {
		query_fold(&folded, text);
		keep_folded(p, o, &folded);
	}
	return p->q->operand_count++;
}

static uint16_t
parse_age(struct parser *p, size_t at)
{
	struct slice name = p->token.text;
	uint16_t o;

	if (p->token.kind != TOKEN_QUOTED_NAME &&
	    (p->token.kind != TOKEN_NAME || !lex_is_bare_name(name)))
		return fail(p, p->token.at, "age( … ) takes the name of a date column");
	o = add_operand(p, OPERAND_AGE, at, name);
	if (o == NONE || !advance(p) || !expect(p, TOKEN_CLOSE, "a ) is missing behind age( …"))
		return NONE;
	return o;
}

/* The word before "(" was read; the token is what follows the parenthesis. */
static uint16_t
parse_function(struct parser *p, const struct token *name)
{
	static const char *const names[] = {"age", "today"};
	static const char *const later[] = {"in_list", "reached_by", "not_reached_by"};
	char word[32] = "";
	const char *near_name;

	for (size_t i = 0; i < name->text.n && i < sizeof(word) - 1; i++)
		word[i] = (char)(name->text.p[i] | 0x20);
	if (strcmp(word, "age") == 0)
		return parse_age(p, name->at);
	if (strcmp(word, "today") == 0) {
		if (!expect(p, TOKEN_CLOSE, "today() takes nothing between its parentheses"))
			return NONE;
		return add_operand(p, OPERAND_TODAY, name->at, SLICE("today"));
	}
	for (size_t i = 0; i < ARRAY_LEN(later); i++)
		if (name->text.n == strlen(later[i]) &&
		    strncasecmp(name->text.p, later[i], name->text.n) == 0) {
			query_fail(p->e, p->q->text, name->at, "%s( … ) is not available yet",
				   later[i]);
			return NONE;
		}
	near_name = nearest_name(word, names, ARRAY_LEN(names));
	query_fail(p->e, p->q->text, name->at, "there is no function %.*s: %s%s%s",
		   CLIP(name->text),
		   near_name != NULL ? "did you mean " : "there are age(column) and today()",
		   near_name != NULL ? near_name : "", near_name != NULL ? "( … )?" : "");
	return NONE;
}

static uint16_t
parse_name(struct parser *p)
{
	struct token name = p->token;

	if (is_word(p, "true") || is_word(p, "false")) {
		struct slice text = is_word(p, "true") ? SLICE("true") : SLICE("false");

		return advance(p) ? add_operand(p, OPERAND_TEXT, name.at, text) : NONE;
	}
	if (is_word(p, "null"))
		return fail(p, name.at, "nothing equals NULL: write IS NULL or IS NOT NULL");
	if (name.kind == TOKEN_NAME && !lex_is_bare_name(name.text))
		return fail(p, name.at, "a column, a text in quotes or a number is missing here");
	if (!advance(p))
		return NONE;
	if (name.kind == TOKEN_NAME && p->token.kind == TOKEN_OPEN)
		return advance(p) ? parse_function(p, &name) : NONE;
	return add_operand(p, OPERAND_COLUMN, name.at, name.text);
}

static uint16_t
parse_operand(struct parser *p)
{
	struct token t = p->token;
	enum operand_kind kind = t.kind == TOKEN_TEXT ? OPERAND_TEXT : OPERAND_NUMBER;

	if (t.kind == TOKEN_NAME || t.kind == TOKEN_QUOTED_NAME)
		return parse_name(p);
	if (t.kind != TOKEN_TEXT && t.kind != TOKEN_NUMBER)
		return fail(p, t.at, "a column, a text in quotes or a number is missing here");
	return advance(p) ? add_operand(p, kind, t.at, t.text) : NONE;
}

/* ---- predicates ---- */

static uint16_t
add_predicate(struct parser *p, const struct predicate *x)
{
	if (p->q->predicate_count == QUERY_NODES_MAX)
		return too_large(p);
	p->q->predicates[p->q->predicate_count] = *x;
	return add_node(p, NODE_PREDICATE, p->q->predicate_count++, 0);
}

/* The right side is one operand. */
static uint16_t
parse_right(struct parser *p, struct predicate *x, bool must_be_text)
{
	struct buf folded = {0};
	struct operand *o;

	if (!advance(p))
		return NONE;
	if (must_be_text && p->token.kind != TOKEN_TEXT)
		return fail(p, p->token.at, "a text in quotes is missing here");
	x->right = parse_operand(p);
	x->count = 1;
	if (x->right == NONE)
		return NONE;
	o = &p->q->operands[x->right];
	if (x->op == OP_CONTAINS) {
		query_fold_unaccented(&folded, o->text);
		keep_folded(p, o, &folded);
	}
	return add_predicate(p, x);
}

static uint16_t
parse_in(struct parser *p, struct predicate *x)
{
	if (!advance(p) || !expect(p, TOKEN_OPEN, "behind IN comes a list: IN ('a', 'b')"))
		return NONE;
	x->right = p->q->operand_count;
	for (;;) {
		if (p->token.kind != TOKEN_TEXT && p->token.kind != TOKEN_NUMBER)
			return fail(p, p->token.at,
				    "the list of IN takes texts in quotes and numbers");
		if (parse_operand(p) == NONE)
			return NONE;
		x->count++;
		if (p->token.kind != TOKEN_COMMA)
			break;
		if (!advance(p))
			return NONE;
	}
	if (!expect(p, TOKEN_CLOSE, "a , or the ) of IN ( … is missing here"))
		return NONE;
	return add_predicate(p, x);
}

static uint16_t
parse_between(struct parser *p, struct predicate *x)
{
	if (!advance(p))
		return NONE;
	x->right = parse_operand(p);
	x->count = 2;
	if (x->right == NONE)
		return NONE;
	if (!is_word(p, "and"))
		return fail(p, p->token.at, "BETWEEN has two ends: BETWEEN 18 AND 60");
	if (!advance(p) || parse_operand(p) == NONE)
		return NONE;
	return add_predicate(p, x);
}

static uint16_t
parse_is(struct parser *p, struct predicate *x)
{
	if (!advance(p))
		return NONE;
	if (is_word(p, "not")) {
		x->is_negated = true;
		if (!advance(p))
			return NONE;
	}
	if (!is_word(p, "null"))
		return fail(p, p->token.at, "behind IS comes NULL or NOT NULL");
	return advance(p) ? add_predicate(p, x) : NONE;
}

static uint16_t
parse_predicate(struct parser *p)
{
	struct predicate x = {.one_column = -1};

	x.left = parse_operand(p);
	if (x.left == NONE)
		return NONE;
	if (p->token.kind >= TOKEN_EQ && p->token.kind <= TOKEN_GE) {
		x.op = (enum predicate_op)(p->token.kind - TOKEN_EQ + OP_EQ);
		return parse_right(p, &x, false);
	}
	if (is_word(p, "not")) {
		x.is_negated = true;
		if (!advance(p))
			return NONE;
	}
	x.op = OP_IN;
	if (is_word(p, "in"))
		return parse_in(p, &x);
	x.op = OP_BETWEEN;
	if (is_word(p, "between"))
		return parse_between(p, &x);
	x.op = OP_LIKE;
	if (is_word(p, "like"))
		return parse_right(p, &x, true);
	if (x.is_negated)
		return fail(p, p->token.at, "behind NOT comes IN, BETWEEN or LIKE here");
	x.op = OP_IS_NULL;
	if (is_word(p, "is"))
		return parse_is(p, &x);
	x.op = OP_CONTAINS;
	if (p->token.kind == TOKEN_TILDE)
		return parse_right(p, &x, true);
	x.op = OP_HAS;
	if (is_word(p, "has"))
		return parse_right(p, &x, true);
	return fail(p, p->token.at,
		    "a comparison is missing here: = != < <= > >= IN BETWEEN LIKE ~ HAS IS NULL");
}

/* ---- and, or, not ---- */

static uint16_t
parse_one(struct parser *p)
{
	bool is_not = is_word(p, "not");
	uint16_t n;

	if (!is_not && p->token.kind != TOKEN_OPEN)
		return parse_predicate(p);
	if (p->depth == QUERY_DEPTH_MAX)
		return fail(p, p->token.at, "more than 64 NOT and ( stand inside each other");
	p->depth++;
	if (!advance(p))
		return NONE;
	n = is_not ? parse_one(p) : parse_any(p);
	p->depth--;
	if (n == NONE)
		return NONE;
	if (is_not)
		return add_node(p, NODE_NOT, n, 0);
	return expect(p, TOKEN_CLOSE, "AND, OR or a ) is missing here") ? n : NONE;
}

static uint16_t
parse_all(struct parser *p)
{
	uint16_t a = parse_one(p), b;

	while (a != NONE && is_word(p, "and")) {
		b = advance(p) ? parse_one(p) : NONE;
		a = b != NONE ? add_node(p, NODE_AND, a, b) : NONE;
	}
	return a;
}

static uint16_t
parse_any(struct parser *p)
{
	uint16_t a = parse_all(p), b;

	while (a != NONE && is_word(p, "or")) {
		b = advance(p) ? parse_all(p) : NONE;
		a = b != NONE ? add_node(p, NODE_OR, a, b) : NONE;
	}
	return a;
}

static bool
parse_text(struct parser *p)
{
	struct slice text = p->q->text;
	ptrdiff_t malformed = text_find_malformed(text);

	if (malformed >= 0)
		return query_fail(p->e, text, (size_t)malformed, "this byte is not UTF-8");
	if (!advance(p))
		return false;
	if (p->token.kind == TOKEN_END)
		return query_fail(p->e, text, 0, "the query is empty");
	p->q->root = parse_any(p);
	if (p->q->root == NONE)
		return false;
	if (p->token.kind == TOKEN_CLOSE)
		return query_fail(p->e, text, p->token.at, "this ) closes nothing");
	if (p->token.kind != TOKEN_END)
		return query_fail(p->e, text, p->token.at,
				  "AND, OR or the end is missing before this");
	return true;
}

struct query *
query_parse(struct slice text, struct query_error *e)
{
	struct query *q;
	struct parser p;

	if (e != NULL)
		*e = (struct query_error){.column = 1};
	if (text.n > QUERY_MAX_BYTES) {
		query_fail(e, text, 0, "the query has more than %u bytes: make two segments of it",
			   QUERY_MAX_BYTES);
		return NULL;
	}
	q = xcalloc(1, sizeof(*q));
	q->text.p = arena_memdup0(&q->arena, text.n > 0 ? text.p : "", text.n);
	q->text.n = text.n;
	p = (struct parser){.q = q, .lexer = {q->text, 0, &q->arena, e}, .e = e};
	if (!parse_text(&p) || !query_resolve(q, NULL, e)) {
		query_free(q);
		return NULL;
	}
	query_compile(q);
	return q;
}

void
query_free(struct query *q)
{
	if (q == NULL)
		return;
	arena_free(&q->arena);
	free(q);
}
