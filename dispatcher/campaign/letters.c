/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/letters.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "templates/invisible.h"
#include "templates/vietnamese.h"

/* What may stand there instead: its plain form, where that is not the character itself. */
static bool
suggest(uint32_t c, struct buf *out)
{
	const char *seen = invisible_replacement(c);
	struct slice first;

	buf_reset(out);
	if (seen != NULL)
		buf_adds(out, seen);
	else if (!plain_add_character(out, c, 0))
		return false;
	first = buf_slice(out);
	return first.n == 0 || text_next(&first) != (int32_t)c;
}

/* Something that has a case, or accents, or nothing that could stand for it. */
static bool
is_letter(uint32_t code_point)
{
	int32_t c = (int32_t)code_point;
	struct buf plain = {0};
	bool is;

	if (c < 0x80 || invisible_name(code_point) != NULL)
		return false;
	is = text_bare(c) != c || text_upper(c) != c || !suggest(code_point, &plain);
	buf_free(&plain);
	return is;
}

static void
classify(struct letter *one, uint32_t c)
{
	one->code_point = c;
	one->is_hidden = invisible_name(c) != NULL;
	one->is_letter = is_letter(c);
}

/* NULL: there are too many different ones. */
static struct letter *
get(struct letters *l, uint32_t c)
{
	size_t i = (c * 2654435761u >> 16) % LETTERS_SLOTS;

	for (; l->slots[i].code_point != 0; i = (i + 1) % LETTERS_SLOTS)
		if (l->slots[i].code_point == c)
			return &l->slots[i];
	if (l->count == LETTERS_MAX) {
		l->has_more = true;
		return NULL;
	}
	l->count++;
	classify(&l->slots[i], c);
	return &l->slots[i];
}

/* What the characters of one text come to. */
struct found {
	struct letter
		*only;	/* that forces it, if there is no other; NULL = one that is not noted */
	size_t forcing; /* different ones; of those that are not noted each time */
	size_t hidden;
	bool has_letter; /* that forces it */
};

static void
look_at(struct letters *l, const struct letters_text *t, uint32_t c, struct found *f)
{
	bool is_forcing = t->is_unicode && sms_forces_unicode(t->rules, c);
	struct letter unnoted = {0}, *one = get(l, c);
	bool is_noted = one != NULL;

	if (!is_noted) {
		classify(&unnoted, c);
		one = &unnoted;
	}
	f->hidden += one->is_hidden;
	if (one->last == l->messages)
		return;
	if (is_forcing) {
		one->is_forcing = true;
		f->only = is_noted ? one : NULL;
		f->forcing++;
		f->has_letter = f->has_letter || one->is_letter;
	}
	one->last = l->messages;
	if (one->messages++ == 0)
		one->row = t->row;
}

void
letters_add(struct letters *l, const struct letters_text *t)
{
	struct slice rest = t->text;
	struct found f = {0};
	int32_t c;

	l->messages++;
	while ((c = text_next(&rest)) != -1) {
		bool is_printable = c >= 0x20 && c < 0x7f;

		/* Of printable ASCII only what the GSM alphabet has not is of interest. */
		if (c <= 0 || c == '\n' || (is_printable && sms_gsm7_septets((uint32_t)c) > 0))
			continue;
		look_at(l, t, (uint32_t)c, &f);
	}
	l->hidden += f.hidden > 0;
	l->hidden_characters += f.hidden;
	if (f.forcing == 1 && f.only != NULL)
		f.only->alone++;
	if (f.forcing > 0 && !f.has_letter)
		l->by_signs++;
}

/* ---- telling ---- */

static json_t *
letter_json(const struct letter *one)
{
	struct buf text = {0};
	char number[16];
	const char *name = invisible_name(one->code_point);
	json_t *out;

	text_add_code_point(&text, (int32_t)one->code_point);
	snprintf(number, sizeof(number), "U+%04X", (unsigned)one->code_point);
	out = json_pack("{s:o, s:s, s:I, s:I}", "character", json_of_slice(buf_slice(&text)),
			"code_point", number, "messages", (json_int_t)one->messages, "row",
			(json_int_t)one->row);
	if (name != NULL)
		json_object_set_new(out, "name", json_string(name));
	if (one->is_forcing)
		json_object_set_new(out, "alone", json_integer((json_int_t)one->alone));
	if (suggest(one->code_point, &text))
		json_object_set_new(out, "suggestion",
				    json_of_slice(text.len > 0 ? buf_slice(&text) : SLICE("")));
	buf_free(&text);
	return out;
}

static int
by_weight(const void *x, const void *y)
{
	const struct letter *a = *(const struct letter *const *)x;
	const struct letter *b = *(const struct letter *const *)y;

	if (a->alone != b->alone)
		return a->alone < b->alone ? 1 : -1;
	if (a->messages != b->messages)
		return a->messages < b->messages ? 1 : -1;
	return a->code_point < b->code_point ? -1 : 1;
}

typedef bool (*letter_is)(const struct letter *one);

static bool
is_forcing_one(const struct letter *one)
{
	return one->is_forcing;
}

static bool
is_hidden_one(const struct letter *one)
{
	return one->is_hidden;
}

/* The heaviest LETTERS_SHOWN of a kind; *total of them there are. */
static json_t *
letters_json(const struct letters *l, letter_is is, size_t *total)
{
	const struct letter *order[LETTERS_MAX];
	json_t *out = json_array();
	size_t n = 0;

	for (size_t i = 0; i < LETTERS_SLOTS; i++)
		if (l->slots[i].code_point != 0 && is(&l->slots[i]))
			order[n++] = &l->slots[i];
	qsort(order, n, sizeof(order[0]), by_weight);
	for (size_t i = 0; i < n && i < LETTERS_SHOWN; i++)
		json_array_append_new(out, letter_json(order[i]));
	*total = n;
	return out;
}

void
letters_tell(const struct letters *l, json_t *out)
{
	size_t forcing, hidden;
	json_t *characters;

	json_object_set_new(out, "unicode_because", letters_json(l, is_forcing_one, &forcing));
	json_object_set_new(out, "unicode_characters", json_integer((json_int_t)forcing));
	json_object_set_new(out, "unicode_by_signs", json_integer((json_int_t)l->by_signs));
	characters = letters_json(l, is_hidden_one, &hidden);
	json_object_set_new(out, "invisible",
			    json_pack("{s:I, s:I, s:o}", "messages", (json_int_t)l->hidden, "count",
				      (json_int_t)l->hidden_characters, "characters", characters));
}
