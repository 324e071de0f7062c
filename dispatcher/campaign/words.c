/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/words.h"

#include <stdio.h>

#include "base/clock.h"
#include "segments/phone.h"

struct first_error {
	const char *template; /* its name */
	struct err_ctx *e;
	size_t count;
};

/* "texts.km.sms" → "km"; "" for a plain text. */
static struct slice
language_of(const char *path)
{
	struct slice s = slice_of(path), language;

	slice_take_until(&s, '.');
	language = slice_take_until(&s, '.');
	return language;
}

static void
take_error(void *arg, const struct set_error *se)
{
	struct first_error *f = arg;
	struct slice language = language_of(se->path);
	char what[160];

	if (f->count++ > 0)
		return;
	snprintf(what, sizeof(what), "template %.60s%s%.*s:%d:%d", f->template,
		 language.n > 0 ? " " : "", (int)(language.n < LANGUAGE_MAX ? language.n : 0),
		 language.p, se->line, se->column);
	err_set(f->e, ERR_INPUT, what, "", "%s", se->message);
	f->e->line = se->line;
	f->e->column = se->column;
}

/* The columns of the list as templates name them. */
static size_t
column_names(const struct schema *s, const char *names[COLUMNS_MAX])
{
	for (uint32_t i = 0; i < s->count; i++)
		names[i] = s->columns[i].name;
	return s->count;
}

static enum err
check_set(const struct ready_campaign *r, const struct template_set *set, struct first_error *f)
{
	const char *names[COLUMNS_MAX];
	size_t count = column_names(&r->list->schema, names);
	char what[100];

	if (!set_has_sms(set)) {
		snprintf(what, sizeof(what), "template %.60s", f->template);
		return err_set(f->e, ERR_REFUSED, what,
			       "add an SMS text: \"texts\": {\"vi\": {\"sms\": \"…\"}}",
			       "has only a Zalo text, and no driver for Zalo is built in");
	}
	return set_each_unknown(set, names, count, take_error, f) > 0 ? ERR_INPUT : ERR_OK;
}

static void
encode(struct ready_campaign *r, const struct config *c, const struct template_set *set,
       struct content_frame frame)
{
	struct wording w = {.set = set,
			    .partitions = r->route.partitions,
			    .languages = c->languages_document,
			    .frame = frame};

	for (unsigned p = 0; p < w.partitions; p++) {
		const struct provider_config *pc = &c->providers[r->route.provider[p]];
		bool has_unicode = pc->driver->capability(pc->account)->has_unicode;

		w.accents[p] = accents_of_both(r->campaign->accents, pc->accents, has_unicode);
		w.traffic[p] = pc->traffic;
		if (pc->traffic != SMS_STANDARD || c->sms[0] != '\0')
			w.sms = c->sms_document;
	}
	wording_encode(&w, &r->wording);
}

/* With the frame of the class around the texts; NULL: *f says why. */
static struct template_set *
read_set(struct ready_campaign *r, const struct config *c, struct content_frame *frame,
	 struct first_error *f, enum err *rc)
{
	struct template_set *set = set_read(slice_of(r->campaign->source), take_error, f);
	struct template_set *framed;

	*rc = ERR_INPUT;
	if (set == NULL)
		return NULL;
	*rc = check_set(r, set, f);
	if (*rc == ERR_OK)
		*rc = registered_frame(c, r, frame, f->e);
	if (*rc != ERR_OK) {
		set_free(set);
		return NULL;
	}
	if (frame->label[0] == '\0' && frame->footer[0] == '\0')
		return set;
	framed = set_framed(set, frame->label, frame->footer, take_error, f);
	set_free(set);
	*rc = framed != NULL ? ERR_OK : ERR_INPUT;
	return framed;
}

enum err
words_make(struct ready_campaign *r, const struct config *c, struct err_ctx *e)
{
	struct first_error first = {r->campaign->template, e, 0};
	struct rendering_place place = {.schema = &r->list->schema,
					.map = &r->route.map,
					.today = clock_today_vn(),
					.languages = c->languages};
	struct content_frame frame;
	struct template_set *set;
	enum err rc;

	r->today = place.today;
	set = read_set(r, c, &frame, &first, &rc);
	if (set == NULL)
		return rc;
	encode(r, c, set, frame);
	set_free(set);
	rc = rendering_new(buf_slice(&r->wording), &place, &r->rendering, e);
	for (unsigned i = 0; rc == ERR_OK && i < CARRIERS_MAX; i++) {
		uint8_t p = r->route.map.partition[i];
		const struct provider_config *pc;

		if (p == NO_PARTITION)
			continue;
		pc = &c->providers[r->route.provider[p]];
		rendering_set_unicode(r->rendering, i,
				      pc->driver->capability(pc->account)->has_unicode);
	}
	return rc;
}

struct render_rules
words_rules(const struct config *c, const struct provider_config *p, enum accents wish,
	    unsigned carrier, int64_t today)
{
	struct render_rules r = {
		.has_unicode = p->driver->capability(p->account)->has_unicode,
	};
	char day[12];

	day_text(today, day);
	r.accents = accents_of_both(wish, p->accents, r.has_unicode);
	r.rules = sms_rules_find(&c->sms_table, carrier_name((int)carrier), p->traffic, day);
	return r;
}
