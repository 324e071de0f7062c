/* SPDX-License-Identifier: MIT */
#include "segments/table_join.h"

#include <stdio.h>

#include "segments/headers.h"

void
table_join_init(struct table_join *j, const struct schema *s)
{
	*j = (struct table_join){.schema = {.phone = -1}};
	if (s != NULL)
		j->schema = *s;
}

void
table_join_begin(struct table_join *j)
{
	j->mapped = 0;
}

/* The column of s that column i of the table is; -1 = none. */
static int
find_like(const struct schema *s, const struct schema *table, uint32_t i)
{
	char name[sizeof(table->columns[i].name)];

	if ((int)i == table->phone)
		return s->phone;
	snprintf(name, sizeof(name), "%s", table->columns[i].name);
	/* named like the phone, and not it: as add_column calls it */
	if (s->phone >= 0 && strcmp(name, s->columns[s->phone].name) == 0)
		snprintf(name, sizeof(name), "%.58s_2", table->columns[i].name);
	for (uint32_t k = 0; k < s->count; k++)
		if ((int)k != s->phone && strcmp(s->columns[k].name, name) == 0)
			return (int)k;
	return -1;
}

const struct column *
table_join_like(const struct schema *s, const struct schema *table, uint32_t i)
{
	int at = find_like(s, table, i);

	return at < 0 ? NULL : &s->columns[at];
}

static int
add_column(struct table_join *j, const struct column *c)
{
	struct schema *s = &j->schema;

	if (s->count == COLUMNS_MAX) {
		j->no_room++;
		return -1;
	}
	s->columns[s->count] = *c;
	/* the name may be taken by a column that is another one (the phone) */
	headers_set_name(s, &s->columns[s->count], c->name);
	return (int)s->count++;
}

void
table_join_columns(struct table_join *j, const struct schema *table)
{
	for (; j->mapped < table->count; j->mapped++) {
		uint32_t i = j->mapped;
		int at = find_like(&j->schema, table, i);

		if (at < 0)
			at = add_column(j, &table->columns[i]);
		if (at >= 0 && (int)i == table->phone)
			j->schema.phone = at;
		if (at >= 0) {
			struct column *c = &j->schema.columns[at];

			c->is_sensitive |= table->columns[i].is_sensitive;
			c->is_masked |= table->columns[i].is_masked;
		}
		j->map[i] = at;
	}
}

void
table_join_row(const struct table_join *j, const struct slice *cells, struct slice *out)
{
	for (uint32_t i = 0; i < j->schema.count; i++)
		out[i] = (struct slice){NULL, 0};
	for (uint32_t i = 0; i < j->mapped; i++)
		if (j->map[i] >= 0)
			out[j->map[i]] = cells[i];
}
