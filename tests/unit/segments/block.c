/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/block.h"

/* Two rows: "ab" and missing. All bytes by hand, from the layout at the top of segments/block.c. */
static const uint8_t two_rows[] = {
	2,    255,  7,	  0,	0,    0,		 /* rows */
	2,    0,    2,	  0,	1,    0, 1,		 /* 2 rows, 1 column, which has a piece */
	254,  15,   0,	  0,	0,			 /* people */
	5,    1,					 /* bytes of a phone and of a distance */
	0x4e, 0x93, 0x2b, 0xc5, 0x13,			 /* 84912345934 */
	0,    0,    0,	  0,	0,			 /* no phone */
	0,    1,					 /* same phone */
	3,						 /* carriers */
	0,    10,   0,	  0,	0,			 /* the column */
	1,    2,    0,	  0,	2,    0, 2, 0, 'a', 'b', /* plain */
};

static const uint8_t dictionary[] = {2, 2, 1, 1, 0, 1, 0, 0, 2, 0, 'a', 'b'};
static const uint8_t numbers[] = {
	3,    2, 0, 20, 0,    0, 0, 0, 0, 0, 0, /* from 20 on, in 2 bytes */
	0xe1, 1, 0, 0,	0xd5, 3, 1, 0,		/* 481, none, 981, 1 */
};
static const uint8_t zeros[] = {
	3, 1,  3, 7, 0, 0, 0, 0, 0, 0, 0, /* three digits, from 7 on, in 1 byte */
	1, 94, 4, 0,
};
static const uint8_t dates[] = {
	4,    2,    0xa5, 0x07, /* from 1957 on */
	0x4a, 0x13, 0,	  0,	/* 9 * 512 + 10 * 32 + 10; none */
	0,    2,    0x5d, 0x5e, /* 512; 47 * 512 + 2 * 32 + 29 */
};
static const uint8_t words[] = {
	5,   2,	   4,	 0,   3, /* a table of four, three with a code */
	3,   0,	   2,		 /* words of each row */
	1,   2,	   3,	 1,   0, /* Lê Thị An; Lê and the next of the others */
	0,   0,	   3,	 0,   8,   0,	 10,   0,    14,  0, /* where they begin */
	'L', 0xc3, 0xaa, 'T', 'h', 0xe1, 0xbb, 0x8b, 'A', 'n', 'B', 'i', 'n', 'h',
};

/* Columns of these kinds, and what is in them. */
static const struct kind_case {
	enum block_kind kind;
	enum column_type type;
	const uint8_t *bytes;
	size_t n;
	uint32_t rows;
	const char *cells[4];
} kind_cases[] = {
	{BLOCK_DICTIONARY, COLUMN_TEXT, dictionary, sizeof(dictionary), 3, {"ab", "", "ab"}},
	{BLOCK_NUMBERS, COLUMN_NUMBER, numbers, sizeof(numbers), 4, {"500", "", "1000", "20"}},
	{BLOCK_NUMBERS, COLUMN_NUMBER, zeros, sizeof(zeros), 4, {"007", "100", "010", ""}},
	{BLOCK_DATES,
	 COLUMN_DATE,
	 dates,
	 sizeof(dates),
	 4,
	 {"1966-10-10", "", "1958", "2004-02-29"}},
	{BLOCK_WORDS, COLUMN_TEXT, words, sizeof(words), 3, {"Lê Thị An", "", "Lê Binh"}},
};

static struct schema
schema_of(uint32_t columns)
{
	struct schema s = {.count = columns, .phone = -1};

	for (uint32_t i = 0; i < columns; i++) {
		s.columns[i].name[0] = (char)('a' + i);
		s.columns[i].title[0] = (char)('A' + i);
	}
	return s;
}

static void
the_bytes_are_as_documented(void **state)
{
	struct schema s = schema_of(1);
	struct block_builder *b = block_builder_new(&s);
	struct slice ab = SLICE("ab"), none = {NULL, 0};
	struct buf out = {0};

	(void)state;
	block_builder_add(b, &ab, 84912345934ull, 0, 3);
	block_builder_add(b, &none, 0, 1, 0);
	assert_int_equal(block_builder_rows(b), 2);
	block_builder_finish(b, &out);
	assert_int_equal(block_builder_rows(b), 0);
	assert_int_equal(out.len, sizeof(two_rows));
	assert_memory_equal(out.data, two_rows, sizeof(two_rows));
	block_builder_finish(b, &out); /* no rows, no block */
	assert_int_equal(out.len, sizeof(two_rows));
	buf_free(&out);
	block_builder_free(b);
}

