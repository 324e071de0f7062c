/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/render.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "segments/cell.h"
#include "segments/phone.h"
#include "templates/vietnamese.h"

#define CELLS_MAX 64 /* different values of the language column that are remembered */
#define CELL_BYTES 48
#define CARRIERS ARRAY_LEN(((struct carrier_map *)0)->partition)

/* What a cell of the language column comes to. */
struct choice {
	char cell[CELL_BYTES];
	size_t n;
	char tag[LANGUAGE_MAX];
	uint8_t text;
	enum language_fit fit;
};

struct rendering {
	struct wording_opened w;
	int64_t today;
	struct render_rules rules[CARRIERS];
	const struct languages *lookup; /* the wording's, or the place's; NULL = none */
	int language_column;
	int *columns[SET_LANGUAGES_MAX]; /* by text, by field: column, -1 = none */
	enum column_type types[COLUMNS_MAX];
	struct choice choices[CELLS_MAX];
	size_t choice_count;
	struct buf text, plain, other; /* scratch */
};

void
rendering_free(struct rendering *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < SET_LANGUAGES_MAX; i++)
		free(r->columns[i]);
	wording_clear(&r->w);
	buf_free(&r->text);
	buf_free(&r->plain);
	buf_free(&r->other);
	free(r);
}

/* ---- a wording in its place ---- */

static void
find_columns(struct rendering *r, const struct schema *s)
{
	const char *const *names = r->lookup != NULL ? languages_columns(r->lookup) : NULL;

	for (size_t i = 0; i < r->w.set->count; i++) {
		const struct template *t = r->w.set->texts[i].template;
		size_t n = t != NULL ? template_field_count(t) : 0;

		r->columns[i] = xcalloc(n + 1, sizeof(*r->columns[i]));
		for (size_t k = 0; k < n; k++)
			r->columns[i][k] = schema_find(s, slice_of(template_field(t, k)));
	}
	r->language_column = -1;
	for (; names != NULL && *names != NULL && r->language_column < 0; names++)
		r->language_column = schema_find(s, slice_of(*names));
}

static void
find_rules(struct rendering *r, const struct carrier_map *map)
{
	char day[32];

	clock_format_vn(r->today * 86400, day);
	day[10] = '\0';
	for (size_t i = 0; i < CARRIERS; i++) {
		uint8_t p = map->partition[i];
		struct render_rules *rules = &r->rules[i];

		rules->has_unicode = true;
		if (p >= WORDING_PARTITIONS_MAX)
			continue;
		rules->accents = r->w.accents[p];
		rules->rules =
			sms_rules_find(&r->w.table, carrier_name((int)i), r->w.traffic[p], day);
	}
}

enum err
rendering_new(struct slice wording, const struct rendering_place *place, struct rendering **out,
	      struct err_ctx *e)
{
	struct rendering *r = xcalloc(1, sizeof(*r));
	enum err rc = wording_open(wording, &r->w, e);

	if (rc != ERR_OK) {
		free(r);
		return rc;
	}
	r->today = place->today;
	r->lookup = r->w.languages != NULL ? r->w.languages : place->languages;
	find_columns(r, place->schema);
	for (uint32_t i = 0; i < place->schema->count; i++)
		r->types[i] = place->schema->columns[i].type;
	find_rules(r, place->map);
	*out = r;
	return ERR_OK;
}

void
rendering_set_unicode(struct rendering *r, unsigned carrier, bool has_unicode)
{
	r->rules[carrier % CARRIERS].has_unicode = has_unicode;
}

const struct template_set *
rendering_set(const struct rendering *r)
{
	return r->w.set;
}

int
rendering_language_column(const struct rendering *r)
{
	return r->language_column;
}

void
rendering_want(const struct rendering *r, struct block_want *out)
{
	for (size_t i = 0; i < r->w.set->count; i++) {
		const struct template *t = r->w.set->texts[i].template;

		for (size_t k = 0; t != NULL && k < template_field_count(t); k++)
			block_want_column(out, r->columns[i][k]);
	}
	block_want_column(out, r->language_column);
}

/* ---- one row ---- */

static const struct choice *
make_choice(struct rendering *r, struct slice cell)
{
	struct choice *c;

	if (r->choice_count == CELLS_MAX)
		r->choice_count = 0;
	c = &r->choices[r->choice_count++];
	*c = (struct choice){.n = cell.n < CELL_BYTES ? cell.n : 0};
	if (c->n > 0)
		memcpy(c->cell, cell.p, c->n);
	if (cell.n == 0)
		c->fit = LANGUAGE_MISSING;
	else if (r->lookup == NULL ? !language_tag(cell, c->tag)
				   : !language_find(r->lookup, cell, c->tag))
		c->fit = LANGUAGE_UNKNOWN;
	else
		c->fit = LANGUAGE_OTHER;
	c->text = (uint8_t)set_choose(r->w.set, c->tag);
	if (c->fit == LANGUAGE_OTHER && set_is_own(r->w.set, c->text, c->tag))
		c->fit = LANGUAGE_OWN;
	return c;
}

static const struct choice *
choose(struct rendering *r, const struct block *b, uint32_t row)
{
	struct slice cell = {NULL, 0};

	if (r->language_column >= 0)
		cell = block_cell(b, row, (uint32_t)r->language_column);
	if (cell.n < CELL_BYTES)
		for (size_t i = 0; i < r->choice_count; i++)
			if (r->choices[i].n == cell.n &&
			    (cell.n > 0 ? memcmp(r->choices[i].cell, cell.p, cell.n) == 0
					: r->choices[i].fit == LANGUAGE_MISSING))
				return &r->choices[i];
	return make_choice(r, cell);
}

