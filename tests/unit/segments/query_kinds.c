/* SPDX-License-Identifier: MIT */
/*
 * However a block keeps a column, a query finds the rows in it that it finds by values one by
 * one: random predicates over columns of each kind, and sums that are worked out here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/query.h"

#define TODAY 20736 /* 2026-10-10 */
#define COLUMNS 7
#define ROUNDS 4000
#define PICK(list) (list)[below(ARRAY_LEN(list))]

static uint32_t random_state = 1010;

static uint32_t
below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 8) * n >> 24);
}

/* ---- people ---- */

static const struct {
	const char *name;
	enum column_type type;
	enum block_kind kind;
} columns[COLUMNS] = {
	{"ten", COLUMN_TEXT, BLOCK_WORDS},	{"dia_chi", COLUMN_TEXT, BLOCK_WORDS},
	{"sinh", COLUMN_DATE, BLOCK_DATES},	{"thu_nhap", COLUMN_NUMBER, BLOCK_NUMBERS},
	{"so_nha", COLUMN_TEXT, BLOCK_NUMBERS}, {"ma", COLUMN_TEXT, BLOCK_PLAIN},
	{"trong", COLUMN_TEXT, BLOCK_MISSING},
};

static const char *const families[] = {"Nguyễn", "Trần", "Lê", "ĐỖ", "Võ"};
static const char *const middles[] = {"Thị", "Văn", "thị Thu", "Đức"};
static const char *const givens[] = {"An", "Ân", "Hạnh", "hạnh", "Bình", "Thịnh", "Lê", "Huế"};

struct people {
	struct schema schema;
	char cells[BLOCK_ROWS][COLUMNS][64];
	struct buf bytes;
	struct block block;
};

static void
fill_row(char (*c)[64])
{
	for (int i = 0; i < COLUMNS; i++)
		c[i][0] = '\0';
	if (below(12) > 0)
		snprintf(c[0], 64, "%s %s %s%s", PICK(families), PICK(middles), PICK(givens),
			 below(4) > 0 ? "" : " 2");
	if (below(12) > 0)
		snprintf(c[1], 64, "Số %u Phố %s %u", below(400), PICK(givens), below(400));
	if (below(12) > 0)
		snprintf(c[2], 64, below(3) == 0 ? "%u" : "%u-%02u-%02u", 1950 + below(80),
			 1 + below(12), 1 + below(28));
	if (below(12) > 0)
		snprintf(c[3], 64, "%d", (int)below(900) - 100);
	if (below(12) > 0)
		snprintf(c[4], 64, "%05u", below(90000));
	if (below(12) > 0)
		snprintf(c[5], 64, "X%x-%x", below(1u << 20), below(1u << 20));
}

static void
fill(struct people *p)
{
	struct block_builder *b;

	p->schema.count = COLUMNS;
	p->schema.phone = -1;
	for (int i = 0; i < COLUMNS; i++) {
		snprintf(p->schema.columns[i].name, 64, "%s", columns[i].name);
		p->schema.columns[i].type = columns[i].type;
	}
	b = block_builder_new(&p->schema);
	for (uint32_t r = 0; r < BLOCK_ROWS; r++) {
		struct slice cells[COLUMNS];

		fill_row(p->cells[r]);
		for (int c = 0; c < COLUMNS; c++)
			cells[c] = slice_of(p->cells[r][c]);
		block_builder_add(b, cells, 0, 0, 0);
	}
	block_builder_finish(b, &p->bytes);
	block_builder_free(b);
	assert_int_equal(block_open(buf_slice(&p->bytes), &p->block, NULL), ERR_OK);
	for (int c = 0; c < COLUMNS; c++)
		assert_int_equal(p->block.column[c].kind, columns[c].kind);
}

/* ---- predicates ---- */

static void
add_text(struct buf *out, const struct people *p, int column)
{
	static const char *const parts[] = {
		"Thị",	 "%Thị%",      "Nguyễn%",   "%Hạnh",   "%hạnh 2", "Lê Thị%", "% Thị %",
		"%n T%", "%Phố A%",    "% Văn",	    "thị thu", "Số 1%",	  "%ễn%",    "% Phố %",
		"%%",	 "%Thị Thu %", "_ê Thị An", "%ị%nh",   "0%",	  "%7",	     "X%",
		"%-a%",	 "Nguyễn",     " An",	    "An ",     "%2%",	  "",	     "Trần Thị An"};

	if (below(3) == 0)
		buf_addf(out, "'%s'", p->cells[below(BLOCK_ROWS)][column]);
	else
		buf_addf(out, "'%s'", PICK(parts));
}

static void
add_constant(struct buf *out, const struct people *p, int column)
{
	if (columns[column].type == COLUMN_NUMBER)
		buf_addf(out, below(4) > 0 ? "%d" : "%d.5", (int)below(1000) - 150);
	else if (columns[column].type == COLUMN_DATE && below(3) > 0)
		buf_addf(out, "'%u-%02u-%02u'", 1945 + below(90), 1 + below(12), 1 + below(28));
	else if (columns[column].type == COLUMN_DATE)
		buf_addf(out, "'%u'", 1945 + below(90));
	else
		add_text(out, p, column);
}

