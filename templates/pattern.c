/* SPDX-License-Identifier: MIT */
/* Compiling and matching. The set of places where a piece may end is one byte a place. */
#include "templates/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "templates/pattern_inside.h"

/* ---- compile ---- */

struct reading {
	struct pattern *p;
	struct comparer *comparer;
	struct compare_form form;
	struct slice source, left;
	struct pattern_error *e;
};

static bool
refuse(struct reading *r, uint32_t at, const char *message)
{
	r->e->column = (int)text_length((struct slice){r->source.p, at}) + 1;
	snprintf(r->e->message, sizeof(r->e->message), "%s", message);
	return false;
}

static uint32_t
place(const struct reading *r)
{
	return (uint32_t)(r->source.n - r->left.n);
}

static bool
read_type(struct slice s, enum slot_type *out)
{
	static const struct {
		const char *name;
		enum slot_type type;
	} types[] = {{"any", SLOT_ANY}, {"no-dot", SLOT_NO_DOT}, {"digits", SLOT_DIGITS},
		     {"url", SLOT_URL}, {"A", SLOT_NO_DOT},	 {"B", SLOT_ANY},
		     {"C", SLOT_URL},	{"a", SLOT_NO_DOT},	 {"b", SLOT_ANY},
		     {"c", SLOT_URL}};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (!slice_is(s, types[i].name))
			continue;
		*out = types[i].type;
		return true;
	}
	return false;
}

/* "30" or "0-30" */
static bool
read_lengths(struct slice s, struct pattern_slot *out)
{
	const char *dash = memchr(s.p, '-', s.n);
	struct slice low = {s.p, dash != NULL ? (size_t)(dash - s.p) : 0};
	struct slice high = dash != NULL ? (struct slice){dash + 1, s.n - low.n - 1} : s;
	int64_t min = 1, max;

	if ((dash != NULL && !slice_to_i64(slice_trim(low), &min)) ||
	    !slice_to_i64(slice_trim(high), &max) || min < 0 || max < 1 || max < min ||
	    max > (int64_t)PATTERN_SLOT_MAX)
		return false;
	out->min = (uint16_t)min;
	out->max = (uint16_t)max;
	return true;
}

/* Behind "{": NAME:LENGTH[:TYPE], up to "}". */
static bool
read_slot(struct reading *r, uint32_t at)
{
	static const char wrong[] = "a slot is {NAME:LENGTH}, like {P1:20}, {P1:0-20} or "
				    "{P1:20:no-dot}; a brace of the text is written twice";
	struct pattern *p = r->p;
	struct pattern_slot slot = {.at = at};
	struct slice inside, name, lengths, type;
	size_t colon = 0;

	if (memchr(r->left.p, '}', r->left.n) == NULL)
		return refuse(r, at, wrong);
	inside = slice_take_until(&r->left, '}');
	while (colon < inside.n && inside.p[colon] != ':' && inside.p[colon] != ',')
		colon++;
	name = slice_trim((struct slice){inside.p, colon});
	colon += colon < inside.n;
	inside = (struct slice){inside.p + colon, inside.n - colon};
	lengths = slice_trim(slice_take_until(&inside, ':'));
	type = slice_trim(inside);
	if (name.n == 0 || name.n > 20 || memchr(name.p, '{', name.n) != NULL || lengths.n == 0 ||
	    !read_lengths(lengths, &slot))
		return refuse(r, at, wrong);
	if (type.n > 0 && !read_type(type, &slot.type))
		return refuse(r, at,
			      "a slot's type is any, no-dot, digits or url (or A no-dot, B any, "
			      "C url)");
	if (p->slot_count == PATTERN_SLOTS_MAX)
		return refuse(r, at, "has more than 32 slots");
	slot.n = place(r) - at;
	compare_flush(&r->form);
	r->form.has_begun = true;
	p->ends[p->slot_count] = (uint32_t)p->text.len;
	p->slots[p->slot_count++] = slot;
	return true;
}

