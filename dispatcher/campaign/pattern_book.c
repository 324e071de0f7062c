/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/pattern_book.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/registered_inside.h"
#include "segments/phone.h"

#define RECORD_MAX_BYTES (1u << 16)
#define COMPILE_US 2000 /* of a loop turn */
#define CLASSES 3	/* personal, emergency, any */

/* One state of the register. */
struct edition {
	json_t **documents;
	struct registered_pattern *patterns;
	size_t count;
	/* Made when a text is looked at, for one configuration and day. */
	const struct config *config;
	int64_t today;
	struct registered_side *sides[CLASSES][CARRIERS_MAX];
};

struct waiter {
	struct waiter *next;
	pattern_book_cb cb;
	void *arg;
};

/*
 *   ask ──▶ later ──(nobody is asking)──▶ now ──▶ same: told
 *                                              └▶ changed: compiled over turns, told
 * Who comes while it is asked is in the next round: the answer is never older than the question.
 */
struct pattern_book {
	struct loop *loop;
	struct engine *engine;
	struct edition edition, next; /* next: being compiled */
	char word[64];		      /* of the edition; "" = none was read */
	struct waiter *now, *later, **later_end;
	bool is_asking;
	struct buf records; /* being compiled: u32 length and the record, each */
	size_t compiled;    /* bytes of it */
	struct timer step;
};

/* ---- an edition ---- */

static void
sides_clear(struct edition *e)
{
	for (size_t i = 0; i < CLASSES; i++)
		for (size_t k = 0; k < CARRIERS_MAX; k++) {
			if (e->sides[i][k] == NULL)
				continue;
			registered_side_clear(e->sides[i][k]);
			free(e->sides[i][k]);
			e->sides[i][k] = NULL;
		}
}

static void
edition_clear(struct edition *e)
{
	sides_clear(e);
	for (size_t i = 0; i < e->count; i++) {
		pattern_free(e->patterns[i].pattern);
		json_decref(e->documents[i]);
	}
	free(e->patterns);
	free(e->documents);
	*e = (struct edition){0};
}

static bool
edition_add(struct edition *e, struct slice record)
{
	struct err_ctx why;
	json_t *v = NULL;

	if (json_parse(record, RECORD_MAX_BYTES, "record", &v, &why) != ERR_OK)
		return false;
	e->patterns = xrealloc(e->patterns, (e->count + 1) * sizeof(*e->patterns));
	e->documents = xrealloc(e->documents, (e->count + 1) * sizeof(*e->documents));
	if (!registered_pattern_open(v, &e->patterns[e->count])) {
		json_decref(v);
		return false;
	}
	e->documents[e->count++] = v;
	return true;
}

bool
pattern_book_take(struct pattern_book *b, struct slice record)
{
	sides_clear(&b->edition); /* they point into what may move */
	return edition_add(&b->edition, record);
}

/* ---- asking ---- */

static void begin(struct pattern_book *b);

static void
tell(struct waiter *w, struct pattern_book *b, const struct err_ctx *e)
{
	struct waiter *next;

	for (; w != NULL; w = next) {
		next = w->next;
		w->cb(w->arg, b, e);
		free(w);
	}
}

/* All waiters, taken out of the book. */
static void
tell_all(struct pattern_book *b, const struct err_ctx *e)
{
	struct waiter *now = b->now, *later = b->later;

	b->now = b->later = NULL;
	b->later_end = &b->later;
	tell(now, NULL, e);
	tell(later, NULL, e);
}

/* Everybody of this round is told; those who came meanwhile have the next one. */
static void
round_end(struct pattern_book *b)
{
	struct waiter *now = b->now;

	b->now = NULL;
	tell(now, b, NULL);
	b->is_asking = false;
	if (b->later != NULL)
		begin(b);
}

/* Nobody is left: whoever comes asks anew. */
static void
round_fail(struct pattern_book *b, const struct err_ctx *e)
{
	b->is_asking = false;
	tell_all(b, e);
}

/* Some of the records, and the rest in the next turns. */
static void
on_compile(struct timer *t, void *arg)
{
	struct pattern_book *b = arg;
	int64_t until = clock_mono_us() + COMPILE_US;
	struct reader left = reader_of(buf_slice(&b->records));

	reader_bytes(&left, b->compiled);
	while (left.left > 0 && clock_mono_us() < until) {
		uint32_t n = reader_u32(&left);

		edition_add(&b->next, reader_bytes(&left, n));
	}
	b->compiled = b->records.len - left.left;
	if (left.left > 0) {
		timer_arm_us(b->loop, t, 0);
		return;
	}
	edition_clear(&b->edition);
	b->edition = b->next;
	b->next = (struct edition){0};
	buf_free(&b->records);
	round_end(b);
}

