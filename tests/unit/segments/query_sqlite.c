/* SPDX-License-Identifier: MIT */
/*
 * Random queries against SQLite: each is written once in our language and once in
 * SQL, where every comparison is wrapped in (…) IS TRUE; a collation and like() that
 * fold are registered, made with the library of Unicode and nothing of segments/.
 * Also said of each: it and its NOT add up; De Morgan; the row evaluator agrees with
 * the block evaluator; the normal form finds the same.
 *
 * usage: query_sqlite [QUERIES [SEED]]   the seed is printed
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "base/text.h"
#include "segments/query.h"

#define TODAY 20736 /* 2026-10-10 */
#define TODAY_TEXT "2026-10-10"
#define BLOCKS 4
#define ROWS (BLOCKS * 80)
#define COLUMNS 7

static uint64_t seed = 20261010, start_seed;
static unsigned query_count = 10500;

static uint32_t
next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static uint32_t
below(uint32_t n)
{
	return next_random() % n;
}

#define PICK(list) (list)[below(ARRAY_LEN(list))]

/* ---- the rows ---- */

static const char *const families[] = {"Nguyễn", "Trần", "LÊ", "Phạm", "nguyễn", "Đặng", "H'Hen"};
static const char *const middles[] = {" Văn", " Thị", " THỊ", "", " Đức", " Ngọc Ánh"};
static const char *const givens[] = {" An",   " Bình", " Ước",	 " Hòa",	 " Hoà", " Straße",
				     " 100%", " a_b",  " Ωmega", " Thi\xcc\xa3", "",	 " ánh"};
static const char *const places[] = {
	"An Giang", "AN GIANG", "Huế", "Hà Nội", "", "Cần Thơ", "Hue\xcc\x82\xcc\x81", "Đà Nẵng"};
static const char *const numbers[] = {"0", "7.5", "7.50", "-3", "10", "", "abc", "9", "1000000"};
static const char *const dates[] = {"1958-03-15", "1966",	"2004-02-29", "2026-10-10",
				    "",		  "1966-10-11", "15/3/1958",  "1999-12-31",
				    "2025-02-29", "mai",	"2000"};
static const char *const tags[] = {"xanh", "đỏ;VÀNG", "xanh, đỏ", "", "vàng|Xanh", "; ;"};

struct people {
	struct schema schema;
	char cells[ROWS][COLUMNS][80];
	struct buf bytes[BLOCKS];
	struct block blocks[BLOCKS];
	sqlite3 *db;
	uint32_t row; /* that value_of looks at */
};

/* ---- what SQLite is told of our language ---- */

static bool
is_whole_date(const char *s)
{
	return strlen(s) == 10 && s[4] == '-';
}

/* The cell as SQL sees it: a number, a date 'yyyy-mm-dd' or 'yyyy', a text, or NULL. */
static void
bind_cell(sqlite3_stmt *st, int at, enum column_type type, const char *cell)
{
	char *end;
	double number = strtod(cell, &end);

	if (strcmp(cell, "15/3/1958") == 0)
		cell = "1958-03-15";
	if (cell[0] == '\0' || (type == COLUMN_NUMBER && *end != '\0') ||
	    (type == COLUMN_DATE && strlen(cell) != 4 && !is_whole_date(cell)) ||
	    (type == COLUMN_DATE && strcmp(cell, "2025-02-29") == 0))
		sqlite3_bind_null(st, at);
	else if (type == COLUMN_NUMBER)
		sqlite3_bind_double(st, at, number);
	else
		sqlite3_bind_text(st, at, cell, -1, SQLITE_STATIC);
}

static struct buf
folded_of(const void *p, size_t n)
{
	struct buf out = {0};

	assert_true(text_add_folded(&out, (struct slice){p, n}));
	buf_adds(&out, "");
	return out;
}

static int
collate_folded(void *arg, int an, const void *a, int bn, const void *b)
{
	struct buf x = folded_of(a, (size_t)an), y = folded_of(b, (size_t)bn);
	int c = strcmp(x.data, y.data); /* UTF-8: the order of code points */

	(void)arg;
	buf_free(&x);
	buf_free(&y);
	return c;
}

