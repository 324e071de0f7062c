/* SPDX-License-Identifier: MIT */
/*
 * Filters on texts, as liquidjs has them; what is not a text counts as it prints.
 * A character here is a code point, so that none is ever cut in two.
 */
#include <math.h>

#include "base/mem.h"
#include "base/text.h"
#include "templates/program.h"

#define CHARACTERS 0x110000 /* of Unicode */

static struct template_value
text_of(const char *p, size_t n)
{
	return (struct template_value){TEMPLATE_TEXT, {p, n}, 0};
}

/* The argument, or what stands for one that is not given or nil. */
static struct slice
text_argument(const struct filter_call *c, size_t i, struct slice otherwise)
{
	return i < c->count && c->args[i].kind != TEMPLATE_NIL ? c->args[i].text : otherwise;
}

/* NaN for what is no number. */
static double
number_argument(const struct filter_call *c, size_t i, double otherwise)
{
	return i < c->count && c->args[i].kind != TEMPLATE_NIL ? value_number(c->args[i])
							       : otherwise;
}

/* nil, false and the empty text; neither 0 nor blanks. */
static struct template_value
apply_default(const struct filter_call *c, struct template_value in)
{
	bool is_absent = in.kind == TEMPLATE_NIL || in.kind == TEMPLATE_FALSE || in.text.n == 0;

	return is_absent ? c->args[0] : in;
}

/* ---- letters ---- */

/* The few of Unicode's special cases that are Latin: one letter becomes several. */
static const char *
special_upper(int32_t c)
{
	static const char *const ligatures[] = {"FF", "FI", "FL", "FFI", "FFL", "ST", "ST"};

	if (c == 0xDF)
		return "SS";
	if (c == 0x149)
		return "\u02BCN";
	if (c == 0x1F0)
		return "J\u030C";
	return c >= 0xFB00 && c <= 0xFB06 ? ligatures[c - 0xFB00] : NULL;
}

static char *
put_case(char *p, int32_t c, bool is_upper)
{
	const char *special = is_upper ? special_upper(c) : c == 0x130 ? "i\u0307" : NULL;

	if (special == NULL)
		return p + text_put(p, is_upper ? text_upper(c) : text_lower(c));
	memcpy(p, special, strlen(special));
	return p + strlen(special);
}

