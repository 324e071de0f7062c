/* SPDX-License-Identifier: MIT */
/*
 * Rows of files brought together with those of a list (row_keys, merge_row, rewrite), on random
 * small tables, against a model that compares everything with everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "segments/merge_row.h"
#include "segments/rewrite.h"
#include "segments/row_keys.h"

#define COLUMNS 4 /* ma, ho_ten, phone, xa */
#define ROWS_MAX 900
#define PHONE UINT64_C(84900000000)

static const char *const names[COLUMNS] = {"ma", "ho_ten", "so_dien_thoai", "xa"};

struct model_row {
	char cells[COLUMNS][8];
	uint64_t phone;
	bool is_deleted;
};

struct table {
	struct model_row rows[ROWS_MAX];
	size_t count;
};

static uint32_t seed;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void
fill_schema(struct schema *s)
{
	*s = (struct schema){.count = COLUMNS, .phone = 2};
	for (size_t i = 0; i < COLUMNS; i++)
		snprintf(s->columns[i].name, sizeof(s->columns[i].name), "%s", names[i]);
}

/* Few values, so that they meet; written in several ways that are the same key. */
static void
random_row(struct model_row *r, uint32_t kinds)
{
	static const char *const ways[] = {"k", "K", " k"};
	static const char *const people[] = {"", "an", "AN", "be", "  cu"};

	*r = (struct model_row){0};
	if (next_random(10) > 0)
		snprintf(r->cells[0], 8, "%s%u", ways[next_random(3)], next_random(kinds));
	snprintf(r->cells[1], 8, "%s", people[next_random(5)]);
	r->phone = PHONE + next_random(kinds);
	snprintf(r->cells[2], 8, "%u", (unsigned)(r->phone - PHONE));
	if (next_random(2) == 0)
		snprintf(r->cells[3], 8, "x%u", next_random(3));
}

static void
random_table(struct table *t, size_t most, uint32_t kinds, bool has_deleted)
{
	t->count = next_random((uint32_t)most) + 1;
	for (size_t i = 0; i < t->count; i++) {
		random_row(&t->rows[i], kinds);
		if (has_deleted && next_random(10) == 0)
			t->rows[i] = (struct model_row){.is_deleted = true};
	}
}

/* ---- the model ---- */

/* What is typed, small, without blanks. */
static void
plain(const char *from, char out[8])
{
	size_t n = 0;

	for (; *from != '\0'; from++)
		if (*from != ' ')
			out[n++] = (char)(*from >= 'A' && *from <= 'Z' ? *from + 32 : *from);
	out[n] = '\0';
}

static bool
is_same(const struct model_row *a, const struct model_row *b, size_t column)
{
	char x[8], y[8];

	plain(a->cells[column], x);
	plain(b->cells[column], y);
	return strcmp(x, y) == 0;
}

static bool
has_name(const struct model_row *r)
{
	char x[8];

	plain(r->cells[1], x);
	return x[0] != '\0';
}

enum outcome { GOES_TO, IS_NEW, IS_TWICE, IS_NONE, IS_AMBIGUOUS };

/* Does an earlier row of the file that was taken have the key? */
static bool
is_twice(const struct table *f, const enum outcome *before, size_t i, bool by_phone)
{
	for (size_t k = 0; k < i; k++) {
		if (before[k] == IS_TWICE || before[k] == IS_NONE)
			continue;
		if (by_phone ? f->rows[k].phone == f->rows[i].phone &&
				       is_same(&f->rows[k], &f->rows[i], 1)
			     : is_same(&f->rows[k], &f->rows[i], 0))
			return true;
	}
	return false;
}

static enum outcome
find_by_phone(const struct table *l, const struct table *f, const enum outcome *before, size_t i,
	      size_t *at)
{
	const struct model_row *r = &f->rows[i];
	size_t in_list = 0, in_file = 0, with_name = 0;

	for (size_t k = 0; k < f->count; k++)
		in_file += before[k] != IS_TWICE && before[k] != IS_NONE &&
			   f->rows[k].phone == r->phone;
	for (size_t k = 0; k < l->count; k++)
		if (!l->rows[k].is_deleted && l->rows[k].phone == r->phone && in_list++ == 0)
			*at = k;
	if (in_list == 0)
		return IS_NEW;
	if (in_list == 1 && in_file == 1)
		return GOES_TO;
	for (size_t k = 0; k < l->count; k++)
		if (!l->rows[k].is_deleted && l->rows[k].phone == r->phone &&
		    is_same(&l->rows[k], r, 1) && with_name++ == 0)
			*at = k;
	if (!has_name(r) || with_name > 1)
		return IS_AMBIGUOUS;
	return with_name == 1 ? GOES_TO : IS_NEW;
}

