/* SPDX-License-Identifier: MIT */
/*
 * The tokens into nodes, by recursive descent:
 *
 *   or        = and { OR and }
 *   and       = not { AND not }
 *   not       = NOT not | "(" or ")" | condition
 *   condition = operand ( = != <> < <= > >= ) operand
 *             | operand [NOT] IN "(" value { "," value } ")"
 *             | operand [NOT] BETWEEN value AND value
 *             | operand IS [NOT] NULL
 *             | column [NOT] LIKE text | column "~" text
 *   operand   = column | age(column) | value
 *   value     = text | number | today()
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "segments/program.h"

struct parser {
	struct query *q;
	struct lexer lexer;
	struct token token; /* the one ahead */
	uint32_t depth;	    /* of ( and NOT */
	struct query_error *e;
};

static bool parse_or(struct parser *p, uint32_t *out);

static bool
advance(struct parser *p)
{
	return query_lex(&p->lexer, &p->token);
}

static bool
fail_at(struct parser *p, size_t at, const char *why)
{
	return query_fail(p->e, p->q->text, at, "%s", why);
}

/* The upper-case word of the language that the token may have meant, or NULL. */
static const char *
meant_word(const struct token *t)
{
	char upper[16];

	if (t->kind != TOKEN_NAME || t->is_quoted || t->raw.n >= sizeof(upper))
		return NULL;
	for (size_t i = 0; i < t->raw.n; i++)
		upper[i] = (char)toupper((unsigned char)t->raw.p[i]);
	upper[t->raw.n] = '\0';
	return nearest_name(upper, query_words, TOKEN_WORDS);
}

static bool
fail_expected(struct parser *p, const char *what)
{
	const struct token *t = &p->token;
	const char *meant = meant_word(t);

	if (t->kind == TOKEN_HAS)
		return fail_at(p, t->at, "HAS is not built yet: compare a column instead");
	if (t->kind == TOKEN_END)
		return query_fail(p->e, p->q->text, t->at, "the query ends here: expected %s",
				  what);
	if (meant != NULL)
		return query_fail(p->e, p->q->text, t->at, "expected %s: did you mean %s?", what,
				  meant);
	return query_fail(p->e, p->q->text, t->at, "expected %s, not %.*s", what,
			  query_cut(t->raw, 80), t->raw.p);
}

static bool
take(struct parser *p, enum token_kind kind, const char *what)
{
	return p->token.kind == kind ? advance(p) : fail_expected(p, what);
}

/* Counts a node or a value of a list at the place. */
static bool
count_one(struct parser *p, size_t at)
{
	if (p->q->used >= QUERY_NODES_MAX)
		return query_fail(p->e, p->q->text, at,
				  "too long: a query has at most %u conditions, connectives and "
				  "listed values",
				  QUERY_NODES_MAX);
	p->q->used++;
	return true;
}

static bool
add_node(struct parser *p, size_t at, struct node n, uint32_t *out)
{
	if (!count_one(p, at))
		return false;
	*out = p->q->node_count;
	p->q->nodes[p->q->node_count++] = n;
	return true;
}

static void
add_operand(struct parser *p, struct operand o)
{
	struct query *q = p->q;

	if (q->operand_count == q->operand_cap) {
		q->operand_cap = q->operand_cap == 0 ? 16 : 2 * q->operand_cap;
		q->operands = xrealloc(q->operands, q->operand_cap * sizeof(*q->operands));
	}
	q->operands[q->operand_count++] = o;
}

/* ---- operands ---- */

static void
add_literal(struct parser *p, const struct token *t)
{
	struct operand o = {.kind = t->kind == TOKEN_TEXT ? OPERAND_TEXT : OPERAND_NUMBER,
			    .at = t->at,
			    .column = -1,
			    .text = t->text};
	struct buf folded = {0};

	o.is_number = slice_to_double(slice_trim(t->text), &o.number);
	o.is_date = query_read_day(t->text, &o.date) && o.date.month != 0;
	text_add_folded(&folded, t->text);
	o.ready = (struct slice){
		arena_memdup0(&p->q->memory, folded.len > 0 ? folded.data : "", folded.len),
		folded.len};
	buf_free(&folded);
	add_operand(p, o);
}

static bool
fail_future(struct parser *p, const struct token *t)
{
	return query_fail(p->e, p->q->text, t->at,
			  "%.*s is not built yet: if it is a column's name, write `%.*s`",
			  (int)t->raw.n, t->raw.p, (int)t->raw.n, t->raw.p);
}

static bool
fail_function(struct parser *p, const struct token *name)
{
	static const char *const functions[] = {"age", "today"};
	const char *meant;
	char word[16] = "";

	if (name->raw.n < sizeof(word))
		memcpy(word, name->raw.p, name->raw.n);
	meant = nearest_name(word, functions, ARRAY_LEN(functions));
	if (meant != NULL)
		return query_fail(p->e, p->q->text, name->at, "no such function: did you mean %s?",
				  meant);
	return fail_at(p, name->at, "no such function: there are age(column) and today()");
}