static void
the_documented_bytes_are_read(void **state)
{
	struct block *b = xmalloc(sizeof(*b));
	struct slice cell;

	(void)state;
	assert_int_equal(
		block_open((struct slice){(const char *)two_rows, sizeof(two_rows)}, b, NULL), 0);
	assert_int_equal(b->rows, 2);
	assert_int_equal(b->columns, 1);
	cell = block_cell(b, 0, 0);
	assert_true(slice_is(cell, "ab"));
	assert_int_equal(block_cell(b, 1, 0).n, 0);
	assert_int_equal(block_cell(b, 0, 5).n, 0); /* added later */
	assert_int_equal(block_phone(b, 0), 84912345934ull);
	assert_int_equal(block_same_back(b, 1), 1);
	assert_int_equal(block_carrier(b, 0), 3);
	assert_false(block_is_deleted(b, 0));
	block_close(b);
	free(b);
}

/* A block of one column, its piece given. */
static void
open_one(struct block *b, uint32_t rows, const uint8_t *bytes, size_t n)
{
	uint8_t about[] = {2, 0, (uint8_t)rows, 0, 1, 0, 1};

	memset(b, 0, sizeof(*b));
	assert_int_equal(
		block_open_rows(b, (struct slice){(const char *)about, sizeof(about)}, NULL), 0);
	assert_int_equal(block_open_column(b, 0, (struct slice){(const char *)bytes, n}, NULL), 0);
}

static void
each_kind_of_column_is_read_as_documented(void **state)
{
	struct block *b = xmalloc(sizeof(*b));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kind_cases); i++) {
		const struct kind_case *k = &kind_cases[i];

		open_one(b, k->rows, k->bytes, k->n);
		assert_int_equal(b->column[0].kind, k->kind);
		for (uint32_t row = k->rows; row-- > 0;)
			assert_true(slice_is(block_cell(b, row, 0), k->cells[row]));
		block_close(b);
	}
	free(b);
}

static void
each_kind_of_column_is_written_as_documented(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kind_cases); i++) {
		const struct kind_case *k = &kind_cases[i];
		struct schema s = schema_of(1);
		struct block_builder *b;
		struct buf out = {0};

		if (k->kind == BLOCK_WORDS) /* not for so few rows */
			continue;
		s.columns[0].type = k->type;
		b = block_builder_new(&s);
		for (uint32_t row = 0; row < k->rows; row++) {
			struct slice cell = slice_of(k->cells[row]);

			block_builder_add(b, &cell, 0, 0, 0);
		}
		block_builder_finish(b, &out);
		assert_true(out.len > k->n);
		assert_memory_equal(out.data + out.len - k->n, k->bytes, k->n);
		buf_free(&out);
		block_builder_free(b);
	}
}

static void
tombstones_are_read_as_documented(void **state)
{
	/* ten rows without columns; the second and the last are deleted */
	static const uint8_t about[] = {2, 1, 10, 0, 0, 0, 0x02, 0x02};
	struct block *b = xcalloc(1, sizeof(*b));

	(void)state;
	assert_int_equal(
		block_open_rows(b, (struct slice){(const char *)about, sizeof(about)}, NULL), 0);
	for (uint32_t row = 0; row < 10; row++)
		assert_int_equal(block_is_deleted(b, row), row == 1 || row == 9);
	free(b);
}

static void
a_block_of_an_older_release_says_so(void **state)
{
	static const char old[] = {1, 0, 1, 0, 0, 0, 0, 0};
	struct block *b = xmalloc(sizeof(*b));
	struct err_ctx e = {0};

	(void)state;
	assert_int_equal(block_open((struct slice){old, sizeof(old)}, b, &e), ERR_INPUT);
	assert_string_equal(e.why, "written by an older Loa");
	assert_string_equal(e.todo, "import it again");
	free(b);
}

static bool
dies(void (*what)(const struct block *b), const struct block *b)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		what(b);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
read_cell(const struct block *b)
{
	(void)block_cell(b, 0, 0);
}

static void
read_phone(const struct block *b)
{
	(void)block_phone(b, 0);
}

static void
what_was_not_read_cannot_be_used(void **state)
{
	static const uint8_t about[] = {2, 0, 2, 0, 2, 0, 1};
	struct block *b = xcalloc(1, sizeof(*b));

	(void)state;
	assert_int_equal(
		block_open_rows(b, (struct slice){(const char *)about, sizeof(about)}, NULL), 0);
	assert_true(dies(read_cell, b));
	assert_true(dies(read_phone, b));
	assert_int_equal(block_cell(b, 0, 1).n, 0); /* known to be empty */
	free(b);
}

