/* SPDX-License-Identifier: MIT */
/* Text → tokens. Knows nothing of what may follow what. */
#include <stdio.h>
#include <strings.h>

#include "base/text.h"
#include "segments/query_tree.h"

#define NUMBER_BYTES_MAX 40

static const char *const keywords[] = {"and", "or",   "not", "in",   "between", "like",
				       "is",  "null", "has", "true", "false"};

bool
query_fail(struct query_error *e, struct slice text, size_t at, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return false;
	e->at = at;
	e->column = text_length((struct slice){text.p, at}) + 1;
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	return false;
}

static bool
is_blank(int32_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xa0 || c == 0x3000 ||
	       c == 0xfeff;
}

static bool
is_digit(int32_t c)
{
	return c >= '0' && c <= '9';
}

/* Letters of any script; general punctuation and what looks like quotes is none. */
static bool
is_name_char(int32_t c, bool is_first)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		       (is_digit(c) && !is_first);
	return !is_blank(c) && c >= 0xc0 && c != 0xd7 && c != 0xf7 && (c < 0x2000 || c > 0x2bff) &&
	       (c < 0x3001 || c > 0x303f) && (c < 0xff01 || c > 0xff0f);
}

static bool
is_keyword(struct slice s)
{
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (strlen(keywords[i]) == s.n && strncasecmp(keywords[i], s.p, s.n) == 0)
			return true;
	return false;
}

bool
lex_is_bare_name(struct slice name)
{
	struct slice rest = name;
	bool is_first = true;

	if (name.n == 0 || is_keyword(name))
		return false;
	for (; rest.n > 0; is_first = false)
		if (!is_name_char(text_next(&rest), is_first))
			return false;
	return true;
}

static bool
lex_name(struct lexer *l, struct token *t)
{
	struct slice rest = {l->text.p + l->at, l->text.n - l->at}, look = rest;
	struct buf nfc = {0};

	while (look.n > 0 && is_name_char(text_next(&look), false))
		rest = look;
	t->kind = TOKEN_NAME;
	t->text = (struct slice){l->text.p + t->at, (size_t)(rest.p - l->text.p) - t->at};
	l->at += t->text.n;
	if (text_add_nfc(&nfc, t->text) && !slice_eq(buf_slice(&nfc), t->text))
		t->text = (struct slice){arena_memdup0(l->arena, nfc.data, nfc.len), nfc.len};
	buf_free(&nfc);
	return true;
}

/* Does a unit of time stand here, and nothing more of a word? */
static bool
ends_duration(struct slice text, size_t i)
{
	struct slice rest;

	if (i >= text.n || text.p[i] == '\0' || strchr("dwmyDWMY", text.p[i]) == NULL)
		return false;
	rest = (struct slice){text.p + i + 1, text.n - i - 1};
	return rest.n == 0 || !is_name_char(text_next(&rest), false);
}

static bool
lex_number(struct lexer *l, struct token *t)
{
	size_t i = l->at;

	if (l->text.p[i] == '-')
		i++;
	while (i < l->text.n && is_digit(l->text.p[i]))
		i++;
	if (i + 1 < l->text.n && l->text.p[i] == '.' && is_digit(l->text.p[i + 1]))
		for (i++; i < l->text.n && is_digit(l->text.p[i]);)
			i++;
	t->kind = TOKEN_NUMBER;
	if (ends_duration(l->text, i)) {
		t->kind = TOKEN_DURATION;
		i++;
	}
	t->text = (struct slice){l->text.p + t->at, i - t->at};
	l->at = i;
	if (t->text.n > NUMBER_BYTES_MAX)
		return query_fail(l->e, l->text, t->at, "this number has more than %d digits",
				  NUMBER_BYTES_MAX);
	if (i < l->text.n) {
		struct slice rest = {l->text.p + i, l->text.n - i};

		if (l->text.p[i] == '.' || is_name_char(text_next(&rest), false))
			return query_fail(l->e, l->text, i,
					  "this does not belong to the number before it: put text "
					  "in quotes, and a blank behind a number");
	}
	return true;
}

