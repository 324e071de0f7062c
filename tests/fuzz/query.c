/* SPDX-License-Identifier: MIT */
/*
 * Queries. Input: the query, then the cells of rows, six each. Says: a
 * normalised query means the same and is its own normal form; NOT turns around;
 * a row's answer does not depend on the rows beside it or on how they are coded,
 * and is the same by values and in a block. External sets hold the odd phones;
 * row i has the phone i + 1.
 */
#include "segments/combine.h"
#include "segments/query.h"
#include "segments/query_tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#define COLUMNS 6
#define ROWS_MAX 12
#define TODAY 20000 /* 2024-10-04 */

static struct schema schema = {
	.columns =
		{
			{.name = "ho_ten", .title = "Họ và tên", .type = COLUMN_TEXT},
			{.name = "tuoi", .title = "Tuổi", .type = COLUMN_NUMBER},
			{.name = "ngay_sinh", .title = "Ngày sinh", .type = COLUMN_DATE},
			{.name = "nhom", .title = "Nhóm", .type = COLUMN_TEXT},
			{.name = "ghi chú", .title = "Ghi chú", .type = COLUMN_TEXT},
			{.name = "tinh", .title = "Tỉnh", .type = COLUMN_TEXT},
		},
	.count = COLUMNS,
	.phone = -1,
};

struct rows {
	struct slice cells[ROWS_MAX][COLUMNS];
	uint32_t count;
};

static struct slice
cell_by_name(void *arg, struct slice name)
{
	const struct slice *cells = arg;
	int i = schema_find(&schema, name);

	return i >= 0 ? cells[i] : (struct slice){NULL, 0};
}

static void
check_error(struct slice text, const struct query_error *e)
{
	struct buf out = {0};

	must(e->at <= text.n && e->column >= 1, "an error at %zu of %zu", e->at, text.n);
	must_fit(e->message, sizeof(e->message));
	must_be_words(e->message);
	query_add_caret(text, e, &out);
	must(memchr(out.data, '^', out.len) != NULL, "no caret");
	if (text_find_malformed(text) < 0)
		must(text_find_malformed(buf_slice(&out)) < 0, "the caret's lines are not UTF-8");
	buf_free(&out);
}

static struct query *
parse(struct slice text)
{
	struct slice copy = fuzz_copy(text);
	struct query_error e;
	struct query *q = query_parse(copy, &e);

	must(q != NULL, "our own text is refused: %s: %.*s", e.message, (int)text.n, text.p);
	free((char *)copy.p);
	return q;
}

static void
compare_rows(const struct query *a, const struct query *b, bool is_turned, struct rows *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		bool x = query_eval_row(a, cell_by_name, r->cells[i], TODAY);
		bool y = query_eval_row(b, cell_by_name, r->cells[i], TODAY);

		must((x == y) != is_turned, "row %u: %d and %d", i, x, y);
	}
}

/* The bits of rows from..from+count-1 in a block of their own. */
static uint64_t
eval_block(const struct query *q, const struct rows *r, uint32_t from, uint32_t count)
{
	struct block_builder *builder = block_builder_new(&schema);
	struct buf bytes = {0};
	struct block block;
	uint64_t bits[4];

	for (uint32_t i = from; i < from + count; i++)
		block_builder_add(builder, r->cells[i], i + 1, 0, 0);
	block_builder_finish(builder, &bytes);
	must(block_open(buf_slice(&bytes), &block, NULL) == ERR_OK, "our own block is refused");
	query_eval_block(q, &block, TODAY, bits);
	must(bits[1] == 0 && bits[2] == 0 && bits[3] == 0 && bits[0] >> count == 0,
	     "rows that are not there");
	block_close(&block);
	buf_free(&bytes);
	block_builder_free(builder);
	return bits[0];
}

static bool
is_odd(void *arg, uint64_t phone)
{
	(void)arg;
	return phone % 2 == 1;
}

static void
odd_rows(void *arg, const struct block *b, uint64_t out[4])
{
	for (uint32_t i = 0; i < b->rows; i++)
		out[i / 64] |= (uint64_t)is_odd(arg, block_phone(b, i)) << (i % 64);
}

