/* SPDX-License-Identifier: MIT */
/*
 * The compiler: tokens to instructions, one pass, no tree.
 *
 *   template = { TEXT | "{{" value { "|" filter } "}}" }
 *   filter   = NAME [ ":" value { "," value } ]
 *   value    = STRING | NUMBER | true | false | nil | field
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/text.h"
#include "templates/program.h"

#define NUMBER_DIGITS_MAX 15 /* a double keeps so many */

struct parser {
	struct lexer lexer;
	struct token now;
	struct template *t;
	struct template_error *error;
	struct buf pool;
	struct instruction *program;
	size_t length, room;
	struct template_value *constants;
	size_t constant_count, constant_room;
};

static bool
fail(struct parser *p, const struct token *at, const char *why)
{
	return template_fail(p->error, "syntax", at->at, "%s", why);
}

static bool
unexpected(struct parser *p, const char *wanted)
{
	char what[80];

	token_describe(&p->now, what);
	return template_fail(p->error, "syntax", p->now.at, "%s is not expected here: %s", what,
			     wanted);
}

/* The next token; false when there is none. */
static bool
step(struct parser *p)
{
	p->now = lexer_next(&p->lexer);
	return p->now.kind != TOKEN_ERROR;
}

/* ---- instructions ---- */

static void
emit(struct parser *p, enum op op, uint32_t a, uint32_t b, struct place at)
{
	if (p->length == p->room) {
		p->room = p->room > 0 ? p->room * 2 : 64;
		p->program = xrealloc(p->program, p->room * sizeof(*p->program));
	}
	p->program[p->length++] = (struct instruction){op, a, b, at};
}

static void
emit_constant(struct parser *p, struct template_value v, struct place at)
{
	if (p->constant_count == p->constant_room) {
		p->constant_room = p->constant_room > 0 ? p->constant_room * 2 : 16;
		p->constants = xrealloc(p->constants, p->constant_room * sizeof(*p->constants));
	}
	p->constants[p->constant_count] = v;
	emit(p, OP_CONST, (uint32_t)p->constant_count++, 0, at);
}

static void
emit_text(struct parser *p, const struct token *t)
{
	uint32_t from = (uint32_t)p->pool.len;

	if (t->text.n == 0)
		return;
	buf_add_slice(&p->pool, t->text);
	emit(p, OP_TEXT, from, (uint32_t)t->text.n, t->at);
}

/* A filter over constants is a constant. */
static void
emit_filter(struct parser *p, uint32_t filter, uint32_t args, struct place at)
{
	char memory[SCRATCH_BYTES];
	struct scratch scratch = {memory, memory + sizeof(memory), false};
	struct template_value stack[1 + FILTER_ARGS_MAX], made;
	struct filter_call call = {stack + 1, 0, 0, &scratch};
	struct instruction *first = &p->program[p->length - args - 1];

	for (uint32_t i = 0; i <= args; i++) {
		if (first[i].op != OP_CONST || filter_get(filter)->uses_today) {
			emit(p, OP_FILTER, filter, args, at);
			return;
		}
		stack[i] = p->constants[first[i].a];
	}
	at = first->at;
	p->length -= args + 1;
	call.count = args;
	made = filter_get(filter)->apply(&call, stack[0]);
	made.text.p = arena_memdup0(&p->t->memory, made.text.p, made.text.n);
	emit_constant(p, made, at);
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
			return fail(p, &p->now,
				    "this text has a \\ before a character that needs none: "
				    "known are \\n \\r \\t \\\\ \\\" \\'");
		text[n++] = meaning[known - escapes];
	}
	emit_constant(p, (struct template_value){TEMPLATE_TEXT, {text, n}, 0}, p->now.at);
	return step(p);
}

static bool
parse_number(struct parser *p)
{
	struct template_value v = {.kind = TEMPLATE_NUMBER};
	struct buf b = {0};
	char text[NUMBER_DIGITS_MAX + 3]; /* sign, point, NUL */
	size_t digits = 0;

	for (size_t i = 0; i < p->now.text.n; i++)
		digits += p->now.text.p[i] >= '0';
	if (digits > NUMBER_DIGITS_MAX)
		return fail(p, &p->now, "this number has too many digits: put it in quotes");
	copy_short(text, sizeof(text), p->now.text);
	v.number = strtod(text, NULL);
	template_add_number(&b, v.number);
	v.text = (struct slice){arena_memdup0(&p->t->memory, b.data, b.len), b.len};
	buf_free(&b);
	emit_constant(p, v, p->now.at);
	return step(p);
}