/* age(column), today() */
static bool
parse_call(struct parser *p)
{
	struct token name = p->token;
	bool is_age = name.raw.n == 3 && strncasecmp(name.raw.p, "age", 3) == 0;
	bool is_today = name.raw.n == 5 && strncasecmp(name.raw.p, "today", 5) == 0;
	struct operand o = {
		.kind = is_age ? OPERAND_AGE : OPERAND_TODAY, .at = name.at, .column = -1};

	if (!is_age && !is_today)
		return fail_function(p, &name);
	if (!advance(p) || !advance(p))
		return false;
	if (is_age) {
		if (p->token.kind != TOKEN_NAME || p->token.is_call)
			return fail_expected(p, "a column in age( )");
		o.text = p->token.text;
		if (query_is_future_word(p->token.raw))
			return fail_future(p, &p->token);
		if (!advance(p))
			return false;
	}
	if (!take(p, TOKEN_CLOSE, "a closing parenthesis"))
		return false;
	add_operand(p, o);
	return true;
}

/* One operand; is_value: no column, no age(column). */
static bool
parse_operand(struct parser *p, const char *what, bool is_value)
{
	struct token t = p->token;

	if (t.kind == TOKEN_TEXT || t.kind == TOKEN_NUMBER) {
		add_literal(p, &t);
		return advance(p);
	}
	if (t.kind == TOKEN_NULL)
		return fail_at(p, t.at, "nothing is equal to NULL: write IS NULL or IS NOT NULL");
	if (t.kind != TOKEN_NAME)
		return fail_expected(p, what);
	if (query_is_future_word(t.raw))
		return fail_future(p, &t);
	if (t.is_call) {
		if (!parse_call(p))
			return false;
		if (is_value && p->q->operands[p->q->operand_count - 1].kind != OPERAND_TODAY)
			return fail_at(p, t.at, "expected a text, a number or today() here");
		return true;
	}
	if (is_value)
		return query_fail(p->e, p->q->text, t.at, "expected %s: a text stands in quotes",
				  what);
	add_operand(p, (struct operand){.kind = OPERAND_COLUMN,
					.at = t.at,
					.column = -1,
					.type = WAY_GUESS,
					.text = t.text});
	return advance(p);
}

/* ---- conditions ---- */

static bool
parse_list(struct parser *p)
{
	if (!advance(p) || !take(p, TOKEN_OPEN, "( behind IN"))
		return false;
	for (;;) {
		if (!count_one(p, p->token.at) || !parse_operand(p, "a value of the list", true))
			return false;
		if (p->token.kind != TOKEN_COMMA)
			return take(p, TOKEN_CLOSE, "a comma or a closing parenthesis");
		if (!advance(p))
			return false;
	}
}

static bool
parse_between(struct parser *p)
{
	return advance(p) && parse_operand(p, "the lower bound", true) &&
	       take(p, TOKEN_AND, "AND between the bounds") &&
	       parse_operand(p, "the upper bound", true);
}

/* LIKE 'text', ~ 'text'; ~ compares without accents. */
static bool
parse_pattern(struct parser *p, bool is_contains)
{
	struct operand *o;

	if (!advance(p))
		return false;
	if (p->token.kind != TOKEN_TEXT)
		return fail_expected(p, is_contains ? "a text in quotes behind ~"
						    : "a text in quotes behind LIKE");
	add_literal(p, &p->token);
	o = &p->q->operands[p->q->operand_count - 1];
	if (is_contains) {
		struct buf plain = {0};

		text_add_unaccented_folded(&plain, o->text);
		o->ready = (struct slice){
			arena_memdup0(&p->q->memory, plain.len > 0 ? plain.data : "", plain.len),
			plain.len};
		buf_free(&plain);
	}
	return advance(p);
}

/* IS [NOT] NULL */
static bool
parse_is_null(struct parser *p, struct node *n)
{
	if (!advance(p))
		return false;
	if (p->token.kind == TOKEN_NOT) {
		n->is_negated = true;
		if (!advance(p))
			return false;
	}
	return take(p, TOKEN_NULL, n->is_negated ? "NULL" : "NULL or NOT NULL");
}

/* What stands behind the left operand. */
static bool
parse_predicate(struct parser *p, struct node *n)
{
	enum token_kind kind;

	if (p->token.kind == TOKEN_NOT) {
		n->is_negated = true;
		if (!advance(p))
			return false;
		if (p->token.kind != TOKEN_IN && p->token.kind != TOKEN_BETWEEN &&
		    p->token.kind != TOKEN_LIKE)
			return fail_expected(p, "IN, BETWEEN or LIKE");
	}
	kind = p->token.kind;
	if (kind >= TOKEN_EQ && kind <= TOKEN_GE) {
		n->op = kind;
		return advance(p) && parse_operand(p, "a value or a column", false);
	}
	switch (kind) {
	case TOKEN_IN:
		n->kind = NODE_IN;
		return parse_list(p);
	case TOKEN_BETWEEN:
		n->kind = NODE_BETWEEN;
		return parse_between(p);
	case TOKEN_LIKE:
		n->kind = NODE_LIKE;
		return parse_pattern(p, false);
	case TOKEN_CONTAINS:
		n->kind = NODE_CONTAINS;
		return parse_pattern(p, true);
	case TOKEN_IS:
		n->kind = NODE_IS_NULL;
		return parse_is_null(p, n);
	default:
		return fail_expected(p, "a comparison (= != < <= > >= IN BETWEEN LIKE IS ~)");
	}
}

