/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/unread.h"

#include <stdlib.h>

#include "base/mem.h"

/* What the filters take that are strict about it: for whoever mends the list. */
static const struct {
	const char *filter, *reads;
} known[] = {
	{"number_vi", "50000, 1.250.000, 1.250.000,5; not 50.000, which may be fifty"},
	{"currency_vi", "50000, 1.250.000, 1.250.000,5; not 50.000, which may be fifty"},
	{"date_vi", "10/10/2026, 10-10-2026, 10.10.2026, 2026-10-10, 10/2026, 2026"},
	{"phone_vi", "one phone: 0912345678, +84 912 345 678, 1800 1096"},
	{"plain", "letters that have a plain form"},
};

void
unread_add(struct unread *u, const struct unread_one *one)
{
	struct unread_line *l;
	size_t i = 0;

	while (i < u->count && !(slice_is(one->filter, u->lines[i].filter) &&
				 slice_is(one->field, u->lines[i].field)))
		i++;
	if (i == UNREAD_MAX)
		return;
	l = &u->lines[i];
	if (i == u->count) {
		slice_copy(l->filter, sizeof(l->filter), one->filter);
		slice_copy(l->field, sizeof(l->field), one->field);
		u->count++;
	}
	if (l->count < UNREAD_EXAMPLES) {
		l->examples[l->count].row = one->row;
		slice_copy(l->examples[l->count].value, sizeof(l->examples[0].value), one->value);
	}
	l->count++;
}

static int
by_count(const void *x, const void *y)
{
	const struct unread_line *a = *(const struct unread_line *const *)x;
	const struct unread_line *b = *(const struct unread_line *const *)y;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->field, b->field);
}

static json_t *
line_json(const struct unread_line *l)
{
	json_t *examples = json_array();
	json_t *out = json_pack("{s:s, s:s, s:I, s:o}", "filter", l->filter, "field", l->field,
				"count", (json_int_t)l->count, "examples", examples);

	for (size_t i = 0; i < UNREAD_EXAMPLES && i < l->count; i++)
		json_array_append_new(
			examples,
			json_pack("{s:I, s:s}", "row", (json_int_t)l->examples[i].row, "value",
				  l->examples[i].value[0] != '\0' ? l->examples[i].value : "***"));
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].filter, l->filter) == 0)
			json_object_set_new(out, "reads", json_string(known[i].reads));
	return out;
}

json_t *
unread_json(const struct unread *u)
{
	const struct unread_line *order[UNREAD_MAX];
	json_t *out = json_array();

	for (size_t i = 0; i < u->count; i++)
		order[i] = &u->lines[i];
	qsort(order, u->count, sizeof(order[0]), by_count);
	for (size_t i = 0; i < u->count; i++)
		json_array_append_new(out, line_json(order[i]));
	return out;
}
