/* SPDX-License-Identifier: MIT */
/* What came of the looks: JSON for who decides, an error for a launch. */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/campaign/registered_inside.h"
#include "segments/phone.h"

#define GAPS_IN_WORDS 2
#define WORDS_QUOTED 40 /* bytes */

static const char *const mode_names[] = {"auto", "off", "warn", "refuse"};

static const char *
side_name(unsigned carrier)
{
	const char *name = carrier_name((int)carrier);

	return name != NULL ? name : "unknown";
}

/* ---- the verdict ---- */

bool
registered_may_refuse(const struct registered *r)
{
	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		const struct registered_side *s = &r->sides[i];

		if (s->provider != NULL && s->mode == REGISTERED_REFUSE)
			return true;
		for (size_t k = 0; k < s->content_count; k++)
			if (content_may_refuse(s->contents[k]))
				return true;
	}
	return false;
}

enum err
registered_verdict(const struct registered *r, struct err_ctx *e)
{
	for (size_t i = 0; i < r->tally_count; i++) {
		const struct rule_tally *t = &r->tallies[i];

		if (t->words.severity == CONTENT_REFUSE && t->messages > 0)
			return err_set(e, ERR_REFUSED, "text",
				       "see campaign preview, then change the template",
				       "%" PRIu64 " messages break the rule %.40s (%.120s), the "
				       "first with \"%.*s\"",
				       t->messages, t->words.rule, t->words.en,
				       (int)text_clip(t->found, 80).n, t->found.p);
	}
	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		const struct registered_side *s = &r->sides[i];

		if (s->mode == REGISTERED_REFUSE && s->unmatched > 0)
			return err_set(e, ERR_REFUSED, "text",
				       "see campaign preview for the words that differ; register "
				       "the text, or change it",
				       "%" PRIu64 " messages match no registered pattern of %s at "
				       "%s",
				       s->unmatched, s->provider->brandname, side_name(i));
	}
	return ERR_OK;
}

/* ---- JSON ---- */

json_t *
registered_near_json(const struct pattern_near *near, const char *name)
{
	json_t *gaps = json_array();

	for (size_t i = 0; i < near->gap_count; i++) {
		const struct pattern_gap *g = &near->gaps[i];
		json_t *one = json_pack("{s:s, s:o, s:o, s:I}", "kind", gap_kind_name(g->kind),
					"expected", json_of_slice(g->expected), "found",
					json_of_slice(g->found), "at", (json_int_t)g->at);

		if (g->kind == GAP_SLOT_LONG || g->kind == GAP_SLOT_SHORT) {
			json_object_set_new(one, "length", json_integer(g->length));
			json_object_set_new(one, "limit", json_integer(g->limit));
		}
		json_array_append_new(gaps, one);
	}
	return json_pack("{s:s, s:o, s:b}", "pattern", name, "differences", gaps, "more",
			 near->has_more);
}

