/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/list_merge.h"

#include <stdlib.h>

#include "base/mem.h"
#include "segments/rewrite.h"

#define RANGE_BYTES (64u << 20) /* of updates that are in memory at once */

struct list_merge {
	struct list_merge_options o;
	const struct block_want *want; /* of the sweep that begins; NULL = all */
	struct list *list;
	struct list staged;
	struct sweep *sweep;
	struct rewrite *rewrite;
	bool is_loading, is_freed;
	struct err_ctx failed; /* code ERR_OK = nothing has */

	uint32_t *bytes;  /* [blocks of the list] of the updates of their rows */
	size_t appended;  /* rows that are new, with a phone or not */
	size_t ambiguous; /* rows */
	uint32_t *some;	  /* [staged blocks]: those that are being swept, by number */

	/* The range: blocks [from, to) of the list and the updates of its rows. */
	uint32_t from, to;
	struct list_row **updates; /* [rows of the range], NULL = none */
	struct arena memory;
};

void
list_merge_free(struct list_merge *m)
{
	if (m == NULL)
		return;
	m->is_freed = true;
	if (m->is_loading)
		return; /* on_list frees it */
	if (m->sweep != NULL)
		sweep_cancel(m->sweep);
	rewrite_free(m->rewrite);
	list_free(m->list);
	free(m->staged.blocks);
	arena_free(&m->memory);
	free(m->updates);
	free(m->bytes);
	free(m->some);
	free(m);
}

/* The owner may free it in the callback. */
static void
merge_end(struct list_merge *m, const struct err_ctx *e)
{
	m->o.on_done(m->o.arg, e);
}

static bool
merge_fail(struct list_merge *m, enum err code, const char *todo, const char *why)
{
	err_set(&m->failed, code, m->o.name, todo, "%s", why);
	return false;
}

/* A sweep is over: true when it may go on. */
static bool
sweep_is_good(struct list_merge *m, const struct err_ctx *e)
{
	m->sweep = NULL;
	if (e == NULL && m->failed.code == ERR_OK)
		return true;
	merge_end(m, e != NULL ? e : &m->failed);
	return false;
}

static struct sweep *
sweep_of(struct list_merge *m, const struct list *list, uint32_t from, uint32_t to,
	 bool (*on_block)(void *arg, uint32_t index, const struct block *b), list_done_cb on_done)
{
	struct sweep_options o = {
		.on_block = on_block, .on_done = on_done, .want = m->want, .arg = m};

	return sweep_start(m->o.loop, m->o.redis, list, from, to, &o);
}

/* Of the staged blocks those of which a row is wanted. */
static struct sweep *
sweep_staged(struct list_merge *m, bool (*is_wanted)(const struct list_merge *m, size_t row),
	     bool (*on_block)(void *arg, uint32_t index, const struct block *b),
	     list_done_cb on_done)
{
	const struct row_keys *keys = m->o.tables->keys;
	struct list part = {.id = m->staged.id, .schema = m->o.tables->join.schema};
	struct sweep *s;

	part.blocks = xmalloc((m->staged.block_count + 1) * sizeof(*part.blocks));
	for (size_t i = 0; i < m->staged.block_count; i++) {
		size_t row = i * BLOCK_ROWS, end = row + BLOCK_ROWS;

		while (row < end && row < row_keys_count(keys) && !is_wanted(m, row))
			row++;
		if (row == end || row == row_keys_count(keys))
			continue;
		m->some[part.block_count] = (uint32_t)i;
		part.blocks[part.block_count++] = m->staged.blocks[i];
	}
	s = sweep_of(m, &part, 0, (uint32_t)part.block_count, on_block, on_done);
	free(part.blocks);
	return s;
}

/* Row i of a block of either kind, with the columns of the union. */
static struct list_row
row_of(const struct list_merge *m, const struct block *b, uint32_t i, struct slice *cells)
{
	for (uint32_t c = 0; c < m->o.tables->join.schema.count; c++)
		cells[c] = block_cell(b, i, c);
	return (struct list_row){
		.cells = cells, .phone = block_phone(b, i), .carrier = block_carrier(b, i)};
}

/* ---- what is new ---- */

static bool
is_rest(const struct list_merge *m, size_t row)
{
	return row_keys_outcome(m->o.tables->keys, row) >= KEY_ROW_AMBIGUOUS;
}