/* The number of the field; a new one is added. */
static bool
find_field(struct parser *p, uint32_t *field)
{
	struct template *t = p->t;
	struct buf folded = {0};
	struct field *f;

	if (p->now.text.n > NAME_MAX_BYTES)
		return fail(p, &p->now, "this name of a field is longer than 63 bytes");
	text_add_folded(&folded, p->now.text);
	for (*field = 0; *field < t->field_count; ++*field) {
		if (slice_eq(t->fields[*field].folded, buf_slice(&folded))) {
			buf_free(&folded);
			return true;
		}
	}
	if (t->field_count == TEMPLATE_FIELDS_MAX) {
		buf_free(&folded);
		return template_fail(p->error, "too-many", p->now.at,
				     "the template has more than %u fields", TEMPLATE_FIELDS_MAX);
	}
	f = &t->fields[t->field_count++];
	f->name = arena_memdup0(&t->memory, p->now.text.p, p->now.text.n);
	f->folded = (struct slice){arena_memdup0(&t->memory, folded.data, folded.len), folded.len};
	buf_free(&folded);
	return true;
}

/* Liquid's words for values; false when the name is a field. */
static bool
word_value(struct slice name, struct template_value *v)
{
	static const struct {
		const char *word;
		enum template_kind kind;
	} words[] = {{"true", TEMPLATE_TRUE},
		     {"false", TEMPLATE_FALSE},
		     {"nil", TEMPLATE_NIL},
		     {"null", TEMPLATE_NIL}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!slice_is(name, words[i].word))
			continue;
		*v = (struct template_value){.kind = words[i].kind};
		if (v->kind != TEMPLATE_NIL)
			v->text = slice_of(words[i].word);
		return true;
	}
	return false;
}

static bool
parse_name(struct parser *p)
{
	struct token name = p->now;
	struct template_value v;
	uint32_t field = 0;

	if (slice_is(name.text, "empty") || slice_is(name.text, "blank"))
		return fail(p, &name, "empty and blank are words of conditions, not of output");
	if (word_value(name.text, &v)) {
		emit_constant(p, v, name.at);
		return step(p);
	}
	if (!find_field(p, &field))
		return false;
	emit(p, OP_FIELD, field, 0, name.at);
	if (!step(p))
		return false;
	if (p->now.kind == TOKEN_DOT || slice_is(p->now.text, "["))
		return fail(p, &name,
			    "a field is one column and has nothing inside: write its name without "
			    ". and [ ], as in {{ ho_ten }}");
	return true;
}

static bool
parse_value(struct parser *p)
{
	if (p->now.kind == TOKEN_STRING)
		return parse_string(p);
	if (p->now.kind == TOKEN_NUMBER)
		return parse_number(p);
	if (p->now.kind == TOKEN_NAME)
		return parse_name(p);
	return unexpected(p, "a field, a text in quotes or a number is");
}

/* ---- filters ---- */

static bool
unknown_filter(struct parser *p)
{
	char name[64];
	const char *near_name;

	copy_short(name, sizeof(name), p->now.text);
	near_name = filter_nearest(name);
	if (near_name != NULL)
		return template_fail(p->error, "unknown-filter", p->now.at,
				     "there is no filter %s: did you mean %s?", name, near_name);
	return template_fail(p->error, "unknown-filter", p->now.at,
			     "there is no filter %s: known are: %s", name, filter_list());
}