static enum outcome
find_by_column(const struct table *l, const struct model_row *r, size_t *at)
{
	size_t n = 0;

	for (size_t k = 0; k < l->count; k++)
		if (!l->rows[k].is_deleted && is_same(&l->rows[k], r, 0) && n++ == 0)
			*at = k;
	return n == 0 ? IS_NEW : n == 1 ? GOES_TO : IS_AMBIGUOUS;
}

static void
model_merge(struct model_row *to, const struct model_row *from, enum merge_mode m, bool by_phone)
{
	for (size_t c = 0; c < COLUMNS; c++) {
		if (c == 2 || from->cells[c][0] == '\0')
			continue;
		if (m == MERGE_OVERWRITE || (m == MERGE_FILL && to->cells[c][0] == '\0'))
			memcpy(to->cells[c], from->cells[c], 8);
	}
	if (m == MERGE_OVERWRITE && !by_phone && from->phone != to->phone) {
		to->phone = from->phone;
		memcpy(to->cells[2], from->cells[2], 8);
	}
}

static void
model_outcomes(const struct table *l, const struct table *f, bool by_phone, enum outcome *out,
	       size_t *at)
{
	char key[8];

	for (size_t i = 0; i < f->count; i++) {
		plain(f->rows[i].cells[0], key);
		out[i] = IS_NEW;
		if (!by_phone && key[0] == '\0')
			out[i] = IS_NONE;
		else if (is_twice(f, out, i, by_phone))
			out[i] = IS_TWICE;
	}
	for (size_t i = 0; i < f->count; i++)
		if (out[i] == IS_NEW)
			out[i] = by_phone ? find_by_phone(l, f, out, i, &at[i])
					  : find_by_column(l, &f->rows[i], &at[i]);
}

/* ---- ours ---- */

struct blocks {
	struct buf bytes[16];
	bool is_shared[16];
	size_t count;
	uint64_t live;
};

static void
keep_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct blocks *b = arg;

	buf_add_slice(&b->bytes[b->count++], bytes);
	b->live += rows;
}

static void
free_blocks(struct blocks *b)
{
	for (size_t i = 0; i < 16; i++)
		buf_free(&b->bytes[i]);
}

static struct list_row
row_of(const struct model_row *r, struct slice cells[COLUMNS])
{
	for (size_t c = 0; c < COLUMNS; c++)
		cells[c] = slice_of(r->cells[c]);
	return (struct list_row){.cells = cells, .phone = r->phone, .is_deleted = r->is_deleted};
}

/* By looking at all rows before. */
static size_t
naive_back(const struct table *t, size_t row)
{
	for (size_t back = 1; t->rows[row].phone != 0 && back <= row; back++)
		if (t->rows[row - back].phone == t->rows[row].phone)
			return back;
	return 0;
}

static void
write_table(const struct table *t, const struct schema *s, struct blocks *out)
{
	struct row_writer w = {.schema = s, .on_block = keep_block, .arg = out};

	for (size_t i = 0; i < t->count; i++) {
		struct slice cells[COLUMNS];
		struct list_row r = row_of(&t->rows[i], cells);

		row_writer_put(&w, &r, (uint32_t)naive_back(t, i));
	}
	row_writer_end(&w);
	row_writer_free(&w);
}

struct ours {
	const struct schema *schema;
	const struct table *file;
	const struct blocks *before;
	struct blocks after;
	struct row_keys *keys;
	/* [rows of the file] */
	enum key_add added[ROWS_MAX];
	uint32_t outcomes[ROWS_MAX]; /* of those that were added */
	enum merge_mode mode;
	uint64_t updated, unchanged, appended;
	uint64_t shared, repeated; /* phones of several rows, rows that repeat one */
};

static bool
on_edit(void *arg, uint32_t row, struct slice *cells, struct list_row *r)
{
	struct ours *o = arg;

	for (size_t i = 0; i < o->file->count; i++) {
		struct slice own[COLUMNS];
		struct list_row from;
		bool is_changed;

		if (o->added[i] != KEY_ADDED || o->outcomes[i] != row)
			continue;
		from = row_of(&o->file->rows[i], own);
		assert_true(row_keys_is_same(o->keys, r, &from));
		for (size_t c = 0; c < COLUMNS; c++)
			own[c] = slice_of(o->file->rows[i].cells[c]);
		is_changed = merge_row(o->mode, o->schema, cells, r, &from);
		o->updated += is_changed;
		o->unchanged += !is_changed;
		return is_changed;
	}
	return false;
}