/* Cell (row, column) of the block that make_block makes: a kind for each column. */
static size_t
cell_text(char out[64], uint32_t row, uint32_t column)
{
	static const char *const given[] = {"An", "Bình", "Cúc", "Dung", "Hạnh"};

	if ((row + column) % 7 == 3)
		return 0;
	switch (column % 6) {
	case 0: /* plain: no word twice */
		return (size_t)snprintf(out, 64, "x%u-%x", row * 31, row * 97);
	case 1: /* words, and more than have a code */
		return (size_t)snprintf(out, 64, "Nguyễn %s %s %u", given[row % 5], given[row % 3],
					row * 7);
	case 2:
		return (size_t)snprintf(out, 64, "thôn %u", row % 5);
	case 3:
		return (size_t)snprintf(out, 64, "%d", (int)(row * 31) - 100);
	case 4:
		return (size_t)snprintf(out, 64, row % 3 == 0 ? "%u" : "%u-%02u-%02u",
					1940 + row / 4, 1 + row % 12, 1 + row % 28);
	default: /* never a value */
		return 0;
	}
}

static enum column_type
column_kind(uint32_t column)
{
	return column % 6 == 3 ? COLUMN_NUMBER : column % 6 == 4 ? COLUMN_DATE : COLUMN_TEXT;
}

static struct buf
make_block(uint32_t rows, uint32_t columns)
{
	struct schema s = schema_of(columns);
	struct block_builder *b;
	struct buf out = {0};

	for (uint32_t c = 0; c < columns; c++)
		s.columns[c].type = column_kind(c);
	b = block_builder_new(&s);
	for (uint32_t r = 0; r < rows; r++) {
		char text[COLUMNS_MAX][64];
		struct slice cells[COLUMNS_MAX];

		for (uint32_t c = 0; c < columns; c++)
			cells[c] = (struct slice){text[c], cell_text(text[c], r, c)};
		block_builder_add(b, cells, 84900000000ull + r, r / 2, (uint8_t)(r % 8));
	}
	block_builder_finish(b, &out);
	block_builder_free(b);
	return out;
}

static void
a_full_block_comes_back_as_it_was(void **state)
{
	static const enum block_kind kinds[] = {BLOCK_PLAIN,   BLOCK_WORDS, BLOCK_DICTIONARY,
						BLOCK_NUMBERS, BLOCK_DATES, BLOCK_MISSING};
	struct buf bytes = make_block(BLOCK_ROWS, 7);
	struct block *b = xmalloc(sizeof(*b));

	(void)state;
	assert_int_equal(block_open(buf_slice(&bytes), b, NULL), 0);
	assert_int_equal(b->rows, 256);
	for (uint32_t c = 0; c < 7; c++)
		assert_int_equal(b->column[c].kind, kinds[c % 6]);
	for (uint32_t r = 0; r < 256; r++) {
		for (uint32_t c = 0; c < 7; c++) {
			char text[64];
			struct slice want = {text, cell_text(text, r, c)};

			assert_true(slice_eq(block_cell(b, r, c), want));
		}
		assert_int_equal(block_phone(b, r), 84900000000ull + r);
		assert_int_equal(block_same_back(b, r), r / 2);
		assert_int_equal(block_carrier(b, r), r % 8);
	}
	block_close(b);
	buf_free(&bytes);
	free(b);
}

/* ---- random tables ---- */

static uint32_t random_state = 2026;

static uint32_t
below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 8) * n >> 24);
}

/* Things that nearly fit one of the ways, of a different sort for each column and block. */
static size_t
random_cell(char *out, size_t cap, uint32_t sort)
{
	static const char *const pieces[] = {"Lê", "",	   " ",	       "Thị", "-",
					     "0",  "1966", "\xe1\xbb", "x"};
	int n = 0;

	if (below(12) == 0)
		return 0;
	switch (sort) {
	case 0:
		n = snprintf(out, cap, "%lld", (long long)below(2000) - 1000);
		break;
	case 1:
		n = snprintf(out, cap, "%0*u", 1 + (int)below(2) * 9, below(1u << 24));
		break;
	case 2:
		n = snprintf(out, cap, "%012llu",
			     (unsigned long long)below(1u << 24) * below(60000));
		break;
	case 3:
		n = snprintf(out, cap, "%u-%02u-%02u", 990 + below(9100), 1 + below(13),
			     1 + below(31));
		break;
	case 4:
		n = snprintf(out, cap, below(2) ? "%u" : "%u-12-31",
			     (below(2) ? 1900 : 9870) + below(130));
		break;
	case 5:
		n = snprintf(out, cap, "Nguyễn%sVăn %u", below(40) > 0 ? " " : "  ", below(300));
		break;
	default:
		for (uint32_t i = below(4); i < 6; i++)
			n += snprintf(out + n, cap - (size_t)n, "%s", pieces[below(9)]);
	}
	return (size_t)n;
}