/* Its first bytes, whole characters. */
static struct slice
quoted(struct slice s)
{
	if (s.n > WORDS_QUOTED) {
		s.n = WORDS_QUOTED;
		while (s.n > 0 && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
			s.n--;
	}
	return s;
}

static void
add_gap(const struct pattern_gap *g, struct buf *out)
{
	struct slice found = quoted(g->found), expected = quoted(g->expected);

	buf_addf(out, "character %u: ", g->at + 1);
	switch (g->kind) {
	case GAP_WORDS:
		if (expected.n == 0)
			buf_addf(out, "\"%.*s\" is too much", (int)found.n, found.p);
		else if (found.n == 0)
			buf_addf(out, "\"%.*s\" is missing", (int)expected.n, expected.p);
		else
			buf_addf(out, "\"%.*s\" instead of \"%.*s\"", (int)found.n, found.p,
				 (int)expected.n, expected.p);
		break;
	case GAP_SLOT_LONG:
	case GAP_SLOT_SHORT:
		buf_addf(out, "%.*s takes at %s %u characters, \"%.*s\" has %u", (int)expected.n,
			 expected.p, g->kind == GAP_SLOT_LONG ? "most" : "least", g->limit,
			 (int)found.n, found.p, g->length);
		break;
	case GAP_SLOT_TYPE:
		buf_addf(out, "%.*s does not take \"%.*s\"", (int)expected.n, expected.p,
			 (int)found.n, found.p);
		break;
	}
}

void
registered_near_words(const struct pattern_near *near, const char *name, struct buf *out)
{
	buf_addf(out, "; nearest is %.80s: ", name);
	for (size_t i = 0; i < near->gap_count && i < GAPS_IN_WORDS; i++) {
		buf_adds(out, i > 0 ? ", " : "");
		add_gap(&near->gaps[i], out);
	}
	if (near->has_more || near->gap_count > GAPS_IN_WORDS)
		buf_adds(out, ", and more");
}

static json_t *
example_json(const struct registered_side *s, const struct registered_example *x)
{
	json_t *one = json_pack("{s:o}", "text", json_of_slice(x->text));
	const char *name;

	if (x->near.index < 0)
		return one;
	name = s->of_all[x->near.index]->record.name;
	if (x->is_pending)
		json_object_set_new(one, "pending", json_string(name));
	else
		json_object_set_new(one, "nearest", registered_near_json(&x->near, name));
	return one;
}

static json_t *
side_json(const struct registered_side *s, bool with_texts)
{
	json_t *examples = json_array();

	for (size_t i = 0; with_texts && i < s->example_count; i++)
		json_array_append_new(examples, example_json(s, &s->examples[i]));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "provider", s->provider->name,
			 "brandname", s->provider->brandname, "mode", mode_names[s->mode],
			 "patterns", (json_int_t)s->good_count, "messages", (json_int_t)s->messages,
			 "unmatched", (json_int_t)s->unmatched, "pending", (json_int_t)s->pending,
			 "examples", examples);
}

void
registered_tell_lead(const struct config *config, int64_t today, json_t *out)
{
	char ready[12];

	day_text(calendar_working_days_after(config->days, today, config->registration_days),
		 ready);
	json_object_set_new(out, "lead_days", json_integer((json_int_t)config->registration_days));
	json_object_set_new(out, "ready_on", json_string(ready));
}

static json_t *
patterns_json(const struct registered *r, bool with_texts)
{
	json_t *carriers = json_object();
	uint64_t unmatched = 0;
	json_t *out;

	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		const struct registered_side *s = &r->sides[i];

		if (s->provider == NULL || s->mode == REGISTERED_OFF || s->messages == 0)
			continue;
		unmatched += s->unmatched;
		json_object_set_new(carriers, side_name(i), side_json(s, with_texts));
	}
	out = json_pack("{s:I, s:o}", "unmatched", (json_int_t)unmatched, "carriers", carriers);
	if (unmatched > 0)
		registered_tell_lead(r->config, r->today, out);
	return out;
}

static json_t *
content_json(const struct registered *r, bool with_texts)
{
	json_t *out = json_array();

	for (size_t i = 0; i < r->tally_count; i++) {
		const struct rule_tally *t = &r->tallies[i];
		json_t *one;

		if (t->messages == 0)
			continue;
		one = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "rule", t->words.rule, "kind",
				t->words.kind, "severity",
				t->words.severity == CONTENT_REFUSE ? "refuse" : "warn", "messages",
				(json_int_t)t->messages, "vi", t->words.vi, "en", t->words.en);
		if (with_texts)
			json_object_set_new(one, "example",
					    json_pack("{s:o, s:o, s:I}", "text",
						      json_of_slice(t->text), "found",
						      json_of_slice(t->found), "at",
						      (json_int_t)t->at));
		json_array_append_new(out, one);
	}
	return out;
}

/* ---- brandnames ---- */

static void
warn(json_t *warnings, const struct buf *b)
{
	json_array_append_new(warnings, json_of_slice(buf_slice(b)));
}

