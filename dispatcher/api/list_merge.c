/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/list_merge.h"

#include <stdlib.h>

#include "base/mem.h"
#include "segments/packed_rows.h"
#include "segments/rewrite.h"

#define RANGE_BYTES (12u << 20) /* of updates that are in memory at once */
#define PART_ROWS 250000u	/* of the files whose keys are in memory at once, about */

struct list_merge {
	struct list_merge_options o;
	const struct block_want *want; /* of the sweep that begins; NULL = all */
	struct list *list;
	struct list staged;
	struct sweep *sweep;
	struct phone_set *shared; /* phones that may be of several rows; NULL = rewrite's */
	struct rewrite *rewrite;
	bool is_loading, is_freed;
	struct err_ctx failed; /* code ERR_OK = nothing has */

	size_t rows;	      /* of the files */
	uint32_t *outcomes;   /* [rows]: row of the list, or KEY_ROW_…; the first row of a twin */
	uint64_t *twins;      /* a bit for each row: an earlier one has its key */
	uint32_t *part_rows;  /* [part_cap]: the rows of the part that is being looked at */
	size_t part_cap;      /* room for them */
	uint32_t part, parts; /* of the keys */
	struct block_want key; /* what the keys are made of */

	uint32_t *bytes;  /* [blocks of the list] of the updates of their rows */
	size_t appended;  /* rows that are new, with a phone or not */
	size_t ambiguous; /* rows */
	uint32_t *some;	  /* [staged blocks]: those that are being swept, by number */

	/* The range: blocks [from, to) of the list and the updates of its rows. */
	uint32_t from, to;
	struct packed_rows *updates; /* NULL = none */
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
	phone_set_free(m->shared);
	list_free(m->list);
	free(m->staged.blocks);
	packed_rows_free(m->updates);
	free(m->outcomes);
	free(m->twins);
	free(m->part_rows);
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
	struct list part = {.id = m->staged.id, .schema = m->o.tables->join.schema};
	struct sweep *s;

