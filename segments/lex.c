/* SPDX-License-Identifier: MIT */
/* The query's text into tokens. */
#include <strings.h>

#include "base/text.h"
#include "segments/program.h"

const char *const query_words[TOKEN_WORDS] = {"AND", "OR",   "NOT",  "IN", "BETWEEN",
					      "IS",  "NULL", "LIKE", "HAS"};

static const char *const future_words[] = {"in_list", "reached_by", "province", "state"};

static bool
is_word(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

bool
query_is_future_word(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(future_words); i++)
		if (is_word(name, future_words[i]))
			return true;
	return false;
}

static bool
is_digit(int32_t c)
{
	return c >= '0' && c <= '9';
}

/* Letters of all scripts; not the blanks, quotes and dashes that word processors put in. */
static bool
is_name_char(int32_t c)
{
	if (c < 0x80)
		return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return c > 0xBF && c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c <= 0x2BFF) && c != 0x3000 &&
	       c != 0xFEFF && !(c >= 0xFF00 && c <= 0xFF0F);
}

static enum token_kind
kind_of_name(struct slice s)
{
	for (size_t i = 0; i < TOKEN_WORDS; i++)
		if (is_word(s, query_words[i]))
			return (enum token_kind)(TOKEN_AND + i);
	return TOKEN_NAME;
}

/* How many bytes of s are a name's characters. */
static size_t
name_length(struct slice s)
{
	struct slice rest = s;

	while (rest.n > 0) {
		struct slice before = rest;

		if (!is_name_char(text_next(&rest)))
			return s.n - before.n;
	}
	return s.n;
}

bool
query_is_plain_name(struct slice name)
{
	return name.n > 0 && !is_digit(name.p[0]) && name_length(name) == name.n &&
	       kind_of_name(name) == TOKEN_NAME && !query_is_future_word(name);
}

static struct slice
rest_of(const struct lexer *l)
{
	return (struct slice){l->text.p + l->at, l->text.n - l->at};
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_blanks(struct lexer *l)
{
	while (l->at < l->text.n && is_blank(l->text.p[l->at]))
		l->at++;
}

static void
end_token(struct lexer *l, struct token *t, enum token_kind kind, size_t n)
{
	t->kind = kind;
	t->raw = (struct slice){l->text.p + l->at, n};
	t->text = t->raw;
	l->at += n;
}

/* 'it''s', "say ""hi""", `họ tên` */
static bool
lex_quoted(struct lexer *l, struct token *t, enum token_kind kind)
{
	struct slice s = rest_of(l);
	char quote = s.p[0];
	struct buf plain = {0};
	size_t i = 1;

	for (; i < s.n; i++) {
		if (s.p[i] == quote && (i + 1 == s.n || s.p[i + 1] != quote))
			break;
		i += s.p[i] == quote;
		buf_addc(&plain, s.p[i]);
	}
	if (i < s.n) {
		end_token(l, t, kind, i + 1);
		t->text = (struct slice){
			arena_memdup0(l->memory, plain.len > 0 ? plain.data : "", plain.len),
			plain.len};
		t->is_quoted = true;
	}
	buf_free(&plain);
	if (i >= s.n)
		return query_fail(l->error, l->text, l->at,
				  "this quote is never closed: put a second %c behind the %s",
				  quote, kind == TOKEN_TEXT ? "text" : "name");
	if (kind == TOKEN_NAME && slice_trim(t->text).n == 0)
		return query_fail(l->error, l->text, t->at,
				  "an empty name: write a column's name between the backquotes");
	return true;
}

/* -12.5 */
static bool
lex_number(struct lexer *l, struct token *t)
{
	struct slice s = rest_of(l);
	size_t n = s.p[0] == '-' || s.p[0] == '+';
	double number;

	while (n < s.n && is_digit(s.p[n]))
		n++;
	if (n + 1 < s.n && s.p[n] == '.' && is_digit(s.p[n + 1]))
		for (n++; n < s.n && is_digit(s.p[n]);)
			n++;
	if (name_length((struct slice){s.p + n, s.n - n}) > 0)
		return query_fail(l->error, l->text, l->at,
				  "a number with letters behind it: a text stands in quotes, a "
				  "column whose name begins with a digit in backquotes");
	end_token(l, t, TOKEN_NUMBER, n);
	if (t->text.p[0] == '+')
		t->text = (struct slice){t->text.p + 1, t->text.n - 1};
	if (!slice_to_double(t->text, &number))
		return query_fail(l->error, l->text, t->at, "this number is too long");
	return true;
}

static bool
lex_operator(struct lexer *l, struct token *t)
{
	/* Longer ones first. */
	static const struct {
		const char *text;
		enum token_kind kind;
	} operators[] = {
		{"!=", TOKEN_NE},  {"<>", TOKEN_NE},   {"<=", TOKEN_LE},   {">=", TOKEN_GE},
		{"=", TOKEN_EQ},   {"<", TOKEN_LT},    {">", TOKEN_GT},	   {"~", TOKEN_CONTAINS},
		{"(", TOKEN_OPEN}, {")", TOKEN_CLOSE}, {",", TOKEN_COMMA},
	};
	static const struct {
		const char *text, *instead;
	} foreign[] = {
		{"==", "="},  {"&&", "AND"},
		{"||", "OR"}, {"=<", "<="},
		{"=>", ">="}, {"!", "NOT"},
		{"‘", "'"},   {"’", "'"},
		{"“", "\""},  {"”", "\""},
		{"≠", "!="},  {"≤", "<="},
		{"≥", ">="},  {"\u00A0", "a plain blank"},
	};
	struct slice s = rest_of(l);

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		size_t n = strlen(foreign[i].text);

		if (s.n >= n && memcmp(s.p, foreign[i].text, n) == 0 &&
		    !(n == 1 && s.n > 1 && s.p[1] == '='))
			return query_fail(
				l->error, l->text, l->at, "%s is not of this language: write %s",
				(unsigned char)s.p[0] == 0xC2 ? "this blank" : foreign[i].text,
				foreign[i].instead);
	}
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		size_t n = strlen(operators[i].text);

		if (s.n >= n && memcmp(s.p, operators[i].text, n) == 0) {
			end_token(l, t, operators[i].kind, n);
			return true;
		}
	}
	return query_fail(l->error, l->text, l->at,
			  "this character has no meaning here: a text stands in quotes, a name "
			  "with such characters in backquotes");
}

bool
query_lex(struct lexer *l, struct token *out)
{
	struct slice s;
	size_t n;
	char c;

	skip_blanks(l);
	*out = (struct token){.kind = TOKEN_END, .at = l->at};
	s = rest_of(l);
	if (s.n == 0)
		return true;
	c = s.p[0];
	if (c == '\'' || c == '"')
		return lex_quoted(l, out, TOKEN_TEXT);
	if (is_digit(c) || ((c == '-' || c == '+') && s.n > 1 && is_digit(s.p[1])))
		return lex_number(l, out);
	if (c == '`') {
		if (!lex_quoted(l, out, TOKEN_NAME))
			return false;
	} else {
		n = name_length(s);
		if (n == 0)
			return lex_operator(l, out);
		end_token(l, out, kind_of_name((struct slice){s.p, n}), n);
	}
	n = l->at;
	skip_blanks(l);
	out->is_call = !out->is_quoted && l->at < l->text.n && l->text.p[l->at] == '(';
	l->at = n;
	return true;
}
