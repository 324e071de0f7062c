/* SPDX-License-Identifier: MIT */
/*
 * Runs the steps over sets of rows: 256 of a block, or the one row of values by
 * name. segments/judge says what a predicate means on one row; here are the ways
 * to be faster on a block, each with the same result:
 *
 *   - a dictionary's values are judged once each, and some remembered for other blocks;
 *   - a column's texts are folded all at once, and searched as one text;
 *   - values are compared with constants that are worked out once a block.
 */
#include <assert.h>
#include <stdlib.h>

#include "segments/values.h"

#define FEW_ROWS 24u   /* fewer than these are judged one by one */
#define MEMO_SLOTS 128 /* a power of two */
#define MEMO_BYTES 46  /* longer values are judged anew */

/* What a predicate said of values before; the newest of those that share a slot. */
struct memo {
	struct memo_slot {
		uint8_t n; /* 0 = free */
		bool holds;
		char bytes[MEMO_BYTES];
	} slots[MEMO_SLOTS];
};

struct query_memory {
	int32_t today;	     /* that the memos are of */
	struct memo **memos; /* [predicate_count], each NULL until it is needed */
	size_t memo_count;
	struct buf left, right;
	struct folded_values folded, words;
};

void
query_memory_free(struct query_memory *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->memo_count; i++)
		free(m->memos[i]);
	free(m->memos);
	buf_free(&m->left);
	buf_free(&m->right);
	folded_values_free(&m->folded);
	folded_values_free(&m->words);
	free(m);
}

struct query_memory *
query_memory_new(const struct query *q)
{
	struct query_memory *m = xcalloc(1, sizeof(*m));

	m->memo_count = q->predicate_count;
	m->memos = xcalloc(m->memo_count, sizeof(*m->memos));
	return m;
}

/* For a block: forget what was of another day or of the block before. */
static void
memory_begin(struct query_memory *m, int32_t today)
{
	m->folded.column = m->words.column = -1;
	if (m->today == today)
		return;
	m->today = today;
	for (size_t i = 0; i < m->memo_count; i++)
		if (m->memos[i] != NULL)
			memset(m->memos[i], 0, sizeof(*m->memos[i]));
}

/* ---- predicates on a block ---- */

static uint32_t
count_rows(const struct rows *r)
{
	uint32_t n = 0;

	for (int k = 0; k < 4; k++)
		n += (uint32_t)__builtin_popcountll(r->bits[k]);
	return n;
}

static bool
judge_value(struct judge *j, const struct predicate *x, struct slice value)
{
	bool holds;

	j->cell = &value;
	holds = judge_row(j, x);
	j->cell = NULL;
	return holds;
}

/* The same by memory. */
static bool
recall_value(struct judge *j, const struct predicate *x, struct slice value)
{
	struct memo **m = &j->q->memory->memos[x - j->q->predicates];
	struct memo_slot *slot;
	uint32_t h = 2166136261u; /* FNV-1a */

	if (value.n == 0 || value.n > MEMO_BYTES)
		return judge_value(j, x, value);
	if (*m == NULL)
		*m = xcalloc(1, sizeof(**m));
	for (size_t i = 0; i < value.n; i++)
		h = (h ^ (uint8_t)value.p[i]) * 16777619u;
	slot = &(*m)->slots[(h ^ h >> 15) % MEMO_SLOTS];
	if (slot->n != value.n || memcmp(slot->bytes, value.p, value.n) != 0) {
		slot->holds = judge_value(j, x, value);
		slot->n = (uint8_t)value.n;
		memcpy(slot->bytes, value.p, value.n);
	}
	return slot->holds;
}

/* ---- which way ---- */

static struct rows
first_rows(uint32_t n)
{
	struct rows r = {{0}};

	for (uint32_t i = 0; i < n; i += 64)
		r.bits[i / 64] = n - i >= 64 ? UINT64_MAX : (UINT64_C(1) << (n - i)) - 1;
	return r;
}