	part.blocks = xmalloc((m->staged.block_count + 1) * sizeof(*part.blocks));
	for (size_t i = 0; i < m->staged.block_count; i++) {
		size_t row = i * BLOCK_ROWS, end = row + BLOCK_ROWS;

		while (row < end && row < m->rows && !is_wanted(m, row))
			row++;
		if (row == end || row == m->rows)
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

static bool
is_twin(const struct list_merge *m, size_t row)
{
	return (m->twins[row / 64] >> (row % 64) & 1) != 0;
}

/* ---- what is new ---- */

static bool
is_rest(const struct list_merge *m, size_t row)
{
	return is_twin(m, row) || m->outcomes[row] >= KEY_ROW_AMBIGUOUS;
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
		if (is_twin(m, row)) {
			import_tables_reject_twin(t, row, cells, m->outcomes[row]);
		} else if (m->outcomes[row] == KEY_ROW_AMBIGUOUS) {
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
	uint32_t at = m->outcomes[row];

	return !is_rest(m, row) && at / BLOCK_ROWS >= m->from && at / BLOCK_ROWS < m->to;
}

static bool
on_collect(void *arg, uint32_t index, const struct block *b)
{
	struct list_merge *m = arg;
	struct slice cells[COLUMNS_MAX];

	for (uint32_t i = 0; i < b->rows; i++) {
		size_t row = (size_t)m->some[index] * BLOCK_ROWS + i;
		struct list_row r;

		if (!is_in_range(m, row))
			continue;
		r = row_of(m, b, i, cells);
		packed_rows_add(m->updates, m->outcomes[row], &r);
	}
	return true;
}

static bool
on_edit(void *arg, uint32_t row, struct slice *cells, struct list_row *r)
{
	struct list_merge *m = arg;
	struct import_tables *t = m->o.tables;
	struct slice own[COLUMNS_MAX];
	struct list_row update;

	if (m->updates == NULL || !packed_rows_take(m->updates, row, own, &update))
		return false;
	if (!row_keys_is_same(t->keys, r, &update))
		return merge_fail(m, ERR_CONFLICT, "import again: nothing was changed",
				  "two keys could not be told apart");
	switch (merge_told(t->mode, &t->join.schema, r, &update)) {
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
	return merge_row(t->mode, &t->join.schema, cells, r, &update);
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
	packed_rows_free(m->updates);
	m->updates = NULL;
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

	if (!sweep_is_good(m, e))
		return;
	if (m->updates != NULL)
		packed_rows_settle(m->updates);
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
	m->updates = packed_rows_new(m->o.tables->join.schema.count, room);
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

	for (size_t row = 0; row < m->rows; row++) {
		uint32_t at = m->outcomes[row];

		if (is_twin(m, row))
			continue;
		if (at == KEY_ROW_NEW)
			m->appended++;
		else if (at == KEY_ROW_AMBIGUOUS)
			m->ambiguous++;
		else if (t->mode == MERGE_NEW)
			t->unchanged++; /* and not looked at */
		else
			m->bytes[at / BLOCK_ROWS] += (uint32_t)packed_row_bytes(
				t->join.schema.count, import_tables_bytes(t, row));
	}
}

static void
on_phones(void *arg, const struct err_ctx *e)
{
	struct list_merge *m = arg;
	struct rewrite_options o = {.schema = &m->o.tables->join.schema,
				    .edit = on_edit,
				    .shared = m->shared,
				    .has_more = m->appended > 0,
				    .on_same = on_same,
				    .on_block = on_block,
				    .arg = m};

	if (!sweep_is_good(m, e))
		return;
	phone_set_settle(m->shared);
	m->rewrite = rewrite_new(&o);
	m->shared = NULL;
	range_begin(m);
}

/* Its phone may be one of the list's then: it is added, or found by another column. */
static bool
may_bring_phone(const struct list_merge *m, size_t row)
{
	uint32_t at = m->outcomes[row];
	bool is_by_column = row_keys_columns(m->o.tables->keys).key >= 0;

	if (is_twin(m, row) || at == KEY_ROW_AMBIGUOUS)
		return false;
	return at == KEY_ROW_NEW || (is_by_column && m->o.tables->mode != MERGE_NEW);
}

static bool
on_phones_block(void *arg, uint32_t index, const struct block *b)
{
	struct list_merge *m = arg;

	for (uint32_t i = 0; i < b->rows; i++)
		if (block_phone(b, i) != 0 &&
		    may_bring_phone(m, (size_t)m->some[index] * BLOCK_ROWS + i) &&
		    !phone_set_add(m->shared, block_phone(b, i)))
			return merge_fail(m, ERR_SYSTEM, "import again: nothing was changed",
					  "a number is no phone");
	return true;
}

static void
on_all_matched(struct list_merge *m)
{
	static const struct block_want people = {.has_people = true};

	row_keys_begin_part(m->o.tables->keys, 0, 1);
	free(m->part_rows);
	m->part_rows = NULL;
	m->bytes = xcalloc(m->list->block_count + 1, sizeof(*m->bytes));
	m->some = xcalloc(m->staged.block_count + 1, sizeof(*m->some));
	count_outcomes(m);
	m->want = &people;
	m->sweep = sweep_staged(m, may_bring_phone, on_phones_block, on_phones);
	m->want = NULL;
}

static void part_begin(struct list_merge *m);

static void
on_matched(void *arg, const struct err_ctx *e)
{
	struct list_merge *m = arg;
	struct row_keys *keys = m->o.tables->keys;

	if (!sweep_is_good(m, e))
		return;
	row_keys_settle(keys);
	for (size_t i = 0; i < row_keys_count(keys); i++)
		m->outcomes[m->part_rows[i]] = row_keys_outcome(keys, i);
	m->part++;
	if (m->part < m->parts)
		part_begin(m);
	else
		on_all_matched(m);
}

/* Of a row of a block of either kind, what its key is made of. */
static struct list_row
key_row_of(const struct list_merge *m, const struct block *b, uint32_t i, struct slice *cells)
{
	struct key_columns columns = row_keys_columns(m->o.tables->keys);

	if (columns.key >= 0)
		cells[columns.key] = block_cell(b, i, (uint32_t)columns.key);
	if (columns.name >= 0)
		cells[columns.name] = block_cell(b, i, (uint32_t)columns.name);
	return (struct list_row){.cells = cells, .phone = block_phone(b, i)};
}

static bool
on_match_block(void *arg, uint32_t index, const struct block *b)
{
	struct list_merge *m = arg;
	struct slice cells[COLUMNS_MAX];

	for (uint32_t i = 0; i < b->rows; i++) {
		struct list_row r;

		if (block_is_deleted(b, i))
			continue;
		r = key_row_of(m, b, i, cells);
		row_keys_meet(m->o.tables->keys, &r, index * BLOCK_ROWS + i);
	}
	return m->part > 0 || shared_phones_of_block(m->shared, b, &m->failed) == ERR_OK;
}

static void
note_part_row(struct list_merge *m, size_t place, size_t row)
{
	if (place == m->part_cap) {
		m->part_cap = m->part_cap == 0 ? 1024 : m->part_cap * 2;
		m->part_rows = xrealloc(m->part_rows, m->part_cap * sizeof(*m->part_rows));
	}
	m->part_rows[place] = (uint32_t)row;
}

static bool
on_part_block(void *arg, uint32_t index, const struct block *b)
{
	struct list_merge *m = arg;
	struct row_keys *keys = m->o.tables->keys;
	struct slice cells[COLUMNS_MAX];

	for (uint32_t i = 0; i < b->rows; i++) {
		struct list_row r = key_row_of(m, b, i, cells);
		size_t row = (size_t)index * BLOCK_ROWS + i, place = row_keys_count(keys), other;

		switch (row_keys_add(keys, &r, &other)) {
		case KEY_ADDED:
			note_part_row(m, place, row);
			break;
		case KEY_TWICE:
			m->twins[row / 64] |= UINT64_C(1) << (row % 64);
			m->outcomes[row] = m->part_rows[other];
			break;
		case KEY_ELSEWHERE:
			break;
		case KEY_NONE:
		case KEY_FULL:
			return merge_fail(m, ERR_SYSTEM, "import again: nothing was changed",
					  "the rows of the files are not as they were written");
		}
	}
	return true;
}

static void
on_part(void *arg, const struct err_ctx *e)
{
	struct list_merge *m = arg;

	if (!sweep_is_good(m, e))
		return;
	m->want = &m->key;
	m->sweep =
		sweep_of(m, m->list, 0, (uint32_t)m->list->block_count, on_match_block, on_matched);
	m->want = NULL;
}

/* The rows of the files with keys of this part. */
static void
part_begin(struct list_merge *m)
{
	struct list staged = m->staged;

	row_keys_begin_part(m->o.tables->keys, m->part, m->parts);
	staged.schema = m->o.tables->join.schema;
	m->want = &m->key;
	m->sweep = sweep_of(m, &staged, 0, (uint32_t)staged.block_count, on_part_block, on_part);
	m->want = NULL;
}

static void
match_begin(struct list_merge *m)
{
	struct key_columns columns = row_keys_columns(m->o.tables->keys);

	m->rows = m->o.tables->row_count;
	m->outcomes = xcalloc(m->rows + 1, sizeof(*m->outcomes));
	m->twins = xcalloc(m->rows / 64 + 1, sizeof(*m->twins));
	m->parts = (uint32_t)(m->rows / PART_ROWS) + 1;
	m->shared = phone_set_new();
	m->key.has_people = true;
	block_want_column(&m->key, columns.key);
	block_want_column(&m->key, columns.name);
	part_begin(m);
}

/* Else m->failed says why. */
static bool
can_write(struct list_merge *m, const struct list_writer *w)
{
	const char *why = w != NULL ? list_writer_why(w) : NULL;

	if (why != NULL)
		err_set(&m->failed, ERR_UNREACHABLE, m->o.name, "import again: nothing was changed",
			"its rows cannot be written: %s", why);
	return why == NULL;
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
	} else if (!can_write(m, m->o.writer) || !can_write(m, m->o.stage)) {
		merge_end(m, &m->failed);
	} else if (!list_writer_get(m->o.stage, &m->staged)) {
		merge_fail(m, ERR_SYSTEM, "import again: nothing was changed",
			   "the rows of the files were not written");
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
