/* SPDX-License-Identifier: MIT */
/*
 * The table of filters, which is in pieces, and the memory that filters use. A
 * filter with liquidjs's name behaves as liquidjs. None of them has effects, so
 * the compiler may apply them to constants.
 */
#include "base/err.h"
#include "templates/program.h"

#define FILTERS_MAX 64

struct piece {
	const struct filter *filters;
	const size_t *count;
};

static const struct piece pieces[] = {
	{text_filters, &text_filter_count}, {list_filters, &list_filter_count},
	{math_filters, &math_filter_count}, {date_filters, &date_filter_count},
	{vi_filters, &vi_filter_count},
};

const struct filter *
filter_get(size_t i)
{
	const struct piece *p = pieces;

	for (; i >= *p->count; p++)
		i -= *p->count;
	return &p->filters[i];
}

static size_t
filter_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
		n += *pieces[i].count;
	return n;
}

int
filter_find(struct slice name)
{
	for (size_t i = 0; i < filter_count(); i++)
		if (slice_is(name, filter_get(i)->name))
			return (int)i;
	return -1;
}

const char *
filter_nearest(const char *name)
{
	const char *names[FILTERS_MAX];
	size_t n = 0;

	for (; n < filter_count() && n < FILTERS_MAX; n++)
		names[n] = filter_get(n)->name;
	return nearest_name(name, names, n);
}

void
filter_list(char *out, size_t size)
{
	struct buf b = {0};

	for (size_t i = 0; i < filter_count(); i++)
		buf_addf(&b, "%s%s", i > 0 ? ", " : "", filter_get(i)->name);
	copy_short(out, size, buf_slice(&b));
	buf_free(&b);
}

/* ---- memory ---- */

char *
scratch_take(struct scratch *s, size_t n)
{
	char *p = s->at;

	if (n > (size_t)(s->end - s->at)) {
		s->is_full = true;
		return NULL;
	}
	s->at += n;
	return p;
}

struct template_value
scratch_text(struct scratch *s, struct slice text)
{
	char *p = scratch_take(s, text.n);

	if (p == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	if (text.n > 0)
		memcpy(p, text.p, text.n);
	return (struct template_value){TEMPLATE_TEXT, {p, text.n}, 0};
}
