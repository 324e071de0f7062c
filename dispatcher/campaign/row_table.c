/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/row_table.h"

#include <stdio.h>
#include <stdlib.h>

void
row_table_add(struct row_table *t, const char *name, uint64_t row)
{
	size_t i = 0;
	struct row_line *l;

	while (i < t->count && strcmp(t->lines[i].name, name) != 0)
		i++;
	if (i == ROW_TABLE_MAX)
		return;
	l = &t->lines[i];
	if (i == t->count) {
		snprintf(l->name, sizeof(l->name), "%s", name);
		t->count++;
	}
	if (l->count < ROW_TABLE_ROWS)
		l->rows[l->count] = row;
	l->count++;
}

static int
by_count(const void *x, const void *y)
{
	const struct row_line *a = *(const struct row_line *const *)x;
	const struct row_line *b = *(const struct row_line *const *)y;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->name, b->name);
}

json_t *
row_table_json(const struct row_table *t, const char *what)
{
	const struct row_line *order[ROW_TABLE_MAX];
	json_t *out = json_array();

	for (size_t i = 0; i < t->count; i++)
		order[i] = &t->lines[i];
	qsort(order, t->count, sizeof(order[0]), by_count);
	for (size_t i = 0; i < t->count; i++) {
		json_t *rows = json_array();

		for (size_t k = 0; k < ROW_TABLE_ROWS && k < order[i]->count; k++)
			json_array_append_new(rows, json_integer((json_int_t)order[i]->rows[k]));
		json_array_append_new(out,
				      json_pack("{s:s, s:I, s:o}", what, order[i]->name, "count",
						(json_int_t)order[i]->count, "rows", rows));
	}
	return out;
}