/* Text or a name in quotes; a doubled quote is one. */
static bool
lex_quoted(struct lexer *l, struct token *t, char quote)
{
	struct buf raw = {0}, nfc = {0};
	size_t i = l->at + 1;

	for (; i < l->text.n; i++) {
		if (l->text.p[i] == quote) {
			if (i + 1 >= l->text.n || l->text.p[i + 1] != quote)
				break;
			i++;
		}
		buf_addc(&raw, l->text.p[i]);
	}
	if (i < l->text.n && text_add_nfc(&nfc, buf_slice(&raw))) {
		t->text = (struct slice){
			arena_memdup0(l->arena, nfc.len > 0 ? nfc.data : "", nfc.len), nfc.len};
		t->kind = quote == '`' ? TOKEN_QUOTED_NAME : TOKEN_TEXT;
		l->at = i + 1;
	}
	buf_free(&raw);
	buf_free(&nfc);
	if (i >= l->text.n)
		return query_fail(l->e, l->text, t->at,
				  "the quote %c is not closed: add another %c", quote, quote);
	if (quote == '`' && t->text.n == 0)
		return query_fail(l->e, l->text, t->at, "a column's name is missing between ``");
	return true;
}

static const struct sign {
	const char *text;
	enum token_kind kind;
	const char *instead; /* not NULL: no sign of the language; what to write */
} signs[] = {
	{"==", TOKEN_EQ, "="},	  {"=>", TOKEN_GE, ">="},   {"=<", TOKEN_LE, "<="},
	{"=", TOKEN_EQ, NULL},	  {"!=", TOKEN_NE, NULL},   {"<>", TOKEN_NE, NULL},
	{"<=", TOKEN_LE, NULL},	  {">=", TOKEN_GE, NULL},   {"<", TOKEN_LT, NULL},
	{">", TOKEN_GT, NULL},	  {"~", TOKEN_TILDE, NULL}, {"(", TOKEN_OPEN, NULL},
	{")", TOKEN_CLOSE, NULL}, {",", TOKEN_COMMA, NULL}, {"&&", TOKEN_END, "AND"},
	{"||", TOKEN_END, "OR"},  {"!", TOKEN_END, "NOT"},  {"≠", TOKEN_NE, "!="},
	{"≤", TOKEN_LE, "<="},	  {"≥", TOKEN_GE, ">="},    {"‘", TOKEN_END, "'"},
	{"’", TOKEN_END, "'"},	  {"“", TOKEN_END, "\""},   {"”", TOKEN_END, "\""},
	{"+", TOKEN_PLUS, NULL},  {"-", TOKEN_MINUS, NULL}, {"–", TOKEN_MINUS, "-"},
};

static bool
lex_sign(struct lexer *l, struct token *t)
{
	struct slice rest = {l->text.p + l->at, l->text.n - l->at}, after = rest;
	int32_t c;

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		size_t n = strlen(signs[i].text);

		if (rest.n < n || memcmp(rest.p, signs[i].text, n) != 0)
			continue;
		if (signs[i].instead != NULL)
			return query_fail(l->e, l->text, t->at, "write %s instead of %s",
					  signs[i].instead, signs[i].text);
		t->kind = signs[i].kind;
		l->at += n;
		return true;
	}
	c = text_next(&after);
	if (c < 0x20 || c == 0x7f)
		return query_fail(l->e, l->text, t->at, "a control character stands here");
	return query_fail(l->e, l->text, t->at, "%.*s has no meaning here: put text in quotes",
			  (int)(rest.n - after.n), rest.p);
}

bool
lex_next(struct lexer *l, struct token *t)
{
	struct slice rest = {l->text.p + l->at, l->text.n - l->at}, look = rest;
	int32_t c = -1;

	while (rest.n > 0 && is_blank(c = text_next(&look)))
		rest = look;
	l->at = l->text.n - rest.n;
	*t = (struct token){.kind = TOKEN_END, .at = l->at};
	if (rest.n == 0)
		return true;
	if (c == '\'' || c == '"' || c == '`')
		return lex_quoted(l, t, (char)c);
	if (is_digit(c) || (c == '-' && rest.n > 1 && is_digit(rest.p[1])))
		return lex_number(l, t);
	if (is_name_char(c, true))
		return lex_name(l, t);
	return lex_sign(l, t);
}
