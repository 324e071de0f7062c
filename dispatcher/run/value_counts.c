/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/value_counts.h"

#include "base/text.h"
#include "segments/headers.h"
#include "segments/query.h"

#define VALUE_BYTES 120u /* longer ones are told apart by their beginning */

static const struct age_group {
	const char *name;
	int from;
} age_groups[AGE_GROUPS] = {
	{"0-5", 0},    {"6-17", 6},   {"18-24", 18}, {"25-34", 25},
	{"35-49", 35}, {"50-59", 50}, {"60-79", 60}, {"80+", 80},
};

const char *
age_group_name(unsigned i)
{
	return age_groups[i].name;
}

/* By its title, or by the names that imports give to births. */
static bool
is_birth(const struct column *c)
{
	struct headers *h = headers_new();
	bool is = headers_find(h, slice_of(c->title)).is_birth;

	headers_free(h);
	return is || strcmp(c->name, "ngay_sinh") == 0 || strcmp(c->name, "nam_sinh") == 0;
}

void
value_counts_init(struct value_counts *v, const struct schema *s, uint32_t column, int64_t today)
{
	const struct column *c = &s->columns[column];

	*v = (struct value_counts){.column = column,
				   .is_by_year = c->type == COLUMN_DATE,
				   .is_birth = c->type == COLUMN_DATE && is_birth(c),
				   .today = today,
				   .groups = groups_new(GROUPS_MAX)};
}

void
value_counts_clear(struct value_counts *v)
{
	groups_free(v->groups);
	*v = (struct value_counts){0};
}

static void
add_age(struct value_counts *v, struct slice cell)
{
	int age = query_age_of(cell, v->today);
	unsigned i = AGE_GROUPS - 1;

	if (age < 0) {
		v->no_age++;
		return;
	}
	while (age < age_groups[i].from)
		i--;
	v->ages[i]++;
}

void
value_counts_add(struct value_counts *v, const struct block *b, uint32_t i)
{
	struct slice cell = block_cell(b, i, v->column);

	v->rows++;
	if (v->is_birth)
		add_age(v, cell);
	if (cell.n == 0) {
		v->no_value++;
		return;
	}
	if (v->is_by_year && cell.n > 4)
		cell.n = 4; /* yyyy-mm-dd */
	cell = text_clip(cell, VALUE_BYTES);
	groups_get(v->groups, cell, cell)->messages++;
}

bool
value_counts_again(struct value_counts *v)
{
	if (!groups_has_folded(v->groups))
		return false;
	groups_keep(v->groups, VALUE_COUNTS_TOP);
	v->rows = v->no_value = v->no_age = 0;
	memset(v->ages, 0, sizeof(v->ages));
	return true;
}

size_t
value_counts_top(struct value_counts *v, const struct group **out, size_t *values)
{
	size_t rest, n = groups_top(v->groups, VALUE_COUNTS_TOP, out, &rest);

	*values = groups_has_folded(v->groups) ? 0 : n + rest;
	return n;
}
