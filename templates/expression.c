/* SPDX-License-Identifier: MIT */
/*
 * Values, comparisons and filters to instructions, one pass, no tree.
 *
 *   filtered   = condition { "|" filter }
 *   condition  = comparison [ ( "and" | "or" ) condition ]      from right to left
 *   comparison = value [ operator comparison ]                  from right to left
 *   filter     = NAME [ ":" value { "," value } ]
 *   value      = STRING | NUMBER | true | false | nil | empty | blank | field
 */
#include <stdlib.h>

#include "base/text.h"
#include "templates/parser.h"

#define FOLDED_MAX 1024 /* bytes of a text that is worth being made at compile time */

bool
parse_fail(struct parser *p, const struct token *at, const char *why)
{
	return template_fail(p->error, "syntax", at->at, "%s", why);
}

bool
parse_unexpected(struct parser *p, const char *wanted)
{
	char what[80];

	if (p->now.kind == TOKEN_ASSIGN)
		return parse_fail(p, &p->now, "= belongs to assign: compare with ==");
	if (slice_is(p->now.text, "(") || slice_is(p->now.text, ")"))
		return parse_fail(p, &p->now,
				  "there are no parentheses: and, or are read from right to left; "
				  "write one if inside another");
	token_describe(&p->now, what);
	return template_fail(p->error, "syntax", p->now.at, "%s is not expected here: %s", what,
			     wanted);
}

bool
parse_step(struct parser *p)
{
	p->now = lexer_next(&p->lexer);
	return p->now.kind != TOKEN_ERROR;
}

/* ---- instructions ---- */

bool
parse_emit(struct parser *p, enum op op, uint32_t a, uint32_t b, struct place at)
{
	if (p->length == PROGRAM_MAX)
		return template_fail(p->error, "too-many", at,
				     "the template has more than %u steps: make it shorter",
				     PROGRAM_MAX);
	if (p->length == p->room) {
		p->room = p->room > 0 ? p->room * 2 : 64;
		p->program = xrealloc(p->program, p->room * sizeof(*p->program));
	}
	p->program[p->length++] = (struct instruction){op, a, b, at};
	return true;
}

bool
parse_emit_constant(struct parser *p, struct template_value v, struct place at)
{
	if (v.text.p == NULL)
		v.text = SLICE("");
	if (p->constant_count == p->constant_room) {
		p->constant_room = p->constant_room > 0 ? p->constant_room * 2 : 16;
		p->constants = xrealloc(p->constants, p->constant_room * sizeof(*p->constants));
	}
	p->constants[p->constant_count] = v;
	return parse_emit(p, OP_CONST, (uint32_t)p->constant_count++, 0, at);
}

/* Until its target is known, a jump's `a` is the one before it in the chain. */
bool
parse_emit_jump(struct parser *p, enum op op, uint32_t *chain, struct place at)
{
	uint32_t before = *chain;

	*chain = (uint32_t)p->length;
	return parse_emit(p, op, before, 0, at);
}

void
parse_land(struct parser *p, uint32_t *chain)
{
	while (*chain != NO_JUMP) {
		struct instruction *i = &p->program[*chain];

		*chain = i->a;
		i->a = (uint32_t)p->length;
	}
}

/* A filter over constants is a constant. */
static bool
emit_filter(struct parser *p, uint32_t filter, uint32_t args, struct place at)
{
	char memory[SCRATCH_BYTES];
	struct scratch scratch = {memory, memory + sizeof(memory), false};
	struct template_value stack[1 + FILTER_ARGS_MAX], made;
	struct filter_call call = {stack + 1, args, 0, &scratch};
	struct instruction *first = &p->program[p->length - args - 1];

	for (uint32_t i = 0; i <= args; i++) {
		if (first[i].op != OP_CONST || filter_get(filter)->uses_today)
			return parse_emit(p, OP_FILTER, filter, args, at);
		stack[i] = p->constants[first[i].a];
	}
	made = filter_get(filter)->apply(&call, stack[0]);
	if (scratch.is_full || value_bytes(made) > FOLDED_MAX)
		return parse_emit(p, OP_FILTER, filter, args, at);
	at = first->at;
	p->length -= args + 1;
	made.text.p = arena_memdup0(&p->t->memory, made.text.n > 0 ? made.text.p : "",
				    made.text.n > 0 ? value_bytes(made) : 0);
	return parse_emit_constant(p, made, at);
}

