/* SPDX-License-Identifier: MIT */
/*
 * From a path and a place in a decoded text to a place in the JSON file: a walk
 * over a document that was parsed before, so that it is well-formed.
 */
#include <stdlib.h>

#include "base/text.h"
#include "templates/set.h"

struct walk {
	const char *p, *end;
};

static void
skip_blank(struct walk *w)
{
	while (w->p < w->end && memchr(" \t\r\n,:", *w->p, 6) != NULL)
		w->p++;
}

/* Over a string that begins here; *inside gets what stands between the quotes. */
static void
skip_string(struct walk *w, struct slice *inside)
{
	const char *begin = ++w->p;

	while (w->p < w->end && *w->p != '"')
		w->p += *w->p == '\\' && w->p + 1 < w->end ? 2 : 1;
	*inside = (struct slice){begin, (size_t)(w->p - begin)};
	if (w->p < w->end)
		w->p++;
}

/* Over any value. */
static void
skip_value(struct walk *w)
{
	int depth = 0;
	struct slice s;

	skip_blank(w);
	do {
		if (w->p >= w->end)
			return;
		if (*w->p == '"') {
			skip_string(w, &s);
			continue;
		}
		if (*w->p == '{' || *w->p == '[')
			depth++;
		else if (*w->p == '}' || *w->p == ']')
			depth--;
		else if (depth == 0 && memchr(",: \t\r\n", *w->p, 6) != NULL)
			return;
		w->p++;
	} while (depth > 0 || (w->p < w->end && memchr(",}] \t\r\n", *w->p, 7) == NULL));
}

/* Into the member called key of the object that begins here. */
static bool
enter(struct walk *w, struct slice key)
{
	skip_blank(w);
	if (w->p >= w->end || *w->p != '{')
		return false;
	w->p++;
	for (;;) {
		struct slice name;

		skip_blank(w);
		if (w->p >= w->end || *w->p != '"')
			return false;
		skip_string(w, &name);
		skip_blank(w);
		if (slice_eq(name, key))
			return true;
		skip_value(w);
	}
}

/* Into the item of a list: "[3]" behind a name. */
static bool
enter_item(struct walk *w, struct slice digits)
{
	uint64_t n = slice_to_u64(digits);

	skip_blank(w);
	if (w->p >= w->end || *w->p != '[')
		return false;
	w->p++;
	while (n-- > 0 && w->p < w->end)
		skip_value(w);
	skip_blank(w);
	return true;
}

/* As far as the path goes; false: its value is not there. */
static bool
follow(struct walk *w, struct slice path)
{
	while (path.n > 0) {
		struct walk before = *w;
		struct slice name = slice_take_until(&path, '.');
		const char *bracket = memchr(name.p, '[', name.n);
		struct slice key = {name.p, bracket ? (size_t)(bracket - name.p) : name.n};

		if (!enter(w, key)) {
			*w = before;
			return false;
		}
		if (bracket != NULL) {
			struct slice digits = {bracket + 1, name.n - key.n - 1};

			if (!enter_item(w, slice_take_until(&digits, ']')))
				return false;
		}
	}
	skip_blank(w);
	return true;
}

static int
hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++)
		v = v * 16 + (hex_value(p[i]) & 15);
	return v;
}

/* One character of a string, as it is written: returns the byte past it, *c what it is. */
static const char *
decode(const char *p, const char *end, int32_t *c)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	struct slice s = {p, (size_t)(end - p)};
	const char *at;

	if (*p != '\\' || s.n < 2) {
		*c = text_next(&s);
		return s.p;
	}
	at = strchr(from, p[1]);
	*c = at != NULL && *at != '\0' ? to[at - from] : p[1];
	if (p[1] != 'u' || s.n < 6)
		return p + 2;
	*c = hex4(p + 2);
	if (*c >= 0xd800 && *c < 0xdc00 && s.n >= 12)
		return p + 12; /* a pair is one character */
	return p + 6;
}

/* The byte where line and column of the decoded text stand. */
static const char *
seek(struct walk *w, int line, int column)
{
	struct slice inside;
	const char *p, *end;
	int l = 1, k = 1;

	if (w->p >= w->end || *w->p != '"')
		return w->p;
	skip_string(w, &inside);
	p = inside.p;
	end = inside.p + inside.n;
	while (p < end && (l < line || (l == line && k < column))) {
		int32_t c;

		p = decode(p, end, &c);
		if (c == '\n') {
			l++;
			k = 1;
		} else {
			k++;
		}
	}
	return p;
}

void
set_place(struct slice document, const struct set_error *e, int *line, int *column)
{
	struct walk w = {document.p, document.p + document.n};
	const char *at, *begin = document.p;

	*line = e->line > 0 ? e->line : 1;
	*column = e->line > 0 && e->column > 0 ? e->column : 1;
	if (e->is_syntax || document.n == 0 || !set_is_document(document))
		return;
	if (document.n >= 3 && memcmp(document.p, "\xEF\xBB\xBF", 3) == 0) {
		w.p += 3;
		begin += 3;
	}
	at = follow(&w, slice_of(e->path)) && e->line > 0 ? seek(&w, e->line, e->column) : w.p;
	*line = 1;
	for (const char *p = begin; p < at; p++) {
		if (*p != '\n')
			continue;
		++*line;
		begin = p + 1;
	}
	*column = (int)text_length((struct slice){begin, (size_t)(at - begin)}) + 1;
}