/* By the definition, with recursion. */
static bool
like(struct slice pattern, struct slice s)
{
	struct slice rest = pattern, tail = s;
	int32_t want = text_next(&rest), got;

	if (want == -1)
		return s.n == 0;
	if (want == '%') {
		if (like(rest, s))
			return true;
		return s.n > 0 && text_next(&tail) != -1 && like(pattern, tail);
	}
	if (s.n == 0)
		return false;
	got = text_next(&tail);
	if (want == '_')
		return like(rest, tail);
	if (want == '\\')
		want = text_next(&rest);
	return want == got && like(rest, tail);
}

static struct slice
text_arg(sqlite3_value *v)
{
	const char *p = (const char *)sqlite3_value_text(v);

	return (struct slice){p, (size_t)sqlite3_value_bytes(v)};
}

/* like(pattern, text) */
static void
fn_like(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct slice p = text_arg(v[0]), s = text_arg(v[1]);
	struct buf x, y;

	(void)n;
	if (s.p == NULL)
		return;
	x = folded_of(p.p, p.n);
	y = folded_of(s.p, s.n);
	sqlite3_result_int(c, like(buf_slice(&x), buf_slice(&y)));
	buf_free(&x);
	buf_free(&y);
}

/* bare(text): folded, without accents */
static void
fn_bare(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct slice s = text_arg(v[0]);
	struct buf out = {0};

	(void)n;
	if (s.p == NULL)
		return;
	assert_true(text_add_unaccented_folded(&out, s));
	sqlite3_result_text(c, out.len > 0 ? out.data : "", (int)out.len, SQLITE_TRANSIENT);
	buf_free(&out);
}

/* ---- random predicates, in both languages ---- */

struct both {
	struct buf ours, sql;
};

static void
add_both(struct both *b, const char *s)
{
	buf_adds(&b->ours, s);
	buf_adds(&b->sql, s);
}

static const char *const text_columns[] = {"ho_ten", "tinh"};
static const char *const compare_ops[] = {"=", "!=", "<", "<=", ">", ">="};

static const char *
random_text(void)
{
	static const char *const others[] = {"", "hoà", "NGUYỄN Văn An", "ö", "huế", "đ", "Ω"};
	static char out[120];

	switch (below(3)) {
	case 0:
		snprintf(out, sizeof(out), "%s%s%s", PICK(families), PICK(middles), PICK(givens));
		break;
	case 1:
		snprintf(out, sizeof(out), "%s", PICK(places));
		break;
	default:
		snprintf(out, sizeof(out), "%s", PICK(others));
	}
	return out;
}

/* 'text' with doubled quotes. */
static void
add_quoted(struct both *b, const char *s)
{
	add_both(b, "'");
	for (; *s != '\0'; s++) {
		char one[3] = {*s, *s == '\'' ? '\'' : '\0', '\0'};

		add_both(b, one);
	}
	add_both(b, "'");
}

static void
add_text_predicate(struct both *b)
{
	const char *column = PICK(text_columns);
	int kind = (int)below(4), n = 1 + (int)below(4);
	bool is_negated = below(2);

	buf_adds(&b->sql, "((");
	add_both(b, column);
	buf_adds(&b->sql, " COLLATE folded");
	if (kind == 0) {
		add_both(b, " ");
		add_both(b, PICK(compare_ops));
		add_both(b, " ");
		add_quoted(b, random_text());
	} else if (kind == 1) {
		add_both(b, is_negated ? " NOT IN (" : " IN (");
		for (int i = 0; i < n; i++) {
			add_both(b, i > 0 ? ", " : "");
			add_quoted(b, random_text());
		}
		add_both(b, ")");
	} else if (kind == 2) {
		add_both(b, is_negated ? " NOT BETWEEN " : " BETWEEN ");
		add_quoted(b, random_text());
		add_both(b, " AND ");
		add_quoted(b, random_text());
	} else {
		add_both(b, is_negated ? " != tinh" : " <= tinh");
	}
	buf_adds(&b->sql, ") IS TRUE)");
}