/* ---- values ---- */

static bool
parse_string(struct parser *p)
{
	static const char escapes[] = "nrt\\\"'", meaning[] = "\n\r\t\\\"'";
	struct slice s = p->now.text;
	char *text = arena_alloc(&p->t->memory, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		const char *known;

		if (s.p[i] != '\\') {
			text[n++] = s.p[i];
			continue;
		}
		i++; /* the lexer saw to it that a character follows */
		known = strchr(escapes, s.p[i]);
		if (s.p[i] == '\0' || known == NULL)
			return parse_fail(p, &p->now,
					  "this text has a \\ before a character that needs none: "
					  "known are \\n \\r \\t \\\\ \\\" \\'");
		text[n++] = meaning[known - escapes];
	}
	return parse_emit_constant(p, (struct template_value){TEMPLATE_TEXT, {text, n}, 0},
				   p->now.at) &&
	       parse_step(p);
}

#define NUMBER_DIGITS_MAX 15 /* a double keeps so many */

static bool
parse_number(struct parser *p)
{
	struct template_value v = {.kind = TEMPLATE_NUMBER};
	char text[NUMBER_BYTES];
	size_t digits = 0, n;

	for (size_t i = 0; i < p->now.text.n; i++)
		digits += p->now.text.p[i] >= '0';
	if (digits > NUMBER_DIGITS_MAX)
		return parse_fail(p, &p->now, "this number has too many digits: put it in quotes");
	v.number = number_read(p->now.text);
	n = number_print(v.number, text);
	v.text = (struct slice){arena_memdup0(&p->t->memory, text, n), n};
	return parse_emit_constant(p, v, p->now.at) && parse_step(p);
}

/* ---- names ---- */

static struct slice
folded(struct arena *a, struct slice name)
{
	struct buf b = {0};
	struct slice s;

	text_add_folded(&b, name);
	s = (struct slice){arena_memdup0(a, b.len > 0 ? b.data : "", b.len), b.len};
	buf_free(&b);
	return s;
}

int
parse_find_variable(struct parser *p, struct slice name)
{
	struct buf b = {0};
	int found = -1;

	text_add_folded(&b, name);
	for (size_t i = 0; i < p->t->variable_count && found < 0; i++)
		if (slice_eq(p->t->variables[i].name.folded, buf_slice(&b)))
			found = (int)i;
	buf_free(&b);
	return found;
}

/* The number of the field; a new one is added. */
static bool
find_field(struct parser *p, const struct token *name, uint32_t *field)
{
	struct template *t = p->t;
	struct buf b = {0};
	struct field *f;
	bool is_found = false;

	text_add_folded(&b, name->text);
	for (*field = 0; *field < t->field_count; ++*field) {
		is_found = slice_eq(t->fields[*field].folded, buf_slice(&b));
		if (is_found)
			break;
	}
	buf_free(&b);
	if (is_found)
		return true;
	if (t->field_count == TEMPLATE_FIELDS_MAX)
		return template_fail(p->error, "too-many", name->at,
				     "the template has more than %u fields", TEMPLATE_FIELDS_MAX);
	f = &t->fields[t->field_count++];
	f->name = arena_memdup0(&t->memory, name->text.p, name->text.n);
	f->folded = folded(&t->memory, name->text);
	return true;
}

/* Liquid's words for values; false when the name is none. */
static bool
word_value(struct slice name, struct template_value *v)
{
	static const struct {
		const char *word;
		enum template_kind kind;
	} words[] = {{"true", TEMPLATE_TRUE}, {"false", TEMPLATE_FALSE}, {"nil", TEMPLATE_NIL},
		     {"null", TEMPLATE_NIL},  {"empty", TEMPLATE_EMPTY}, {"blank", TEMPLATE_BLANK}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!slice_is(name, words[i].word))
			continue;
		*v = (struct template_value){.kind = words[i].kind, .text = SLICE("")};
		if (v->kind == TEMPLATE_TRUE || v->kind == TEMPLATE_FALSE)
			v->text = slice_of(words[i].word);
		return true;
	}
	return false;
}