/* Once per value of the dictionary, then a look-up per row. */
static void
judge_dictionary(struct judge *j, const struct predicate *x, struct rows *out)
{
	uint8_t holds[BLOCK_ROWS] = {judge_value(j, x, (struct slice){NULL, 0})}; /* by code */
	const uint8_t *codes = j->block->column[x->one_column].codes;
	struct folded_values *f = &j->q->memory->folded;
	const struct values *v = values_of(f, j->block, x->one_column);
	struct rows every = first_rows(v->n), found = {{0}};
	bool is_known = values_judge(j, x, f, &every, &found);

	for (uint32_t i = 0; i < v->n && !is_known; i++)
		set_bit(&found, i,
			v->n <= MEMO_SLOTS / 2 ? recall_value(j, x, values_at(v, i))
					       : judge_value(j, x, values_at(v, i)));
	if (holds[0] == 0 && count_rows(&found) == 0)
		return;
	for (uint32_t i = 0; i < v->n; i++)
		holds[i + 1] = found.bits[i / 64] >> (i % 64) & 1;
	for (uint32_t from = 0; from < j->block->rows; from += 64) {
		uint32_t n = j->block->rows - from < 64 ? j->block->rows - from : 64;
		uint64_t word = 0;

		for (uint32_t i = 0; i < n; i++)
			word |= (uint64_t)holds[codes[from + i]] << i;
		out->bits[from / 64] = word;
	}
}

static void
judge_rows(struct judge *j, const struct predicate *x, const struct rows *asked, struct rows *out)
{
	struct slice cell;
	bool has_one = x->one_column >= 0;

	for (uint32_t row = next_row(asked, 0); row < BLOCK_ROWS; row = next_row(asked, row + 1)) {
		j->row = row;
		if (has_one) {
			cell = block_cell(j->block, row, (uint32_t)x->one_column);
			j->cell = &cell;
		}
		set_bit(out, row, judge_row(j, x));
	}
	j->cell = NULL;
}

static void
judge_external(struct judge *j, const struct query_external *x, const struct rows *asked,
	       struct rows *out)
{
	if (x->rows != NULL) {
		x->rows(x->arg, j->block, out->bits);
		return;
	}
	for (uint32_t row = next_row(asked, 0); row < BLOCK_ROWS; row = next_row(asked, row + 1)) {
		uint64_t phone = block_phone(j->block, row);

		set_bit(out, row, phone != 0 && x->has(x->arg, phone));
	}
}

/* A predicate on one column, by the way in which its cells are kept; false: row by row. */
static bool
judge_column(struct judge *j, const struct predicate *x, const struct rows *asked, struct rows *out)
{
	const struct block *b = j->block;
	struct folded_values *folded = &j->q->memory->folded;
	enum block_kind kind = BLOCK_MISSING;
	uint32_t few = count_rows(asked);

	if ((uint32_t)x->one_column < b->columns)
		kind = b->column[x->one_column].kind;
	switch (kind) {
	case BLOCK_UNREAD:
	case BLOCK_PLAIN:
		break;
	case BLOCK_MISSING:
		if (judge_value(j, x, (struct slice){NULL, 0}))
			*out = *asked;
		return true;
	case BLOCK_DICTIONARY:
		if (b->column[x->one_column].distinct < few)
			judge_dictionary(j, x, out);
		return b->column[x->one_column].distinct < few;
	case BLOCK_NUMBERS:
	case BLOCK_DATES:
		if (codes_judge(j, x, asked, out))
			return true;
		break;
	case BLOCK_WORDS:
		if (words_judge(j, x, &j->q->memory->words, out))
			return true;
		break;
	}
	if (few < FEW_ROWS)
		return false;
	values_of(folded, b, x->one_column);
	return values_judge(j, x, folded, asked, out);
}

/* Rows outside of `asked` may come out either way. */
static void
judge_block(struct judge *j, const struct predicate *x, const struct rows *asked, struct rows *out)
{
	if (x->op == OP_EXTERNAL)
		judge_external(j, &j->q->externals[x->external], asked, out);
	else if (x->one_column < 0 || !judge_column(j, x, asked, out))
		judge_rows(j, x, asked, out);
}