static void
random_block(void)
{
	enum { COLUMNS = 4 };
	static char text[BLOCK_ROWS][COLUMNS][64];
	static size_t lengths[BLOCK_ROWS][COLUMNS];
	struct schema s = schema_of(COLUMNS);
	uint32_t rows = 1 + below(BLOCK_ROWS), sorts[COLUMNS];
	struct block *view = xmalloc(sizeof(*view));
	struct block_builder *b;
	struct buf out = {0};

	for (uint32_t c = 0; c < COLUMNS; c++) {
		sorts[c] = below(7);
		s.columns[c].type = (enum column_type)below(3);
	}
	b = block_builder_new(&s);
	for (uint32_t r = 0; r < rows; r++) {
		struct slice cells[COLUMNS];

		for (uint32_t c = 0; c < COLUMNS; c++) {
			lengths[r][c] = random_cell(text[r][c], sizeof(text[r][c]), sorts[c]);
			cells[c] = (struct slice){text[r][c], lengths[r][c]};
		}
		block_builder_add(b, cells, r % 3 == 0 ? UINT64_C(1) << 41 : r, r * 300,
				  (uint8_t)(r % 5));
	}
	block_builder_finish(b, &out);
	assert_int_equal(block_open(buf_slice(&out), view, NULL), ERR_OK);
	assert_int_equal(view->rows, rows);
	for (uint32_t r = 0; r < rows; r++) {
		for (uint32_t c = 0; c < COLUMNS; c++)
			assert_true(slice_eq(block_cell(view, r, c),
					     (struct slice){text[r][c], lengths[r][c]}));
		assert_int_equal(block_phone(view, r), r % 3 == 0 ? UINT64_C(1) << 41 : r);
		assert_int_equal(block_same_back(view, r), r * 300);
	}
	block_close(view);
	block_builder_free(b);
	buf_free(&out);
	free(view);
}

static void
random_tables_come_back_as_they_were(void **state)
{
	(void)state;
	for (int i = 0; i < 400; i++)
		random_block();
}

static void
a_sweep_reads_only_what_it_wants(void **state)
{
	struct buf bytes = make_block(9, 5), some = {0};
	struct block *b = xmalloc(sizeof(*b));
	struct reader r;
	struct piece p;

	(void)state;
	pieces_begin(&some);
	assert_int_equal(pieces_open(buf_slice(&bytes), &r, NULL), ERR_OK);
	while (pieces_next(&r, &p))
		if (p.id == PIECE_ROWS || p.id == 2)
			pieces_add(&some, p.id, p.bytes);
	assert_int_equal(block_open(buf_slice(&some), b, NULL), ERR_INPUT);
	assert_int_equal(block_open_some(buf_slice(&some), b, NULL), ERR_OK);
	assert_int_equal(b->column[1].kind, BLOCK_UNREAD);
	assert_true(slice_is(block_cell(b, 0, 2), "thôn 0"));
	block_close(b);
	buf_free(&bytes);
	buf_free(&some);
	free(b);
}

static void
the_largest_cells_fit(void **state)
{
	struct schema s = schema_of(1);
	struct block_builder *b = block_builder_new(&s);
	struct block *view = xmalloc(sizeof(*view));
	struct buf out = {0};
	char big[CELL_MAX];

	(void)state;
	memset(big, 'n', sizeof(big));
	for (int r = 0; r < 256; r++) {
		big[0] = (char)r; /* 256 distinct values: one too many for a dictionary */
		block_builder_add(b, &(struct slice){big, sizeof(big)}, 0, 0, 0);
	}
	block_builder_finish(b, &out);
	assert_int_equal(block_open(buf_slice(&out), view, NULL), 0);
	assert_int_equal(view->column[0].kind, BLOCK_PLAIN);
	assert_int_equal(block_cell(view, 255, 0).n, CELL_MAX);
	buf_free(&out);
	block_builder_free(b);
	free(view);
}

