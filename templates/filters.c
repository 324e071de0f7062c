/* SPDX-License-Identifier: MIT */
/*
 * The filters, one row each. A filter with liquidjs's name behaves as liquidjs.
 * None of them has effects, so the compiler may apply them to constants.
 */
#include "base/err.h"
#include "templates/program.h"

/* nil, false and the empty text; neither 0 nor blanks. */
static struct template_value
apply_default(struct template_value in, const struct template_value *args, size_t count)
{
	bool is_absent = in.kind == TEMPLATE_NIL || in.kind == TEMPLATE_FALSE || in.text.n == 0;

	(void)count;
	return is_absent ? args[0] : in;
}

static const struct filter filters[] = {
	{"default", 1, 1, apply_default},
};

static const char *const names[] = {"default"};
static const char list[] = "default";

_Static_assert(ARRAY_LEN(filters) == ARRAY_LEN(names), "every filter is in the names");

int
filter_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (slice_is(name, filters[i].name))
			return (int)i;
	return -1;
}

const struct filter *
filter_get(size_t i)
{
	return &filters[i];
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
