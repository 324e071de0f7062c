/* SPDX-License-Identifier: MIT */
/* Columns of numbers and dates (segments/values.h): their codes stand in the order of what they mean. */
#include <math.h>

#include "base/mem.h"
#include "segments/values.h"

#define YEAR 512 /* of a date's code */
#define MONTH 32
#define MONTHS_END (YEAR - 1) /* behind every day of its year */

/* Codes that hold: those from least to most, and years alone from least_year on; or the others. */
struct span {
	int64_t least, most, least_year;
	bool is_inside;
};

static void
take_span(const uint64_t *codes, uint32_t rows, const struct span *s, struct rows *io)
{
	for (uint32_t base = 0; base < rows; base += 64) {
		uint32_t n = rows - base < 64 ? rows - base : 64;
		uint64_t word = 0;

		for (uint32_t i = 0; i < n && io->bits[base / 64] != 0; i++) {
			int64_t code = (int64_t)codes[base + i];
			bool is_year = (code & MONTHS_END) == 0 && code >= s->least_year;
			bool is_in = ((code >= s->least) | is_year) & (code <= s->most);

			word |= (uint64_t)((is_in == s->is_inside) & (code != 0)) << i;
		}
		io->bits[base / 64] = word;
	}
}

/* A code's bound for a number, kept within what codes are. */
static int64_t
bound(double number, int64_t base)
{
	double code = number - (double)base + 1;

	return code < 0 ? 0 : code > 1e18 ? INT64_MAX : (int64_t)code;
}

static void
judge_numbers(const struct predicate *x, const struct block_column *c, const struct constants *k,
	      const uint64_t *codes, struct rows *io)
{
	struct interval t;
	struct rows asked = *io;

	if (interval_of(x, k->numbers[0], k->numbers[x->count - 1], &t)) {
		struct span s = {.least = bound(ceil(t.from), c->base),
				 .most = bound(floor(t.to), c->base),
				 .least_year = INT64_MAX,
				 .is_inside = t.is_inside};

		take_span(codes, BLOCK_ROWS, &s, io);
		return;
	}
	*io = (struct rows){{0}};
	for (uint32_t i = next_row(&asked, 0); i < BLOCK_ROWS; i = next_row(&asked, i + 1))
		set_bit(io, i,
			codes[i] != 0 && constants_number_holds(
						 x, k, (double)(c->base + (int64_t)codes[i] - 1)));
}

static int32_t
date_of(const struct block_column *c, uint64_t code)
{
	return code == 0 ? 0
			 : (int32_t)(block_date_year(c, code) * 10000 +
				     block_date_month(code) * 100 + block_date_day(code));
}

static int64_t
code_of(const struct block_column *c, int32_t date)
{
	return (date / 10000 - c->base) * YEAR + date / 100 % 100 * MONTH + date % 100;
}

/* Years alone, of cells and of constants, compare by the year. */
static struct span
span_of_dates(const struct block_column *c, const struct interval *t)
{
	struct span s = {INT64_MIN, INT64_MAX, INT64_MIN, t->is_inside};

	if (t->from > 0) {
		s.least = code_of(c, (int32_t)t->from);
		s.least_year = code_of(c, (int32_t)t->from / 10000 * 10000);
	}
	if (t->to < 1e9)
		s.most =
			code_of(c, (int32_t)t->to) + ((int32_t)t->to % 10000 == 0 ? MONTHS_END : 0);
	return s;
}

static void
judge_dates(const struct judge *j, const struct predicate *x, const struct block_column *c,
	    const struct constants *k, const uint64_t *codes, struct rows *io)
{
	const struct operand *left = &j->q->operands[x->left];
	struct interval t;
	struct rows asked = *io;

	if (left->shift_count == 0 && interval_of(x, k->dates[0], k->dates[x->count - 1], &t)) {
		struct span s = span_of_dates(c, &t);

		take_span(codes, BLOCK_ROWS, &s, io);
		return;
	}
	*io = (struct rows){{0}};
	for (uint32_t i = next_row(&asked, 0); i < BLOCK_ROWS; i = next_row(&asked, i + 1)) {
		int32_t date = date_of(c, codes[i]);

		for (uint8_t m = 0; m < left->shift_count; m++)
			date = query_shift_date(date, left->shifts[m]);
		set_bit(io, i, constants_date_holds(x, k, date));
	}
}

static void
judge_ages(const struct judge *j, const struct predicate *x, const struct block_column *c,
	   const struct constants *k, const uint64_t *codes, struct rows *io)
{
	struct interval t;
	struct rows asked = *io;
	bool has_interval = interval_of(x, k->numbers[0], k->numbers[x->count - 1], &t);

	*io = (struct rows){{0}};
	for (uint32_t i = next_row(&asked, 0); i < BLOCK_ROWS; i = next_row(&asked, i + 1)) {
		int age = codes[i] != 0 ? query_age(date_of(c, codes[i]), j->today) : -1;

		set_bit(io, i,
			age >= 0 && (has_interval ? (age >= t.from && age <= t.to) == t.is_inside
						  : constants_number_holds(x, k, age)));
	}
}

bool
codes_judge(const struct judge *j, const struct predicate *x, const struct rows *asked,
	    struct rows *out)
{
	const struct operand *left = &j->q->operands[x->left];
	const struct block_column *c = &j->block->column[x->one_column];
	bool has_dates = c->kind == BLOCK_DATES, is_age = left->kind == OPERAND_AGE;
	uint64_t codes[BLOCK_ROWS];
	struct constants k;

	if (!constants_read(j, x, &k) || k.how == COMPARE_TEXT ||
	    has_dates != (k.how == COMPARE_DATE || is_age))
		return false;
	memset(codes + j->block->rows, 0, (BLOCK_ROWS - j->block->rows) * sizeof(codes[0]));
	block_codes(j->block, c, codes);
	*out = *asked;
	if (is_age)
		judge_ages(j, x, c, &k, codes, out);
	else if (has_dates)
		judge_dates(j, x, c, &k, codes, out);
	else
		judge_numbers(x, c, &k, codes, out);
	return true;
}
