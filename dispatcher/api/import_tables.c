/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/import_tables.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"

struct import_tables *
import_tables_new(const struct import_tables_options *o)
{
	struct import_tables *t = xcalloc(1, sizeof(*t));
	struct key_columns columns;

	table_join_init(&t->join, o->list != NULL ? &o->list->schema : NULL);
	t->rows.schema = &t->join.schema;
	t->rows.on_block = o->on_block;
	t->rows.arg = o->arg;
	t->rows.chaining = o->list != NULL ? ROWS_UNCHAINED : ROWS_NOTED;
	t->is_alone = o->is_alone;
	t->mode = o->mode;
	t->is_keyed = o->key != NULL;
	snprintf(t->key, sizeof(t->key), "%s", o->key != NULL ? o->key : "");
	/* of the list's own columns: names that only the files have find nobody in it */
	if (o->list != NULL && key_columns_find(&o->list->schema, t->key, &columns))
		t->keys = row_keys_new(columns);
	t->columns_before = t->join.schema.count;
	t->rows_before = o->list != NULL ? o->list->rows : 0;
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
	free(t->lines);
	row_keys_free(t->keys);
	buf_free(&t->about);
	row_writer_free(&t->rows);
	free(t);
}

static struct import_table *
table_of(const struct import_tables *t, size_t row)
{
	size_t i = t->count - 1;

	while (t->all[i].first > row)
		i--;
	return &t->all[i];
}

/* Of a replacement the first rows say which columns there are. */
static bool
know_key(struct import_tables *t)
{
	struct key_columns columns = {-1, -1};

	if (t->keys != NULL)
		return true;
	columns.key = schema_find(&t->join.schema, slice_of(t->key));
	if (columns.key < 0)
		return false;
	if (columns.key == t->join.schema.phone) {
		/* a household has one phone: nobody is told apart by it */
		t->is_keyed = false;
		t->key[0] = '\0';
		return true;
	}
	snprintf(t->key, sizeof(t->key), "%s", t->join.schema.columns[columns.key].name);
	t->keys = row_keys_new(columns);
	return true;
}

static void
name_twin(struct import_tables *t, size_t row)
{
	buf_reset(&t->about);
	buf_addf(&t->about, "%u", t->lines[row]);
	if (t->count > 1)
		buf_addf(&t->about, " (%s)", table_of(t, row)->label);
}

/* NULL, or why the row cannot be taken. */
static const char *
take_key(struct import_tables *t, const struct list_row *row, uint32_t line)
{
	size_t count, other = 0, bytes = 0;

	if (!know_key(t))
		return "no-key";
	if (!t->is_keyed)
		return NULL;
	count = row_keys_count(t->keys);
	for (uint32_t i = 0; i < t->join.schema.count; i++)
		bytes += row->cells[i].n;
	switch (row_keys_add(t->keys, row, bytes, &other)) {
	case KEY_ADDED:
		break;
	case KEY_FULL:
		t->is_full = true;
		return "no-key"; /* the import ends */
	case KEY_NONE:
		return "no-key";
	case KEY_TWICE:
		name_twin(t, other);
		return "key-twice";
	}
	if (count == t->line_cap) {
		t->line_cap = t->line_cap == 0 ? 1024 : t->line_cap * 2;
		t->lines = xrealloc(t->lines, t->line_cap * sizeof(*t->lines));
	}
	t->lines[count] = line;
	return NULL;
}

static const char *
on_kept(void *arg, const struct import_kept *row, struct slice *about)
{
	struct import_tables *t = arg;
	struct import_table *last = &t->all[t->count - 1];
	struct slice cells[COLUMNS_MAX];
	struct list_row out = {.cells = cells, .phone = row->phone, .carrier = row->carrier};
	const char *reason = NULL;

	table_join_columns(&t->join, import_schema(last->import));
	for (; last->mapped < t->join.mapped; last->mapped++)
		last->map[last->mapped] = t->join.map[last->mapped];
	table_join_row(&t->join, row->cells, cells);
	buf_reset(&t->about);
	if (t->is_keyed)
		reason = take_key(t, &out, row->line);
	if (reason == NULL)
		row_writer_add(&t->rows, &out);
	*about = buf_slice(&t->about);
	return reason;
}

