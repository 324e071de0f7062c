/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/registered.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "dispatcher/campaign/registered_inside.h"

#define RECORD_MAX_BYTES (1u << 16)
#define COMPILE_US 2000 /* of a loop turn: thousands of patterns take longer than that */

/* ---- memory ---- */

void
registered_side_clear(struct registered_side *s)
{
	pattern_set_free(s->good);
	pattern_set_free(s->all);
	for (size_t i = 0; i < s->content_count; i++)
		content_view_free(s->contents[i]);
	free(s->of_all);
}

void
registered_free(struct registered *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < CARRIERS_MAX; i++)
		registered_side_clear(&r->sides[i]);
	for (size_t i = 0; i < r->pattern_count; i++)
		pattern_free(r->patterns[i].pattern);
	for (size_t i = 0; i < r->document_count; i++)
		json_decref(r->documents[i]);
	free(r->patterns);
	free(r->brandnames);
	free(r->documents);
	arena_free(&r->memory);
	free(r);
}

/* ---- loading ---- */

struct registered_loading {
	struct registered *r;
	struct engine *engine;
	const struct ready_campaign *c;
	registered_cb cb;
	void *arg;
	struct buf seen; /* what the fingerprint is of; the records stand in front */
	size_t compiled; /* bytes of seen that were looked at */
	struct timer step;
};

static void
loading_end(struct registered_loading *l, const struct err_ctx *e)
{
	if (e != NULL) {
		registered_free(l->r);
		l->r = NULL;
	}
	l->cb(l->arg, l->r, e);
	buf_free(&l->seen);
	free(l);
}

static void
note(struct registered_loading *l, struct slice s)
{
	buf_add_u32(&l->seen, (uint32_t)s.n);
	buf_add_slice(&l->seen, s);
}

static void
say_unreadable(const struct err_ctx *e)
{
	log_error("event=record_unreadable what=%s why=\"%s\"", e->what, e->why);
}

/* A record as it was saved; NULL: it is skipped, and the log says so. */
static json_t *
open_record(struct registered_loading *l, struct slice text)
{
	struct err_ctx e;
	json_t *v = NULL;

	if (json_parse(text, RECORD_MAX_BYTES, "record", &v, &e) != ERR_OK) {
		say_unreadable(&e);
		return NULL;
	}
	l->r->documents[l->r->document_count++] = v;
	return v;
}

static void
grow_documents(struct registered *r, size_t more)
{
	r->documents =
		xrealloc(r->documents, (r->document_count + more + 1) * sizeof(*r->documents));
}

bool
registered_pattern_open(json_t *document, struct registered_pattern *out)
{
	struct json_at root = json_root(document);
	struct pattern_error pe;
	struct err_ctx e;

	if (pattern_record_open(&root, &out->record, &e) != ERR_OK) {
		say_unreadable(&e);
		return false;
	}
	out->pattern = pattern_compile(slice_of(out->record.text), out->record.compare, &pe);
	if (out->pattern == NULL)
		log_error("event=record_unreadable what=\"%s\" why=\"%s\"", out->record.name,
			  pe.message);
	return out->pattern != NULL;
}

static void
take_pattern(struct registered_loading *l, struct slice text)
{
	struct registered *r = l->r;
	json_t *v = open_record(l, text);

	if (v != NULL && registered_pattern_open(v, &r->patterns[r->pattern_count]))
		r->pattern_count++;
}

static void
take_brandname(struct registered_loading *l, const struct reply *item)
{
	struct registered *r = l->r;
	json_t *v = open_record(l, item->str);
	struct json_at root = json_root(v);
	struct err_ctx e;

	note(l, item->str);
	if (v == NULL)
		return;
	if (brandname_read(&root, &r->brandnames[r->brandname_count], &e) == ERR_OK)
		r->brandname_count++;
	else
		say_unreadable(&e);
}

/* ---- a carrier's side ---- */

