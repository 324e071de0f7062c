/* SPDX-License-Identifier: MIT */
/*
 * What values are to conditions, as liquidjs has it: == asks for the same kind
 * ("5" is not 5), < and its like compare two texts as texts and all else as
 * numbers, and nothing is before or behind nil.
 */
#include <math.h>

#include "base/text.h"
#include "templates/program.h"

bool
is_space_char(int32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

bool
value_is_true(struct template_value v)
{
	return v.kind != TEMPLATE_NIL && v.kind != TEMPLATE_FALSE;
}

double
value_number(struct template_value v)
{
	switch (v.kind) {
	case TEMPLATE_NIL:
		return NAN;
	case TEMPLATE_TRUE:
		return 1;
	case TEMPLATE_FALSE:
		return 0;
	case TEMPLATE_NUMBER:
		return v.number;
	case TEMPLATE_LIST: /* as its items with commas between them */
		return v.number > 1 ? NAN : number_read(v.text);
	case TEMPLATE_TEXT:
	case TEMPLATE_CELL:
	case TEMPLATE_EMPTY:
	case TEMPLATE_BLANK:
		break;
	}
	return number_read(v.text);
}

/* ---- lists ---- */

size_t
value_bytes(struct template_value v)
{
	return v.text.n + (v.kind == TEMPLATE_LIST ? (size_t)v.number * sizeof(uint32_t) : 0);
}

bool
list_next(struct list_cursor *c, struct slice *item)
{
	const struct slice *all = &c->list.text;
	uint32_t n;

	if (c->i >= (size_t)c->list.number)
		return false;
	memcpy(&n, all->p + all->n + c->i * sizeof(n), sizeof(n));
	*item = (struct slice){all->p + c->at, n};
	c->at += n;
	c->i++;
	return true;
}

struct template_value
list_new(struct scratch *s, size_t bytes, size_t items)
{
	char *p = scratch_take(s, bytes + items * sizeof(uint32_t));

	if (p == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	return (struct template_value){TEMPLATE_LIST, {p, bytes}, 0};
}

/* The text is copied to where the items before it end. */
void
list_add(struct template_value *list, size_t at, struct slice item)
{
	char *p = (char *)(uintptr_t)list->text.p; /* made by list_new, so it is ours to write */
	uint32_t n = (uint32_t)item.n;

	if (item.n > 0)
		memcpy(p + at, item.p, item.n);
	memcpy(p + list->text.n + (size_t)list->number * sizeof(n), &n, sizeof(n));
	list->number++;
}

struct template_value
list_join(struct scratch *s, struct template_value list, struct slice between)
{
	struct list_cursor c = {list, 0, 0};
	size_t count = (size_t)list.number;
	size_t n = list.text.n + (count > 1 ? (count - 1) * between.n : 0);
	char *out = scratch_take(s, n), *p = out;
	struct slice item;

	if (out == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	for (size_t i = 0; list_next(&c, &item); i++) {
		if (i > 0 && between.n > 0) {
			memcpy(p, between.p, between.n);
			p += between.n;
		}
		memcpy(p, item.p, item.n);
		p += item.n;
	}
	return (struct template_value){TEMPLATE_TEXT, {out, n}, 0};
}

/* ---- comparison ---- */

static bool
is_all_space(struct slice s)
{
	while (s.n > 0)
		if (!is_space_char(text_next(&s)))
			return false;
	return true;
}

static bool
is_of_word(enum template_kind word, struct template_value v)
{
	if (v.kind == TEMPLATE_LIST)
		return v.number == 0;
	if (v.kind == TEMPLATE_TEXT)
		return word == TEMPLATE_BLANK ? is_all_space(v.text) : v.text.n == 0;
	return word == TEMPLATE_BLANK && (v.kind == TEMPLATE_NIL || v.kind == TEMPLATE_FALSE);
}

static bool
is_word(struct template_value v)
{
	return v.kind == TEMPLATE_EMPTY || v.kind == TEMPLATE_BLANK;
}

static bool
are_equal_lists(struct template_value left, struct template_value right)
{
	size_t bytes = value_bytes(left);

	return left.number == right.number && left.text.n == right.text.n &&
	       memcmp(left.text.p, right.text.p, bytes) == 0;
}

static bool
are_equal(struct template_value left, struct template_value right)
{
	if (is_word(left))
		return is_of_word(left.kind, right);
	if (is_word(right))
		return is_of_word(right.kind, left);
	if (left.kind != right.kind)
		return false;
	if (left.kind == TEMPLATE_NUMBER)
		return left.number == right.number;
	if (left.kind == TEMPLATE_LIST)
		return are_equal_lists(left, right);
	return left.kind != TEMPLATE_TEXT || slice_eq(left.text, right.text);
}

static bool
contains(struct template_value left, struct template_value right, struct scratch *s)
{
	struct list_cursor c = {left, 0, 0};
	struct slice item;

	if (left.kind == TEMPLATE_LIST) {
		while (list_next(&c, &item))
			if (are_equal((struct template_value){TEMPLATE_TEXT, item, 0}, right))
				return true;
		return false;
	}
	if (left.kind != TEMPLATE_TEXT || right.kind == TEMPLATE_NIL)
		return false;
	if (right.kind == TEMPLATE_LIST)
		right = list_join(s, right, SLICE(","));
	return right.text.n == 0 ||
	       (left.text.n >= right.text.n &&
		memmem(left.text.p, left.text.n, right.text.p, right.text.n) != NULL);
}

/* -1, 0, 1; 2 when there is no order. */
static int
order_of(struct template_value left, struct template_value right, struct scratch *s)
{
	double a, b;

	if (left.kind == TEMPLATE_NIL || right.kind == TEMPLATE_NIL || is_word(left) ||
	    is_word(right))
		return 2;
	if (left.kind == TEMPLATE_LIST)
		left = list_join(s, left, SLICE(","));
	if (right.kind == TEMPLATE_LIST)
		right = list_join(s, right, SLICE(","));
	if (left.kind == TEMPLATE_TEXT && right.kind == TEMPLATE_TEXT) {
		size_t n = left.text.n < right.text.n ? left.text.n : right.text.n;
		int order = n > 0 ? memcmp(left.text.p, right.text.p, n) : 0;

		if (order == 0)
			order = (left.text.n > right.text.n) - (left.text.n < right.text.n);
		return (order > 0) - (order < 0);
	}
	a = value_number(left);
	b = value_number(right);
	return isnan(a) || isnan(b) ? 2 : (a > b) - (a < b);
}

/*
 * A cell of a column of numbers becomes what the value beside it asks for: before
 * and behind others a number, beside a number or its like a number, else a text.
 */
static struct template_value
beside(struct template_value v, enum comparison op, enum template_kind other)
{
	bool is_ordered = op != COMPARE_EQ && op != COMPARE_NE && op != COMPARE_CONTAINS;
	bool is_number = is_ordered || (op != COMPARE_CONTAINS &&
					(other == TEMPLATE_NUMBER || other == TEMPLATE_CELL));

	if (v.kind != TEMPLATE_CELL)
		return v;
	if (is_number)
		v.number = value_number(v);
	v.kind = is_number ? TEMPLATE_NUMBER : TEMPLATE_TEXT;
	return v;
}

static bool
compare(enum comparison op, struct template_value left, struct template_value right,
	struct scratch *s)
{
	int order;

	if (op == COMPARE_EQ || op == COMPARE_NE)
		return are_equal(left, right) == (op == COMPARE_EQ);
	if (op == COMPARE_CONTAINS)
		return contains(left, right, s);
	order = order_of(left, right, s);
	switch (op) {
	case COMPARE_LT:
		return order == -1;
	case COMPARE_LE:
		return order == -1 || order == 0;
	case COMPARE_GT:
		return order == 1;
	case COMPARE_GE:
		return order == 1 || order == 0;
	case COMPARE_EQ:
	case COMPARE_NE:
	case COMPARE_CONTAINS:
		break;
	}
	return false;
}

bool
value_compare(enum comparison op, struct template_value left, struct template_value right,
	      struct scratch *s)
{
	char *before = s->at;
	bool answer = compare(op, beside(left, op, right.kind), beside(right, op, left.kind), s);

	s->at = before;
	return answer;
}