static bool
parse_condition(struct parser *p, uint32_t *out)
{
	struct query *q = p->q;
	struct node n = {.kind = NODE_COMPARE, .left = q->operand_count};
	size_t at = p->token.at;
	enum operand_kind left;

	if (!parse_operand(p, "a column, NOT or (", false) || !parse_predicate(p, &n))
		return false;
	n.right = n.left + 1;
	n.count = q->operand_count - n.right;
	left = q->operands[n.left].kind;
	if ((n.kind == NODE_LIKE || n.kind == NODE_CONTAINS) && left != OPERAND_COLUMN)
		return fail_at(p, at, "LIKE and ~ look into a column: write its name on the left");
	if (n.kind != NODE_COMPARE && left != OPERAND_COLUMN && left != OPERAND_AGE)
		return fail_at(p, at, "expected a column or age(column) on the left");
	return add_node(p, at, n, out);
}

/* ---- connectives ---- */

static bool
enter(struct parser *p)
{
	if (p->depth >= QUERY_DEPTH_MAX)
		return query_fail(p->e, p->q->text, p->token.at,
				  "nested too deeply: at most %u parentheses and NOTs in each "
				  "other",
				  QUERY_DEPTH_MAX);
	p->depth++;
	return true;
}

static bool
parse_not(struct parser *p, uint32_t *out)
{
	size_t at = p->token.at;
	uint32_t a;

	if (p->token.kind == TOKEN_NOT) {
		if (!enter(p) || !advance(p) || !parse_not(p, &a))
			return false;
		p->depth--;
		return add_node(p, at, (struct node){.kind = NODE_NOT, .a = a}, out);
	}
	if (p->token.kind != TOKEN_OPEN)
		return parse_condition(p, out);
	if (!enter(p) || !advance(p) || !parse_or(p, out))
		return false;
	p->depth--;
	return take(p, TOKEN_CLOSE, "AND, OR or a closing parenthesis");
}

static bool
parse_and(struct parser *p, uint32_t *out)
{
	uint32_t a, b;

	if (!parse_not(p, &a))
		return false;
	while (p->token.kind == TOKEN_AND) {
		size_t at = p->token.at;

		if (!advance(p) || !parse_not(p, &b) ||
		    !add_node(p, at, (struct node){.kind = NODE_AND, .a = a, .b = b}, &a))
			return false;
	}
	*out = a;
	return true;
}

static bool
parse_or(struct parser *p, uint32_t *out)
{
	uint32_t a, b;

	if (!parse_and(p, &a))
		return false;
	while (p->token.kind == TOKEN_OR) {
		size_t at = p->token.at;

		if (!advance(p) || !parse_and(p, &b) ||
		    !add_node(p, at, (struct node){.kind = NODE_OR, .a = a, .b = b}, &a))
			return false;
	}
	*out = a;
	return true;
}

/* ---- the whole ---- */

static bool
check_bytes(struct slice text, struct query_error *e)
{
	const char *nul = text.n > 0 ? memchr(text.p, '\0', text.n) : NULL;
	ptrdiff_t malformed;

	if (text.n > QUERY_MAX_BYTES)
		return query_fail(e, text, QUERY_MAX_BYTES,
				  "too long: a query has at most %u bytes", QUERY_MAX_BYTES);
	malformed = text_find_malformed(text);
	if (malformed >= 0)
		return query_fail(e, text, (size_t)malformed,
				  "this byte is no UTF-8: save the query as UTF-8");
	if (nul != NULL)
		return query_fail(e, text, (size_t)(nul - text.p), "a NUL byte: take it out");
	return true;
}

static bool
parse_all(struct parser *p)
{
	uint32_t root;

	if (!advance(p))
		return false;
	if (p->token.kind == TOKEN_END)
		return fail_at(p, 0, "the query is empty: write a condition such as tinh = 'Huế'");
	if (!parse_or(p, &root))
		return false;
	if (p->token.kind == TOKEN_CLOSE)
		return fail_at(p, p->token.at, "no ( was opened for this )");
	if (p->token.kind != TOKEN_END)
		return fail_expected(p, "AND, OR or the end of the query");
	return query_check_types(p->q, p->e);
}

struct query *
query_parse(struct slice text, struct query_error *e)
{
	struct parser p = {.e = e};

	*e = (struct query_error){0};
	if (!check_bytes(text, e))
		return NULL;
	p.q = xcalloc(1, sizeof(*p.q));
	p.q->text = (struct slice){arena_memdup0(&p.q->memory, text.n > 0 ? text.p : "", text.n),
				   text.n};
	p.lexer = (struct lexer){.text = p.q->text, .memory = &p.q->memory, .error = e};
	if (!parse_all(&p)) {
		query_free(p.q);
		return NULL;
	}
	return p.q;
}