static bool
is_of_side(const struct registered_wish *w, const struct registered_pattern *p)
{
	char ours[BRANDNAME_MAX + 1], theirs[BRANDNAME_MAX + 1];
	bool has_carrier = p->record.carriers[w->carrier] || w->carrier == 0;

	brandname_fold(w->provider->brandname, ours);
	brandname_fold(p->record.brandname, theirs);
	return has_carrier && strcmp(ours, theirs) == 0 &&
	       p->record.traffic == registered_traffic(w->provider) &&
	       (w->class == NULL || pattern_record_is_of(&p->record, w->class));
}

static bool
is_valid_on(const struct pattern_record *p, int64_t day)
{
	return (p->since == 0 || p->since <= day) && (p->until == 0 || day <= p->until);
}

/* Registered ones stand in front, so that both sets share their numbers. */
void
registered_side_fill(struct registered_side *s, const struct registered_pattern *patterns,
		     size_t count, const struct registered_wish *w)
{
	const struct pattern **list = xcalloc(count + 1, sizeof(*list));
	bool is_saved = false;

	s->provider = w->provider;
	s->of_all = xcalloc(count + 1, sizeof(*s->of_all));
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < count; i++) {
			const struct registered_pattern *p = &patterns[i];
			bool is_good = p->record.state == PATTERN_REGISTERED &&
				       is_valid_on(&p->record, w->day);
			bool is_next = p->record.state == PATTERN_PENDING;

			if (!is_of_side(w, p))
				continue;
			is_saved = true;
			if (pass == 0 ? !is_good : !is_next)
				continue;
			s->of_all[s->all_count] = p;
			list[s->all_count++] = p->pattern;
		}
		if (pass == 0)
			s->good_count = s->all_count;
	}
	s->good = pattern_set_new(list, s->good_count);
	s->all = pattern_set_new(list, s->all_count);
	free(list);
	s->mode = s->provider->registered_texts;
	if (s->mode == REGISTERED_AUTO)
		s->mode = REGISTERED_WARN;
	if (!is_saved)
		s->mode = REGISTERED_OFF;
}

/* The content rules of each provider that the partition's route has. */
static void
fill_contents(struct registered_loading *l, struct registered_side *s, unsigned p, const char *day)
{
	const struct config *config = l->r->config;
	const struct route_choice *choice = &l->c->route.choice[p];

	for (unsigned i = 0; i < choice->count; i++) {
		const struct provider_config *pc =
			&config->providers[l->c->route.provider[choice->tariff[i]]];

		s->contents[s->content_count++] =
			content_view_new(config->content_rules, l->c->campaign->class, pc->name,
					 day, pc->traffic != SMS_QC);
	}
}

static void
make_sides(struct registered_loading *l)
{
	struct registered *r = l->r;
	const struct campaign *campaign = l->c->campaign;
	struct registered_wish w = {.class = campaign->class, .day = r->day};
	char day[12];

	day_text(r->day, day);
	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		uint8_t p = l->c->route.map.partition[i];
		struct registered_side *s = &r->sides[i];

		if (p == NO_PARTITION)
			continue;
		w.provider = &r->config->providers[l->c->route.provider[p]];
		w.carrier = i;
		registered_side_fill(s, r->patterns, r->pattern_count, &w);
		fill_contents(l, s, p, day);
	}
}

/* ---- what was looked at ---- */

static void
make_fingerprint(struct registered_loading *l)
{
	const struct campaign *c = l->c->campaign;
	struct registered *r = l->r;
	uint8_t hash[16];
	struct buf rules = {0};

	json_add_value(&rules, r->config->content_document);
	note(l, buf_slice(&rules));
	buf_free(&rules);
	note(l, buf_slice(&l->c->wording));
	note(l, slice_of(c->class));
	for (size_t i = 0; i < c->list_count; i++)
		note(l, slice_of(c->lists[i]));
	for (size_t i = 0; i < c->segment_count; i++)
		note(l, slice_of(c->queries[i]));
	sets_note(l->c->sets, &l->seen);
	for (size_t i = 0; i < list_part_count(l->c->list); i++)
		buf_add_u64(&l->seen, list_part(l->c->list, i)->version);
	for (size_t i = 0; i < c->segment_count && c->list_count > 1; i++)
		buf_add_u8(&l->seen, c->of_query[i]);
	buf_add_u64(&l->seen, (uint64_t)r->today);
	buf_add_u64(&l->seen, (uint64_t)r->day);
	buf_add_u8(&l->seen, (uint8_t)c->per);
	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		const struct provider_config *pc = r->sides[i].provider;

		note(l, slice_of(pc != NULL ? pc->name : ""));
		note(l, slice_of(pc != NULL ? pc->brandname : ""));
		if (pc == NULL)
			continue;
		buf_add_u8(&l->seen, (uint8_t)pc->registered_texts);
		buf_add_u8(&l->seen, (uint8_t)pc->traffic);
		/* Texts that were left out without it, and not looked at, are sent with it. */
		buf_add_u8(&l->seen, pc->driver->capability(pc->account)->has_unicode);
	}
	hash_plain(buf_slice(&l->seen), hash);
	hash_hex(hash, sizeof(hash), r->fingerprint);
}

