/* SPDX-License-Identifier: MIT */
/*
 * The lexer, a state at a time: text between tags, the inside of {{ }}, the
 * inside of {% %}. Whitespace control, raw and comment are settled here, so the
 * parser never sees them. As in Liquid, a `-` trims only the text that touches
 * its tag, never what raw holds, and a lone }} or %} is text.
 */
#include <stdio.h>

#include "base/text.h"
#include "templates/program.h"

static struct token lex_text(struct lexer *l);
static struct token lex_output(struct lexer *l);
static struct token lex_tag(struct lexer *l);

void
lexer_init(struct lexer *l, struct slice source, struct template_error *error)
{
	*l = (struct lexer){
		.here = {source.p, source.p + source.n, {1, 1}}, .next = lex_text, .error = error};
}

struct token
lexer_next(struct lexer *l)
{
	return l->next(l);
}

/* ---- the cursor ---- */

static bool
is_at(const struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(c->end - c->p) >= n && memcmp(c->p, word, n) == 0;
}

static void
advance(struct cursor *c, size_t n)
{
	for (; n > 0; n--, c->p++) {
		if (*c->p == '\n')
			c->at = (struct place){c->at.line + 1, 1};
		else if ((*c->p & 0xC0) != 0x80)
			c->at.column++;
	}
}

/* The character at p and its bytes; -1 at the end. */
static int32_t
char_at(const char *p, const char *end, size_t *bytes)
{
	struct slice s = {p, (size_t)(end - p)};
	int32_t c = text_next(&s);

	*bytes = (size_t)(s.p - p);
	return c;
}

static void
skip_blanks(struct cursor *c)
{
	size_t n;

	while (is_blank_char(char_at(c->p, c->end, &n)))
		advance(c, n);
}

static bool
take(struct cursor *c, const char *word)
{
	if (!is_at(c, word))
		return false;
	advance(c, strlen(word));
	return true;
}

static struct token
fail(struct lexer *l, struct place at, const char *why)
{
	template_fail(l->error, "syntax", at, "%s", why);
	return (struct token){.kind = TOKEN_ERROR, .at = at};
}

/* The token of the next n bytes. */
static struct token
cut(struct lexer *l, enum token_kind kind, size_t n)
{
	struct token t = {kind, {l->here.p, n}, l->here.at};

	advance(&l->here, n);
	return t;
}

/* ---- names ---- */

/*
 * Beyond ASCII all letters, and so all marks, are good; these ranges are signs,
 * blanks, quotes, arrows, pictures.
 */