static void
add_like(struct both *b)
{
	static const char *const patterns[] = {
		"%Thị%",   "%thị%",	 "nguyễn%", "%An",   "%",      "",	    "_ran%",
		"%100\\%", "%a\\_b%",	 "%_%_%",   "%Ánh%", "%Th_ %", "%_n%Th_ %", "_%_n",
		"%\\\\%%", "%n_V%n_A%",	 "%ễ%_ị%",  "%ss%",  "%đ%đ%",  "Huế",	    "h_ế",
		"%ê%",	   "%\xcc\xa3%", "%Ω%",	    "% %",   "%%",     "%n V%",	    "%gg%",
		"A%g",	   "%nA%",	 "%y%",	    "%ị A%"};
	const char *column = PICK(text_columns), *p = PICK(patterns);
	bool is_negated = below(3) == 0;

	buf_adds(&b->sql, "((");
	add_both(b, column);
	add_both(b, is_negated ? " NOT LIKE " : " LIKE ");
	add_quoted(b, p);
	buf_adds(&b->sql, ") IS TRUE)");
}

static void
add_contains(struct both *b)
{
	static const char *const parts[] = {"thi", "HOÀ", "an gi", "", "ss",
					    "Đ",   "xyz", "uoc",   "ω"};
	const char *column = PICK(text_columns), *part = PICK(parts);

	buf_addf(&b->ours, "%s ~ '%s'", column, part);
	buf_addf(&b->sql, "((instr(bare(%s), bare('%s')) > 0) IS TRUE)", column, part);
}

/* The cell with , ; | as lines, trimmed by like(): a tag between line ends. */
static void
add_has(struct both *b)
{
	static const char *const words[] = {"xanh", "ĐỎ", "vàng", "x", "tím"};
	const char *word = PICK(words);

	buf_addf(&b->ours, "nhom HAS '%s'", word);
	buf_addf(
		&b->sql,
		"((',' || replace(replace(replace(nhom, ';', ','), '|', ','), ' ', '') || ',' LIKE "
		"'%%,%s,%%') IS TRUE)",
		word);
}

static void
add_number_predicate(struct both *b)
{
	static const char *const literals[] = {"0", "7.5",  "-3",   "10",
					       "8", "1966", "-0.5", "1000000"};
	int kind = (int)below(3), n = 1 + (int)below(20);
	bool is_negated = below(2);

	buf_adds(&b->sql, "((");
	add_both(b, "diem");
	if (kind == 0) {
		add_both(b, " ");
		add_both(b, PICK(compare_ops));
		add_both(b, " ");
		add_both(b, PICK(literals));
	} else if (kind == 1) {
		add_both(b, is_negated ? " NOT IN (" : " IN (");
		for (int i = 0; i < n; i++) {
			add_both(b, i > 0 ? ", " : "");
			add_both(b, PICK(literals));
		}
		add_both(b, ")");
	} else {
		add_both(b, is_negated ? " NOT BETWEEN " : " BETWEEN ");
		add_both(b, PICK(literals));
		add_both(b, " AND ");
		add_both(b, PICK(literals));
	}
	buf_adds(&b->sql, ") IS TRUE)");
}

/*
 * SQL of a date moved by months as PostgreSQL does: the day stays or is the month's last. The
 * last of the month wanted is the day before the first of the next.
 */
static void
add_moved(struct buf *sql, const char *date, int months)
{
	buf_addf(sql,
		 "min(date(%s, 'start of month', '%+d months', (strftime('%%d', %s) - 1) || ' "
		 "days'), "
		 "date(%s, 'start of month', '%+d months', '-1 day'))",
		 date, months, date, date, months + 1);
}

/* A date that is known to the day, in both languages. */
static void
add_date(struct both *b)
{
	static const char *const days[] = {"1958-03-15", "2004-02-29", "1966-10-11", "2001-08-31",
					   TODAY_TEXT};
	const char *day = PICK(days);
	bool is_today = strcmp(day, TODAY_TEXT) == 0;
	int n = (int)below(900) - 450;
	char quoted[16];

	snprintf(quoted, sizeof(quoted), "'%s'", day);
	if (is_today)
		buf_adds(&b->ours, "today()");
	else if (below(2))
		buf_addf(&b->ours, "'%d/%d/%.4s'", (int)strtol(day + 8, NULL, 10),
			 (int)strtol(day + 5, NULL, 10), day);
	else
		buf_adds(&b->ours, quoted);
	switch (below(5)) {
	case 0:
		buf_addf(&b->ours, " %c %dd", n < 0 ? '-' : '+', abs(n));
		buf_addf(&b->sql, "date(%s, '%+d days')", quoted, n);
		break;
	case 1:
		buf_addf(&b->ours, " %c %dw", n < 0 ? '-' : '+', abs(n));
		buf_addf(&b->sql, "date(%s, '%+d days')", quoted, 7 * n);
		break;
	case 2:
		buf_addf(&b->ours, " %c %dm", n < 0 ? '-' : '+', abs(n));
		add_moved(&b->sql, quoted, n);
		break;
	case 3:
		n /= 6;
		buf_addf(&b->ours, "%c%dy", n < 0 ? '-' : '+', abs(n));
		add_moved(&b->sql, quoted, 12 * n);
		break;
	default:
		buf_adds(&b->sql, quoted);
	}
}