static bool
is_operator_word(struct slice name)
{
	return slice_is(name, "and") || slice_is(name, "or") || slice_is(name, "contains");
}

/* A variable where it surely has a value, both where it may have one, a field elsewhere. */
static bool
emit_name(struct parser *p, const struct token *name)
{
	int slot = parse_find_variable(p, name->text);
	uint32_t field;

	if (slot >= 0 && (p->assigned >> slot & 1) != 0)
		return parse_emit(p, OP_VARIABLE, (uint32_t)slot, 0, name->at);
	if (!find_field(p, name, &field))
		return false;
	if (slot >= 0)
		return parse_emit(p, OP_EITHER, (uint32_t)slot, field, name->at);
	return parse_emit(p, OP_FIELD, field, 0, name->at);
}

static bool
parse_name(struct parser *p)
{
	struct token name = p->now;
	struct template_value v;

	if (is_operator_word(name.text))
		return parse_unexpected(p, "a field, a text in quotes or a number is");
	if (slice_is(name.text, "not"))
		return parse_fail(p, &name,
				  "there is no not: write unless in place of if, or != in place of "
				  "==");
	if (name.text.n > NAME_MAX_BYTES)
		return parse_fail(p, &name, "this name of a field is longer than 63 bytes");
	if (word_value(name.text, &v)) {
		if (v.kind == TEMPLATE_EMPTY || v.kind == TEMPLATE_BLANK)
			p->word = name.at;
		return parse_emit_constant(p, v, name.at) && parse_step(p);
	}
	if (!emit_name(p, &name) || !parse_step(p))
		return false;
	if (p->now.kind == TOKEN_DOT || slice_is(p->now.text, "["))
		return parse_fail(p, &name,
				  "a field is one column and has nothing inside: write its name "
				  "without . and [ ], as in {{ ho_ten }}");
	return true;
}

static bool
parse_any_value(struct parser *p)
{
	if (p->now.kind == TOKEN_STRING)
		return parse_string(p);
	if (p->now.kind == TOKEN_NUMBER)
		return parse_number(p);
	if (p->now.kind == TOKEN_NAME)
		return parse_name(p);
	return parse_unexpected(p, "a field, a text in quotes or a number is");
}

/* The words empty and blank mean something beside a comparison only. */
static bool
refuse_word(struct parser *p)
{
	if (p->word.line == 0)
		return true;
	return template_fail(p->error, "syntax", p->word, "%s",
			     "empty and blank are words of conditions, not of output: compare with "
			     "them, as in x == blank");
}

bool
parse_when_value(struct parser *p)
{
	bool is_good = parse_any_value(p);

	p->word.line = 0;
	return is_good;
}

/* ---- comparisons ---- */

/* At an operator: goes over it. */
static bool
take_comparison(struct parser *p, enum comparison *op, bool *is_good)
{
	static const struct {
		const char *sign;
		enum comparison op;
	} signs[] = {{"==", COMPARE_EQ}, {"!=", COMPARE_NE},
		     {"<>", COMPARE_NE}, {"<", COMPARE_LT},
		     {"<=", COMPARE_LE}, {">", COMPARE_GT},
		     {">=", COMPARE_GE}, {"contains", COMPARE_CONTAINS}};

	if (p->now.kind != TOKEN_COMPARE && p->now.kind != TOKEN_NAME)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (!slice_is(p->now.text, signs[i].sign))
			continue;
		*op = signs[i].op;
		*is_good = parse_step(p);
		return true;
	}
	return false;
}

/* All values first, then the comparisons from the last to the first. */
static bool
parse_comparison(struct parser *p)
{
	enum comparison ops[COMPARISONS_MAX];
	struct place at = p->now.at;
	size_t count = 0;
	bool is_good = true;

	p->word.line = 0;
	if (!parse_any_value(p))
		return false;
	for (enum comparison op; take_comparison(p, &op, &is_good);) {
		if (!is_good)
			return false;
		if (count == COMPARISONS_MAX)
			return template_fail(p->error, "too-many", p->now.at,
					     "more than %u comparisons in a row: join them by and",
					     COMPARISONS_MAX);
		ops[count++] = op;
		if (!parse_any_value(p))
			return false;
	}
	if (count > 0)
		p->word.line = 0;
	while (count > 0)
		if (!parse_emit(p, OP_COMPARE, ops[--count], 0, at))
			return false;
	return refuse_word(p);
}

