/* SPDX-License-Identifier: MIT */
/*
 * The filters, one row each. A filter with liquidjs's name behaves as liquidjs.
 * None of them has effects, so the compiler may apply them to constants.
 */
#include <string.h>

#include "base/err.h"
#include "templates/program.h"

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
	memcpy(p, text.p, text.n);
	return (struct template_value){TEMPLATE_TEXT, {p, text.n}, 0};
}

/* nil, false and the empty text; neither 0 nor blanks. */
static struct template_value
apply_default(const struct filter_call *c, struct template_value in)
{
	bool is_absent = in.kind == TEMPLATE_NIL || in.kind == TEMPLATE_FALSE || in.text.n == 0;

	return is_absent ? c->args[0] : in;
}

static const struct filter filters[] = {
	{"default", 1, 1, false, apply_default},
};

/* All of them, for messages. */
static const char *const names[] = {"default",	   "plain",	"honorific",
				    "given_name",  "name_case", "number_vi",
				    "currency_vi", "date_vi",	"phone_vi"};
static const char list[] = "default, plain, honorific, given_name, name_case, number_vi, "
			   "currency_vi, date_vi, phone_vi";

int
filter_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(filters) + vi_filter_count; i++)
		if (slice_is(name, filter_get(i)->name))
			return (int)i;
	return -1;
}

const struct filter *
filter_get(size_t i)
{
	return i < ARRAY_LEN(filters) ? &filters[i] : &vi_filters[i - ARRAY_LEN(filters)];
}

const char *
filter_nearest(const char *name)
{
	return nearest_name(name, names, ARRAY_LEN(names));
}

const char *
filter_list(void)
{
	return list;
}