/* Two dates of which one is a year compare by their years: $1 OP $2 in SQL. */
static void
add_compared(struct buf *sql, const char *op, const char *right)
{
	buf_addf(sql,
		 "(CASE WHEN length(ngay_sinh) = 4 OR length(%s) = 4 THEN substr(ngay_sinh, 1, 4) "
		 "%s "
		 "substr(%s, 1, 4) ELSE ngay_sinh %s %s END)",
		 right, op, right, op, right);
}

static void
add_date_predicate(struct both *b)
{
	static const char *const years[] = {"1966", "'1958'", "2000", "'2026'"};
	struct both low = {{0}, {0}}, high = {{0}, {0}};
	const char *op = PICK(compare_ops);

	add_date(&low);
	add_date(&high);
	buf_adds(&b->sql, "((");
	switch (below(4)) {
	case 0:
		buf_addf(&b->ours, "ngay_sinh %s %s", op, low.ours.data);
		add_compared(&b->sql, op, low.sql.data);
		break;
	case 1: {
		const char *year = PICK(years);
		char quoted[8];

		snprintf(quoted, sizeof(quoted), "'%.4s'", year[0] == '\'' ? year + 1 : year);
		buf_addf(&b->ours, "ngay_sinh %s %s", op, year);
		add_compared(&b->sql, op, quoted);
		break;
	}
	case 2:
		buf_addf(&b->ours, "ngay_sinh BETWEEN %s AND %s", low.ours.data, high.ours.data);
		add_compared(&b->sql, ">=", low.sql.data);
		buf_adds(&b->sql, " AND ");
		add_compared(&b->sql, "<=", high.sql.data);
		break;
	default: {
		/* the column moved: a year only does by whole years */
		int n = (int)below(80) - 40;

		buf_addf(&b->ours, "ngay_sinh %c %dm %s today()", n < 0 ? '-' : '+', abs(n), op);
		buf_adds(&b->sql, "CASE WHEN length(ngay_sinh) = 4 THEN CASE WHEN ");
		buf_addf(&b->sql, "%d %% 12 = 0 THEN ngay_sinh + %d %s 2026 END ELSE ", n, n / 12,
			 op);
		add_moved(&b->sql, "ngay_sinh", n);
		buf_addf(&b->sql, " %s '" TODAY_TEXT "' END", op);
	}
	}
	buf_adds(&b->sql, ") IS TRUE)");
	buf_free(&low.ours);
	buf_free(&low.sql);
	buf_free(&high.ours);
	buf_free(&high.sql);
}

static void
add_age(struct both *b)
{
	const char *op = PICK(compare_ops);
	uint32_t years = below(80);

	buf_addf(&b->ours, "age(ngay_sinh) %s %u", op, years);
	buf_addf(&b->sql,
		 "((CASE WHEN length(ngay_sinh) = 4 THEN 2026 - ngay_sinh WHEN ngay_sinh <= "
		 "'" TODAY_TEXT
		 "' THEN 2026 - substr(ngay_sinh, 1, 4) - (substr(ngay_sinh, 6) > '10-10') "
		 "END %s %u) IS TRUE)",
		 op, years);
}