static void
fill(struct query *q)
{
	for (size_t i = 0; i < query_external_count(q); i++)
		query_fill(q, i, i % 2 == 0 ? is_odd : NULL, i % 2 == 0 ? NULL : odd_rows, NULL);
}

/* What is said beside the answer. */
static void
check_hints(const struct query *q, const struct rows *r)
{
	struct buf warnings = {0};
	struct query_literal l;

	query_add_warnings(q, &warnings);
	must(text_find_malformed(buf_slice(&warnings)) < 0, "the warnings are not UTF-8");
	buf_free(&warnings);
	for (size_t i = 0; query_literal(q, i, &l); i++) {
		ptrdiff_t near = query_nearest_value(l.text, r->cells[0], COLUMNS);

		must(near >= -1 && near < COLUMNS && l.column < COLUMNS && l.at < q->text.n,
		     "a hint to what is not there");
	}
}

static void
check_blocks(const struct query *q, const struct query *normal, struct rows *r)
{
	uint64_t all = eval_block(q, r, 0, r->count);

	must(all == eval_block(normal, r, 0, r->count), "the normal form means something else");
	for (uint32_t i = 0; i < r->count; i++)
		must(eval_block(q, r, i, 1) == (all >> i & 1), "row %u alone is another", i);
	for (uint32_t i = 0; i < r->count && query_external_count(q) == 0; i++)
		must(query_eval_row(q, cell_by_name, r->cells[i], TODAY) == (all >> i & 1),
		     "row %u by its values is another", i);
}

/* The text that stands in for all segments is there, or it is said where it cannot be. */
static void
check_combined(const struct query *q, struct slice text)
{
	struct saved_segment saved[32];
	struct combine c = {.list = SLICE("l"), .query = text, .saved = saved};
	struct query_error e;
	struct buf out = {0};
	struct query *whole;

	for (size_t i = 0; i < query_segment_count(q) && i < ARRAY_LEN(saved); i++)
		saved[c.saved_count++] = (struct saved_segment){query_segment(q, i)->name, c.list,
								SLICE("tuoi = 1 or tuoi > 60")};
	if (query_combine(&c, &out, &e)) {
		whole = parse(buf_slice(&out));
		must(query_segment_count(whole) == 0, "a segment is left");
		query_free(whole);
	} else {
		check_error(text, &e);
	}
	buf_free(&out);
}

static void
check_query(struct query *q, struct slice text, struct rows *r)
{
	struct buf normal = {0}, again = {0}, turned = {0};
	struct query *n, *not_q;
	struct query_error e;

	query_add_normalised(q, &normal);
	buf_adds(&turned, "NOT (");
	buf_add_slice(&turned, text);
	buf_addc(&turned, ')');
	if (normal.len <= QUERY_MAX_BYTES) {
		n = parse(buf_slice(&normal));
		query_add_normalised(n, &again);
		must_be_equal(buf_slice(&normal), buf_slice(&again), "normal forms");
		compare_rows(q, n, false, r);
		not_q = query_parse(buf_slice(&turned), NULL); /* may be too long or too deep */
		if (not_q != NULL)
			compare_rows(q, not_q, true, r);
		query_free(not_q);
		fill(q);
		fill(n);
		if (!query_bind(q, &schema, &e))
			check_error(text, &e);
		else if (query_bind(n, &schema, NULL))
			check_blocks(q, n, r), check_hints(q, r);
		else
			must(false, "only the normal form does not bind");
		query_free(n);
	}
	buf_free(&normal);
	buf_free(&again);
	buf_free(&turned);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct parts p = parts_split(data, n);
	struct rows r = {.count = 1};
	struct query_error e;
	struct query *q = query_parse(p.v[0], &e);

	for (size_t i = 1; i < p.n && i <= ROWS_MAX * COLUMNS; i++) {
		struct slice s = p.v[i];

		s.n = s.n < CELL_MAX ? s.n : CELL_MAX;
		r.cells[(i - 1) / COLUMNS][(i - 1) % COLUMNS] = s;
		r.count = (uint32_t)((i - 1) / COLUMNS) + 1;
	}
	if (q == NULL)
		check_error(p.v[0], &e);
	else
		check_combined(q, p.v[0]), check_query(q, p.v[0], &r);
	query_free(q);
	parts_free(&p);
	return 0;
}