static bool
parse_arguments(struct parser *p, uint32_t *count)
{
	for (*count = 0; *count < FILTER_ARGS_MAX; ++*count) {
		bool has_more = p->now.kind == (*count == 0 ? TOKEN_COLON : TOKEN_COMMA);

		if (!has_more)
			return true;
		if (!step(p) || !parse_value(p))
			return false;
		if (p->now.kind == TOKEN_COLON)
			return fail(p, &p->now, "filters take no named arguments");
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
		return unexpected(p, "the name of a filter is, as in | default: \"…\"");
	i = filter_find(name.text);
	if (i < 0)
		return unknown_filter(p);
	f = filter_get((size_t)i);
	if (!step(p) || !parse_arguments(p, &count))
		return false;
	if (count < f->args_min)
		return template_fail(p->error, "syntax", name.at, "%s needs %s: write | %s: \"…\"",
				     f->name, f->args_min > 1 ? "more arguments" : "an argument",
				     f->name);
	if (count > f->args_max)
		return template_fail(p->error, "syntax", name.at,
				     "%s has too many arguments: it takes %u", f->name,
				     f->args_max);
	emit_filter(p, (uint32_t)i, count, name.at);
	return true;
}

/* ---- tags ---- */

/* From {{ to }} */
static bool
parse_output(struct parser *p)
{
	struct token open = p->now;
	size_t from = p->length;
	uint32_t field = NO_FIELD;
	struct place at = open.at;

	if (!step(p))
		return false;
	if (p->now.kind == TOKEN_OUTPUT_CLOSE)
		return fail(p, &open, "{{ }} is empty: write a field, as in {{ ho_ten }}");
	if (!parse_value(p))
		return false;
	while (p->now.kind == TOKEN_PIPE)
		if (!step(p) || !parse_filter(p))
			return false;
	if (p->now.kind != TOKEN_OUTPUT_CLOSE)
		return unexpected(p, "| and a filter, or }}, are");
	for (size_t i = p->length; i-- > from;) {
		if (p->program[i].op == OP_FIELD) {
			field = p->program[i].a;
			at = p->program[i].at;
		}
	}
	if (field == NO_FIELD && is_blank_text(p->constants[p->program[from].a].text))
		return fail(p, &open,
			    "this tag never prints anything, so every message would be skipped: "
			    "write blanks as text");
	emit(p, OP_OUTPUT, field, 0, at);
	return true;
}

/* At {%: comment and raw never come here, so this is an error. */
static bool
parse_tag(struct parser *p)
{
	static const char *const names[] = {"comment", "raw"};
	char name[64];
	const char *near_name;

	if (!step(p))
		return false;
	if (p->now.kind != TOKEN_NAME)
		return unexpected(p, "the name of a tag is, as in {% comment %}");
	copy_short(name, sizeof(name), p->now.text);
	near_name = nearest_name(name, names, ARRAY_LEN(names));
	if (strcmp(name, "endcomment") == 0 || strcmp(name, "endraw") == 0)
		return template_fail(p->error, "syntax", p->now.at,
				     "%s closes nothing: there is no {%% %s %%} before it", name,
				     name + 3);
	if (near_name != NULL && strcmp(near_name, name) == 0)
		return template_fail(p->error, "syntax", p->now.at,
				     "%s stands alone in its tag: {%% %s %%}", name, name);
	if (near_name != NULL)
		return template_fail(p->error, "unknown-tag", p->now.at,
				     "there is no tag %s: did you mean %s?", name, near_name);
	return template_fail(p->error, "unknown-tag", p->now.at,
			     "the tag %s is not known: known are comment and raw", name);
}

static bool
parse_template(struct parser *p)
{
	for (;;) {
		bool is_good = step(p);

		if (is_good && p->now.kind == TOKEN_END)
			break;
		if (is_good && p->now.kind == TOKEN_TEXT)
			emit_text(p, &p->now);
		else if (is_good && p->now.kind == TOKEN_OUTPUT_OPEN)
			is_good = parse_output(p);
		else if (is_good)
			is_good = parse_tag(p);
		if (!is_good)
			return false;
	}
	emit(p, OP_END, 0, 0, p->now.at);
	return true;
}

/* ---- compile ---- */

/* The source without byte order mark and one final newline. */
static struct slice
body_of(struct slice s)
{
	if (s.n >= 3 && memcmp(s.p, "\xEF\xBB\xBF", 3) == 0) {
		s.p += 3;
		s.n -= 3;
	}
	if (s.n > 0 && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static bool
refuse_malformed(struct slice source, ptrdiff_t offset, struct template_error *e)
{
	struct slice before = {source.p, (size_t)offset};
	struct place at = {1, 1};

	for (int32_t c; (c = text_next(&before)) != -1; at.column++)
		if (c == '\n')
			at = (struct place){at.line + 1, 0};
	return template_fail(e, "not-utf8", at,
			     "the template is not UTF-8 here: save it with that encoding");
}

static void
keep(struct parser *p)
{
	struct template *t = p->t;
	size_t bytes = p->length * sizeof(*t->program);

	t->program = arena_alloc(&t->memory, bytes);
	memcpy(t->program, p->program, bytes);
	t->length = p->length;
	bytes = p->constant_count * sizeof(*t->constants);
	t->constants = arena_alloc(&t->memory, bytes + 1);
	if (bytes > 0)
		memcpy(t->constants, p->constants, bytes);
	t->constant_count = p->constant_count;
	t->pool = (struct slice){
		arena_memdup0(&t->memory, p->pool.len > 0 ? p->pool.data : "", p->pool.len),
		p->pool.len};
}

struct template *
template_compile(struct slice source, struct template_error *e)
{
	struct slice body = body_of(source);
	ptrdiff_t malformed = text_find_malformed(body);
	struct parser p = {.error = e};
	struct buf nfc = {0};

	if (source.n > TEMPLATE_SOURCE_MAX) {
		template_fail(e, "too-long", (struct place){1, 1},
			      "the template has more than %u bytes", TEMPLATE_SOURCE_MAX);
		return NULL;
	}
	if (malformed >= 0) {
		refuse_malformed(body, malformed, e);
		return NULL;
	}
	buf_reserve(&nfc, body.n + 1);
	text_add_nfc(&nfc, body);
	p.t = xcalloc(1, sizeof(*p.t));
	lexer_init(&p.lexer, buf_slice(&nfc), e);
	if (parse_template(&p)) {
		keep(&p);
	} else {
		template_free(p.t);
		p.t = NULL;
	}
	free(p.program);
	free(p.constants);
	buf_free(&p.pool);
	buf_free(&nfc);
	return p.t;
}