static void
add_null(struct both *b)
{
	static const char *const columns[] = {"ho_ten", "tinh", "diem", "ngay_sinh", "nhom", "xa"};

	/* No text is searched in a cell that is no number or no date: it is missing. */
	static const char *const same[][2] = {
		{"diem LIKE '%'", "(diem IS NOT NULL)"},
		{"diem LIKE '%b%'", "(1 = 2)"},
		{"diem ~ 'B'", "(1 = 2)"},
		{"ngay_sinh NOT LIKE 'x'", "(ngay_sinh IS NOT NULL)"},
		{"ngay_sinh ~ 'mai'", "(1 = 2)"},
	};
	uint32_t i = below(2 * ARRAY_LEN(same));

	if (i < ARRAY_LEN(same)) {
		buf_adds(&b->ours, same[i][0]);
		buf_adds(&b->sql, same[i][1]);
		return;
	}
	add_both(b, PICK(columns));
	add_both(b, below(2) ? " IS NULL" : " IS NOT NULL");
}

/* A column that few blocks code as a dictionary, and one that all do. */
static void
add_unique(struct both *b)
{
	static const char *const prefix[] = {"Xã 1%", "xã %7", "XÃ 10_", "%ã 1%"};
	uint32_t n = below(ROWS);

	buf_adds(&b->sql, "((");
	add_both(b, "xa");
	if (below(2)) {
		add_both(b, " LIKE ");
		add_quoted(b, PICK(prefix));
	} else {
		buf_addf(&b->ours, " = 'XÃ %u'", n);
		buf_addf(&b->sql, " COLLATE folded = 'XÃ %u'", n);
	}
	buf_adds(&b->sql, ") IS TRUE)");
}

static void
add_expression(struct both *b, int depth)
{
	static void (*const kinds[])(struct both * b) = {
		add_text_predicate, add_like, add_contains, add_has,	add_number_predicate,
		add_date_predicate, add_age,  add_null,	    add_unique,
	};
	uint32_t kind = depth == 0 ? 0 : below(5);

	if (kind < 2) {
		PICK(kinds)(b);
		return;
	}
	add_both(b, kind == 2 ? "NOT (" : "(");
	add_expression(b, depth - 1);
	if (kind > 2) {
		add_both(b, kind == 3 ? " AND " : " OR ");
		add_expression(b, depth - 1);
	}
	add_both(b, ")");
}

/* ---- asking both ---- */

struct rows {
	uint64_t bits[BLOCKS][4];
};

static struct query *
bound(struct people *p, struct slice text)
{
	struct query_error e;
	struct query *q = query_parse(text, &e);

	if (q == NULL || !query_bind(q, &p->schema, &e))
		fail_msg("seed %" PRIu64 ": %.*s: column %zu: %s", start_seed, (int)text.n, text.p,
			 e.column, e.message);
	return q;
}

static struct rows
ask_ours(struct people *p, struct slice text)
{
	struct query *q = bound(p, text);
	struct rows out;

	for (int i = 0; i < BLOCKS; i++)
		query_eval_block(q, &p->blocks[i], TODAY, out.bits[i]);
	query_free(q);
	return out;
}

static struct rows
ask_sqlite(struct people *p, const struct both *b)
{
	struct buf sql = {0};
	sqlite3_stmt *st = NULL;
	struct rows out = {{{0}}};
	int rc;

	buf_addf(&sql, "SELECT id FROM people WHERE %s", b->sql.data);
	if (sqlite3_prepare_v2(p->db, sql.data, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql.data, sqlite3_errmsg(p->db));
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		uint32_t id = (uint32_t)sqlite3_column_int(st, 0);
		uint32_t row = id % (ROWS / BLOCKS);

		out.bits[id / (ROWS / BLOCKS)][row / 64] |= UINT64_C(1) << (row % 64);
	}
	assert_int_equal(rc, SQLITE_DONE);
	sqlite3_finalize(st);
	buf_free(&sql);
	return out;
}

static struct slice
value_of(void *arg, struct slice name)
{
	struct people *p = arg;
	int column = schema_find(&p->schema, name);

	return column < 0 ? (struct slice){NULL, 0} : slice_of(p->cells[p->row][column]);
}

static void
must_be_same(const struct rows *got, const struct rows *want, bool is_turned, const char *what,
	     const struct both *b)
{
	for (uint32_t i = 0; i < ROWS; i++) {
		uint32_t block = i / (ROWS / BLOCKS), row = i % (ROWS / BLOCKS);
		bool x = got->bits[block][row / 64] >> (row % 64) & 1;
		bool y = want->bits[block][row / 64] >> (row % 64) & 1;

		if (x != (y != is_turned))
			fail_msg("seed %" PRIu64 ": %s: row %u: %d, not %d\nours: %s\nsql:  %s",
				 start_seed, what, i, x, !x, b->ours.data, b->sql.data);
	}
}