enum err
import_tables_check(const struct import_tables *t, struct err_ctx *e)
{
	if (!t->is_full)
		return ERR_OK;
	return err_set(e, ERR_INPUT, t->all[t->count - 1].label, "divide it",
		       "rows with a key are at most %u at once", UPDATE_ROWS_MAX);
}

void
import_tables_reject(struct import_tables *t, size_t row, const struct slice *cells,
		     const char *reason)
{
	struct import_table *of = table_of(t, row);
	struct slice own[COLUMNS_MAX] = {{NULL, 0}};
	struct import_kept kept = {.cells = own, .line = t->lines[row]};

	for (uint32_t i = 0; i < of->mapped; i++)
		if (of->map[i] >= 0)
			own[i] = cells[of->map[i]];
	import_reject_kept(of->import, &kept, reason, (struct slice){NULL, 0});
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
	*new = (struct import_table){
		.label = xstrdup(o.file),
		.first = t->keys != NULL ? row_keys_count(t->keys) : 0,
	};
	o.on_block = NULL;
	o.on_kept = on_kept;
	o.arg = t;
	o.like = &t->join.schema;
	/* what the list has needs no phone in the files */
	o.key = t->mode != MERGE_REPLACE && t->key[0] != '\0' ? t->key : NULL;
	o.reject_file = t->is_alone ? NULL : new->label;
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
	if (!t->is_alone)
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
	bool is_update = t->rows.chaining == ROWS_UNCHAINED;
	struct import_part *parts = xcalloc(t->count, sizeof(*parts));

	for (size_t i = 0; i < t->count; i++)
		parts[i] = (struct import_part){t->all[i].import, t->all[i].seen};
	return (struct import_sum){
		.parts = parts,
		.count = t->count,
		.schema = &t->join.schema,
		.no_room = t->join.no_room,
		.shared_phones = is_update ? t->shared_phones : t->rows.shared.count,
		.rows_repeated = is_update ? t->rows_repeated : t->rows.shared.rows_repeated};
}

static void
add_update(const struct import_tables *t, struct buf *out)
{
	buf_addf(out, ",\"mode\":\"%s\",\"key\":", merge_mode_name(t->mode));
	json_add_string(out, slice_of(t->key));
	if (t->mode == MERGE_REPLACE)
		return;
	buf_addf(out,
		 ",\"rows_before\":%llu,\"rows_after\":%llu,\"updated\":%llu,\"unchanged\":%llu,"
		 "\"not_told\":%llu,\"appended\":%llu,\"columns_added\":[",
		 (unsigned long long)t->rows_before, (unsigned long long)t->rows_after,
		 (unsigned long long)t->updated, (unsigned long long)t->unchanged,
		 (unsigned long long)t->not_told, (unsigned long long)t->appended);
	for (uint32_t i = t->columns_before; i < t->join.schema.count; i++) {
		buf_adds(out, i > t->columns_before ? "," : "");
		json_add_string(out, slice_of(t->join.schema.columns[i].name));
	}
	buf_addc(out, ']');
}

void
import_tables_report(const struct import_tables *t, struct buf *out)
{
	struct import_sum s = sum_of(t);

	import_sum_report(&s, out);
	if (t->is_keyed)
		add_update(t, out);
	free((void *)(uintptr_t)s.parts);
}

void
import_tables_rejects(const struct import_tables *t, struct buf *out)
{
	struct import_sum s = sum_of(t);

	import_sum_rejects(&s, out);
	free((void *)(uintptr_t)s.parts);
}
