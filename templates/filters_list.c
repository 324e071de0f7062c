/* SPDX-License-Identifier: MIT */
/* Filters that make lists or take them, as liquidjs has them. */
#include "base/mem.h"
#include "base/text.h"
#include "templates/program.h"

/* ---- split ---- */

/* The piece before the next `by` (or one character), from *s; false at the end of the last. */
static bool
next_piece(struct slice *s, struct slice by, bool *is_last, struct slice *piece)
{
	const char *at;

	if (*is_last)
		return false;
	if (by.n == 0) {
		struct slice rest = *s;

		text_next(&rest);
		*piece = (struct slice){s->p, s->n - rest.n};
		*s = rest;
		*is_last = s->n == 0;
		return piece->n > 0;
	}
	at = s->n >= by.n ? memmem(s->p, s->n, by.p, by.n) : NULL;
	*is_last = at == NULL;
	*piece = *s;
	if (at == NULL)
		return true;
	piece->n = (size_t)(at - s->p);
	*s = (struct slice){at + by.n, s->n - piece->n - by.n};
	return true;
}

/* Empty pieces at the end are left out, as in Ruby. */
static struct template_value
apply_split(const struct filter_call *c, struct template_value in)
{
	struct slice by = c->args[0].text, rest = in.text, piece;
	size_t count = 0, bytes = 0, kept = 0, at = 0;
	struct template_value list;
	bool is_last = false;

	while (next_piece(&rest, by, &is_last, &piece)) {
		count++;
		bytes += piece.n;
		if (piece.n > 0)
			kept = count;
	}
	list = list_new(c->scratch, bytes, kept);
	if (list.kind == TEMPLATE_NIL)
		return list;
	rest = in.text;
	is_last = false;
	for (size_t i = 0; i < kept && next_piece(&rest, by, &is_last, &piece); i++) {
		list_add(&list, at, piece);
		at += piece.n;
	}
	return list;
}

/* ---- what a list has ---- */

static struct template_value
apply_first(const struct filter_call *c, struct template_value in)
{
	struct list_cursor items = {in, 0, 0};
	struct slice one = in.text, rest = in.text;

	(void)c;
	if (in.kind == TEMPLATE_LIST && !list_next(&items, &one))
		return (struct template_value){.kind = TEMPLATE_NIL};
	if (in.kind == TEMPLATE_TEXT) {
		text_next(&rest);
		one.n -= rest.n;
	} else if (in.kind != TEMPLATE_LIST) {
		one.n = 0;
	}
	return (struct template_value){TEMPLATE_TEXT, one, 0};
}

static struct template_value
apply_last(const struct filter_call *c, struct template_value in)
{
	struct list_cursor items = {in, 0, 0};
	struct slice one = in.text, rest = in.text;

	(void)c;
	if (in.kind == TEMPLATE_LIST) {
		if (in.number == 0)
			return (struct template_value){.kind = TEMPLATE_NIL};
		while (list_next(&items, &one))
			;
	} else if (in.kind == TEMPLATE_TEXT) {
		while (rest.n > 0) {
			one = rest;
			text_next(&rest);
		}
	} else {
		one.n = 0;
	}
	return (struct template_value){TEMPLATE_TEXT, one, 0};
}

static struct template_value
apply_join(const struct filter_call *c, struct template_value in)
{
	bool is_given = c->count > 0 && c->args[0].kind != TEMPLATE_NIL;

	if (in.kind != TEMPLATE_LIST)
		return (struct template_value){TEMPLATE_TEXT, in.text, 0};
	return list_join(c->scratch, in, is_given ? c->args[0].text : SLICE(" "));
}

/* Items; of a text its UTF-16 units, as JavaScript counts; 0 of all else. */
static struct template_value
apply_size(const struct filter_call *c, struct template_value in)
{
	size_t pairs;

	if (in.kind == TEMPLATE_LIST)
		return number_value(c->scratch, in.number);
	return number_value(c->scratch, in.kind == TEMPLATE_TEXT
						? (double)text_utf16_length(in.text, &pairs)
						: 0);
}

const struct filter list_filters[] = {
	{"split", 1, 1, false, apply_split, NULL}, {"first", 0, 0, false, apply_first, NULL},
	{"last", 0, 0, false, apply_last, NULL},   {"join", 0, 1, false, apply_join, NULL},
	{"size", 0, 0, false, apply_size, NULL},
};
const size_t list_filter_count = ARRAY_LEN(list_filters);