/* What is decided early jumps to the end: all behind it is one operand of and, or. */
bool
parse_condition(struct parser *p)
{
	uint32_t ends = NO_JUMP;
	struct place at = p->now.at;

	for (;;) {
		bool is_and;

		if (!parse_comparison(p))
			return false;
		is_and = slice_is(p->now.text, "and");
		if (p->now.kind != TOKEN_NAME || (!is_and && !slice_is(p->now.text, "or")))
			break;
		if (!parse_emit_jump(p, is_and ? OP_AND : OP_OR, &ends, p->now.at) ||
		    !parse_step(p))
			return false;
	}
	if (ends == NO_JUMP)
		return true;
	if (!parse_emit(p, OP_BOOL, 0, 0, at))
		return false;
	parse_land(p, &ends);
	return true;
}

/* ---- filters ---- */

static bool
unknown_filter(struct parser *p)
{
	char name[64], list[180];
	const char *near_name;

	copy_short(name, sizeof(name), p->now.text);
	near_name = filter_nearest(name);
	if (near_name != NULL)
		return template_fail(p->error, "unknown-filter", p->now.at,
				     "there is no filter %s: did you mean %s?", name, near_name);
	filter_list(list, sizeof(list));
	return template_fail(p->error, "unknown-filter", p->now.at,
			     "there is no filter %s: known are %s …", name, list);
}

static bool
parse_arguments(struct parser *p, uint32_t *count)
{
	for (*count = 0; *count < FILTER_ARGS_MAX; ++*count) {
		bool has_more = p->now.kind == (*count == 0 ? TOKEN_COLON : TOKEN_COMMA);

		if (!has_more)
			return true;
		p->word.line = 0;
		if (!parse_step(p) || !parse_any_value(p) || !refuse_word(p))
			return false;
		if (p->now.kind == TOKEN_COLON)
			return parse_fail(p, &p->now, "filters take no named arguments");
	}
	return true;
}

/* Arguments are the last instructions, one each. */
static bool
check_arguments(struct parser *p, const struct filter *f, uint32_t count)
{
	for (uint32_t i = 0; f->check != NULL && i < count; i++) {
		const struct instruction *arg = &p->program[p->length - count + i];
		const char *why;

		if (arg->op != OP_CONST)
			continue;
		why = f->check(i, p->constants[arg->a]);
		if (why != NULL)
			return template_fail(p->error, "syntax", arg->at, "%s: %s", f->name, why);
	}
	return true;
}

/* Behind the | */
static bool
parse_filter(struct parser *p)
{
	struct token name = p->now;
	const struct filter *f;
	uint32_t count;
	int i;

	if (name.kind != TOKEN_NAME)
		return parse_unexpected(p, "the name of a filter is, as in | default: \"…\"");
	i = filter_find(name.text);
	if (i < 0)
		return unknown_filter(p);
	f = filter_get((size_t)i);
	if (!parse_step(p) || !parse_arguments(p, &count))
		return false;
	if (count < f->args_min)
		return template_fail(p->error, "syntax", name.at, "%s needs %s: write | %s: %s",
				     f->name, f->args_min > 1 ? "two arguments" : "an argument",
				     f->name, f->args_min > 1 ? "\"…\", \"…\"" : "\"…\"");
	if (count > f->args_max)
		return template_fail(p->error, "syntax", name.at,
				     "%s has too many arguments: it takes %u", f->name,
				     f->args_max);
	return check_arguments(p, f, count) && emit_filter(p, (uint32_t)i, count, name.at);
}

bool
parse_filtered(struct parser *p)
{
	if (!parse_condition(p))
		return false;
	while (p->now.kind == TOKEN_PIPE)
		if (!parse_step(p) || !parse_filter(p))
			return false;
	return true;
}