static bool
on_rest(void *arg, uint32_t index, const struct block *b)
{
	struct list_merge *m = arg;
	struct import_tables *t = m->o.tables;
	struct slice cells[COLUMNS_MAX];

	for (uint32_t i = 0; i < b->rows; i++) {
		size_t row = (size_t)m->some[index] * BLOCK_ROWS + i;
		struct list_row r;

		if (!is_rest(m, row))
			continue;
		r = row_of(m, b, i, cells);
		if (row_keys_outcome(t->keys, row) == KEY_ROW_AMBIGUOUS) {
			import_tables_reject(t, row, cells, "ambiguous");
		} else if (r.phone == 0) {
			import_tables_reject(t, row, cells, "empty");
		} else {
			rewrite_add(m->rewrite, &r);
			t->appended++;
		}
	}
	return true;
}

static void
on_rest_done(void *arg, const struct err_ctx *e)
{
	struct list_merge *m = arg;
	struct import_tables *t = m->o.tables;

	if (!sweep_is_good(m, e))
		return;
	rewrite_end(m->rewrite);
	t->rows_before = m->list->rows;
	t->rows_after = rewrite_rows(m->rewrite);
	t->shared_phones = rewrite_shared_phones(m->rewrite);
	t->rows_repeated = rewrite_repeated(m->rewrite);
	merge_end(m, NULL);
}

/* ---- a range of the list ---- */

static void range_begin(struct list_merge *m);

static bool
is_in_range(const struct list_merge *m, size_t row)
{
	uint32_t at = row_keys_outcome(m->o.tables->keys, row);

	return at < KEY_ROW_AMBIGUOUS && at / BLOCK_ROWS >= m->from && at / BLOCK_ROWS < m->to;
}

/* What an update takes in memory, but for the texts. */
static size_t
room_of_row(const struct list_merge *m)
{
	return sizeof(struct list_row) + m->o.tables->join.schema.count * sizeof(struct slice) + 32;
}

static void
collect_row(struct list_merge *m, const struct block *b, uint32_t i, uint32_t at)
{
	uint32_t columns = m->o.tables->join.schema.count;
	struct slice *cells = arena_alloc(&m->memory, (columns + 1) * sizeof(*cells));
	struct list_row *r = arena_alloc(&m->memory, sizeof(*r));

	*r = row_of(m, b, i, cells);
	for (uint32_t c = 0; c < columns; c++)
		if (cells[c].n > 0)
			cells[c].p = arena_memdup0(&m->memory, cells[c].p, cells[c].n);
	m->updates[at - m->from * BLOCK_ROWS] = r;
}

static bool
on_collect(void *arg, uint32_t index, const struct block *b)
{
	struct list_merge *m = arg;

	for (uint32_t i = 0; i < b->rows; i++) {
		size_t row = (size_t)m->some[index] * BLOCK_ROWS + i;

		if (is_in_range(m, row))
			collect_row(m, b, i, row_keys_outcome(m->o.tables->keys, row));
	}
	return true;
}

static bool
on_edit(void *arg, uint32_t row, struct slice *cells, struct list_row *r)
{
	struct list_merge *m = arg;
	struct import_tables *t = m->o.tables;
	const struct list_row *update =
		m->updates != NULL ? m->updates[row - m->from * BLOCK_ROWS] : NULL;

	if (update == NULL)
		return false;
	if (!row_keys_is_same(t->keys, r, update))
		return merge_fail(m, ERR_CONFLICT, "import again: nothing was changed",
				  "two keys could not be told apart");
	switch (merge_told(t->mode, &t->join.schema, r, update)) {
	case MERGE_TOLD_SAME:
		t->unchanged++;
		break;
	case MERGE_TOLD_CHANGED:
		t->updated++;
		break;
	case MERGE_TOLD_NOT:
		t->not_told++;
		break;
	}
	return merge_row(t->mode, &t->join.schema, cells, r, update);
}

static bool
on_list_block(void *arg, uint32_t index, const struct block *b)
{
	struct list_merge *m = arg;

	return rewrite_block(m->rewrite, index, b, &m->failed) == ERR_OK &&
	       m->failed.code == ERR_OK;
}

static void
on_range_done(void *arg, const struct err_ctx *e)
{
	struct list_merge *m = arg;

	if (!sweep_is_good(m, e))
		return;
	free(m->updates);
	m->updates = NULL;
	arena_free(&m->memory);
	m->from = m->to;
	if (m->from < m->list->block_count)
		range_begin(m);
	else
		m->sweep = sweep_staged(m, is_rest, on_rest, on_rest_done);
}

static void
on_collected(void *arg, const struct err_ctx *e)
{
	struct list_merge *m = arg;

	if (sweep_is_good(m, e))
		m->sweep = sweep_of(m, m->list, m->from, m->to, on_list_block, on_range_done);
}