/* birth dates also by age and with a time added */
static void
add_left(struct buf *out, int column)
{
	buf_adds(out, columns[column].name);
	if (columns[column].type == COLUMN_DATE && below(4) == 0)
		buf_addf(out, " + %u%c", 1 + below(40), "dwmy"[below(4)]);
}

static void
add_predicate(struct buf *out, const struct people *p)
{
	static const char *const operators[] = {"=", "!=", "<", "<=", ">", ">="};
	int column = (int)below(COLUMNS);
	bool is_text = columns[column].type == COLUMN_TEXT;

	if (columns[column].type == COLUMN_DATE && below(4) == 0) {
		buf_addf(out, "age(%s) %s %u", columns[column].name, PICK(operators), below(80));
		return;
	}
	if (is_text && below(3) > 0) {
		buf_addf(out, "%s %s ", columns[column].name,
			 below(3) == 0	 ? "~"
			 : below(3) == 0 ? "NOT LIKE"
					 : "LIKE");
		add_text(out, p, column);
		return;
	}
	if (below(12) == 0) {
		buf_addf(out, "%s IS %sNULL", columns[column].name, below(2) ? "NOT " : "");
		return;
	}
	add_left(out, column);
	switch (below(3)) {
	case 0:
		buf_adds(out, below(2) ? " IN (" : " NOT IN (");
		for (uint32_t i = below(4); i < 4; i++) {
			add_constant(out, p, column);
			buf_adds(out, i < 3 ? ", " : ")");
		}
		break;
	case 1:
		buf_adds(out, below(2) ? " BETWEEN " : " NOT BETWEEN ");
		add_constant(out, p, column);
		buf_adds(out, " AND ");
		add_constant(out, p, column);
		break;
	default:
		buf_addf(out, " %s ", PICK(operators));
		add_constant(out, p, column);
	}
}

/* ---- both ways ---- */

struct row {
	char (*cells)[64];
};

static struct slice
value_of(void *arg, struct slice name)
{
	const struct row *r = arg;

	for (int i = 0; i < COLUMNS; i++)
		if (slice_is(name, columns[i].name))
			return slice_of(r->cells[i]);
	return (struct slice){NULL, 0};
}

static struct query *
parsed(struct slice text, const struct schema *s)
{
	struct query_error e;
	struct query *q = query_parse(text, &e);

	if (q == NULL || (s != NULL && !query_bind(q, s, &e)))
		fail_msg("%.*s: %s", (int)text.n, text.p, e.message);
	return q;
}

/* A bound query by values keeps its types, as a list's row by row would. */
static void
compare(struct people *p, struct slice text)
{
	struct query *q = parsed(text, &p->schema), *one = parsed(text, &p->schema);
	uint64_t bits[4];

	query_eval_block(q, &p->block, TODAY, bits);
	for (uint32_t r = 0; r < BLOCK_ROWS; r++) {
		struct row row = {p->cells[r]};
		bool want = query_eval_row(one, value_of, &row, TODAY);

		if (want != (bits[r / 64] >> (r % 64) & 1))
			fail_msg("%.*s: row %u [%s|%s|%s|%s|%s|%s] %d", (int)text.n, text.p, r,
				 row.cells[0], row.cells[1], row.cells[2], row.cells[3],
				 row.cells[4], row.cells[5], want);
	}
	query_free(q);
	query_free(one);
}

static void
each_kind_of_column_gives_the_rows_that_values_give(void **state)
{
	struct people *p = xcalloc(1, sizeof(*p));
	struct buf text = {0};

	(void)state;
	fill(p);
	for (int i = 0; i < ROUNDS; i++) {
		buf_reset(&text);
		add_predicate(&text, p);
		if (below(3) == 0) {
			buf_adds(&text, below(2) ? " AND " : " OR ");
			add_predicate(&text, p);
		}
		compare(p, buf_slice(&text));
	}
	block_close(&p->block);
	buf_free(&p->bytes);
	buf_free(&text);
	free(p);
}

static void
only_the_columns_that_are_named_are_wanted(void **state)
{
	struct people *p = xcalloc(1, sizeof(*p));
	struct block_want want = {.has_people = false};
	struct query *q;

	(void)state;
	fill(p);
	q = parsed(SLICE("thu_nhap > 5 AND (sinh < '1960' OR age(sinh) > 70)"), &p->schema);
	query_want(q, &want);
	assert_false(want.has_people);
	for (uint32_t c = 0; c < COLUMNS; c++)
		assert_int_equal(block_is_wanted(&want, c), c == 2 || c == 3);
	query_free(q);
	block_close(&p->block);
	buf_free(&p->bytes);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_column_gives_the_rows_that_values_give),
		cmocka_unit_test(only_the_columns_that_are_named_are_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
