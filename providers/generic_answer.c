/* SPDX-License-Identifier: MIT */
/*
 * The generic driver's reading of an answer. Invariant: a message is accepted
 * or refused only when a complete answer said so about it with a code of the
 * table; everything else is in doubt.
 *
 * The body's codes come first; the HTTP status speaks only for messages about
 * which the body says nothing it knows, and only where the table (or 429, or
 * 503 with Retry-After) gives it a meaning. "Accepted" counts only in a 2xx.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "providers/generic.h"

#define ANSWER_BYTES_MAX (4u << 20)
#define RETRY_AFTER_MAX_S 86400
#define NOBODY UINT32_MAX

/* What a piece of the body says. */
struct verdict {
	bool is_said;  /* there was a code, or success without one */
	bool is_known; /* and the table has it */
	enum outcome_class class;
	char code[GATEWAY_CODE_MAX];
	char id[GATEWAY_ID_MAX];
};

struct decoding {
	const struct provider *p;
	const struct batch *b;
	const struct http_answer *r;
	struct arena *a;
	struct batch_outcome *out;
	bool has_status_class;
	enum outcome_class status_class;
	struct verdict whole; /* of the answer itself */
	bool *is_matched;     /* [count]: some item was about this message */
};

/* ---- headers ---- */

static struct slice
find_header(const struct http_answer *r, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < r->header_count; i++)
		if (r->headers[i].name.n == n && strncasecmp(r->headers[i].name.p, name, n) == 0)
			return slice_trim(r->headers[i].value);
	return (struct slice){0};
}

/* An IMF-fixdate of RFC 9110, "Sun, 06 Nov 1994 08:49:37 GMT". */
static bool
parse_date(struct slice s, time_t *out)
{
	struct tm tm = {0};
	char tmp[40];
	const char *end;

	if (s.n == 0 || s.n >= sizeof(tmp))
		return false;
	memcpy(tmp, s.p, s.n);
	tmp[s.n] = '\0';
	end = strptime(tmp, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0')
		return false;
	*out = timegm(&tm);
	return true;
}

/* Seconds, or a date against the answer's own Date. True when it was there and sound. */
static bool
read_retry_after(const struct decoding *d, uint32_t *out)
{
	struct slice s = find_header(d->r, d->p->answer.retry_after_header);
	time_t then, now;
	int64_t v = 0;

	if (slice_to_i64(s, &v)) {
		if (v < 0)
			return false;
	} else if (!parse_date(s, &then)) {
		return false;
	} else if (parse_date(find_header(d->r, "Date"), &now)) {
		v = then > now ? (int64_t)(then - now) : 0;
	}
	*out = v > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (uint32_t)v;
	return true;
}

static void
judge_status(struct decoding *d)
{
	bool has_retry_after = read_retry_after(d, &d->out->retry_after_s);
	const struct code_row *row;
	char status[16];

	snprintf(status, sizeof(status), "%d", d->r->status);
	row = codes_find(&d->p->http, status);
	d->has_status_class = true;
	if (row != NULL)
		d->status_class = (enum outcome_class)row->value;
	else if (d->r->status == 429)
		d->status_class = OUTCOME_THROTTLED;
	else if (d->r->status == 503 && has_retry_after)
		d->status_class = OUTCOME_TEMPORARY;
	else
		d->has_status_class = false;
}

/* ---- verdicts ---- */

bool
paths_text(const struct paths *paths, const json_t *v, char *out, size_t cap, bool *is_cut)
{
	out[0] = '\0';
	for (size_t i = 0; i < paths->count; i++)
		if (wire_value_text(wire_path_get(&paths->path[i], v), out, cap, is_cut))
			return true;
	return false;
}

/* All of them there and neither null nor an empty text. */
static bool
has_all(const struct paths *paths, const json_t *v)
{
	for (size_t i = 0; i < paths->count; i++) {
		json_t *found = wire_path_get(&paths->path[i], v);

		if (found == NULL || json_is_null(found) || json_is_false(found) ||
		    (json_is_string(found) && json_string_length(found) == 0))
			return false;
	}
	return true;
}

static void
judge_code(const struct decoding *d, bool is_cut, struct verdict *v)
{
	const struct code_row *row = is_cut ? NULL : codes_find(&d->p->codes, v->code);

	v->is_said = true;
	v->is_known = row != NULL;
	v->class = row != NULL ? (enum outcome_class)row->value : OUTCOME_IN_DOUBT;
}

static struct verdict
judge_value(const struct decoding *d, const json_t *v, const struct paths *code,
	    const struct paths *id, const struct paths *success)
{
	struct verdict out = {.class = OUTCOME_IN_DOUBT};
	bool is_cut = false;

	paths_text(id, v, out.id, sizeof(out.id), NULL);
	if (paths_text(code, v, out.code, sizeof(out.code), &is_cut)) {
		judge_code(d, is_cut, &out);
		if (out.class == OUTCOME_ACCEPTED && !has_all(success, v))
			out.class = OUTCOME_IN_DOUBT;
	} else if (success->count > 0 && has_all(success, v)) {
		out.is_said = out.is_known = true;
		out.class = OUTCOME_ACCEPTED;
	}
	return out;
}

/* "0: Accepted for delivery" → code 0. */
static struct verdict
judge_text(const struct decoding *d, struct slice body)
{
	struct verdict out = {.class = OUTCOME_IN_DOUBT};
	struct slice s = slice_trim(body);
	size_t n = 0;

	while (n < s.n && strchr(": \t\r\n", s.p[n]) == NULL && s.p[n] != '\0')
		n++;
	if (n == 0 || n >= sizeof(out.code) || s.p[0] == '<')
		return out;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7f)
			return out;
	memcpy(out.code, s.p, n);
	judge_code(d, false, &out);
	return out;
}

