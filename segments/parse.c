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
 *             | province "(" [column ,] text ")" | in_list "(" text ")"
 *             | reached_by "(" text ")" | state "(" text , text ")" | segment "(" text ")"
 *   operand   = number | age "(" column ")" | date { ( "+" | "-" ) duration }
 *   date      = column | text | today "(" ")"
 */
#include <assert.h>
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
	size_t closed_at; /* the last parenthesis of a function that is a predicate */
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

/* The token is a duration, without a sign of its own if one stood before it. */
static bool
read_duration(struct parser *p, enum token_kind sign, struct shift *by)
{
	struct slice s = p->token.text;
	int64_t count;

	if (p->token.kind != TOKEN_DURATION || (sign != TOKEN_DURATION && s.p[0] == '-') ||
	    s.n - (s.p[0] == '-') > 6 || !slice_to_i64((struct slice){s.p, s.n - 1}, &count)) {
		fail(p, p->token.at,
		     "a length of time is missing here: 30d, 2w, 6m or 60y (days, weeks, months, "
		     "years, at most 5 digits)");
		return false;
	}
	by->count = (int32_t)(sign == TOKEN_MINUS ? -count : count);
	by->unit = (char)(s.p[s.n - 1] | 0x20);
	return true;
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

/*
 * { ( "+" | "-" ) duration } behind a date. "-60y" without a blank is one token.
 * Of a text the whole is worked out here.
 */
static uint16_t
parse_shifts(struct parser *p, uint16_t at)
{
	struct operand *o = at != NONE ? &p->q->operands[at] : NULL;

	while (o != NULL && (p->token.kind == TOKEN_PLUS || p->token.kind == TOKEN_MINUS ||
			     (p->token.kind == TOKEN_DURATION && p->token.text.p[0] == '-'))) {
		struct token sign = p->token;
		struct shift *by = &o->shifts[o->shift_count];

		if (o->shift_count == SHIFTS_MAX)
			return fail(p, sign.at, "at most 4 lengths of time can be added to a date");
		if (o->kind != OPERAND_TODAY && o->kind != OPERAND_COLUMN &&
		    (o->kind != OPERAND_TEXT || o->date == 0))
			return fail(
				p, sign.at,
				"only a date has a time added: today() - 60y, birth_date + 18y, "
				"'2026-09-01' + 1m");
		if (sign.kind != TOKEN_DURATION && !advance(p))
			return NONE;
		if (!read_duration(p, sign.kind, by))
			return NONE;
		o->shift_count++;
		o->has_number = false;
		o->date = o->kind == OPERAND_TEXT ? query_shift_date(o->date, *by) : 0;
		if (o->kind == OPERAND_TEXT && o->date == 0)
			return fail(p, sign.at,
				    "this date does not exist: a year alone moves by whole years, "
				    "from 1000 to 9999");
		if (!advance(p))
			return NONE;
	}
	return at;
}

/* The word before "(" was read; the token is what follows the parenthesis. */
static uint16_t
parse_function(struct parser *p, const struct token *name)
{
	static const char *const names[] = {"age",	  "today", "province", "in_list",
					    "reached_by", "state", "segment"};
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
	if (query_is_predicate_name(name->text)) {
		query_fail(p->e, p->q->text, name->at,
			   "%.*s( … ) is true or false by itself: compare it with nothing",
			   CLIP(name->text));
		return NONE;
	}
	near_name = nearest_name(word, names, ARRAY_LEN(names));
	query_fail(p->e, p->q->text, name->at, "there is no function %.*s: %s%s%s",
		   CLIP(name->text),
		   near_name != NULL
			   ? "did you mean "
			   : "there are age, today, province, in_list, reached_by, state, segment",
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
		return parse_shifts(p, parse_name(p));
	if (t.kind == TOKEN_DURATION)
		return fail(
			p, t.at,
			"a length of time stands behind a date only: today() - 60y; put text in "
			"quotes");
	if (t.kind != TOKEN_TEXT && t.kind != TOKEN_NUMBER)
		return fail(p, t.at, "a column, a text in quotes or a number is missing here");
	return advance(p) ? parse_shifts(p, add_operand(p, kind, t.at, t.text)) : NONE;
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

/* ---- functions that are predicates ---- */

static const struct function {
	const char *name;
	enum predicate_op op;
	enum query_external_kind kind;
	uint16_t texts;
	const char *how;
} functions[] = {
	{"province", OP_PROVINCE, 0, 1,
	 "write province('Thái Bình') or province(column, 'Thái Bình')"},
	{"in_list", OP_EXTERNAL, QUERY_IN_LIST, 1, "write in_list('name of a list')"},
	{"reached_by", OP_EXTERNAL, QUERY_REACHED_BY, 1, "write reached_by('name of a campaign')"},
	{"state", OP_EXTERNAL, QUERY_STATE, 2, "write state('name of a campaign', 'unknown')"},
	{"segment", OP_SEGMENT, 0, 1, "write segment('name of a segment')"},
};

static const struct function *
find_function(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (name.n == strlen(functions[i].name) &&
		    strncasecmp(name.p, functions[i].name, name.n) == 0)
			return &functions[i];
	return NULL;
}

bool
query_is_predicate_name(struct slice name)
{
	return find_function(name) != NULL;
}

static bool
is_before_parenthesis(const struct parser *p)
{
	struct lexer look = p->lexer;
	struct token t;

	look.e = NULL;
	return lex_next(&look, &t) && t.kind == TOKEN_OPEN;
}

/* The same set asked for twice is one. */
static bool
set_external(struct parser *p, const struct function *f, const struct token *name,
	     struct predicate *x)
{
	struct query *q = p->q;
	struct query_external one = {.kind = f->kind, .arg_count = f->texts, .at = name->at};

	for (uint16_t i = 0; i < f->texts; i++) {
		one.args[i] = q->operands[x->right + i].text;
		one.arg_at[i] = q->operands[x->right + i].at;
		if (one.args[i].n == 0) {
			fail(p, q->operands[x->right + i].at,
			     "a name is missing between the quotes");
			return false;
		}
	}
	for (x->external = 0; x->external < q->external_count; x->external++) {
		const struct query_external *known = &q->externals[x->external];

		if (known->kind == one.kind && slice_eq(known->args[0], one.args[0]) &&
		    slice_eq(known->args[1], one.args[1]))
			return true;
	}
	if (q->external_count == EXTERNALS_MAX) {
		fail(p, name->at,
		     "the query asks for more than 16 lists and campaigns: make two segments of "
		     "it");
		return false;
	}
	q->externals[q->external_count++] = one;
	return true;
}

static bool
set_segment(struct parser *p, size_t at, const struct predicate *x)
{
	const struct operand *name = &p->q->operands[x->right];

	if (name->text.n == 0) {
		fail(p, name->at, "a name is missing between the quotes");
		return false;
	}
	if (p->q->segment_count == SEGMENT_USES_MAX) {
		fail(p, at, "the query names more than 32 segments: make two of it");
		return false;
	}
	p->q->segments[p->q->segment_count++] =
		(struct query_segment){name->text, at, p->closed_at + 1};
	return true;
}

static bool
set_places(struct parser *p, struct predicate *x)
{
	const struct operand *name = &p->q->operands[x->right];
	const char *near_name;

	if (p->q->provinces == NULL)
		p->q->provinces = provinces_builtin();
	x->place = province_find(p->q->provinces, name->text);
	if (x->place >= 0) {
		x->places = province_places(p->q->provinces, x->place);
		return true;
	}
	near_name = province_nearest(p->q->provinces, name->text);
	query_fail(
		p->e, p->q->text, name->at, "there is no province %.*s: %s%s%s", CLIP(name->text),
		near_name != NULL ? "did you mean " : "write its name, of today or of before 2025",
		near_name != NULL ? near_name : "", near_name != NULL ? "?" : "");
	return false;
}

/* [column ,] text {, text} ")" */
static bool
parse_arguments(struct parser *p, const struct function *f, struct predicate *x)
{
	bool has_column = f->op == OP_PROVINCE &&
			  (p->token.kind == TOKEN_NAME || p->token.kind == TOKEN_QUOTED_NAME);
	uint16_t last;

	x->left = has_column ? parse_operand(p)
			     : add_operand(p, OPERAND_COLUMN, p->token.at, SLICE(""));
	if (x->left == NONE)
		return false;
	if (has_column && (p->q->operands[x->left].kind != OPERAND_COLUMN ||
			   p->q->operands[x->left].shift_count > 0)) {
		fail(p, p->q->operands[x->left].at, f->how);
		return false;
	}
	if (has_column && !expect(p, TOKEN_COMMA, f->how))
		return false;
	x->right = p->q->operand_count;
	for (x->count = 0; x->count < f->texts; x->count++) {
		if (x->count > 0 && !expect(p, TOKEN_COMMA, f->how))
			return false;
		if (p->token.kind != TOKEN_TEXT) {
			fail(p, p->token.at, f->how);
			return false;
		}
		last = add_operand(p, OPERAND_TEXT, p->token.at, p->token.text);
		if (last == NONE || !advance(p))
			return false;
	}
	p->closed_at = p->token.at;
	return expect(p, TOKEN_CLOSE, f->how);
}

static uint16_t
parse_predicate_function(struct parser *p)
{
	struct token name = p->token;
	const struct function *f = find_function(name.text);
	struct predicate x = {.op = f->op, .one_column = -1, .place = -1};

	if (!advance(p) || !advance(p) || !parse_arguments(p, f, &x))
		return NONE;
	if (f->op == OP_PROVINCE  ? !set_places(p, &x)
	    : f->op == OP_SEGMENT ? !set_segment(p, name.at, &x)
				  : !set_external(p, f, &name, &x))
		return NONE;
	return add_predicate(p, &x);
}

static uint16_t
parse_predicate(struct parser *p)
{
	struct predicate x = {.one_column = -1};

	if (p->token.kind == TOKEN_NAME && query_is_predicate_name(p->token.text) &&
	    is_before_parenthesis(p))
		return parse_predicate_function(p);
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
	query_memory_free(q->memory);
	free(q->provinces);
	arena_free(&q->arena);
	free(q);
}

size_t
query_external_count(const struct query *q)
{
	return q->external_count;
}

const struct query_external *
query_external(const struct query *q, size_t i)
{
	return i < q->external_count ? &q->externals[i] : NULL;
}

void
query_fill(struct query *q, size_t i, bool (*has)(void *arg, uint64_t phone),
	   void (*rows)(void *arg, const struct block *b, uint64_t out[4]), void *arg)
{
	struct query_external *x;

	assert(i < q->external_count);
	x = &q->externals[i];
	x->has = has;
	x->rows = rows;
	x->arg = arg;
}

void
query_blame(const struct query *q, size_t i, size_t arg, const char *why, struct query_error *e)
{
	assert(i < q->external_count && arg < q->externals[i].arg_count);
	query_fail(e, q->text, q->externals[i].arg_at[arg], "%s", why);
}
