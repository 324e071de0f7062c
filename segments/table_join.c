/* SPDX-License-Identifier: MIT */
#include "segments/table_join.h"

#include <stdio.h>

#include "segments/headers.h"

#define COLUMN_NAME_ROOM sizeof(((struct column *)NULL)->name)

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

/* The column with this name that is neither the phone nor column `but`; -1 = none. */
static int
find_name(const struct schema *s, int but, const char *name)
{
	for (uint32_t k = 0; k < s->count; k++)
		if ((int)k != s->phone && (int)k != but && strcmp(s->columns[k].name, name) == 0)
			return (int)k;
	return -1;
}

/* j: what is mapped so far of the table; NULL = nothing. */
static bool
is_mapped(const struct table_join *j, int at)
{
	for (uint32_t k = 0; j != NULL && k < j->mapped; k++)
		if (j->map[k] == at)
			return true;
	return false;
}

/* The column of s that column i of the table is, -1 = none; and its name there. */
static int
find_like(const struct schema *s, const struct schema *table, uint32_t i,
	  const struct table_join *j, char name[COLUMN_NAME_ROOM])
{
	const char *own = table->columns[i].name;

	snprintf(name, COLUMN_NAME_ROOM, "%s", own);
	if ((int)i == table->phone)
		return s->phone;
	for (unsigned n = 2;; n++) {
		bool is_phone = s->phone >= 0 && strcmp(name, s->columns[s->phone].name) == 0;
		int at = find_name(s, -1, name);

		/* exact names first, whatever their order in the table */
		if (!is_phone && find_name(table, (int)i, name) < 0 &&
		    (at < 0 || !is_mapped(j, at)))
			return at;
		snprintf(name, COLUMN_NAME_ROOM, "%.58s_%u", own, n);
	}
}

const struct column *
table_join_like(const struct schema *s, const struct schema *table, uint32_t i)
{
	char name[COLUMN_NAME_ROOM];
	int at = find_like(s, table, i, NULL, name);

	return at < 0 ? NULL : &s->columns[at];
}

static int
add_column(struct table_join *j, const struct column *c, const char *name)
{
	struct schema *s = &j->schema;

	if (s->count == COLUMNS_MAX) {
		j->no_room++;
		return -1;
	}
	s->columns[s->count] = *c;
	/* a phone's may be taken by a column that is none */
	headers_set_name(s, &s->columns[s->count], name);
	return (int)s->count++;
}

void
table_join_columns(struct table_join *j, const struct schema *table)
{
	for (; j->mapped < table->count; j->mapped++) {
		uint32_t i = j->mapped;
		char name[COLUMN_NAME_ROOM];
		int at = find_like(&j->schema, table, i, j, name);

		if (at < 0)
			at = add_column(j, &table->columns[i], name);
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