/* Write what is known about message i. */
static void
settle(struct decoding *d, size_t i, const struct verdict *v)
{
	struct message_outcome *m = &d->out->messages[i];
	bool is_2xx = d->r->status >= 200 && d->r->status <= 299;

	m->class = OUTCOME_IN_DOUBT;
	if (v->is_known && (v->class != OUTCOME_ACCEPTED || is_2xx))
		m->class = v->class;
	else if (!v->is_known && d->has_status_class)
		m->class = d->status_class;
	else if (v->is_said && !v->is_known)
		d->out->has_unknown_code = true;
	if (v->code[0] != '\0')
		memcpy(m->code, v->code, sizeof(m->code));
	else
		snprintf(m->code, sizeof(m->code), "HTTP %d", d->r->status);
	memcpy(m->id, v->id, sizeof(m->id));
}

/*
 * The same for all. "Bad recipient" about a request for many does not say
 * whose number is bad: nobody is blamed for it.
 */
static void
settle_all(struct decoding *d, const struct verdict *v)
{
	struct verdict each = *v;

	if (d->b->count > 1 && v->is_known && v->class == OUTCOME_BAD_RECIPIENT)
		each.class = OUTCOME_IN_DOUBT;
	for (size_t i = 0; i < d->b->count; i++)
		settle(d, i, &each);
}

/* ---- finding messages by reference or phone ---- */

/* Messages by key: open addressing over hashes; equal keys lie one behind the other. */
struct index {
	uint32_t *slots; /* message + 1; 0 = free */
	size_t mask;
};

static uint32_t
hash(struct slice s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h ^ h >> 15;
}

static struct slice
key_of(const struct decoding *d, size_t i)
{
	return d->p->answer.items.phone.count > 0 ? d->b->messages[i].phone
						  : d->b->messages[i].reference;
}

