/* SPDX-License-Identifier: MIT */
#include "tests/gateway/scan.h"

#include <string.h>

void
scan_start(struct scan *s, char *p, size_t n)
{
	*s = (struct scan){.start = p, .p = p, .end = p + n};
}

bool
scan_fail(struct scan *s, const char *why)
{
	if (s->why == NULL) {
		s->why = why;
		s->at = (size_t)(s->p - s->start);
	}
	return false;
}

static void
skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

/* The next character that is no blank, taken if it is c. */
static bool
take(struct scan *s, char c)
{
	skip_blanks(s);
	if (s->p >= s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

bool
scan_end(struct scan *s)
{
	skip_blanks(s);
	return s->p == s->end ? true : scan_fail(s, "something stands behind the end");
}

/* Bytes of the well-formed UTF-8 sequence at p (Unicode, table 3-7); 0 = not one. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (left < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return n;
}

static bool
read_hex4(struct scan *s, uint32_t *out)
{
	*out = 0;
	if (s->end - s->p < 4)
		return scan_fail(s, "\\u needs four hex digits");
	for (int i = 0; i < 4; i++, s->p++) {
		char c = *s->p;

		*out <<= 4;
		if (c >= '0' && c <= '9')
			*out |= (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			*out |= (uint32_t)((c | 32) - 'a' + 10);
		else
			return scan_fail(s, "\\u needs four hex digits");
	}
	return true;
}

static char *
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 63));
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	}
	return to;
}

/* s->p stands behind "\u". */
static char *
read_u(struct scan *s, char *to)
{
	uint32_t c, low;

	if (!read_hex4(s, &c))
		return NULL;
	if (c >= 0xd800 && c <= 0xdbff && s->end - s->p > 2 && s->p[0] == '\\' && s->p[1] == 'u') {
		s->p += 2;
		if (!read_hex4(s, &low))
			return NULL;
		if (low < 0xdc00 || low > 0xdfff)
			c = 0xd800;
		else
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	if (c >= 0xd800 && c <= 0xdfff) {
		scan_fail(s, "half of a surrogate pair");
		return NULL;
	}
	return put_utf8(to, c);
}

/* s->p stands on the backslash. The result never is longer than its escape. */
static char *
read_escape(struct scan *s, char *to)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (s->end - s->p < 2) {
		scan_fail(s, "the text has no end");
		return NULL;
	}
	s->p += 2;
	if (s->p[-1] == 'u')
		return read_u(s, to);
	found = s->p[-1] == '\0' ? NULL : strchr(names, s->p[-1]);
	if (found == NULL) {
		scan_fail(s, "no such escape");
		return NULL;
	}
	*to++ = values[found - names];
	return to;
}

static bool
read_rest_of_text(struct scan *s, struct text *out)
{
	char *to = s->p;

	out->p = s->p;
	while (s->p < s->end && *s->p != '"') {
		unsigned char c = (unsigned char)*s->p;
		size_t n = 1;

		if (c == '\\') {
			to = read_escape(s, to);
			if (to == NULL)
				return false;
			continue;
		}
		if (c < 0x20)
			return scan_fail(s, "a control character in a text");
		if (c >= 0x80)
			n = utf8_length((unsigned char *)s->p, (size_t)(s->end - s->p));
		if (n == 0)
			return scan_fail(s, "this is not UTF-8");
		if (to != s->p)
			memmove(to, s->p, n);
		to += n;
		s->p += n;
	}
	if (s->p >= s->end)
		return scan_fail(s, "the text has no end");
	s->p++;
	out->n = (size_t)(to - out->p);
	return true;
}

bool
scan_text(struct scan *s, struct text *out)
{
	if (!take(s, '"'))
		return scan_fail(s, "a text belongs here");
	return read_rest_of_text(s, out);
}

bool
scan_array(struct scan *s, bool (*item)(struct scan *s, void *into), void *into)
{
	if (!take(s, '['))
		return scan_fail(s, "an array belongs here");
	if (take(s, ']'))
		return true;
	do {
		if (!item(s, into))
			return false;
	} while (take(s, ','));
	return take(s, ']') ? true : scan_fail(s, "a comma or ] belongs here");
}

static const struct field *
find_field(const struct field *fields, size_t count, struct text name)
{
	for (size_t i = 0; i < count; i++) {
		if (text_is(name, fields[i].name))
			return &fields[i];
	}
	return NULL;
}

static bool
read_field(struct scan *s, const struct field *fields, size_t count, void *into, unsigned *seen)
{
	const struct field *f;
	struct text name;
	unsigned bit;

	if (!scan_text(s, &name))
		return false;
	f = find_field(fields, count, name);
	if (f == NULL)
		return scan_fail(s, "unknown field");
	bit = 1u << (f - fields);
	s->field = f->name;
	if (*seen & bit)
		return scan_fail(s, "the field stands twice");
	*seen |= bit;
	if (!take(s, ':'))
		return scan_fail(s, "a colon belongs here");
	if (f->read != NULL)
		return f->read(s, into);
	return scan_text(s, (struct text *)(void *)((char *)into + f->at));
}

bool
scan_object(struct scan *s, const struct field *fields, size_t count, void *into)
{
	unsigned seen = 0;

	if (!take(s, '{'))
		return scan_fail(s, "an object belongs here");
	if (!take(s, '}')) {
		do {
			if (!read_field(s, fields, count, into, &seen))
				return false;
			s->field = NULL;
		} while (take(s, ','));
		if (!take(s, '}'))
			return scan_fail(s, "a comma or } belongs here");
	}
	for (size_t i = 0; i < count; i++) {
		if (!fields[i].is_needed || (seen & 1u << i))
			continue;
		s->field = fields[i].name;
		return scan_fail(s, "the field is missing");
	}
	return true;
}
