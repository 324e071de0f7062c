/* SPDX-License-Identifier: MIT */
/*
 * Runs a program over the values of one recipient. All that a rendering needs
 * besides the output is on its stack; nothing is allocated.
 */
#include <stdio.h>

#include "base/text.h"
#include "templates/program.h"

_Static_assert(TEMPLATE_OUTPUT_MAX <= TEXT_PUT_MAX, "a rendered text can be normalised");
_Static_assert(SLOTS_MAX <= 128, "a bit for each slot");

/* A value that a filter made nil of; filter NULL = none was. */
struct loss {
	const struct instruction *filter;
	struct slice value;
};

struct run {
	const struct template *t;
	const struct template_value *values;
	struct template_value *top; /* the last value of the stack */
	struct template_value *slots;
	uint64_t assigned; /* variables that have a value: bit = slot */
	int64_t today;
	struct loss loss;    /* in the tag that runs */
	struct loss *losses; /* of each slot that has a value */
	struct scratch scratch;
	char *floor; /* scratch below it belongs to variables, above it to the tag */
	struct buf *out;
	size_t start;		      /* of this text in out */
	size_t captured[NESTING_MAX]; /* where the captures that are open began */
	size_t captures;
	struct template_error *error;
};

static enum render_result
missing(struct run *r, uint32_t field, struct place at, const char *code, const char *why)
{
	struct template_error *e = r->error;
	const char *name = "";

	if (field != NO_FIELD && (field & IS_VARIABLE) != 0)
		name = r->t->variables[field & ~IS_VARIABLE].name.name;
	else if (field != NO_FIELD)
		name = r->t->fields[field].name;
	template_fail(e, code, at, "the field %s %s", name, why);
	if (e != NULL)
		copy_short(e->field, sizeof(e->field), slice_of(name));
	return RENDER_MISSING;
}

