/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/places.h"

/* "row" and "list" of row N, from 1, into the object. */
static void
set_place(json_t *to, const struct list *l, json_int_t n)
{
	struct list_place at = list_place(l, (uint64_t)n - 1);

	json_object_set_new(to, "list", json_string(at.list->name));
	json_object_set_new(to, "row", json_integer((json_int_t)at.row + 1));
}

static void
place_each(json_t *rows, const struct list *l)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_int_t n = json_integer_value(json_array_get(rows, i));
		json_t *one;

		if (n < 1)
			continue;
		one = json_object();
		set_place(one, l, n);
		json_array_set_new(rows, i, one);
	}
}

void
api_place_rows(json_t *v, const struct list *l)
{
	json_int_t row = json_integer_value(json_object_get(v, "row"));
	const char *key;
	json_t *one;
	size_t i;

	if (list_part_count(l) == 1)
		return;
	json_object_foreach (v, key, one)
		api_place_rows(one, l);
	json_array_foreach (v, i, one)
		api_place_rows(one, l);
	place_each(json_object_get(v, "rows"), l);
	if (row > 0)
		set_place(v, l, row);
}