const char *
registered_fingerprint(const struct registered *r)
{
	return r->fingerprint;
}

void
registered_remember(const struct registered *r, struct engine *e, uint64_t campaign)
{
	struct argv a = {0};

	argv_add_int(&a, (int64_t)campaign);
	argv_adds(&a, r->fingerprint);
	engine_sure(e, "campaign_checked", &a, false, NULL, NULL);
	argv_free(&a);
}

/* ---- the two answers ---- */

static void
call_all(struct registered_loading *l, const char *kind, redis_reply_cb cb)
{
	struct argv a = {0};

	argv_adds(&a, kind);
	engine_call(l->engine, "registered_all", &a, cb, l);
	argv_free(&a);
}

/* False: *e says why there are none. */
static bool
is_array(const struct reply *reply, struct err_ctx *e)
{
	if (reply->kind == REPLY_ARRAY)
		return true;
	if (reply_is_good(reply))
		err_set(e, ERR_SYSTEM, "Redis", "", "answered what was not expected");
	else
		reply_fail(reply, e);
	return false;
}

static void
on_brandnames(void *arg, const struct reply *reply)
{
	struct registered_loading *l = arg;
	struct registered *r = l->r;
	struct err_ctx e;

	if (!is_array(reply, &e)) {
		loading_end(l, &e);
		return;
	}
	r->brandnames = xcalloc(reply->count + 1, sizeof(*r->brandnames));
	grow_documents(r, reply->count);
	for (size_t i = 0; i < reply->count; i++)
		take_brandname(l, reply_item(reply, i));
	make_sides(l);
	make_fingerprint(l);
	loading_end(l, NULL);
}

/* Some of the patterns, and the rest in the next turns. */
static void
on_compile(struct timer *t, void *arg)
{
	struct registered_loading *l = arg;
	int64_t until = clock_mono_us() + COMPILE_US;

	struct reader left = reader_of(buf_slice(&l->seen));

	reader_bytes(&left, l->compiled);
	while (left.left > 0 && clock_mono_us() < until) {
		uint32_t n = reader_u32(&left);

		take_pattern(l, reader_bytes(&left, n));
	}
	l->compiled = l->seen.len - left.left;
	if (left.left > 0)
		timer_arm_us(engine_loop(l->engine), t, 0);
	else
		call_all(l, "brandname", on_brandnames);
}

static void
on_patterns(void *arg, const struct reply *reply)
{
	struct registered_loading *l = arg;
	struct err_ctx e;

	if (!is_array(reply, &e)) {
		loading_end(l, &e);
		return;
	}
	l->r->patterns = xcalloc(reply->count + 1, sizeof(*l->r->patterns));
	grow_documents(l->r, reply->count);
	for (size_t i = 0; i < reply->count; i++)
		note(l, reply_item(reply, i)->str);
	timer_init(&l->step, on_compile, l);
	timer_arm_us(engine_loop(l->engine), &l->step, 0);
}