/* Laws that hold of any query, and each row by itself. */
static void
check_laws(struct people *p, const struct both *b, const struct rows *rows)
{
	struct buf text = {0};
	struct query *q = bound(p, buf_slice(&b->ours));
	struct rows other;

	buf_addf(&text, "NOT (%s)", b->ours.data);
	other = ask_ours(p, buf_slice(&text));
	must_be_same(&other, rows, true, "NOT", b);
	buf_reset(&text);
	query_add_normalised(q, &text);
	other = ask_ours(p, buf_slice(&text));
	must_be_same(&other, rows, false, "the normal form", b);
	for (int i = 0; i < 20; i++) {
		uint32_t block, row;

		p->row = below(ROWS);
		block = p->row / (ROWS / BLOCKS);
		row = p->row % (ROWS / BLOCKS);
		if (query_eval_row(q, value_of, p, TODAY) !=
		    (rows->bits[block][row / 64] >> (row % 64) & 1))
			fail_msg("seed %" PRIu64 ": row %u alone is another: %s", start_seed,
				 p->row, b->ours.data);
	}
	query_free(q);
	buf_free(&text);
}

static void
random_queries_find_what_sqlite_finds(void **state)
{
	struct people *p = *state;
	uint64_t found = 0;

	for (unsigned i = 0; i < query_count; i++) {
		struct both b = {{0}, {0}};
		struct rows ours, theirs;

		start_seed = seed;
		add_expression(&b, (int)below(5));
		ours = ask_ours(p, buf_slice(&b.ours));
		theirs = ask_sqlite(p, &b);
		must_be_same(&ours, &theirs, false, "SQLite", &b);
		check_laws(p, &b, &ours);
		for (int k = 0; k < BLOCKS; k++)
			for (int w = 0; w < 4; w++)
				found += (uint64_t)__builtin_popcountll(ours.bits[k][w]);
		buf_free(&b.ours);
		buf_free(&b.sql);
	}
	/* Else the queries are such that nothing is compared. */
	assert_in_range(found, query_count * ROWS / 5, query_count * ROWS / 5 * 4);
}

static void
de_morgan_holds(void **state)
{
	struct people *p = *state;

	for (unsigned i = 0; i < query_count / 10; i++) {
		struct both a = {{0}, {0}}, b = {{0}, {0}};
		struct buf text = {0};
		struct rows one, other;

		start_seed = seed;
		add_expression(&a, 2);
		add_expression(&b, 2);
		buf_addf(&text, "NOT (%s AND %s)", a.ours.data, b.ours.data);
		one = ask_ours(p, buf_slice(&text));
		buf_reset(&text);
		buf_addf(&text, "NOT (%s) OR NOT (%s)", a.ours.data, b.ours.data);
		other = ask_ours(p, buf_slice(&text));
		must_be_same(&one, &other, false, "NOT (a AND b)", &a);
		buf_reset(&text);
		buf_addf(&text, "NOT (%s OR %s)", a.ours.data, b.ours.data);
		one = ask_ours(p, buf_slice(&text));
		buf_reset(&text);
		buf_addf(&text, "NOT (%s) AND NOT (%s)", a.ours.data, b.ours.data);
		other = ask_ours(p, buf_slice(&text));
		must_be_same(&one, &other, false, "NOT (a OR b)", &a);
		buf_free(&text);
		buf_free(&a.ours);
		buf_free(&a.sql);
		buf_free(&b.ours);
		buf_free(&b.sql);
	}
}

/* ---- setting up ---- */