static void
on_since(void *arg, const struct reply *r)
{
	struct pattern_book *b = arg;
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY || r->count == 0) {
		if (reply_is_good(r))
			err_set(&e, ERR_SYSTEM, "Redis", "", "answered what was not expected");
		else
			reply_fail(r, &e);
		round_fail(b, &e);
		return;
	}
	if (slice_is(reply_item(r, 0)->str, b->word)) {
		round_end(b);
		return;
	}
	slice_copy(b->word, sizeof(b->word), reply_item(r, 0)->str);
	for (size_t i = 1; i < r->count; i++) {
		buf_add_u32(&b->records, (uint32_t)reply_item(r, i)->str.n);
		buf_add_slice(&b->records, reply_item(r, i)->str);
	}
	b->compiled = 0;
	timer_arm_us(b->loop, &b->step, 0);
}

static void
begin(struct pattern_book *b)
{
	struct argv a = {0};

	b->is_asking = true;
	b->now = b->later;
	b->later = NULL;
	b->later_end = &b->later;
	argv_adds(&a, b->word);
	engine_call(b->engine, "registered_since", &a, on_since, b);
	argv_free(&a);
}

void
pattern_book_ask(struct pattern_book *b, pattern_book_cb cb, void *arg)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->cb = cb;
	w->arg = arg;
	*b->later_end = w;
	b->later_end = &w->next;
	if (!b->is_asking)
		begin(b);
}

struct pattern_book *
pattern_book_new(struct loop *l, struct engine *e)
{
	struct pattern_book *b = xcalloc(1, sizeof(*b));

	b->loop = l;
	b->engine = e;
	b->later_end = &b->later;
	timer_init(&b->step, on_compile, b);
	return b;
}

void
pattern_book_free(struct pattern_book *b)
{
	struct err_ctx e;

	if (b == NULL)
		return;
	if (timer_is_armed(&b->step))
		timer_disarm(b->loop, &b->step);
	err_set(&e, ERR_UNREACHABLE, "server", "ask again", "is being stopped");
	tell_all(b, &e);
	edition_clear(&b->edition);
	edition_clear(&b->next);
	buf_free(&b->records);
	free(b);
}

/* ---- looking ---- */

static unsigned
class_index(const char *class)
{
	return class == NULL ? 2 : strcmp(class, "emergency") == 0 ? 1 : 0;
}

static struct registered_side *
side_for(struct edition *e, const struct pattern_book_query *q)
{
	struct registered_side **place = &e->sides[class_index(q->class)][q->carrier];
	struct registered_wish w = {q->provider, q->carrier, q->class, q->today};

	if (e->config != q->config || e->today != q->today)
		sides_clear(e);
	e->config = q->config;
	e->today = q->today;
	if (*place == NULL || (*place)->provider != q->provider) {
		if (*place != NULL)
			registered_side_clear(*place);
		free(*place);
		*place = xcalloc(1, sizeof(**place));
		registered_side_fill(*place, e->patterns, e->count, &w);
	}
	return *place;
}

enum pattern_verdict
pattern_book_look(struct pattern_book *b, const struct pattern_book_query *q, struct slice text,
		  bool with_nearest, struct buf *words)
{
	struct registered_side *s = side_for(&b->edition, q);
	struct arena memory = {0};
	struct pattern_near near;
	int pending = -1;

	if (s->mode == REGISTERED_OFF || pattern_set_match(s->good, text) >= 0)
		return PATTERN_FITS;
	buf_addf(words, "matches no registered pattern of %.20s at %s", q->provider->brandname,
		 q->carrier > 0 ? carrier_name((int)q->carrier) : "any carrier");
	if (s->all_count > s->good_count)
		pending = pattern_set_match(s->all, text);
	if (pending >= 0) {
		buf_addf(words, "; %.80s, which it matches, is pending",
			 s->of_all[pending]->record.name);
	} else if (with_nearest) {
		pattern_set_nearest(s->good, text, &memory, &near);
		if (near.index >= 0)
			registered_near_words(&near, s->of_all[near.index]->record.name, words);
	}
	arena_free(&memory);
	return s->mode == REGISTERED_REFUSE ? PATTERN_REFUSES : PATTERN_WARNS;
}