void
registered_load(struct engine *e, const struct config *config, const struct ready_campaign *c,
		registered_cb cb, void *arg)
{
	struct registered_loading *l = xcalloc(1, sizeof(*l));
	int64_t due = c->campaign->due_s;

	l->engine = e;
	l->c = c;
	l->cb = cb;
	l->arg = arg;
	l->r = xcalloc(1, sizeof(*l->r));
	l->r->config = config;
	l->r->today = c->today;
	l->r->day = (due + VN_UTC_OFFSET_S) / 86400;
	if (l->r->day < l->r->today)
		l->r->day = l->r->today;
	call_all(l, "pattern", on_patterns);
}

/* ---- label and footer ---- */

enum err
registered_frame_of(const struct config *config, const char *class, const struct route_plan *route,
		    int64_t today, struct content_frame *out, struct err_ctx *e)
{
	char day[12];
	struct content_frame f;
	const char *qc = NULL, *other = NULL;

	*out = (struct content_frame){"", ""};
	day_text(today, day);
	f = content_frame(config->content_rules, class, day);
	if (f.label[0] == '\0' && f.footer[0] == '\0')
		return ERR_OK;
	for (unsigned t = 0; t < route->tariffs; t++) {
		const struct provider_config *pc = &config->providers[route->provider[t]];

		*(pc->traffic == SMS_QC ? &qc : &other) = pc->name;
	}
	if (other == NULL)
		return ERR_OK;
	if (qc != NULL)
		return err_set(e, ERR_REFUSED, "route",
			       "route this class to providers of one kind of traffic",
			       "the carriers of %s add the advertising label, those of %s do not",
			       qc, other);
	*out = f;
	return ERR_OK;
}

enum err
registered_frame(const struct config *config, const struct ready_campaign *c,
		 struct content_frame *out, struct err_ctx *e)
{
	return registered_frame_of(config, c->campaign->class, &c->route, c->today, out, e);
}

/* ---- looking ---- */

static struct slice
keep(struct registered *r, struct slice s)
{
	return (struct slice){arena_memdup0(&r->memory, s.n > 0 ? s.p : "", s.n), s.n};
}

static void
look_pattern(struct registered *r, struct registered_side *s, struct slice text)
{
	struct registered_example *x;
	int pending = -1;

	if (pattern_set_match(s->good, text) >= 0)
		return;
	s->unmatched++;
	if (s->all_count > s->good_count)
		pending = pattern_set_match(s->all, text);
	s->pending += pending >= 0;
	if (s->example_count == REGISTERED_EXAMPLES)
		return;
	x = &s->examples[s->example_count++];
	x->text = keep(r, text);
	x->is_pending = pending >= 0;
	x->near.index = pending;
	if (pending < 0)
		pattern_set_nearest(s->good, text, &r->memory, &x->near);
}

static struct rule_tally *
tally_of(struct registered *r, struct content_words words)
{
	for (size_t i = 0; i < r->tally_count; i++)
		if (strcmp(r->tallies[i].words.rule, words.rule) == 0 &&
		    r->tallies[i].words.severity == words.severity)
			return &r->tallies[i];
	if (r->tally_count == RULE_TALLIES)
		return NULL;
	r->tallies[r->tally_count].words = words;
	return &r->tallies[r->tally_count++];
}

static void
look_content(struct registered *r, struct content_view *v, struct slice text, unsigned parts)
{
	struct content_finding found[CONTENT_FINDINGS_MAX];
	size_t n = content_check(v, text, parts, found);

	for (size_t i = 0; i < n; i++) {
		struct rule_tally *t = tally_of(r, content_rule_words(v, found[i].rule));

		if (t == NULL || t->last == r->looked) /* a message counts once for a rule */
			continue;
		t->last = r->looked;
		if (t->messages++ > 0)
			continue;
		t->text = keep(r, text);
		t->found = keep(r, found[i].found);
		t->at = found[i].at;
	}
}

void
registered_look(struct registered *r, unsigned carrier, struct slice text, unsigned parts)
{
	struct registered_side *s;

	if (r == NULL)
		return;
	s = &r->sides[carrier & (CARRIERS_MAX - 1)];
	if (s->provider == NULL)
		return;
	s->messages++;
	r->looked++;
	if (s->mode != REGISTERED_OFF)
		look_pattern(r, s, text);
	for (size_t i = 0; i < s->content_count; i++)
		look_content(r, s->contents[i], text, parts);
}