/* ---- the steps ---- */

/*
 * The stack of results, and beside it the rows that each right side is asked
 * for: those that the left side of its AND let through, or of its OR did not.
 * Whatever it says of other rows is undone by the AND or OR itself.
 */
struct machine {
	struct rows results[STACK_MAX];
	struct rows asked[STACK_MAX];
	size_t result_count, asked_count;
};

static void
run_predicate(struct judge *j, const struct predicate *x, struct machine *m)
{
	struct rows *out = &m->results[m->result_count++];

	assert(m->result_count <= STACK_MAX);
	*out = (struct rows){{0}};
	if (j->block != NULL)
		judge_block(j, x, &m->asked[m->asked_count - 1], out);
	else
		set_bit(out, 0, judge_row(j, x));
}

/* Ask the right side for the rows still open; false: there are none. */
static bool
open_right(struct machine *m, bool is_and)
{
	const struct rows *left = &m->results[m->result_count - 1];
	const struct rows *asked = &m->asked[m->asked_count - 1];
	struct rows *open = &m->asked[m->asked_count];
	uint64_t any = 0;

	assert(m->asked_count < STACK_MAX);
	for (int k = 0; k < 4; k++) {
		open->bits[k] = asked->bits[k] & (is_and ? left->bits[k] : ~left->bits[k]);
		any |= open->bits[k];
	}
	m->asked_count += any != 0;
	return any != 0;
}

static void
join(struct machine *m, bool is_and)
{
	struct rows *left, *right;

	assert(m->result_count >= 2 && m->asked_count >= 2);
	m->asked_count--;
	right = &m->results[--m->result_count];
	left = &m->results[m->result_count - 1];
	for (int k = 0; k < 4; k++)
		left->bits[k] =
			is_and ? left->bits[k] & right->bits[k] : left->bits[k] | right->bits[k];
}

/* all = the rows there are. */
static struct rows
run_steps(struct judge *j, const struct rows *all)
{
	struct machine m;

	m.asked[0] = *all;
	m.asked_count = 1;
	m.result_count = 0;
	for (uint16_t i = 0; i < j->q->step_count; i++) {
		const struct step *s = &j->q->steps[i];

		switch (s->kind) {
		case STEP_PREDICATE:
			run_predicate(j, &j->q->predicates[s->arg], &m);
			break;
		case STEP_NOT:
			for (int k = 0; k < 4; k++)
				m.results[m.result_count - 1].bits[k] ^= all->bits[k];
			break;
		case STEP_RIGHT_OF_AND:
		case STEP_RIGHT_OF_OR:
			if (!open_right(&m, s->kind == STEP_RIGHT_OF_AND))
				i = (uint16_t)(s->arg - 1);
			break;
		case STEP_AND:
		case STEP_OR:
			join(&m, s->kind == STEP_AND);
			break;
		}
	}
	assert(m.result_count == 1 && m.asked_count == 1);
	return m.results[0];
}

void
query_eval_block(const struct query *q, const struct block *b, int64_t today, uint64_t out[4])
{
	struct judge j = {.q = q, .today = query_date_of_days(today), .block = b};
	struct query_memory *m = q->memory;
	struct rows every = first_rows(b->rows), result;

	assert(q->is_bound);
	memory_begin(m, j.today);
	j.left = m->left;
	j.right = m->right;
	result = run_steps(&j, &every);
	m->left = j.left;
	m->right = j.right;
	memcpy(out, result.bits, sizeof(result.bits));
}

bool
query_eval_row(const struct query *q, query_value_cb get, void *arg, int64_t today)
{
	struct judge j = {.q = q, .today = query_date_of_days(today), .get = get, .arg = arg};
	struct rows all = {{1}};
	bool holds = run_steps(&j, &all).bits[0] & 1;

	buf_free(&j.left);
	buf_free(&j.right);
	return holds;
}
