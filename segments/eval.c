/* SPDX-License-Identifier: MIT */
/*
 * A query on a row or on a block. A block is evaluated node by node: a
 * condition fills a bitmap of 256 rows, a connective joins two. A condition on
 * one dictionary column is evaluated once for each value that occurs.
 */
#include <assert.h>
#include <time.h>

#include "base/text.h"
#include "segments/program.h"

#define WORDS (BLOCK_ROWS / 64)

/* Where cells come from: a block's row, or a caller's values by name. */
struct source {
	const struct query *q;
	const struct block *block; /* NULL = by name */
	uint32_t row;
	query_value_cb get;
	void *arg;
	struct day today;
	struct buf left, right; /* folded cells */
};

/* ---- days ---- */

static bool
read_digits(struct slice s, size_t at, size_t n, int *out)
{
	*out = 0;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (s.p[i] - '0');
	}
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
		return 29;
	return days[month - 1];
}

bool
query_read_day(struct slice s, struct day *out)
{
	*out = (struct day){0};
	if ((s.n != 4 && s.n != 10) || !read_digits(s, 0, 4, &out->year))
		return false;
	if (s.n == 4)
		return true;
	return s.p[4] == '-' && s.p[7] == '-' && read_digits(s, 5, 2, &out->month) &&
	       read_digits(s, 8, 2, &out->day) && out->month >= 1 && out->month <= 12 &&
	       out->day >= 1 && out->day <= days_in_month(out->year, out->month);
}

static struct day
day_of(int64_t days)
{
	time_t t = (time_t)(days * 86400);
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	return (struct day){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday};
}

/* By the year alone when one of them has no more. */
static int
compare_days(struct day a, struct day b)
{
	if (a.year != b.year)
		return a.year < b.year ? -1 : 1;
	if (a.month == 0 || b.month == 0)
		return 0;
	if (a.month != b.month)
		return a.month < b.month ? -1 : 1;
	return (a.day > b.day) - (a.day < b.day);
}

static int
age_at(struct day today, struct day birth)
{
	bool is_before =
		birth.month != 0 && (today.month < birth.month ||
				     (today.month == birth.month && today.day < birth.day));

	return today.year - birth.year - is_before;
}

/* ---- values: each returns false when the value is missing ---- */

static struct slice
cell_of(const struct source *s, const struct operand *o)
{
	if (s->block != NULL)
		return block_cell(s->block, s->row, (uint32_t)o->column);
	return s->get(s->arg, o->text);
}

static bool
number_of(const struct source *s, const struct operand *o, double *out)
{
	struct day birth;

	switch (o->kind) {
	case OPERAND_COLUMN:
		return slice_to_double(slice_trim(cell_of(s, o)), out);
	case OPERAND_AGE:
		if (!query_read_day(cell_of(s, o), &birth))
			return false;
		*out = age_at(s->today, birth);
		return true;
	default:
		*out = o->number;
		return o->is_number;
	}
}

static bool
date_of(const struct source *s, const struct operand *o, struct day *out)
{
	switch (o->kind) {
	case OPERAND_COLUMN:
		return query_read_day(cell_of(s, o), out);
	case OPERAND_TODAY:
		*out = s->today;
		return true;
	default:
		*out = o->date;
		return o->is_date;
	}
}

static bool
text_of(const struct source *s, const struct operand *o, struct buf *scratch, struct slice *out)
{
	struct slice cell;

	if (o->kind != OPERAND_COLUMN) {
		*out = o->ready;
		return true;
	}
	cell = cell_of(s, o);
	buf_reset(scratch);
	if (cell.n == 0 || !text_add_folded(scratch, cell))
		return false;
	*out = buf_slice(scratch);
	return true;
}

static int
compare_texts(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int rc = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return rc != 0 ? rc : (a.n > b.n) - (a.n < b.n);
}