/* Touch everything a view gives; under the address sanitizer a stray byte ends the test. */
static uint64_t
read_all(const struct block *b)
{
	uint64_t sum = 0;

	for (uint32_t r = 0; r < b->rows; r++) {
		for (uint32_t c = 0; c < b->columns; c++) {
			struct slice s = block_cell(b, r, c);

			assert_true(s.n <= CELL_MAX);
			for (size_t i = 0; i < s.n; i++)
				sum += (uint8_t)s.p[i];
		}
		sum += block_phone(b, r) + block_same_back(b, r) + block_is_deleted(b, r);
		assert_true(block_carrier(b, r) < 8);
	}
	return sum;
}

static void
open_copy(struct slice bytes, bool must_fail)
{
	/* Exactly as large as the bytes, so that reading one more is seen. */
	char *copy = xmalloc(bytes.n);
	struct block *b = xmalloc(sizeof(*b));
	struct err_ctx e = {0};
	enum err rc;

	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	rc = block_open((struct slice){copy, bytes.n}, b, &e);
	if (rc == ERR_OK) {
		assert_false(must_fail);
		read_all(b);
		block_close(b);
	} else {
		assert_int_equal(rc, ERR_INPUT);
		assert_true(e.why[0] != '\0');
	}
	free(b);
	free(copy);
}

static void
a_flipped_byte_is_never_read_out_of_bounds(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff, 0x7f};
	struct buf bytes = make_block(20, 6);

	(void)state;
	for (size_t at = 0; at < bytes.len; at++)
		for (size_t f = 0; f < ARRAY_LEN(flips); f++) {
			bytes.data[at] = (char)((uint8_t)bytes.data[at] ^ flips[f]);
			open_copy(buf_slice(&bytes), false);
			bytes.data[at] = (char)((uint8_t)bytes.data[at] ^ flips[f]);
		}
	buf_free(&bytes);
}

static void
a_block_cut_anywhere_or_too_long_is_refused(void **state)
{
	struct buf bytes = make_block(20, 6);

	(void)state;
	for (size_t n = 0; n < bytes.len; n++)
		open_copy((struct slice){bytes.data, n}, true);
	buf_addc(&bytes, 0);
	open_copy(buf_slice(&bytes), true);
	buf_free(&bytes);
}

static void
a_column_is_found_by_name_and_title_in_any_case(void **state)
{
	struct schema *s = xcalloc(1, sizeof(*s));

	(void)state;
	s->count = 2;
	memcpy(s->columns[0].name, "ho_ten", 7);
	memcpy(s->columns[0].title, "Họ và tên", sizeof("Họ và tên"));
	memcpy(s->columns[1].name, "tinh", 5);
	memcpy(s->columns[1].title, "Tỉnh", sizeof("Tỉnh"));
	assert_int_equal(schema_find(s, SLICE("HO_TEN")), 0);
	assert_int_equal(schema_find(s, SLICE(" HỌ VÀ TÊN ")), 0);
	/* the same title, decomposed: T, i, combining hook, n, h */
	assert_int_equal(schema_find(s, SLICE("Ti\xcc\x89nh")), 1);
	assert_int_equal(schema_find(s, SLICE("tinh")), 1);
	assert_int_equal(schema_find(s, SLICE("xa")), -1);
	assert_int_equal(schema_find(s, SLICE("")), -1);
	assert_int_equal(schema_find(s, SLICE("\xff")), -1);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_as_documented),
		cmocka_unit_test(the_documented_bytes_are_read),
		cmocka_unit_test(each_kind_of_column_is_read_as_documented),
		cmocka_unit_test(each_kind_of_column_is_written_as_documented),
		cmocka_unit_test(tombstones_are_read_as_documented),
		cmocka_unit_test(a_block_of_an_older_release_says_so),
		cmocka_unit_test(what_was_not_read_cannot_be_used),
		cmocka_unit_test(random_tables_come_back_as_they_were),
		cmocka_unit_test(a_sweep_reads_only_what_it_wants),
		cmocka_unit_test(a_full_block_comes_back_as_it_was),
		cmocka_unit_test(the_largest_cells_fit),
		cmocka_unit_test(a_flipped_byte_is_never_read_out_of_bounds),
		cmocka_unit_test(a_block_cut_anywhere_or_too_long_is_refused),
		cmocka_unit_test(a_column_is_found_by_name_and_title_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
