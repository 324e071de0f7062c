/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/results.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/mem.h"
#include "dispatcher/run/cells.h"

/* ---- what was asked for ---- */

/* The next word of a list with commas, trimmed; false = there is none. */
static bool
next_word(struct slice *list, struct slice *word)
{
	const char *comma;
	size_t n;

	if (list->p == NULL)
		return false;
	comma = list->n > 0 ? memchr(list->p, ',', list->n) : NULL;
	n = comma != NULL ? (size_t)(comma - list->p) : list->n;
	*word = slice_trim((struct slice){list->p, n});
	*list = comma != NULL ? (struct slice){comma + 1, list->n - n - 1}
			      : (struct slice){NULL, 0};
	return true;
}

enum err
results_parse_states(struct slice list, struct results_format *f, struct err_ctx *e)
{
	const char *names[RECORD_STATE_COUNT];
	struct slice word;

	for (unsigned i = 0; i < RECORD_STATE_COUNT; i++)
		names[i] = record_state_name((enum record_state)i);
	while (next_word(&list, &word)) {
		char name[40], todo[160] = "see the states in docs/FORMATS.md, \"Results columns\"";
		const char *near;
		unsigned s = 0;

		while (s < RECORD_STATE_COUNT && !slice_is(word, names[s]))
			s++;
		if (s < RECORD_STATE_COUNT) {
			f->states |= 1u << s;
			continue;
		}
		slice_copy(name, sizeof(name), word);
		near = nearest_name(name, names, RECORD_STATE_COUNT);
		if (near != NULL)
			snprintf(todo, sizeof(todo), "did you mean %s?", near);
		return err_set(e, ERR_INPUT, "state", todo, "there is no state \"%s\"", name);
	}
	return ERR_OK;
}

void
results_name_columns(const struct schema *s, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < s->count && n + sizeof(s->columns[0].name) + 8 < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", i > 0 ? ", " : "",
				      s->columns[i].name);
}

enum err
results_find_column(const struct schema *s, struct slice name, int *out, struct err_ctx *e)
{
	const char *names[COLUMNS_MAX], *near;
	char all[240], word[80], todo[120] = "see loa list show";

	*out = schema_find(s, name);
	if (*out >= 0)
		return ERR_OK;
	for (uint32_t i = 0; i < s->count; i++)
		names[i] = s->columns[i].name;
	slice_copy(word, sizeof(word), name);
	near = nearest_name(word, names, s->count);
	if (near != NULL)
		snprintf(todo, sizeof(todo), "did you mean %s?", near);
	results_name_columns(s, all, sizeof(all));
	return err_set(e, ERR_INPUT, "column", todo, "the list has no column \"%s\"; it has %s",
		       word, all);
}

enum err
results_parse_columns(struct slice list, struct results_format *f, struct err_ctx *e)
{
	struct slice word;

	while (next_word(&list, &word)) {
		int column;
		enum err rc = results_find_column(f->schema, word, &column, e);

		if (rc != ERR_OK)
			return rc;
		if (column == f->schema->phone && !f->is_full)
			return err_set(e, ERR_REFUSED, f->schema->columns[column].name,
				       "ask for phones in full (--full), or leave it out",
				       "is the column of the phones, which are masked");
		if (f->column_count == RESULTS_COLUMNS_MAX)
			return err_set(e, ERR_INPUT, "columns", "ask for fewer",
				       "more than %d of them", RESULTS_COLUMNS_MAX);
		f->columns[f->column_count++] = (uint32_t)column;
	}
	return ERR_OK;
}

bool
results_has_sensitive(const struct results_format *f)
{
	for (size_t i = 0; i < f->column_count; i++)
		if (f->schema->columns[f->columns[i]].is_sensitive)
			return true;
	return false;
}

static void
take_rule(const struct run_status *s, uint8_t reason, char *out, size_t n)
{
	const char *rule = run_rule(s, reason);

	snprintf(out, n, "%s%s%s", record_reason_text(reason), rule[0] != '\0' ? ": " : "", rule);
}

void
results_of_run(struct results_format *f, const struct run_status *s)
{
	f->launched_s = s->launched_s;
	f->tariffs = s->tariffs;
	memcpy(f->lane, s->lane, sizeof(f->lane));
	memcpy(f->price, s->price, sizeof(f->price));
	take_rule(s, REASON_CAP, f->over_cap, sizeof(f->over_cap));
	take_rule(s, REASON_NO_CONSENT, f->no_consent, sizeof(f->no_consent));
}

/* ---- lines ---- */

int
results_tariff(const struct walk_row *r)
{
	if (r->record.attempt > 0)
		return r->record.provider;
	return r->record.state == RECORD_WAITING ? (int)r->p : -1;
}

/* Then a line says of which list it is. */
static bool
is_of_several(const struct results_format *f)
{
	return f->list != NULL && list_part_count(f->list) > 1;
}

struct line {
	const struct walk_row *r;
	struct list_place place;
	const struct detail *d;
	const char *reason, *changed, *provider;
	int64_t price;
};

static const char *
reason_of(const struct results_format *f, uint8_t reason)
{
	return reason == REASON_CAP	     ? f->over_cap
	       : reason == REASON_NO_CONSENT ? f->no_consent
					     : record_reason_text(reason);
}