/* *out < 0, 0, > 0; false when one of the two is missing. */
static bool
compare(struct source *s, const struct operand *a, const struct operand *b, enum way way, int *out)
{
	struct slice ta, tb;
	struct day da, db;
	double na, nb;

	switch (way) {
	case WAY_NUMBER:
		if (!number_of(s, a, &na) || !number_of(s, b, &nb))
			return false;
		*out = (na > nb) - (na < nb);
		return true;
	case WAY_DATE:
		if (!date_of(s, a, &da) || !date_of(s, b, &db))
			return false;
		*out = compare_days(da, db);
		return true;
	case WAY_TEXT:
		if (!text_of(s, a, &s->left, &ta) || !text_of(s, b, &s->right, &tb))
			return false;
		*out = compare_texts(ta, tb);
		return true;
	case WAY_GUESS:
		break;
	}
	return compare(s, a, b, WAY_NUMBER, out) || compare(s, a, b, WAY_DATE, out) ||
	       compare(s, a, b, WAY_TEXT, out);
}

/* ---- conditions ---- */

static bool
holds_compare(struct source *s, const struct node *n)
{
	const struct operand *right = &s->q->operands[n->right];
	int rc;

	if (!compare(s, &s->q->operands[n->left], right, right->way, &rc))
		return false;
	switch (n->op) {
	case TOKEN_EQ:
		return rc == 0;
	case TOKEN_NE:
		return rc != 0;
	case TOKEN_LT:
		return rc < 0;
	case TOKEN_LE:
		return rc <= 0;
	case TOKEN_GT:
		return rc > 0;
	default:
		return rc >= 0;
	}
}

/* IN: equal to one. NOT IN: known and unequal to each. */
static bool
holds_in(struct source *s, const struct node *n)
{
	for (uint32_t i = 0; i < n->count; i++) {
		const struct operand *right = &s->q->operands[n->right + i];
		int rc;
		bool is_known = compare(s, &s->q->operands[n->left], right, right->way, &rc);

		if (n->is_negated && (!is_known || rc == 0))
			return false;
		if (!n->is_negated && is_known && rc == 0)
			return true;
	}
	return n->is_negated;
}

static bool
holds_between(struct source *s, const struct node *n)
{
	const struct operand *left = &s->q->operands[n->left], *right = &s->q->operands[n->right];
	int low, high;

	if (!compare(s, left, &right[0], right[0].way, &low) ||
	    !compare(s, left, &right[1], right[1].way, &high))
		return false;
	return (low >= 0 && high <= 0) != n->is_negated;
}

/* The bytes of the first character of s. */
static size_t
char_length(struct slice s)
{
	struct slice rest = s;

	text_next(&rest);
	return s.n - rest.n;
}