/* The first character that the plain form cannot keep; the few texts that have one are read again. */
static uint32_t
first_lost(struct slice nfc)
{
	struct plain_lost lost = {0};
	struct buf plain = {0};

	plain_add(&plain, nfc, &lost, 1);
	buf_free(&plain);
	return lost.code_point;
}

/* Can it be sent like this? *refused: see struct rendered. */
static enum record_reason
judge(const struct render_rules *rules, const struct accents_choice *c, uint32_t *refused)
{
	const struct sms_count *count = &c->bill.count;

	*refused = 0;
	if (c->lost > 0)
		return REASON_NOT_ENCODABLE;
	switch (c->bill.verdict) {
	case SMS_FITS:
		break;
	case SMS_TOO_LONG:
		return REASON_TEXT_TOO_LONG;
	case SMS_CHARACTER_REFUSED:
		*refused = c->bill.refused;
		return REASON_NOT_ENCODABLE;
	case SMS_UNICODE_NOT_ALLOWED:
		return REASON_NOT_ENCODABLE;
	}
	if (count->parts == 0)
		return REASON_MISSING_FIELD;
	if (count->parts > UINT8_MAX) /* one byte of the record */
		return REASON_TEXT_TOO_LONG;
	if (count->encoding == SMS_UCS2 && !rules->has_unicode)
		return REASON_NOT_ENCODABLE;
	return REASON_NONE;
}

/* What a template's field is in this row; column -1 = the list has no such column. */
static struct template_value
value_of(const struct rendering *r, const struct block *b, uint32_t row, int column)
{
	struct template_value v = {.kind = TEMPLATE_NIL};

	if (column < 0)
		return v;
	v.text = block_cell(b, row, (uint32_t)column);
	if (v.text.n == 0)
		return v;
	/* a later value that is no number may stand in a column of numbers */
	v.kind = r->types[column] == COLUMN_NUMBER && cell_is_number(v.text) ? TEMPLATE_CELL
									     : TEMPLATE_TEXT;
	return v;
}

enum record_reason
render_bill(const struct render_rules *rules, struct slice nfc, struct buf *scratch,
	    struct rendered *out)
{
	struct accents_choice c;
	enum record_reason reason;

	buf_reset(scratch);
	c = accents_choose(rules->accents, rules->rules, nfc, scratch);
	reason = judge(rules, &c, &out->refused);
	out->nfc = nfc;
	out->text = c.text;
	out->count = c.bill.count;
	out->is_plain = c.is_plain;
	if (c.lost > 0)
		out->refused = first_lost(nfc);
	return nfc.n == 0 ? REASON_MISSING_FIELD : reason;
}

const struct sms_rules *
rendering_rules(const struct rendering *r, unsigned carrier)
{
	return r->rules[carrier % CARRIERS].rules;
}

void
render_modes(struct rendering *r, struct slice nfc, unsigned carrier, struct render_mode out[3])
{
	const struct render_rules *rules = &r->rules[carrier % CARRIERS];
	struct accents_choice choices[3];
	uint32_t refused;

	buf_reset(&r->other);
	accents_compare(rules->rules, nfc, &r->other, choices);
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		out[i].reason = judge(rules, &choices[i], &refused);
		out[i].count = choices[i].bill.count;
	}
}

/* Does it say anything beside the label and the footer of its class? */
static bool
is_blank(const struct wording_opened *w, struct slice text)
{
	struct slice label = slice_of(w->label), footer = slice_of(w->footer);

	text = slice_trim(text);
	if (label.n > 0 && text.n >= label.n && memcmp(text.p, label.p, label.n) == 0)
		text = (struct slice){text.p + label.n, text.n - label.n};
	if (footer.n > 0 && text.n >= footer.n &&
	    memcmp(text.p + text.n - footer.n, footer.p, footer.n) == 0)
		text.n -= footer.n;
	return slice_trim(text).n == 0;
}

enum record_reason
render_row(struct rendering *r, const struct block *b, uint32_t row, unsigned carrier,
	   struct rendered *out)
{
	struct template_value values[TEMPLATE_FIELDS_MAX];
	const struct choice *c;
	const struct template *t;

	if (row >= b->rows || block_is_deleted(b, row))
		return REASON_DELETED_ROW;
	c = choose(r, b, row);
	out->nfc = SLICE("");
	out->language = c->text;
	out->fit = c->fit;
	out->wanted = c->tag;
	t = r->w.set->texts[c->text].template;
	for (size_t i = 0; i < template_field_count(t); i++)
		values[i] = value_of(r, b, row, r->columns[c->text][i]);
	buf_reset(&r->text);
	switch (template_render_values(t, r->today, values, &r->text, &out->error)) {
	case RENDER_OK:
		break;
	case RENDER_MISSING:
		return REASON_MISSING_FIELD;
	case RENDER_TOO_LONG:
		return REASON_TEXT_TOO_LONG;
	}
	out->error.field[0] = '\0';
	if (is_blank(&r->w, buf_slice(&r->text)))
		return REASON_MISSING_FIELD;
	return render_bill(&r->rules[carrier % CARRIERS], buf_slice(&r->text), &r->plain, out);
}
