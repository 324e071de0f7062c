/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/import_tables.h"

#include <stdlib.h>

#include "base/mem.h"

struct import_tables *
import_tables_new(void (*on_block)(void *arg, struct slice bytes, uint32_t rows), void *arg)
{
	struct import_tables *t = xcalloc(1, sizeof(*t));

	table_join_init(&t->join, NULL);
	t->rows.schema = &t->join.schema;
	t->rows.on_block = on_block;
	t->rows.arg = arg;
	return t;
}

void
import_tables_free(struct import_tables *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++) {
		import_free(t->all[i].import);
		free(t->all[i].label);
		free(t->all[i].seen);
	}
	free(t->all);
	row_writer_free(&t->rows);
	free(t);
}

static const char *
on_kept(void *arg, const struct import_kept *row, struct slice *about)
{
	struct import_tables *t = arg;
	struct import_table *last = &t->all[t->count - 1];
	struct slice cells[COLUMNS_MAX];
	struct list_row out = {.cells = cells, .phone = row->phone, .carrier = row->carrier};

	(void)about;
	table_join_columns(&t->join, import_schema(last->import));
	table_join_row(&t->join, row->cells, cells);
	row_writer_add(&t->rows, &out);
	return NULL;
}

enum err
import_tables_add(struct import_tables *t, struct import_options o, struct err_ctx *e)
{
	struct import_table *new;

	if (t->count == TABLES_MAX)
		return err_set(e, ERR_INPUT, o.file, "import them in several lists",
			       "more than %u files and sheets at once", TABLES_MAX);
	t->all = xrealloc(t->all, (t->count + 1) * sizeof(*t->all));
	new = &t->all[t->count++];
	*new = (struct import_table){.label = xstrdup(o.file)};
	o.on_block = NULL;
	o.on_kept = on_kept;
	o.arg = t;
	o.like = &t->join.schema;
	o.reject_file = new->label;
	o.reject_room = &t->room;
	o.sample = t->count == 1 ? o.sample : 0;
	new->import = import_new(&o);
	table_join_begin(&t->join);
	return ERR_OK;
}

void
import_tables_name_sheet(struct import_tables *t, const char *file, const char *sheet)
{
	struct import_table *last = &t->all[t->count - 1];
	struct buf label = {0};

	buf_addf(&label, "%s, %s", file, sheet);
	free(last->label);
	last->label = buf_take(&label);
	import_name_reject_file(last->import, last->label);
}

void
import_tables_set_seen(struct import_tables *t, struct slice seen)
{
	t->all[t->count - 1].seen = xmemdup0(seen.p, seen.n);
}

uint64_t
import_tables_rows_read(const struct import_tables *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->count; i++)
		n += import_rows_read(t->all[i].import);
	return n;
}

uint64_t
import_tables_rows_kept(const struct import_tables *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->count; i++)
		n += import_rows_kept(t->all[i].import);
	return n;
}

/* What of all of them the sums are made of; free parts. */
static struct import_sum
sum_of(const struct import_tables *t)
{
	struct import_part *parts = xcalloc(t->count, sizeof(*parts));

	for (size_t i = 0; i < t->count; i++)
		parts[i] = (struct import_part){t->all[i].import, t->all[i].seen};
	return (struct import_sum){.parts = parts,
				   .count = t->count,
				   .schema = &t->join.schema,
				   .no_room = t->join.no_room,
				   .shared_phones = t->rows.last_row.shared,
				   .rows_repeated = t->rows.repeated};
}

void
import_tables_report(const struct import_tables *t, struct buf *out)
{
	struct import_sum s = sum_of(t);

	import_sum_report(&s, out);
	free((void *)(uintptr_t)s.parts);
}

void
import_tables_rejects(const struct import_tables *t, struct buf *out)
{
	struct import_sum s = sum_of(t);

	import_sum_rejects(&s, out);
	free((void *)(uintptr_t)s.parts);
}