/* % is any text, _ any one character. */
static bool
is_like(struct slice text, struct slice pattern)
{
	size_t t = 0, p = 0, star = SIZE_MAX, from = 0;

	while (t < text.n) {
		size_t n = char_length((struct slice){text.p + t, text.n - t});

		if (p < pattern.n && pattern.p[p] == '%') {
			star = ++p;
			from = t;
		} else if (p < pattern.n && pattern.p[p] == '_') {
			p++;
			t += n;
		} else if (pattern.n - p >= n && memcmp(pattern.p + p, text.p + t, n) == 0) {
			p += n;
			t += n;
		} else if (star != SIZE_MAX) {
			from += char_length((struct slice){text.p + from, text.n - from});
			t = from;
			p = star;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '%')
		p++;
	return p == pattern.n;
}

static bool
holds_pattern(struct source *s, const struct node *n)
{
	const struct operand *pattern = &s->q->operands[n->right];
	struct slice cell = cell_of(s, &s->q->operands[n->left]), text;

	buf_reset(&s->left);
	if (cell.n == 0)
		return false;
	if (n->kind == NODE_CONTAINS) {
		if (!text_add_unaccented_folded(&s->left, cell))
			return false;
		text = buf_slice(&s->left);
		return pattern->ready.n == 0 ||
		       memmem(text.p, text.n, pattern->ready.p, pattern->ready.n) != NULL;
	}
	if (!text_add_folded(&s->left, cell))
		return false;
	return is_like(buf_slice(&s->left), pattern->ready) != n->is_negated;
}

/* A cell that is none of its column's type is missing in comparisons, so here too. */
static bool
is_missing(const struct source *s, const struct operand *o)
{
	struct day day;
	double number;

	if (o->kind == OPERAND_AGE || o->type == WAY_NUMBER)
		return !number_of(s, o, &number);
	if (o->type == WAY_DATE)
		return !date_of(s, o, &day);
	return cell_of(s, o).n == 0;
}

static bool
holds(struct source *s, const struct node *n)
{
	switch (n->kind) {
	case NODE_COMPARE:
		return holds_compare(s, n);
	case NODE_IN:
		return holds_in(s, n);
	case NODE_BETWEEN:
		return holds_between(s, n);
	case NODE_IS_NULL:
		return is_missing(s, &s->q->operands[n->left]) != n->is_negated;
	default:
		return holds_pattern(s, n);
	}
}

/* ---- a row ---- */

bool
query_eval_row(const struct query *q, query_value_cb get, void *arg, int64_t today)
{
	struct source s = {.q = q, .get = get, .arg = arg, .today = day_of(today)};
	bool is_true[QUERY_NODES_MAX];

	for (uint32_t i = 0; i < q->node_count; i++) {
		const struct node *n = &q->nodes[i];

		if (n->kind == NODE_AND)
			is_true[i] = is_true[n->a] && is_true[n->b];
		else if (n->kind == NODE_OR)
			is_true[i] = is_true[n->a] || is_true[n->b];
		else if (n->kind == NODE_NOT)
			is_true[i] = !is_true[n->a];
		else
			is_true[i] = holds(&s, n);
	}
	buf_free(&s.left);
	buf_free(&s.right);
	return is_true[q->node_count - 1];
}

/* ---- a block ---- */

/* The one column that the condition reads; -1 = none or several. */
static int
only_column(const struct query *q, const struct node *n)
{
	int column = q->operands[n->left].column;

	for (uint32_t i = 0; i < n->count; i++) {
		int other = q->operands[n->right + i].column;

		if (other >= 0 && column >= 0 && other != column)
			return -1;
		if (other >= 0)
			column = other;
	}
	return column;
}

/* The codes of the one dictionary column that the condition reads, or NULL. */
static const uint8_t *
codes_of(const struct source *s, const struct node *n)
{
	int c = only_column(s->q, n);

	if (c < 0 || (uint32_t)c >= s->block->columns || !s->block->column[c].is_dictionary)
		return NULL;
	return s->block->column[c].codes;
}

static void
fill(struct source *s, const struct node *n, uint64_t out[WORDS])
{
	const uint8_t *codes = codes_of(s, n);
	enum { UNSEEN, NO, YES } seen[256] = {UNSEEN};

	for (uint32_t row = 0; row < s->block->rows; row++) {
		bool is_true;

		s->row = row;
		if (codes == NULL) {
			is_true = holds(s, n);
		} else {
			if (seen[codes[row]] == UNSEEN)
				seen[codes[row]] = holds(s, n) ? YES : NO;
			is_true = seen[codes[row]] == YES;
		}
		out[row / 64] |= (uint64_t)is_true << (row % 64);
	}
}

static void
eval_node(struct source *s, uint32_t i, uint64_t bits[][WORDS])
{
	const struct node *n = &s->q->nodes[i];

	memset(bits[i], 0, sizeof(bits[i]));
	if (n->kind > NODE_NOT) {
		fill(s, n, bits[i]);
		return;
	}
	for (size_t w = 0; w < WORDS; w++) {
		if (n->kind == NODE_AND)
			bits[i][w] = bits[n->a][w] & bits[n->b][w];
		else if (n->kind == NODE_OR)
			bits[i][w] = bits[n->a][w] | bits[n->b][w];
		else
			bits[i][w] = ~bits[n->a][w];
	}
}

void
query_eval_block(const struct query *q, const struct block *b, int64_t today, uint64_t out[4])
{
	struct source s = {.q = q, .block = b, .today = day_of(today)};
	uint64_t bits[QUERY_NODES_MAX][WORDS];

	assert(q->is_bound);
	for (uint32_t i = 0; i < q->node_count; i++)
		eval_node(&s, i, bits);
	for (uint32_t w = 0; w < WORDS; w++) {
		uint32_t left = b->rows > w * 64 ? b->rows - w * 64 : 0;
		uint64_t mask = left >= 64 ? UINT64_MAX : ((uint64_t)1 << left) - 1;

		out[w] = bits[q->node_count - 1][w] & mask;
	}
	buf_free(&s.left);
	buf_free(&s.right);
}