/* As many blocks as there is room for the updates of their rows, one at least. */
static void
range_begin(struct list_merge *m)
{
	size_t room = 0;

	m->to = m->from;
	while (m->to < m->list->block_count &&
	       (m->to == m->from || room + m->bytes[m->to] <= RANGE_BYTES))
		room += m->bytes[m->to++];
	if (room == 0) {
		on_collected(m, NULL);
		return;
	}
	m->updates = xcalloc((size_t)(m->to - m->from) * BLOCK_ROWS, sizeof(struct list_row *));
	m->sweep = sweep_staged(m, is_in_range, on_collect, on_collected);
}

/* ---- which row is about which ---- */

static void
on_same(void *arg, uint32_t index, uint32_t rows)
{
	struct list_merge *m = arg;

	if (m->o.writer != NULL)
		list_writer_share(m->o.writer, m->list->blocks[index], rows);
}

static void
on_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct list_merge *m = arg;

	if (m->o.writer != NULL)
		list_writer_block(m->o.writer, bytes, rows);
}

static void
count_outcomes(struct list_merge *m)
{
	struct import_tables *t = m->o.tables;

	for (size_t row = 0; row < row_keys_count(t->keys); row++) {
		uint32_t at = row_keys_outcome(t->keys, row);

		if (at == KEY_ROW_NEW)
			m->appended++;
		else if (at == KEY_ROW_AMBIGUOUS)
			m->ambiguous++;
		else if (t->mode == MERGE_NEW)
			t->unchanged++; /* and not looked at */
		else
			m->bytes[at / BLOCK_ROWS] +=
				(uint32_t)(row_keys_bytes(t->keys, row) + room_of_row(m));
	}
}

static void
on_matched(void *arg, const struct err_ctx *e)
{
	struct list_merge *m = arg;
	struct rewrite_options o = {.schema = &m->o.tables->join.schema,
				    .edit = on_edit,
				    .on_same = on_same,
				    .on_block = on_block,
				    .arg = m};

	if (!sweep_is_good(m, e))
		return;
	row_keys_settle(m->o.tables->keys);
	m->bytes = xcalloc(m->list->block_count + 1, sizeof(*m->bytes));
	m->some = xcalloc(m->staged.block_count + 1, sizeof(*m->some));
	count_outcomes(m);
	o.has_more = m->appended > 0;
	m->rewrite = rewrite_new(&o);
	range_begin(m);
}

static bool
on_match_block(void *arg, uint32_t index, const struct block *b)
{
	struct list_merge *m = arg;
	struct key_columns columns = row_keys_columns(m->o.tables->keys);
	struct slice cells[COLUMNS_MAX];

	for (uint32_t i = 0; i < b->rows; i++) {
		struct list_row r = {.cells = cells, .phone = block_phone(b, i)};

		if (block_is_deleted(b, i))
			continue;
		if (columns.key >= 0)
			cells[columns.key] = block_cell(b, i, (uint32_t)columns.key);
		if (columns.name >= 0)
			cells[columns.name] = block_cell(b, i, (uint32_t)columns.name);
		row_keys_meet(m->o.tables->keys, &r, index * BLOCK_ROWS + i);
	}
	return true;
}

static void
match_begin(struct list_merge *m)
{
	struct key_columns columns = row_keys_columns(m->o.tables->keys);
	struct block_want some = {.has_people = true}, want;

	block_want_column(&some, columns.key);
	block_want_column(&some, columns.name);
	want = list_want(m->list, &some);
	m->want = &want;
	m->sweep =
		sweep_of(m, m->list, 0, (uint32_t)m->list->block_count, on_match_block, on_matched);
	m->want = NULL;
}

static void
on_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct list_merge *m = arg;

	m->is_loading = false;
	m->list = l;
	if (m->is_freed) {
		list_merge_free(m);
		return;
	}
	if (l == NULL) {
		merge_end(m, e);
	} else if (!list_writer_get(m->o.stage, &m->staged)) {
		merge_fail(m, ERR_UNREACHABLE, "import again: nothing was changed",
			   "the rows of the file could not be written");
		merge_end(m, &m->failed);
	} else if (l->block_count + m->staged.block_count > KEY_ROW_AMBIGUOUS / BLOCK_ROWS) {
		merge_fail(m, ERR_INPUT, "divide the list", "there would be too many rows in it");
		merge_end(m, &m->failed);
	} else {
		match_begin(m);
	}
}

struct list_merge *
list_merge_start(const struct list_merge_options *o)
{
	struct list_merge *m = xcalloc(1, sizeof(*m));

	m->o = *o;
	m->failed.code = ERR_OK;
	m->is_loading = true;
	list_load_version(o->redis, o->name, o->version, on_list, m);
	return m;
}