/* The tag printed nothing: was there a value? */
static enum render_result
missing_output(struct run *r, const struct instruction *i)
{
	struct template_error *e = r->error;
	const struct loss *l = &r->loss;
	uint32_t field = i->a;
	char value[sizeof(e->value)];
	const char *filter;

	if (l->filter == NULL)
		return missing(r, field, i->at, "missing", "is missing or blank");
	if (field != NO_FIELD && (field & IS_VARIABLE) != 0 &&
	    r->t->variables[field & ~IS_VARIABLE].blame != NO_FIELD)
		field = r->t->variables[field & ~IS_VARIABLE].blame;
	if (e == NULL)
		return RENDER_MISSING;
	filter = filter_get(l->filter->a)->name;
	copy_short(value, sizeof(value), l->value);
	missing(r, field, i->at, "missing", "");
	memcpy(e->value, value, sizeof(value));
	for (char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' '; /* a message is one line */
	snprintf(e->message, sizeof(e->message), "%s makes nothing of \"%s\"%s%s", filter, value,
		 e->field[0] != '\0' ? ", of the field " : "", e->field);
	snprintf(e->filter, sizeof(e->filter), "%s", filter);
	return RENDER_MISSING;
}

static enum render_result
too_long(struct run *r, const struct instruction *i)
{
	template_fail(r->error, "too-long", i->at, "the text becomes longer than %u bytes here",
		      TEMPLATE_OUTPUT_MAX);
	return RENDER_TOO_LONG;
}

static enum render_result
no_room(struct run *r, const struct instruction *i)
{
	template_fail(r->error, "no-room", i->at,
		      "what filters and captures make on the way to the text takes more than %u "
		      "bytes here",
		      SCRATCH_BYTES);
	return RENDER_TOO_LONG;
}

static inline enum render_result
append(struct run *r, const struct instruction *i, struct slice s)
{
	struct buf *out = r->out;

	if (s.n > TEMPLATE_OUTPUT_MAX - (out->len - r->start))
		return too_long(r, i);
	if (out->cap - out->len <= s.n) {
		buf_add_slice(out, s);
	} else if (s.n > 0) {
		memcpy(out->data + out->len, s.p, s.n);
		out->len += s.n;
	}
	return RENDER_OK;
}

/* Most texts begin with a letter or digit: then there is nothing to look for. */
static inline bool
is_blank(struct slice s)
{
	unsigned char first = s.n > 0 ? (unsigned char)s.p[0] : ' ';

	if ((first > ' ' && first < 0x7F) || (first >= 0xC3 && first < 0xDC))
		return false;
	return is_blank_text(s);
}

/* ---- steps ---- */

/* The value of field i, in NFC, pushed. */
static enum render_result
push_field(struct run *r, const struct instruction *i, uint32_t field)
{
	struct template_value v = r->values[field];
	char *nfc;

	if (v.text.p == NULL)
		v.text = SLICE("");
	*++r->top = v;
	if (v.text.n == 0 || text_is_nfc_quick(v.text))
		return RENDER_OK;
	if (text_find_malformed(v.text) >= 0)
		return missing(r, field, i->at, "malformed", "is not UTF-8");
	nfc = r->scratch.at;
	if (!text_put_nfc(v.text, nfc, (size_t)(r->scratch.end - nfc), &r->top->text.n))
		return no_room(r, i);
	r->top->text.p = nfc;
	r->scratch.at += r->top->text.n;
	return RENDER_OK;
}

static enum render_result
print_field(struct run *r, const struct instruction *i)
{
	struct slice text = r->values[i->a].text;

	if (is_blank(text))
		return missing(r, i->a, i->at, "missing", "is missing or blank");
	return append(r, i, text);
}

static enum render_result
apply_filter(struct run *r, const struct instruction *i)
{
	struct template_value *in = r->top -= i->b;
	struct filter_call call = {in + 1, i->b, r->today, &r->scratch};
	bool is_cell = in->kind == TEMPLATE_CELL;
	struct slice before = in->text;

	if (in->text.n > TEMPLATE_OUTPUT_MAX) {
		template_fail(r->error, "too-long", i->at,
			      "the value that %s is given is longer than %u bytes",
			      filter_get(i->a)->name, TEMPLATE_OUTPUT_MAX);
		return RENDER_TOO_LONG;
	}
	for (uint32_t k = 0; k <= i->b; k++) /* cells are texts to filters */
		if (in[k].kind == TEMPLATE_CELL)
			in[k].kind = TEMPLATE_TEXT;
	*in = filter_get(i->a)->apply(&call, *in);
	if (in->text.p == NULL)
		in->text = SLICE("");
	if (is_cell && in->kind == TEMPLATE_TEXT && slice_eq(in->text, before))
		in->kind = TEMPLATE_CELL; /* which `default` and its like leave as it is */
	if (in->kind == TEMPLATE_NIL && !is_blank(before))
		r->loss = (struct loss){i, before};
	return r->scratch.is_full ? no_room(r, i) : RENDER_OK;
}

static enum render_result
output(struct run *r, const struct instruction *i)
{
	struct slice text = r->top--->text;
	enum render_result rc;

	if (i->op == OP_OUTPUT && is_blank(text))
		return missing_output(r, i);
	rc = append(r, i, text);
	r->scratch.at = r->floor;
	r->loss.filter = NULL;
	return rc;
}

static enum render_result
compare(struct run *r, const struct instruction *i)
{
	struct template_value right = *r->top--;
	bool answer = value_compare((enum comparison)i->a, *r->top, right, &r->scratch);

	*r->top = (struct template_value){answer ? TEMPLATE_TRUE : TEMPLATE_FALSE,
					  answer ? SLICE("true") : SLICE("false"), 0};
	return r->scratch.is_full ? no_room(r, i) : RENDER_OK;
}

static void
set_bool(struct template_value *v, bool is_true)
{
	*v = (struct template_value){is_true ? TEMPLATE_TRUE : TEMPLATE_FALSE,
				     is_true ? SLICE("true") : SLICE("false"), 0};
}

/* and, or: what decides is left as the answer and the rest jumped over. */
static bool
decides(struct run *r, const struct instruction *i)
{
	bool is_true = value_is_true(*r->top);

	if (is_true != (i->op == OP_OR)) {
		r->top--;
		return false;
	}
	set_bool(r->top, is_true);
	return true;
}

static void
assign(struct run *r, uint32_t slot, struct template_value v)
{
	r->slots[slot] = v;
	r->losses[slot] = r->loss;
	r->loss.filter = NULL;
	if (slot < VARIABLES_MAX)
		r->assigned |= UINT64_C(1) << slot;
	r->floor = r->scratch.at;
}

static enum render_result
capture(struct run *r, const struct instruction *i)
{
	struct template_value v;
	size_t from;

	if (i->op == OP_CAPTURE) {
		r->captured[r->captures++] = r->out->len;
		return RENDER_OK;
	}
	from = r->captured[--r->captures];
	v = scratch_text(&r->scratch, (struct slice){r->out->data + from, r->out->len - from});
	if (r->scratch.is_full)
		return no_room(r, i);
	r->out->len = from;
	assign(r, i->a, v);
	return RENDER_OK;
}

static void
push_slot(struct run *r, uint32_t slot)
{
	*++r->top = r->slots[slot];
	if (r->losses[slot].filter != NULL)
		r->loss = r->losses[slot];
}

static enum render_result
push_either(struct run *r, const struct instruction *i)
{
	if ((r->assigned >> i->a & 1) == 0)
		return push_field(r, i, i->b);
	push_slot(r, i->a);
	return RENDER_OK;
}

/* Where to go on behind a jump. */
static const struct instruction *
jump(struct run *r, const struct instruction *i)
{
	bool is_taken = true;

	if (i->op == OP_AND || i->op == OP_OR) {
		is_taken = decides(r, i);
	} else if (i->op != OP_JUMP) {
		is_taken = value_is_true(*r->top--) == (i->op == OP_JUMP_IF);
		r->scratch.at = r->floor;
		r->loss.filter = NULL;
	}
	return is_taken ? r->t->program + i->a : i + 1;
}

static enum render_result
run_program(struct run *r)
{
	const struct instruction *i = r->t->program;
	enum render_result rc = RENDER_OK;

	while (rc == RENDER_OK && i->op != OP_END) {
		const struct instruction *next = i + 1;

		switch (i->op) {
		case OP_TEXT:
			rc = append(r, i, (struct slice){r->t->pool.p + i->a, i->b});
			break;
		case OP_PRINT:
			rc = print_field(r, i);
			break;
		case OP_FIELD:
			rc = push_field(r, i, i->a);
			break;
		case OP_CONST:
			*++r->top = r->t->constants[i->a];
			break;
		case OP_VARIABLE:
			push_slot(r, i->a);
			break;
		case OP_EITHER:
			rc = push_either(r, i);
			break;
		case OP_FILTER:
			rc = apply_filter(r, i);
			break;
		case OP_OUTPUT:
		case OP_SAY:
			rc = output(r, i);
			break;
		case OP_COMPARE:
			rc = compare(r, i);
			break;
		case OP_BOOL:
			set_bool(r->top, value_is_true(*r->top));
			break;
		case OP_AND:
		case OP_OR:
		case OP_JUMP:
		case OP_JUMP_IF:
		case OP_JUMP_UNLESS:
			next = jump(r, i);
			break;
		case OP_ASSIGN:
			assign(r, i->a, *r->top--);
			break;
		case OP_CAPTURE:
		case OP_CAPTURED:
			rc = capture(r, i);
			break;
		case OP_END:
			break;
		}
		i = next;
	}
	return rc;
}

/* ---- normal form ---- */

/* The first output whose value is no UTF-8; pieces of the template always are. */
static enum render_result
find_malformed(struct run *r)
{
	for (const struct instruction *i = r->t->program; i->op != OP_END; i++)
		if (i->op == OP_PRINT && text_find_malformed(r->values[i->a].text) >= 0)
			return missing(r, i->a, i->at, "malformed", "is not UTF-8");
	return RENDER_OK;
}

static enum render_result
normalise(struct run *r)
{
	struct slice text = {r->out->data + r->start, r->out->len - r->start};
	char nfc[TEMPLATE_OUTPUT_MAX];
	enum render_result rc;
	size_t n;

	if (text_find_malformed(text) >= 0) {
		rc = find_malformed(r);
		if (rc != RENDER_OK)
			return rc;
	}
	if (!text_put_nfc(text, nfc, sizeof(nfc), &n))
		return too_long(r, &r->t->program[r->t->length - 1]);
	r->out->len = r->start;
	buf_add(r->out, nfc, n);
	return RENDER_OK;
}

/* ---- public ---- */

enum render_result
template_render_values(const struct template *t, int64_t today, const struct template_value *values,
		       struct buf *out, struct template_error *e)
{
	char memory[SCRATCH_BYTES];
	struct template_value stack[1 + STACK_MAX], slots[SLOTS_MAX];
	struct loss losses[SLOTS_MAX];
	struct run r;
	enum render_result rc;

	r.t = t;
	r.values = values;
	r.top = stack;
	r.slots = slots;
	r.losses = losses;
	r.loss.filter = NULL;
	r.assigned = 0;
	r.today = today;
	r.scratch = (struct scratch){memory, memory + sizeof(memory), false};
	r.floor = memory;
	r.out = out;
	r.start = out->len;
	r.captures = 0;
	r.error = e;
	if (out->data == NULL)
		buf_reserve(out, 1);
	rc = run_program(&r);
	if (rc == RENDER_OK && out->len > r.start &&
	    !text_is_nfc_quick((struct slice){out->data + r.start, out->len - r.start}))
		rc = normalise(&r);
	if (rc != RENDER_OK)
		out->len = r.start;
	out->data[out->len] = '\0';
	return rc;
}

enum render_result
template_render(const struct template *t, int64_t today, const struct slice *values,
		struct buf *out, struct template_error *e)
{
	struct template_value v[TEMPLATE_FIELDS_MAX];

	for (size_t i = 0; i < t->field_count; i++)
		v[i] = (struct template_value){values[i].n > 0 ? TEMPLATE_TEXT : TEMPLATE_NIL,
					       values[i], 0};
	return template_render_values(t, today, v, out, e);
}