static bool
read_pieces(struct reading *r)
{
	while (r->left.n > 0) {
		uint32_t at = place(r);
		int32_t c = text_next(&r->left);
		bool is_brace = c == '{' || c == '}';

		if (c == 0)
			return refuse(r, at, "has a NUL character");
		if (is_brace && r->left.n > 0 && r->left.p[0] == (char)c) {
			r->left = (struct slice){r->left.p + 1, r->left.n - 1};
			is_brace = false;
		}
		if (is_brace && c == '}')
			return refuse(r, at,
				      "} ends no slot; a brace of the text is written twice");
		if (!is_brace)
			compare_add_code_point(r->comparer, &r->form, c, at);
		else if (!read_slot(r, at))
			return false;
	}
	r->p->ends[r->p->slot_count] = (uint32_t)r->p->text.len;
	if (r->p->text.len == 0 && r->p->slot_count == 0)
		return refuse(r, 0, "is empty");
	return true;
}

struct slice
pattern_literal(const struct pattern *p, size_t i)
{
	uint32_t from = i == 0 ? 0 : p->ends[i - 1];

	return (struct slice){p->text.data == NULL ? "" : p->text.data + from, p->ends[i] - from};
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

uint32_t
pattern_word_hash(struct slice s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619u;
	return h;
}

/* What it says without its slots, for finding those that are near. */
static void
note_words(struct pattern *p)
{
	struct compare_token *t = xmalloc(PATTERN_TOKENS_MAX * sizeof(*t));

	p->words = xmalloc(PATTERN_TOKENS_MAX * sizeof(*p->words));
	p->least = p->most = p->literal_length;
	for (size_t i = 0; i < p->slot_count; i++) {
		p->least += p->slots[i].min;
		p->most += p->slots[i].max;
	}
	for (size_t i = 0; i <= p->slot_count; i++) {
		struct slice s = pattern_literal(p, i);
		size_t n = compare_tokens(s, false, t, PATTERN_TOKENS_MAX - p->word_count);

		for (size_t k = 0; k < n; k++)
			if (t[k].is_word)
				p->words[p->word_count++] =
					pattern_word_hash((struct slice){s.p + t[k].at, t[k].n});
	}
	free(t);
	qsort(p->words, p->word_count, sizeof(*p->words), by_number);
}

struct pattern *
pattern_compile(struct slice text, enum compare_mode mode, struct pattern_error *e)
{
	struct pattern *p = xcalloc(1, sizeof(*p));
	struct reading r = {.p = p, .e = e, .comparer = comparer_new(mode)};
	bool is_good;

	*e = (struct pattern_error){.column = 1};
	p->mode = mode;
	r.form = (struct compare_form){.text = &p->text, .from = &p->from};
	if (text.n > PATTERN_TEXT_MAX) {
		is_good = refuse(&r, 0, "has more than 2,000 bytes");
	} else if (!text_add_nfc(&p->source, text)) {
		is_good = refuse(&r, 0, "is not UTF-8");
	} else {
		buf_add(&p->source, "", 0);
		r.source = r.left = buf_slice(&p->source);
		is_good = read_pieces(&r);
	}
	comparer_free(r.comparer);
	if (!is_good) {
		pattern_free(p);
		return NULL;
	}
	p->literal_length = (uint32_t)text_length(buf_slice(&p->text));
	note_words(p);
	return p;
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	buf_free(&p->source);
	buf_free(&p->text);
	buf_free(&p->from);
	free(p->words);
	free(p);
}

size_t
pattern_slot_count(const struct pattern *p)
{
	return p->slot_count;
}

/* ---- match ---- */

bool
slot_takes(enum slot_type type, char byte)
{
	switch (type) {
	case SLOT_ANY:
		return true;
	case SLOT_NO_DOT:
		return byte != '.';
	case SLOT_DIGITS:
		return byte >= '0' && byte <= '9';
	case SLOT_URL:
		return byte != ' ';
	}
	return false;
}

/* The form of a text and how many code points stand before each byte of it. */
struct subject {
	struct slice form;
	const uint32_t *length; /* [form.n + 1] */
};

static bool
is_boundary(const struct subject *s, size_t i)
{
	return i == s->form.n || (s->form.p[i] & 0xC0) != 0x80;
}

/*
 * there[e] = does a slot that begins at some place of here end at e? The nearest
 * place that is min characters away is the best one: it is nearer than max if any
 * is, and nothing forbidden stands between if it does not for any.
 */
static void
step_slot(const struct pattern_slot *slot, const struct subject *s, const char *here, char *there)
{
	size_t next = 0, last = SIZE_MAX, run = 0;

	for (size_t e = 0; e <= s->form.n; e++) {
		there[e] = 0;
		if (!is_boundary(s, e))
			continue;
		while (next <= e && s->length[next] + slot->min <= s->length[e]) {
			if (here[next])
				last = next;
			next++;
		}
		there[e] = last != SIZE_MAX && last >= run &&
			   s->length[e] - s->length[last] <= slot->max;
		if (e < s->form.n && !slot_takes(slot->type, s->form.p[e]))
			run = e + 1;
	}
}

/* there[e] = does the literal, begun at some place of here, end at e? */
static void
step_literal(struct slice literal, const struct subject *s, const char *here, char *there)
{
	memset(there, 0, s->form.n + 1);
	for (size_t i = 0; i + literal.n <= s->form.n; i++)
		if (here[i] && memcmp(s->form.p + i, literal.p, literal.n) == 0)
			there[i + literal.n] = 1;
}

/* Are all literals there, one behind the other? Cheap, and true for nearly none that match not. */
static bool
has_literals(const struct pattern *p, const struct subject *s)
{
	struct slice first = pattern_literal(p, 0), last = pattern_literal(p, p->slot_count);
	const char *at = s->form.p + first.n, *end;

	if (first.n + last.n > s->form.n || memcmp(s->form.p, first.p, first.n) != 0 ||
	    memcmp(s->form.p + s->form.n - last.n, last.p, last.n) != 0)
		return false;
	end = s->form.p + s->form.n - last.n;
	for (size_t i = 1; i < p->slot_count; i++) {
		struct slice one = pattern_literal(p, i);

		if (one.n == 0)
			continue;
		at = memmem(at, (size_t)(end - at), one.p, one.n);
		if (at == NULL)
			return false;
		at += one.n;
	}
	return true;
}

static bool
one_slot_fits(const struct pattern_slot *slot, const struct subject *s, size_t from, size_t to)
{
	uint32_t n = s->length[to] - s->length[from];

	if (n < slot->min || n > slot->max || !is_boundary(s, from) || !is_boundary(s, to))
		return false;
	for (size_t i = from; i < to; i++)
		if (!slot_takes(slot->type, s->form.p[i]))
			return false;
	return true;
}

static bool
matches(struct pattern_set *set, const struct pattern *p, const struct subject *s)
{
	size_t n = s->form.n, last = pattern_literal(p, p->slot_count).n;
	char *here, *there, *other;

	if (s->length[n] < p->least || s->length[n] > p->most)
		return false;
	if (p->slot_count == 0)
		return slice_eq(s->form, pattern_literal(p, 0));
	if (!has_literals(p, s))
		return false;
	if (p->slot_count == 1)
		return one_slot_fits(&p->slots[0], s, p->ends[0], n - last);
	buf_reset(&set->here);
	buf_reset(&set->there);
	here = buf_reserve(&set->here, n + 1);
	there = buf_reserve(&set->there, n + 1);
	memset(here, 0, n + 1);
	here[p->ends[0]] = 1;
	for (size_t i = 0;; i++) {
		step_slot(&p->slots[i], s, here, there);
		if (i + 1 == p->slot_count)
			return there[n - last] != 0;
		step_literal(pattern_literal(p, i + 1), s, there, here);
		other = memchr(here, 1, n + 1);
		if (other == NULL)
			return false;
	}
}

/* ---- sets ---- */

struct entry {
	const struct pattern *p;
	uint32_t index;
};

static int
by_first_literal(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	struct slice s = pattern_literal(x->p, 0), t = pattern_literal(y->p, 0);
	size_t n = s.n < t.n ? s.n : t.n;
	int order = n > 0 ? memcmp(s.p, t.p, n) : 0;

	if (order != 0)
		return order;
	if (s.n != t.n)
		return s.n < t.n ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static void
group_fill(struct pattern_group *g, enum compare_mode mode, const struct pattern *const *patterns,
	   size_t count)
{
	struct entry *entries = xcalloc(count + 1, sizeof(*entries));
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (patterns[i]->mode == mode)
			entries[n++] = (struct entry){patterns[i], (uint32_t)i};
	if (n > 0) {
		qsort(entries, n, sizeof(*entries), by_first_literal);
		g->comparer = comparer_new(mode);
		g->sorted = xcalloc(n, sizeof(*g->sorted));
		g->index = xcalloc(n, sizeof(*g->index));
		g->count = n;
	}
	for (size_t i = 0; i < n; i++) {
		g->sorted[i] = entries[i].p;
		g->index[i] = entries[i].index;
	}
	free(entries);
}

struct pattern_set *
pattern_set_new(const struct pattern *const *patterns, size_t count)
{
	struct pattern_set *s = xcalloc(1, sizeof(*s));

	s->count = count;
	for (int m = 0; m < COMPARE_MODES; m++)
		group_fill(&s->groups[m], (enum compare_mode)m, patterns, count);
	return s;
}

void
pattern_set_free(struct pattern_set *s)
{
	if (s == NULL)
		return;
	for (int m = 0; m < COMPARE_MODES; m++) {
		comparer_free(s->groups[m].comparer);
		free(s->groups[m].sorted);
		free(s->groups[m].index);
	}
	buf_free(&s->nfc);
	buf_free(&s->form);
	buf_free(&s->lengths);
	buf_free(&s->here);
	buf_free(&s->there);
	free(s);
}

size_t
pattern_set_count(const struct pattern_set *s)
{
	return s->count;
}

/* First of lo … hi whose byte d is not less than c. */
static size_t
find_byte(const struct pattern_group *g, size_t lo, size_t hi, size_t d, int c)
{
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if ((unsigned char)pattern_literal(g->sorted[mid], 0).p[d] < c)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
group_match(struct pattern_set *set, const struct pattern_group *g, const struct subject *s)
{
	size_t lo = 0, hi = g->count;

	for (size_t d = 0; lo < hi; d++) {
		/* Those whose first literal has ended stand before those that go on. */
		for (; lo < hi && g->sorted[lo]->ends[0] == d; lo++)
			if (matches(set, g->sorted[lo], s))
				return (int)g->index[lo];
		if (lo == hi || d == s->form.n)
			break;
		if (pattern_literal(g->sorted[lo], 0).p[d] == s->form.p[d] &&
		    pattern_literal(g->sorted[hi - 1], 0).p[d] == s->form.p[d])
			continue;
		lo = find_byte(g, lo, hi, d, (unsigned char)s->form.p[d]);
		hi = find_byte(g, lo, hi, d, (unsigned char)s->form.p[d] + 1);
	}
	return -1;
}

/* length[i] for each byte of the form, and behind the last. */
static const uint32_t *
count_lengths(struct pattern_set *s)
{
	size_t n = s->form.len;
	uint32_t *length, so_far = 0;

	buf_reset(&s->lengths);
	length = (uint32_t *)(void *)buf_reserve(&s->lengths, (n + 1) * sizeof(*length));
	for (size_t i = 0; i < n; i++) {
		length[i] = so_far;
		/* Behind the character's first byte stands one more, so its others count with it. */
		so_far += i + 1 == n || (s->form.data[i + 1] & 0xC0) != 0x80;
	}
	length[n] = so_far;
	return length;
}

int
pattern_set_match(struct pattern_set *s, struct slice text)
{
	if (compare_has_marks(text)) {
		buf_reset(&s->nfc);
		if (text_add_nfc(&s->nfc, text))
			text = buf_slice(&s->nfc);
	}
	for (int m = 0; m < COMPARE_MODES; m++) {
		struct subject subject;
		int found;

		if (s->groups[m].count == 0)
			continue;
		buf_reset(&s->form);
		buf_reserve(&s->form, text.n + 1);
		compare_add(s->groups[m].comparer, text, &s->form, NULL);
		subject.length = count_lengths(s);
		subject.form = buf_slice(&s->form);
		found = group_match(s, &s->groups[m], &subject);
		if (found >= 0)
			return found;
	}
	return -1;
}