static struct index
index_build(const struct decoding *d)
{
	struct index ix = {.mask = 15};

	while (ix.mask < d->b->count * 2)
		ix.mask = ix.mask * 2 + 1;
	ix.slots = arena_alloc(d->a, (ix.mask + 1) * sizeof(ix.slots[0]));
	memset(ix.slots, 0, (ix.mask + 1) * sizeof(ix.slots[0]));
	for (size_t i = 0; i < d->b->count; i++) {
		size_t at = hash(key_of(d, i)) & ix.mask;

		while (ix.slots[at] != 0)
			at = (at + 1) & ix.mask;
		ix.slots[at] = (uint32_t)i + 1;
	}
	return ix;
}

/* The first message with that key without an item yet; else the last with it; else NOBODY. */
static uint32_t
index_find(const struct decoding *d, const struct index *ix, struct slice key)
{
	uint32_t last = NOBODY;

	for (size_t at = hash(key) & ix->mask; ix->slots[at] != 0; at = (at + 1) & ix->mask) {
		uint32_t i = ix->slots[at] - 1;

		if (!slice_eq(key_of(d, i), key))
			continue;
		if (!d->is_matched[i])
			return i;
		last = i;
	}
	return last;
}

/* "+84912…", "0912…" and "84912…" are one number. out has room for 40 bytes. */
static struct slice
plain_phone(const char *s, char out[40])
{
	size_t n = 0;

	s += *s == '+';
	if (s[0] == '0' && s[1] != '0') {
		memcpy(out, "84", 2);
		n = 2;
		s++;
	}
	for (; *s != '\0' && n < 39; s++)
		out[n++] = *s;
	return (struct slice){out, n};
}

/* ---- items ---- */

static struct verdict
judge_item(const struct decoding *d, const json_t *item)
{
	const struct answer_items *s = &d->p->answer.items;
	struct verdict v;

	if (s->code.count == 0 && s->success.count == 0) {
		v = d->whole; /* the answer's code is meant for each of them */
		paths_text(&s->id, item, v.id, sizeof(v.id), NULL);
		return v;
	}
	v = judge_value(d, item, &s->code, &s->id, &s->success);
	if (v.class == OUTCOME_ACCEPTED && d->whole.is_known &&
	    d->whole.class != OUTCOME_ACCEPTED && d->whole.class != OUTCOME_DUPLICATE)
		v.class = OUTCOME_IN_DOUBT; /* the two contradict each other */
	return v;
}

static void
settle_item(struct decoding *d, uint32_t i, const json_t *item)
{
	struct verdict v = judge_item(d, item);
	enum outcome_class before = d->out->messages[i].class;

	settle(d, i, &v);
	if (d->is_matched[i] && d->out->messages[i].class != before)
		d->out->messages[i].class = OUTCOME_IN_DOUBT;
	d->is_matched[i] = true;
}

/* A phone that has two messages and one item: whose it was cannot be said. */
static void
doubt_half_matched(struct decoding *d, const struct index *ix)
{
	for (size_t i = 0; i < d->b->count; i++) {
		struct slice key = key_of(d, i);

		if (d->is_matched[i])
			continue;
		for (size_t at = hash(key) & ix->mask; ix->slots[at] != 0;
		     at = (at + 1) & ix->mask) {
			uint32_t k = ix->slots[at] - 1;

			if (slice_eq(key_of(d, k), key))
				d->out->messages[k].class = OUTCOME_IN_DOUBT;
		}
	}
}

static void
settle_by_key(struct decoding *d, const json_t *array)
{
	const struct answer_items *s = &d->p->answer.items;
	bool is_phone = s->phone.count > 0;
	struct index ix = index_build(d);
	char text[REFERENCE_MAX * 2], plain[40];
	bool is_cut;
	json_t *item;
	size_t n;

	json_array_foreach (array, n, item) {
		struct slice key;
		uint32_t i;

		if (!paths_text(is_phone ? &s->phone : &s->reference, item, text, sizeof(text),
				&is_cut) ||
		    is_cut)
			continue;
		key = is_phone ? plain_phone(text, plain) : slice_of(text);
		i = index_find(d, &ix, key);
		if (i != NOBODY)
			settle_item(d, i, item);
	}
	doubt_half_matched(d, &ix);
}