static void
on_same(void *arg, uint32_t index, uint32_t rows)
{
	struct ours *o = arg;
	struct blocks *a = &o->after;

	a->is_shared[a->count] = true;
	buf_add_slice(&a->bytes[a->count++], buf_slice(&o->before->bytes[index]));
	a->live += rows;
}

static void
on_block(void *arg, struct slice bytes, uint32_t rows)
{
	keep_block(&((struct ours *)arg)->after, bytes, rows);
}

static void
open_block(const struct buf *bytes, struct block *b)
{
	struct err_ctx e;

	assert_int_equal(block_open(buf_slice(bytes), b, &e), ERR_OK);
}

static void
meet_list(struct ours *o)
{
	for (size_t k = 0; k < o->before->count; k++) {
		struct block b;

		open_block(&o->before->bytes[k], &b);
		for (uint32_t i = 0; i < b.rows; i++) {
			struct slice cells[COLUMNS];
			struct list_row r = {.cells = cells, .phone = block_phone(&b, i)};

			for (uint32_t c = 0; c < COLUMNS; c++)
				cells[c] = block_cell(&b, i, c);
			if (!block_is_deleted(&b, i))
				row_keys_meet(o->keys, &r, (uint32_t)k * BLOCK_ROWS + i);
		}
		block_close(&b);
	}
	row_keys_settle(o->keys);
}

/* As far as the blocks say; not settled. */
static struct phone_set *
shared_phones_of(const struct blocks *blocks)
{
	struct phone_set *shared = phone_set_new();

	for (size_t k = 0; k < blocks->count; k++) {
		struct block b;
		struct err_ctx e;

		open_block(&blocks->bytes[k], &b);
		assert_int_equal(shared_phones_of_block(shared, &b, &e), ERR_OK);
		block_close(&b);
	}
	return shared;
}

static bool
is_new(const struct ours *o, size_t row)
{
	return o->added[row] == KEY_ADDED && o->outcomes[row] == KEY_ROW_NEW;
}

static void
rewrite_list(struct ours *o)
{
	struct rewrite_options options = {.schema = o->schema,
					  .edit = on_edit,
					  .on_same = on_same,
					  .on_block = on_block,
					  .arg = o};
	struct rewrite *rw;
	struct err_ctx e;

	options.shared = shared_phones_of(o->before);
	for (size_t i = 0; i < o->file->count; i++) {
		options.has_more |= is_new(o, i);
		phone_set_add(options.shared, o->file->rows[i].phone);
	}
	phone_set_settle(options.shared);
	rw = rewrite_new(&options);
	for (size_t k = 0; k < o->before->count; k++) {
		struct block b;

		open_block(&o->before->bytes[k], &b);
		assert_int_equal(rewrite_block(rw, (uint32_t)k, &b, &e), ERR_OK);
		block_close(&b);
	}
	for (size_t i = 0; i < o->file->count; i++) {
		struct slice cells[COLUMNS];
		struct list_row r = row_of(&o->file->rows[i], cells);

		if (!is_new(o, i))
			continue;
		rewrite_add(rw, &r);
		o->appended++;
	}
	rewrite_end(rw);
	assert_int_equal(rewrite_rows(rw), o->after.live);
	o->shared = rewrite_shared_phones(rw);
	o->repeated = rewrite_repeated(rw);
	rewrite_free(rw);
}

/* ---- the comparison ---- */

static void
check_rows(const struct table *wanted, const struct blocks *got)
{
	size_t n = 0, live = 0;

	for (size_t k = 0; k < got->count; k++) {
		struct block b;

		open_block(&got->bytes[k], &b);
		assert_true(b.rows == BLOCK_ROWS || k + 1 == got->count);
		for (uint32_t i = 0; i < b.rows; i++, n++) {
			const struct model_row *w = &wanted->rows[n];

			assert_true(n < wanted->count);
			assert_int_equal(block_is_deleted(&b, i), w->is_deleted);
			assert_int_equal(block_phone(&b, i), w->phone);
			live += !w->is_deleted;
			for (uint32_t c = 0; c < COLUMNS; c++)
				assert_true(slice_is(block_cell(&b, i, c), w->cells[c]));
			assert_int_equal(block_same_back(&b, i), naive_back(wanted, n));
		}
		block_close(&b);
	}
	assert_int_equal(n, wanted->count);
	assert_int_equal(got->live, live);
}

/* A phone's second row is the one that repeats one which repeats none. */
static void
check_counts(const struct table *wanted, const struct ours *o)
{
	uint64_t shared = 0, repeated = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		size_t back = naive_back(wanted, i);

		repeated += back > 0;
		shared += back > 0 && naive_back(wanted, i - back) == 0;
	}
	assert_int_equal(o->shared, shared);
	assert_int_equal(o->repeated, repeated);
}