static void
fill_cells(struct people *p)
{
	for (uint32_t i = 0; i < ROWS; i++) {
		char(*c)[80] = p->cells[i];
		bool is_plain = i / (ROWS / BLOCKS) % 2 == 0; /* blocks whose names all differ */
		char number[12] = "";

		if (is_plain)
			snprintf(number, sizeof(number), " %u", i);
		snprintf(c[0], sizeof(c[0]), "%s%s%s%s", PICK(families), PICK(middles),
			 /* and some without a name that does not fold byte by byte */
			 i < ROWS / BLOCKS ? " Ánh" : PICK(givens), below(9) > 0 ? number : "");
		if (below(15) == 0)
			c[0][0] = '\0';
		snprintf(c[1], sizeof(c[1]), "%s", PICK(places));
		snprintf(c[2], sizeof(c[2]), "%s", PICK(numbers));
		if (is_plain && below(2))
			snprintf(c[2], sizeof(c[2]), "%u.%u", i % 20, below(100));
		snprintf(c[3], sizeof(c[3]), "%s", PICK(dates));
		if (is_plain && below(2))
			snprintf(c[3], sizeof(c[3]), "%u-%02u-%02u", 1940 + below(90),
				 1 + below(12), 1 + below(28));
		snprintf(c[4], sizeof(c[4]), "%s", PICK(tags));
		snprintf(c[5], sizeof(c[5]), below(20) > 0 ? "Xã %u" : "", i);
		snprintf(c[6], sizeof(c[6]), "x");
	}
}

static void
fill_blocks(struct people *p)
{
	for (uint32_t i = 0; i < BLOCKS; i++) {
		struct block_builder *b = block_builder_new(&p->schema);

		for (uint32_t r = 0; r < ROWS / BLOCKS; r++) {
			struct slice cells[COLUMNS];

			for (int c = 0; c < COLUMNS; c++)
				cells[c] = slice_of(p->cells[i * (ROWS / BLOCKS) + r][c]);
			block_builder_add(b, cells, 0, 0, 0);
		}
		block_builder_finish(b, &p->bytes[i]);
		block_builder_free(b);
		assert_int_equal(block_open(buf_slice(&p->bytes[i]), &p->blocks[i], NULL), ERR_OK);
	}
}

static void
fill_sqlite(struct people *p)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_open(":memory:", &p->db), SQLITE_OK);
	sqlite3_create_collation(p->db, "folded", SQLITE_UTF8, NULL, collate_folded);
	sqlite3_create_function(p->db, "like", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, fn_like,
				NULL, NULL);
	sqlite3_create_function(p->db, "bare", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, fn_bare,
				NULL, NULL);
	assert_int_equal(
		sqlite3_exec(p->db,
			     "CREATE TABLE people (id INTEGER PRIMARY KEY, ho_ten TEXT, tinh "
			     "TEXT, diem REAL, ngay_sinh TEXT, nhom TEXT, xa TEXT, x TEXT)",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_exec(p->db, "BEGIN", NULL, NULL, NULL);
	assert_int_equal(sqlite3_prepare_v2(p->db,
					    "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
					    -1, &st, NULL),
			 SQLITE_OK);
	for (uint32_t i = 0; i < ROWS; i++) {
		sqlite3_bind_int(st, 1, (int)i);
		for (int c = 0; c < COLUMNS; c++)
			bind_cell(st, c + 2, p->schema.columns[c].type, p->cells[i][c]);
		assert_int_equal(sqlite3_step(st), SQLITE_DONE);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	sqlite3_exec(p->db, "COMMIT", NULL, NULL, NULL);
}

static int
set_up(void **state)
{
	static const char *const names[] = {"ho_ten", "tinh", "diem", "ngay_sinh",
					    "nhom",   "xa",   "x"};
	struct people *p = xcalloc(1, sizeof(*p));

	p->schema.count = COLUMNS;
	p->schema.phone = -1;
	for (int i = 0; i < COLUMNS; i++)
		snprintf(p->schema.columns[i].name, sizeof(p->schema.columns[i].name), "%s",
			 names[i]);
	p->schema.columns[2].type = COLUMN_NUMBER;
	p->schema.columns[3].type = COLUMN_DATE;
	fill_cells(p);
	fill_blocks(p);
	fill_sqlite(p);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct people *p = *state;

	sqlite3_close(p->db);
	for (int i = 0; i < BLOCKS; i++) {
		block_close(&p->blocks[i]);
		buf_free(&p->bytes[i]);
	}
	free(p);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_queries_find_what_sqlite_finds),
		cmocka_unit_test(de_morgan_holds),
	};

	if (argc > 1)
		query_count = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 10);
	seed += seed == 0;
	printf("# %u queries, seed %" PRIu64 "\n", query_count, seed);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