static void
settle_items(struct decoding *d, const json_t *array)
{
	const struct answer_items *s = &d->p->answer.items;
	struct verdict missing = {.class = OUTCOME_IN_DOUBT, .is_known = true};

	/* A message without its item: nothing was said about it, whatever the status. */
	settle_all(d, &missing);
	d->is_matched = arena_alloc(d->a, d->b->count * sizeof(bool));
	memset(d->is_matched, 0, d->b->count * sizeof(bool));
	if (s->reference.count > 0 || s->phone.count > 0) {
		settle_by_key(d, array);
		return;
	}
	if (json_array_size(array) != d->b->count)
		return;
	for (size_t i = 0; i < d->b->count; i++)
		settle_item(d, (uint32_t)i, json_array_get(array, i));
}

/* One answer for all, and a list of the numbers that were left out. */
static void
settle_refused_phones(struct decoding *d, const json_t *root)
{
	const struct paths *paths = &d->p->answer.refused_phones;
	char text[40], plain[40];

	for (size_t k = 0; k < paths->count; k++) {
		json_t *list = wire_path_get(&paths->path[k], root), *v;
		size_t n;

		json_array_foreach (list, n, v) {
			struct slice key;

			if (!wire_value_text(v, text, sizeof(text), NULL))
				continue;
			key = plain_phone(text, plain);
			for (size_t i = 0; i < d->b->count; i++)
				if (slice_eq(d->b->messages[i].phone, key))
					d->out->messages[i].class = OUTCOME_BAD_RECIPIENT;
		}
	}
}

static void
read_body_retry_after(struct decoding *d, const json_t *root)
{
	char text[24];
	int64_t v;

	if (paths_text(&d->p->answer.retry_after, root, text, sizeof(text), NULL) &&
	    slice_to_i64(slice_of(text), &v) && v > 0)
		d->out->retry_after_s = v > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (uint32_t)v;
}

static void
decode_json(struct decoding *d)
{
	const struct answer_settings *s = &d->p->answer;
	struct slice body = d->r->body;
	json_t *root = NULL, *array = NULL;
	bool is_whole_taken;

	if (body.n >= 3 && memcmp(body.p, "\xef\xbb\xbf", 3) == 0) {
		body.p += 3;
		body.n -= 3;
	}
	if (json_parse(body, ANSWER_BYTES_MAX, "answer", &root, NULL) == ERR_OK) {
		d->whole = judge_value(d, root, &s->code, &s->id, &s->success);
		read_body_retry_after(d, root);
		array = s->items.is_set ? wire_path_get(&s->items.at, root) : NULL;
	}
	is_whole_taken = d->whole.is_known && d->whole.class == OUTCOME_ACCEPTED;
	if (json_is_array(array) && !(json_array_size(array) == 0 && !is_whole_taken)) {
		settle_items(d, array);
		if (d->whole.is_said && !d->whole.is_known)
			d->out->has_unknown_code = true;
	} else {
		if (s->items.is_set && is_whole_taken)
			d->whole.class = OUTCOME_IN_DOUBT; /* its items are missing */
		settle_all(d, &d->whole);
		settle_refused_phones(d, root);
	}
	json_decref(root);
}

void
generic_decode(const struct provider *p, const struct batch *b, const struct http_answer *r,
	       struct arena *a, struct batch_outcome *out)
{
	struct decoding d = {.p = p, .b = b, .r = r, .a = a, .out = out};

	d.whole.class = OUTCOME_IN_DOUBT;
	*out = (struct batch_outcome){
		.messages = arena_alloc(a, (b->count + 1) * sizeof(out->messages[0]))};
	memset(out->messages, 0, (b->count + 1) * sizeof(out->messages[0]));
	judge_status(&d);
	switch (p->answer.format) {
	case ANSWER_JSON:
		decode_json(&d);
		break;
	case ANSWER_TEXT:
		d.whole = judge_text(&d, r->body);
		settle_all(&d, &d.whole);
		break;
	case ANSWER_NONE:
		settle_all(&d, &d.whole);
		break;
	}
}