/* A block is shared exactly when its rows are what they were, with their distances. */
static void
check_shared(const struct blocks *before, const struct blocks *after)
{
	for (size_t k = 0; k < after->count; k++) {
		bool is_same_bytes = k < before->count && slice_eq(buf_slice(&before->bytes[k]),
								   buf_slice(&after->bytes[k]));

		if (after->is_shared[k])
			assert_true(is_same_bytes);
		else if (k + 1 < after->count)
			assert_false(is_same_bytes);
	}
}

/* The rows of the file and of the list with keys of one part. */
static void
match_part(struct ours *o, uint32_t part, uint32_t parts)
{
	size_t rows[ROWS_MAX], other;

	row_keys_begin_part(o->keys, part, parts);
	for (size_t i = 0; i < o->file->count; i++) {
		struct slice cells[COLUMNS];
		struct list_row r = row_of(&o->file->rows[i], cells);
		size_t place = row_keys_count(o->keys);
		enum key_add added = row_keys_add(o->keys, &r, &other);

		if (added == KEY_ELSEWHERE)
			continue;
		o->added[i] = added;
		assert_int_equal(row_keys_has(o->keys, &r), added != KEY_NONE);
		if (added == KEY_ADDED)
			rows[place] = i;
	}
	meet_list(o);
	for (size_t i = 0; i < row_keys_count(o->keys); i++)
		o->outcomes[rows[i]] = row_keys_outcome(o->keys, i);
}

static void
check_once(bool by_phone, enum merge_mode mode, size_t list_rows, uint32_t kinds)
{
	static struct table list, file;
	static enum outcome outcomes[ROWS_MAX];
	static size_t at[ROWS_MAX];
	struct key_columns columns = {by_phone ? -1 : 0, by_phone ? 1 : -1};
	struct blocks before = {0};
	struct schema s;
	struct ours o = {.schema = &s, .file = &file, .before = &before, .mode = mode};
	struct table *wanted = xcalloc(1, sizeof(*wanted));
	uint32_t parts = 1 + next_random(4);

	for (size_t i = 0; i < ROWS_MAX; i++)
		o.added[i] = KEY_ELSEWHERE; /* of no part, until one has it */
	fill_schema(&s);
	random_table(&list, list_rows, kinds, true);
	random_table(&file, 60, kinds, false);
	write_table(&list, &s, &before);
	model_outcomes(&list, &file, by_phone, outcomes, at);
	o.keys = row_keys_new(columns);
	for (uint32_t part = 0; part < parts; part++)
		match_part(&o, part, parts);
	*wanted = list;
	for (size_t row = 0; row < file.count; row++) {
		uint32_t got = o.outcomes[row];

		assert_int_equal(o.added[row] == KEY_TWICE, outcomes[row] == IS_TWICE);
		assert_int_equal(o.added[row] == KEY_NONE, outcomes[row] == IS_NONE);
		if (o.added[row] != KEY_ADDED)
			continue;
		assert_int_equal(got == KEY_ROW_NEW, outcomes[row] == IS_NEW);
		assert_int_equal(got == KEY_ROW_AMBIGUOUS, outcomes[row] == IS_AMBIGUOUS);
		if (outcomes[row] == GOES_TO) {
			assert_int_equal(got, at[row]);
			model_merge(&wanted->rows[at[row]], &file.rows[row], mode, by_phone);
		} else if (outcomes[row] == IS_NEW) {
			wanted->rows[wanted->count++] = file.rows[row];
		}
	}
	rewrite_list(&o);
	check_rows(wanted, &o.after);
	check_counts(wanted, &o);
	check_shared(&before, &o.after);
	row_keys_free(o.keys);
	free_blocks(&before);
	free_blocks(&o.after);
	free(wanted);
}

static void
many(bool by_phone, enum merge_mode mode)
{
	for (uint32_t i = 0; i < 60; i++) {
		seed = 1000 * (uint32_t)mode + i + (by_phone ? 77777 : 0);
		check_once(by_phone, mode, i % 3 == 0 ? 40 : 800, i % 2 == 0 ? 30 : 3000);
	}
}

static void
rows_found_by_a_column_become_what_the_model_says(void **state)
{
	(void)state;
	many(false, MERGE_FILL);
	many(false, MERGE_OVERWRITE);
	many(false, MERGE_NEW);
}

static void
rows_found_by_the_phone_become_what_the_model_says(void **state)
{
	(void)state;
	many(true, MERGE_FILL);
	many(true, MERGE_OVERWRITE);
	many(true, MERGE_NEW);
}