static bool
is_sign(int32_t c)
{
	static const struct {
		int32_t from, to;
	} ranges[] = {
		{0x80, 0xA9},	  {0xAB, 0xB4},	    {0xB6, 0xB9},     {0xBB, 0xBF},
		{0xD7, 0xD7},	  {0xF7, 0xF7},	    {0x1680, 0x1680}, {0x2000, 0x206F},
		{0x20A0, 0x20CF}, {0x2100, 0x2BFF}, {0x3000, 0x3004}, {0x3008, 0x3020},
		{0xE000, 0xF8FF}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFF0F}, {0xFF1A, 0xFF20},
		{0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF}, {0x1F000, 0x1FAFF},
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

static bool
is_name_char(int32_t c)
{
	if (c >= 0x80)
		return !is_sign(c);
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* A `-` that belongs to the end of the tag. */
static bool
is_trim_mark(const char *p, const char *end)
{
	return end - p >= 3 && p[0] == '-' && (p[1] == '}' || p[1] == '%') && p[2] == '}';
}

/* Bytes of the name at p, 0 if there is none. */
static size_t
name_length(const char *p, const char *end)
{
	const char *start = p;
	size_t n;

	while (is_name_char(char_at(p, end, &n)) && !is_trim_mark(p, end))
		p += n;
	return (size_t)(p - start);
}

/* Bytes of [-+]?digits[.digits] at p, 0 if there is none; 2024_x is a name. */
static size_t
number_length(const char *p, const char *end)
{
	const char *start = p, *digits;
	size_t n;

	p += p < end && (*p == '-' || *p == '+');
	for (digits = p; p < end && *p >= '0' && *p <= '9';)
		p++;
	if (p == digits)
		return 0;
	if (end - p >= 2 && p[0] == '.' && p[1] >= '0' && p[1] <= '9')
		for (p++; p < end && *p >= '0' && *p <= '9';)
			p++;
	if (is_name_char(char_at(p, end, &n)) && !is_trim_mark(p, end))
		return 0;
	return (size_t)(p - start);
}

/* ---- inside a tag ---- */

static struct token
lex_string(struct lexer *l)
{
	const char *p = l->here.p, quote = *p++;
	struct token t;

	for (; p < l->here.end && *p != quote; p++)
		if (*p == '\\' && p + 1 < l->here.end)
			p++;
	if (p == l->here.end)
		return fail(l, l->here.at, "the quote that opens here is never closed");
	t = cut(l, TOKEN_STRING, (size_t)(p + 1 - l->here.p));
	t.text = (struct slice){t.text.p + 1, t.text.n - 2};
	return t;
}

/* == != <> < <= > >= or, in assign, = */
static struct token
lex_comparison(struct lexer *l)
{
	static const char *const signs[] = {"==", "!=", "<>", "<=", ">="};

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (is_at(&l->here, signs[i]))
			return cut(l, TOKEN_COMPARE, 2);
	if (*l->here.p == '=')
		return cut(l, TOKEN_ASSIGN, 1);
	return cut(l, *l->here.p == '!' ? TOKEN_OTHER : TOKEN_COMPARE, 1);
}

static struct token
lex_word_or_sign(struct lexer *l)
{
	size_t n = number_length(l->here.p, l->here.end);
	int32_t c;

	if (n > 0)
		return cut(l, TOKEN_NUMBER, n);
	n = name_length(l->here.p, l->here.end);
	if (n > 0)
		return cut(l, TOKEN_NAME, n);
	c = char_at(l->here.p, l->here.end, &n);
	switch (c) {
	case '"':
	case '\'':
		return lex_string(l);
	case '|':
		return cut(l, TOKEN_PIPE, 1);
	case ':':
		return cut(l, TOKEN_COLON, 1);
	case ',':
		return cut(l, TOKEN_COMMA, 1);
	case '.':
		return cut(l, TOKEN_DOT, 1);
	case '=':
	case '!':
	case '<':
	case '>':
		return lex_comparison(l);
	}
	if (c >= 0x2018 && c <= 0x201F)
		return fail(l, l->here.at,
			    "this is a typographic quote: put texts inside a tag in \" or '");
	return cut(l, TOKEN_OTHER, n);
}

/* What stands inside the tag, or its end. */
static struct token
lex_inside(struct lexer *l, const char *close, const char *other_close, enum token_kind kind)
{
	bool has_trim;

	skip_blanks(&l->here);
	has_trim = is_trim_mark(l->here.p, l->here.end);
	if (is_at(&l->here, close) || (has_trim && memcmp(l->here.p + 1, close, 2) == 0)) {
		l->trims_next = has_trim;
		l->next = lex_text;
		return cut(l, kind, has_trim ? 3 : 2);
	}
	if (l->here.p == l->here.end || has_trim || is_at(&l->here, other_close)) {
		char why[80];

		snprintf(why, sizeof(why), "the tag that opens here is never closed: add %s",
			 close);
		return fail(l, l->tag_at, why);
	}
	return lex_word_or_sign(l);
}

static struct token
lex_output(struct lexer *l)
{
	return lex_inside(l, "}}", "%}", TOKEN_OUTPUT_CLOSE);
}

static struct token
lex_tag(struct lexer *l)
{
	return lex_inside(l, "%}", "}}", TOKEN_TAG_CLOSE);
}

/* ---- comment and raw ---- */

/* {%- NAME -%} at the cursor: moves over it and says how it ended. */
static bool
take_lone_tag(struct cursor *c, const char *name, bool *trims_next)
{
	struct cursor ahead = *c;

	if (!take(&ahead, "{%"))
		return false;
	take(&ahead, "-");
	skip_blanks(&ahead);
	if (name_length(ahead.p, ahead.end) != strlen(name) || !take(&ahead, name))
		return false;
	skip_blanks(&ahead);
	*trims_next = take(&ahead, "-");
	if (!take(&ahead, "%}"))
		return false;
	*c = ahead;
	return true;
}

/* From behind {% NAME %} to behind {% endNAME %}; *inside is what stands between. */
static bool
take_block(struct lexer *l, const char *end_name, struct slice *inside)
{
	struct cursor *c = &l->here;
	const char *start = c->p;

	while (c->p < c->end) {
		const char *before = c->p;

		if (*before == '{' && take_lone_tag(c, end_name, &l->trims_next)) {
			*inside = (struct slice){start, (size_t)(before - start)};
			return true;
		}
		advance(c, 1);
	}
	return false;
}

/* {% # words %} */
static bool
take_inline_comment(struct lexer *l)
{
	struct cursor ahead = l->here;

	take(&ahead, "{%");
	take(&ahead, "-");
	skip_blanks(&ahead);
	if (!take(&ahead, "#"))
		return false;
	while (ahead.p < ahead.end && !is_at(&ahead, "%}"))
		advance(&ahead, 1);
	l->trims_next = ahead.p[-1] == '-';
	if (!take(&ahead, "%}"))
		return false;
	l->here = ahead;
	return true;
}

/* ---- text ---- */

static struct slice
trim(struct slice s, bool left, bool right)
{
	const char *end = s.p + s.n;
	size_t n;

	while (left && s.p < end && is_blank_char(char_at(s.p, end, &n)))
		s.p += n;
	while (right && s.p < end) {
		const char *last = end - 1;

		while (last > s.p && (*last & 0xC0) == 0x80)
			last--;
		if (!is_blank_char(char_at(last, end, &n)))
			break;
		end = last;
	}
	s.n = (size_t)(end - s.p);
	return s;
}

/* At {{ or {%: open the tag, or give what raw holds; a comment is an empty text. */
static struct token
lex_open(struct lexer *l)
{
	struct token t = {.kind = TOKEN_TEXT, .at = l->here.at};
	struct slice comment;
	bool is_output = is_at(&l->here, "{{");
	bool ignored;

	l->tag_at = t.at;
	if (take_lone_tag(&l->here, "raw", &ignored)) {
		t.at = l->here.at;
		if (!take_block(l, "endraw", &t.text))
			return fail(l, l->tag_at, "raw is never closed: add {% endraw %}");
		return t;
	}
	if (take_lone_tag(&l->here, "comment", &ignored)) {
		if (!take_block(l, "endcomment", &comment))
			return fail(l, l->tag_at, "comment is never closed: add {% endcomment %}");
		return t;
	}
	if (take_inline_comment(l))
		return t;
	l->next = is_output ? lex_output : lex_tag;
	return cut(l, is_output ? TOKEN_OUTPUT_OPEN : TOKEN_TAG_OPEN,
		   l->here.end - l->here.p > 2 && l->here.p[2] == '-' ? 3 : 2);
}

static struct token
lex_text(struct lexer *l)
{
	struct token t = {.kind = TOKEN_TEXT, .at = l->here.at};
	struct cursor *c = &l->here;
	const char *start = c->p;

	while (c->p < c->end && !is_at(c, "{{") && !is_at(c, "{%"))
		advance(c, 1);
	t.text = trim((struct slice){start, (size_t)(c->p - start)}, l->trims_next,
		      is_at(c, "{{-") || is_at(c, "{%-"));
	l->trims_next = false;
	if (t.text.n > 0)
		return t;
	if (c->p == c->end)
		return (struct token){.kind = TOKEN_END, .at = c->at};
	return lex_open(l);
}

/* ---- words for messages ---- */

void
token_describe(const struct token *t, char out[80])
{
	char text[60];

	copy_short(text, sizeof(text), t->text);
	switch (t->kind) {
	case TOKEN_NAME:
		snprintf(out, 80, "the name %s", text);
		break;
	case TOKEN_STRING:
		snprintf(out, 80, "the text \"%s\"", text);
		break;
	case TOKEN_NUMBER:
		snprintf(out, 80, "the number %s", text);
		break;
	case TOKEN_OUTPUT_CLOSE:
	case TOKEN_TAG_CLOSE:
		snprintf(out, 80, "the end of the tag");
		break;
	case TOKEN_END:
		snprintf(out, 80, "the end of the template");
		break;
	case TOKEN_TEXT:
	case TOKEN_OUTPUT_OPEN:
	case TOKEN_TAG_OPEN:
	case TOKEN_PIPE:
	case TOKEN_COLON:
	case TOKEN_COMMA:
	case TOKEN_DOT:
	case TOKEN_COMPARE:
	case TOKEN_ASSIGN:
	case TOKEN_OTHER:
	case TOKEN_ERROR:
		snprintf(out, 80, "\"%s\"", text);
		break;
	}
}
