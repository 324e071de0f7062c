/* SPDX-License-Identifier: MIT */
/* Runs a program over the values of one recipient. */
#include <stdlib.h>

#include "base/text.h"
#include "templates/program.h"

struct run {
	const struct template *t;
	const struct template_value *values;
	struct template_value stack[STACK_MAX];
	size_t depth;
	int64_t today;
	struct scratch scratch;
	struct buf *out;
	size_t start; /* of this text in out */
	struct template_error *error;
};

static enum render_result
missing(struct run *r, const struct instruction *i, const char *code, const char *why)
{
	struct template_error *e = r->error;
	const char *name = i->a == NO_FIELD ? "" : r->t->fields[i->a].name;

	template_fail(e, code, i->at, "the field %s %s", name, why);
	if (e != NULL)
		copy_short(e->field, sizeof(e->field), slice_of(name));
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
append(struct run *r, const struct instruction *i, struct slice s)
{
	if (s.n > TEMPLATE_OUTPUT_MAX - (r->out->len - r->start))
		return too_long(r, i);
	buf_add_slice(r->out, s);
	return RENDER_OK;
}

static enum render_result
apply_filter(struct run *r, const struct instruction *i)
{
	struct template_value *in;

	r->depth -= i->b;
	in = &r->stack[r->depth - 1];
	*in = filter_get(i->a)->apply(&(struct filter_call){in + 1, i->b, r->today, &r->scratch},
				      *in);
	return r->scratch.is_full ? too_long(r, i) : RENDER_OK;
}

static enum render_result
run_program(struct run *r)
{
	const struct template *t = r->t;
	enum render_result rc = RENDER_OK;

	for (const struct instruction *i = t->program; rc == RENDER_OK; i++) {
		struct template_value v;

		switch (i->op) {
		case OP_TEXT:
			rc = append(r, i, (struct slice){t->pool.p + i->a, i->b});
			break;
		case OP_FIELD:
			r->stack[r->depth++] = r->values[i->a];
			break;
		case OP_CONST:
			r->stack[r->depth++] = t->constants[i->a];
			break;
		case OP_FILTER:
			rc = apply_filter(r, i);
			break;
		case OP_OUTPUT:
			v = r->stack[--r->depth];
			rc = is_blank_text(v.text) ? missing(r, i, "missing", "is missing or blank")
						   : append(r, i, v.text);
			break;
		case OP_END:
			return RENDER_OK;
		}
	}
	return rc;
}

/* ---- normal form ---- */

/*
 * Only characters that are NFC next to any others: all of Vietnamese, ASCII,
 * Latin with accents, typographic quotes and dashes, signs of money. Others may
 * be NFC too; false means look closely.
 */
static bool
is_surely_nfc(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;

	while (p < end) {
		if (*p < 0x80)
			p++;
		else if (*p >= 0xC3 && *p <= 0xCB && end - p >= 2 && (p[1] & 0xC0) == 0x80)
			p += 2; /* U+00C0–02FF */
		else if (end - p < 3 || (p[2] & 0xC0) != 0x80)
			return false;
		else if (*p == 0xE1 && p[1] >= 0xB8 && p[1] <= 0xBB)
			p += 3; /* U+1E00–1EFF */
		else if (*p == 0xE2 && p[1] == 0x80 && p[2] >= 0x90)
			p += 3; /* U+2010–203F */
		else if (*p == 0xE2 && p[1] == 0x82 && p[2] >= 0xA0)
			p += 3; /* U+20A0–20BF */
		else
			return false;
	}
	return true;
}

/* The first output whose value is no UTF-8; pieces of the template always are. */
static enum render_result
find_malformed(struct run *r)
{
	for (const struct instruction *i = r->t->program; i->op != OP_END; i++)
		if (i->op == OP_FIELD && text_find_malformed(r->values[i->a].text) >= 0)
			return missing(r, i, "malformed", "is not UTF-8");
	return RENDER_OK;
}

static enum render_result
normalise(struct run *r)
{
	struct slice text = {r->out->data + r->start, r->out->len - r->start};
	const struct instruction *last = &r->t->program[r->t->length - 1];
	enum render_result rc;
	struct buf nfc = {0};

	if (r->out->len == r->start || is_surely_nfc(text))
		return RENDER_OK;
	rc = find_malformed(r);
	if (rc != RENDER_OK)
		return rc;
	text_add_nfc(&nfc, text);
	r->out->len = r->start;
	rc = append(r, last, buf_slice(&nfc));
	buf_free(&nfc);
	return rc;
}

/* ---- public ---- */

enum render_result
template_render_values(const struct template *t, int64_t today, const struct template_value *values,
		       struct buf *out, struct template_error *e)
{
	char memory[SCRATCH_BYTES];
	struct run r = {.t = t,
			.values = values,
			.today = today,
			.scratch = {memory, memory + sizeof(memory), false},
			.out = out,
			.start = out->len,
			.error = e};
	enum render_result rc = run_program(&r);

	if (rc == RENDER_OK)
		rc = normalise(&r);
	if (rc != RENDER_OK) {
		out->len = r.start;
		if (out->data != NULL)
			out->data[out->len] = '\0';
	}
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