static struct line
line_of(struct results_format *f, const struct walk_row *r, const struct detail *d)
{
	const struct record *m = &r->record;
	struct line l = {r, {NULL, r->row}, d, reason_of(f, m->reason), "", "", 0};
	int t = results_tariff(r);
	int64_t changed_s = f->launched_s + m->changed_s;

	if (is_of_several(f))
		l.place = list_place(f->list, r->row);
	/* A row that was deleted before it was frozen says so; this one is empty since. */
	if (block_is_deleted(r->block, r->i) && m->reason != REASON_DELETED_ROW)
		l.reason = record_reason_text(REASON_ERASED);
	/* What waits since the launch was not changed yet. */
	if (m->state != RECORD_WAITING || m->attempt > 0 || m->changed_s > 0) {
		if (changed_s != f->time_s || f->time[0] == '\0')
			clock_format_vn(changed_s, f->time);
		f->time_s = changed_s;
		l.changed = f->time;
	}
	if (t >= 0 && t < f->tariffs)
		l.provider = f->lane[t];
	if (record_is_paid(m) && m->provider < f->tariffs)
		l.price = m->parts * f->price[m->provider];
	return l;
}

void
results_add_header(const struct results_format *f, struct buf *out)
{
	if (f->is_json)
		return;
	if (f->has_bom)
		buf_adds(out, "\xef\xbb\xbf");
	buf_adds(out, "row,phone,state,reason,attempt,changed,parts,price,provider,id,code");
	if (is_of_several(f))
		buf_adds(out, ",list");
	for (size_t i = 0; i < f->column_count; i++) {
		buf_addc(out, ',');
		cells_add_text(out, slice_of(f->schema->columns[f->columns[i]].name));
	}
	buf_adds(out, "\r\n");
}

/* As others may see it: what is sensitive, a personal number or a phone, only in full. */
static struct slice
shown_cell(const struct results_format *f, const struct line *l, size_t i)
{
	const struct column *c = &f->schema->columns[f->columns[i]];
	struct slice cell = block_cell(l->r->block, l->r->i, f->columns[i]);

	return cell.n > 0 && !f->is_full && cells_is_personal(c, cell) ? SLICE("***") : cell;
}

static void
add_csv(const struct results_format *f, const struct line *l, struct buf *out)
{
	const struct record *m = &l->r->record;

	buf_addf(out, "%llu,", (unsigned long long)l->place.row + 1);
	cells_add_phone(out, block_phone(l->r->block, l->r->i), f->is_full);
	buf_addf(out, ",%s,", record_state_name(m->state));
	cells_add_text(out, slice_of(l->reason));
	buf_addf(out, ",%u,%s,%u,%lld,", m->attempt, l->changed, m->parts, (long long)l->price);
	cells_add_text(out, slice_of(l->provider));
	buf_addc(out, ',');
	cells_add_text(out, l->d->id);
	buf_addc(out, ',');
	cells_add_text(out, l->d->code);
	if (is_of_several(f)) {
		buf_addc(out, ',');
		cells_add_text(out, slice_of(l->place.list->name));
	}
	for (size_t i = 0; i < f->column_count; i++) {
		buf_addc(out, ',');
		cells_add_text(out, shown_cell(f, l, i));
	}
	buf_adds(out, "\r\n");
}

static void
add_member(struct buf *out, const char *name, struct slice text)
{
	buf_addf(out, ",\"%s\":", name);
	if (text.n > 0)
		json_add_string(out, text);
	else
		buf_adds(out, "null");
}

/* What is empty in the CSV is null; the list's columns stand in an object of their own. */
static void
add_json(const struct results_format *f, const struct line *l, struct buf *out)
{
	const struct record *m = &l->r->record;
	struct buf phone = {0};

	buf_addf(out, "{\"row\":%llu", (unsigned long long)l->place.row + 1);
	cells_add_phone(&phone, block_phone(l->r->block, l->r->i), f->is_full);
	add_member(out, "phone", buf_slice(&phone));
	buf_free(&phone);
	add_member(out, "state", slice_of(record_state_name(m->state)));
	add_member(out, "reason", slice_of(l->reason));
	buf_addf(out, ",\"attempt\":%u", m->attempt);
	add_member(out, "changed", slice_of(l->changed));
	buf_addf(out, ",\"parts\":%u,\"price\":%lld", m->parts, (long long)l->price);
	add_member(out, "provider", slice_of(l->provider));
	add_member(out, "id", l->d->id);
	add_member(out, "code", l->d->code);
	if (is_of_several(f))
		add_member(out, "list", slice_of(l->place.list->name));
	for (size_t i = 0; i < f->column_count; i++) {
		struct slice cell = shown_cell(f, l, i);

		buf_adds(out, i == 0 ? ",\"columns\":{" : ",");
		json_add_string(out, slice_of(f->schema->columns[f->columns[i]].name));
		buf_addc(out, ':');
		if (cell.n > 0)
			json_add_string(out, cell);
		else
			buf_adds(out, "null");
	}
	buf_adds(out, f->column_count > 0 ? "}}\n" : "}\n");
}

void
results_add_row(struct results_format *f, const struct walk_row *r, const struct detail *d,
		struct buf *out)
{
	struct line l = line_of(f, r, d);

	if (f->is_json)
		add_json(f, &l, out);
	else
		add_csv(f, &l, out);
}