/* The first `uppers` characters in capitals, the others in small letters. */
static struct template_value
change_case(const struct filter_call *c, struct slice s, size_t uppers)
{
	char *out = scratch_take(c->scratch, 3 * s.n + 8), *p = out;
	int32_t one;

	if (out == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	for (size_t i = 0; (one = text_next(&s)) != -1; i++)
		p = put_case(p, one, i < uppers);
	c->scratch->at = p;
	return text_of(out, (size_t)(p - out));
}

static struct template_value
apply_upcase(const struct filter_call *c, struct template_value in)
{
	return change_case(c, in.text, SIZE_MAX);
}

static struct template_value
apply_downcase(const struct filter_call *c, struct template_value in)
{
	return change_case(c, in.text, 0);
}

static struct template_value
apply_capitalize(const struct filter_call *c, struct template_value in)
{
	return change_case(c, in.text, 1);
}

/* ---- ends ---- */

/* A bit for each character; what is beyond `most` is not there, nor cleared. */
struct character_set {
	int32_t most;
	uint64_t bits[CHARACTERS / 64];
};

static void
fill_set(struct character_set *set, struct slice characters)
{
	struct slice rest = characters;
	int32_t c;

	set->most = -1;
	while ((c = text_next(&rest)) != -1)
		set->most = c > set->most ? c : set->most;
	memset(set->bits, 0, (size_t)(set->most + 64) / 64 * sizeof(set->bits[0]));
	while ((c = text_next(&characters)) != -1)
		if (c >= 0)
			set->bits[c / 64] |= UINT64_C(1) << c % 64;
}

/* Without a set: white space. */
static bool
is_one_of(int32_t c, const struct character_set *set)
{
	if (set == NULL)
		return is_space_char(c);
	return c >= 0 && c <= set->most && (set->bits[c / 64] >> c % 64 & 1) != 0;
}

static struct slice
strip_ends(struct slice s, const struct character_set *set, bool left, bool right)
{
	struct slice next = s;
	const char *end;
	int32_t one;

	while (left && (one = text_next(&next)) != -1 && is_one_of(one, set))
		s = next;
	end = right ? s.p : s.p + s.n;
	for (next = s; right && (one = text_next(&next)) != -1;)
		if (!is_one_of(one, set))
			end = next.p;
	return (struct slice){s.p, s.n > 0 ? (size_t)(end - s.p) : 0};
}

static struct template_value
strip(const struct filter_call *c, struct template_value in, bool left, bool right)
{
	struct slice characters = text_argument(c, 0, SLICE("")), s;
	struct character_set set;

	if (characters.n > 0)
		fill_set(&set, characters);
	s = strip_ends(in.text, characters.n > 0 ? &set : NULL, left, right);
	return text_of(s.p, s.n);
}

static struct template_value
apply_strip(const struct filter_call *c, struct template_value in)
{
	return strip(c, in, true, true);
}

static struct template_value
apply_lstrip(const struct filter_call *c, struct template_value in)
{
	return strip(c, in, true, false);
}

static struct template_value
apply_rstrip(const struct filter_call *c, struct template_value in)
{
	return strip(c, in, false, true);
}

/* ---- joining ---- */

static struct template_value
join(struct scratch *s, struct slice a, struct slice b)
{
	char *p = scratch_take(s, a.n + b.n);

	if (p == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	if (a.n > 0)
		memcpy(p, a.p, a.n);
	if (b.n > 0)
		memcpy(p + a.n, b.p, b.n);
	return text_of(p, a.n + b.n);
}

static struct template_value
apply_append(const struct filter_call *c, struct template_value in)
{
	return join(c->scratch, in.text, c->args[0].text);
}

static struct template_value
apply_prepend(const struct filter_call *c, struct template_value in)
{
	return join(c->scratch, c->args[0].text, in.text);
}

/* ---- cutting ---- */

/* The first `count` characters. */
static struct slice
first_characters(struct slice s, size_t count)
{
	struct slice rest = s;

	for (; count > 0 && rest.n > 0; count--)
		text_next(&rest);
	return (struct slice){s.p, s.n - rest.n};
}

/* A length that a template gives: rounded up, neither negative nor beyond what can be. */
static size_t
length_of(double x)
{
	return x > 0 ? (size_t)ceil(x < 1e9 ? x : 1e9) : 0;
}

static struct template_value
apply_truncate(const struct filter_call *c, struct template_value in)
{
	size_t most = length_of(number_argument(c, 0, 50));
	struct slice ellipsis = text_argument(c, 1, SLICE("..."));
	size_t length = text_length(ellipsis);

	if (text_length(in.text) <= most)
		return in;
	return join(c->scratch, first_characters(in.text, most > length ? most - length : 0),
		    ellipsis);
}

/*
 * The next word and the white space behind it. As in liquidjs white space before
 * the first word is none, but behind the last one an empty word follows.
 */
static bool
next_word(struct slice *s, bool *is_last, struct slice *word)
{
	struct slice next = *s;
	int32_t c;

	if (*is_last)
		return false;
	*word = (struct slice){s->p, 0};
	while ((c = text_next(&next)) != -1 && !is_space_char(c))
		*s = next;
	word->n = (size_t)(s->p - word->p);
	*is_last = s->n == 0;
	for (next = *s; (c = text_next(&next)) != -1 && is_space_char(c);)
		*s = next;
	return true;
}

static struct template_value
apply_truncatewords(const struct filter_call *c, struct template_value in)
{
	double most = number_argument(c, 0, 15);
	struct slice ellipsis = text_argument(c, 1, SLICE("...")), rest, word;
	char *out = scratch_take(c->scratch, in.text.n + ellipsis.n), *p = out;
	size_t count = 0;
	bool is_last = false;

	if (out == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	most = most <= 0 ? 1 : most;
	rest = strip_ends(in.text, NULL, true, false);
	for (; next_word(&rest, &is_last, &word); count++) {
		if (!((double)(count + 1) <= most))
			continue;
		if (count > 0)
			*p++ = ' ';
		memcpy(p, word.p, word.n);
		p += word.n;
	}
	/* as in liquidjs: a text of exactly so many words gets it too */
	if ((double)count >= most && ellipsis.n > 0) {
		memcpy(p, ellipsis.p, ellipsis.n);
		p += ellipsis.n;
	}
	c->scratch->at = p;
	return text_of(out, (size_t)(p - out));
}

/* ---- replacing ---- */

/* Where `what` stands in s, at or behind s.p; NULL when nowhere. */
static const char *
find(struct slice s, struct slice what)
{
	return s.n >= what.n ? memmem(s.p, s.n, what.p, what.n) : NULL;
}

/* `with` between all characters. */
static struct template_value
put_between(const struct filter_call *c, struct slice s, struct slice with)
{
	size_t count = text_length(s);
	char *out = scratch_take(c->scratch, s.n + (count > 0 ? count - 1 : 0) * with.n), *p = out;

	if (out == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	while (s.n > 0) {
		struct slice one = first_characters(s, 1);

		memcpy(p, one.p, one.n);
		p += one.n;
		s = (struct slice){s.p + one.n, s.n - one.n};
		if (s.n > 0 && with.n > 0) {
			memcpy(p, with.p, with.n);
			p += with.n;
		}
	}
	return text_of(out, (size_t)(p - out));
}

static struct template_value
replace_all(const struct filter_call *c, struct slice s, struct slice what, struct slice with)
{
	size_t count = 0;
	struct slice rest = s;
	const char *at;
	char *out, *p;

	if (what.n == 0)
		return put_between(c, s, with);
	for (; (at = find(rest, what)) != NULL; count++)
		rest = (struct slice){at + what.n, (size_t)(s.p + s.n - at) - what.n};
	if (count == 0)
		return text_of(s.p, s.n);
	p = out = scratch_take(c->scratch, s.n - count * what.n + count * with.n);
	if (out == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	for (rest = s; (at = find(rest, what)) != NULL;) {
		memcpy(p, rest.p, (size_t)(at - rest.p));
		p += at - rest.p;
		if (with.n > 0)
			memcpy(p, with.p, with.n);
		p += with.n;
		rest = (struct slice){at + what.n, (size_t)(s.p + s.n - at) - what.n};
	}
	memcpy(p, rest.p, rest.n);
	return text_of(out, (size_t)(p + rest.n - out));
}

static struct template_value
apply_replace(const struct filter_call *c, struct template_value in)
{
	return replace_all(c, in.text, c->args[0].text, c->args[1].text);
}

static struct template_value
apply_remove(const struct filter_call *c, struct template_value in)
{
	return replace_all(c, in.text, c->args[0].text, SLICE(""));
}

static struct template_value
apply_replace_first(const struct filter_call *c, struct template_value in)
{
	struct slice s = in.text, what = c->args[0].text, with = c->args[1].text;
	const char *at = what.n > 0 ? find(s, what) : s.p;
	struct template_value head;

	if (what.n == 0)
		return join(c->scratch, with, s);
	if (at == NULL)
		return text_of(s.p, s.n);
	head = join(c->scratch, (struct slice){s.p, (size_t)(at - s.p)}, with);
	return join(c->scratch, head.text,
		    (struct slice){at + what.n, (size_t)(s.p + s.n - at) - what.n});
}

const struct filter text_filters[] = {
	{"default", 1, 1, false, apply_default, NULL},
	{"upcase", 0, 0, false, apply_upcase, NULL},
	{"downcase", 0, 0, false, apply_downcase, NULL},
	{"capitalize", 0, 0, false, apply_capitalize, NULL},
	{"strip", 0, 1, false, apply_strip, NULL},
	{"lstrip", 0, 1, false, apply_lstrip, NULL},
	{"rstrip", 0, 1, false, apply_rstrip, NULL},
	{"truncate", 0, 2, false, apply_truncate, NULL},
	{"truncatewords", 0, 2, false, apply_truncatewords, NULL},
	{"replace", 2, 2, false, apply_replace, NULL},
	{"replace_first", 2, 2, false, apply_replace_first, NULL},
	{"remove", 1, 1, false, apply_remove, NULL},
	{"append", 1, 1, false, apply_append, NULL},
	{"prepend", 1, 1, false, apply_prepend, NULL},
};
const size_t text_filter_count = ARRAY_LEN(text_filters);