static const struct brandname *
find_brandname(const struct registered *r, const char *name)
{
	char wanted[BRANDNAME_MAX + 1], have[BRANDNAME_MAX + 1];

	brandname_fold(name, wanted);
	for (size_t i = 0; i < r->brandname_count; i++) {
		brandname_fold(r->brandnames[i].name, have);
		if (strcmp(wanted, have) == 0)
			return &r->brandnames[i];
	}
	return NULL;
}

static void
warn_validity(const struct registered *r, const struct brandname *b, json_t *warnings)
{
	struct buf text = {0};

	if (b->valid_to != 0 && b->valid_to < r->day)
		buf_addf(&text, "the certificate of the brandname %s ended on %s", b->name,
			 b->valid_to_text);
	else if (b->valid_to != 0 && b->valid_to - r->day <= BRANDNAME_EXPIRES_SOON)
		buf_addf(&text, "the certificate of the brandname %s ends on %s: renew it", b->name,
			 b->valid_to_text);
	else if (b->valid_from > r->day)
		buf_addf(&text, "the certificate of the brandname %s has not begun", b->name);
	if (text.len > 0)
		warn(warnings, &text);
	buf_free(&text);
}

/* Carriers that messages go to and where the name is not active, by state. */
static void
warn_carriers(const struct registered *r, const struct brandname *b,
	      const struct provider_config *pc, uint64_t least, json_t *warnings)
{
	for (int state = BRANDNAME_UNSAID; state <= BRANDNAME_REFUSED; state++) {
		struct buf text = {0};
		unsigned n = 0;

		if (state == BRANDNAME_ACTIVE)
			continue;
		buf_addf(&text, "the brandname %s is %s at ", b->name,
			 state == BRANDNAME_UNSAID
				 ? "not said to be active"
				 : brandname_state_name((enum brandname_state)state));
		for (unsigned i = 1; i < CARRIERS_MAX; i++)
			if (r->sides[i].provider == pc && r->sides[i].messages >= least &&
			    (int)b->carriers[i].state == state)
				buf_addf(&text, "%s%s", n++ > 0 ? ", " : "", side_name(i));
		if (n > 0)
			warn(warnings, &text);
		buf_free(&text);
	}
}

static void
warn_provider(const struct registered *r, const struct provider_config *pc, uint64_t least,
	      json_t *warnings)
{
	const struct brandname *b = find_brandname(r, pc->brandname);
	struct buf text = {0};

	if (b == NULL) {
		buf_addf(&text, "the brandname %s of the provider %s is not saved", pc->brandname,
			 pc->name);
		warn(warnings, &text);
		buf_free(&text);
		return;
	}
	if (!b->traffic[registered_traffic(pc)]) {
		buf_addf(&text, "the brandname %s is not registered for %s traffic", b->name,
			 sms_traffic_names[registered_traffic(pc)]);
		warn(warnings, &text);
	}
	buf_free(&text);
	warn_validity(r, b, warnings);
	warn_carriers(r, b, pc, least, warnings);
}

void
registered_tell(const struct registered *r, bool with_texts, uint64_t least, json_t *out,
		json_t *warnings)
{
	const struct provider_config *told[PROVIDERS_MAX];
	size_t told_count = 0;
	struct err_ctx e;

	if (with_texts && registered_verdict(r, &e) != ERR_OK) { /* it has words of a text */
		struct buf text = {0};

		buf_adds(&text, "it cannot be launched: ");
		err_print(&e, &text);
		warn(warnings, &text);
		buf_free(&text);
	}
	json_object_set_new(out, "registered", patterns_json(r, with_texts));
	json_object_set_new(out, "content", content_json(r, with_texts));
	/* Where nobody has written a brandname down, nobody wants to hear of them. */
	for (unsigned i = 0; i < CARRIERS_MAX && r->brandname_count > 0; i++) {
		const struct provider_config *pc = r->sides[i].provider;
		size_t k = 0;

		if (pc == NULL || pc->brandname[0] == '\0')
			continue;
		while (k < told_count && told[k] != pc)
			k++;
		if (k < told_count)
			continue;
		told[told_count++] = pc;
		warn_provider(r, pc, least, warnings);
	}
}