/* ---- by hand ---- */

static bool
delete_row_3(void *arg, uint32_t row, struct slice *cells, struct list_row *r)
{
	(void)arg;
	(void)cells;
	r->is_deleted = row == 3;
	return r->is_deleted;
}

/* 600 rows, the phones 0 to 9 in turn: row 13 has its phone from row 3, ten rows back. */
static void
a_tombstone_is_left_out_of_the_chain_behind_it(void **state)
{
	static struct table list;
	struct blocks before = {0};
	struct ours o = {.before = &before};
	struct rewrite_options options = {.schema = NULL,
					  .edit = delete_row_3,
					  .on_same = on_same,
					  .on_block = on_block,
					  .arg = &o};
	struct schema s;
	struct rewrite *rw;
	struct block b;
	struct err_ctx e;

	(void)state;
	fill_schema(&s);
	options.schema = o.schema = &s;
	list.count = 600;
	for (size_t i = 0; i < list.count; i++) {
		list.rows[i] = (struct model_row){.phone = PHONE + i % 10};
		snprintf(list.rows[i].cells[3], 8, "x");
	}
	write_table(&list, &s, &before);
	options.shared = shared_phones_of(&before);
	phone_set_settle(options.shared);
	rw = rewrite_new(&options);
	for (uint32_t k = 0; k < before.count; k++) {
		open_block(&before.bytes[k], &b);
		assert_int_equal(rewrite_block(rw, k, &b, &e), ERR_OK);
		block_close(&b);
	}
	rewrite_end(rw);
	assert_int_equal(rewrite_rows(rw), 599);
	assert_int_equal(rewrite_shared_phones(rw), 10);
	assert_int_equal(rewrite_repeated(rw), 589);
	rewrite_free(rw);
	open_block(&o.after.bytes[0], &b);
	assert_true(block_is_deleted(&b, 3) && block_phone(&b, 3) == 0);
	assert_int_equal(block_cell(&b, 3, 3).n, 0);
	assert_int_equal(block_same_back(&b, 13), 0);
	assert_int_equal(block_same_back(&b, 23), 10);
	block_close(&b);
	assert_true(!o.after.is_shared[0] && o.after.is_shared[1] && o.after.is_shared[2]);
	free_blocks(&before);
	free_blocks(&o.after);
}

/* 85 900 000 000 is no phone of ours: where its block says so, nothing is made of it. */
static void
a_number_that_is_no_phone_ends_the_rewrite_with_an_error(void **state)
{
	struct model_row row = {.phone = UINT64_C(85900000000)};
	struct table *list = xcalloc(1, sizeof(*list));
	struct blocks before = {0};
	struct phone_set *shared = phone_set_new();
	struct rewrite_options options = {.shared = shared};
	struct rewrite *rw;
	struct schema s;
	struct block b;
	struct err_ctx e;

	(void)state;
	fill_schema(&s);
	options.schema = &s;
	list->rows[0] = list->rows[1] = row;
	list->count = 2;
	write_table(list, &s, &before);
	open_block(&before.bytes[0], &b);
	assert_int_equal(shared_phones_of_block(shared, &b, &e), ERR_SYSTEM);
	assert_non_null(strstr(e.why, "its row 1 is no phone"));
	phone_set_settle(shared);
	rw = rewrite_new(&options);
	assert_int_equal(rewrite_block(rw, 0, &b, &e), ERR_SYSTEM);
	assert_non_null(strstr(e.why, "block 0 is damaged: the number in its row 0"));
	rewrite_free(rw);
	block_close(&b);
	free_blocks(&before);
	free(list);
}

static void
keys_are_compared_in_one_form(void **state)
{
	struct buf a = {0}, b = {0};

	(void)state;
	row_key_add_text(&a, SLICE("  Hộ   KHÓ\tkhăn 12 "));
	row_key_add_text(&b, SLICE("ho\xCC\xA3\xCC\x82 khó khăn 12")); /* decomposed */
	assert_true(slice_is(buf_slice(&a), "hộ khó khăn 12"));
	assert_true(slice_eq(buf_slice(&a), buf_slice(&b)));
	buf_free(&a);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_found_by_a_column_become_what_the_model_says),
		cmocka_unit_test(rows_found_by_the_phone_become_what_the_model_says),
		cmocka_unit_test(a_tombstone_is_left_out_of_the_chain_behind_it),
		cmocka_unit_test(a_number_that_is_no_phone_ends_the_rewrite_with_an_error),
		cmocka_unit_test(keys_are_compared_in_one_form),
	};

	random_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
