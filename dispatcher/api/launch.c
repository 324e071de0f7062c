/* SPDX-License-Identifier: MIT */
/*
 * A campaign is launched, now or at a time: as it was approved, or by a standing order. A person is told
 * what was changed since; what cannot be written into the audit is not launched.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/alarm.h"
#include "dispatcher/campaign/approval.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/series.h"
#include "dispatcher/campaign/window.h"
#include "dispatcher/store/audit.h"

struct launching {
	struct api *api;
	struct http_exchange *x;
	int64_t due_s;	     /* 0 = now, or as its schedule says */
	bool is_series;	     /* it has a schedule that goes on */
	bool is_as_approved; /* whatever was changed since */
	char order[STANDING_ORDER_NAME_MAX + 1], reason[LAUNCH_REASON_MAX + 1]; /* "" = none */
	json_t *details;							/* of the audit */
	char object[160];
	json_t *answer; /* when it is done; NULL = not yet */
	uint64_t unit;
	char class[16];
	int finish_by;	  /* as of a campaign */
	bool is_compared; /* with what was submitted, before it is launched */
};

/* *due_s 0 = now. */
static enum err
read_due(const struct json_at *at, int64_t *due_s, struct err_ctx *e)
{
	const char *text = NULL, *why;
	struct moment m = {0};
	enum err rc = json_read_string(at, &text, e);

	if (rc != ERR_OK || text == NULL)
		return rc;
	why = moment_parse(slice_of(text), &m);
	if (why == NULL && m.second_of_day < 0)
		why = "has no time of day, as in 2027-10-10T08:00";
	if (why != NULL)
		return err_set(e, ERR_INPUT, "at", "", "\"%.60s\" %s", text, why);
	*due_s = moment_to_unix(&m, VN_UTC_OFFSET_S);
	if (*due_s <= 0)
		return err_set(e, ERR_INPUT, "at", "", "\"%.60s\" is not in the future", text);
	return ERR_OK;
}

/* A standing order is named with the reason for which it is used, now. */
static enum err
read_order(const struct json_at *root, struct launching *l, struct err_ctx *e)
{
	struct json_at order = json_get(root, "order"), reason = json_get(root, "reason");
	const char *name = "", *why = "";
	enum err rc;

	if ((rc = json_read_string(&order, &name, e)) != ERR_OK ||
	    (rc = json_read_string(&reason, &why, e)) != ERR_OK)
		return rc;
	if (strlen(name) > STANDING_ORDER_NAME_MAX || strlen(why) > LAUNCH_REASON_MAX)
		return err_set(e, ERR_INPUT, "order, reason", "shorten it", "is too long");
	if ((name[0] == '\0') != (why[0] == '\0'))
		return err_set(e, ERR_INPUT, name[0] == '\0' ? "order" : "reason",
			       "give both, or none", "is missing");
	if (name[0] != '\0' && l->due_s != 0)
		return err_set(e, ERR_INPUT, "order",
			       "launch it without a time, or have it approved",
			       "a standing order is for what is sent now");
	snprintf(l->order, sizeof(l->order), "%s", name);
	snprintf(l->reason, sizeof(l->reason), "%s", why);
	return ERR_OK;
}

/* The body may be empty. False: the exchange was answered. */
static bool
read_launch(struct http_exchange *x, struct launching *l)
{
	static const char *const keys[] = {"at", "order", "reason", "as_approved"};
	struct json_at root, at, as_approved;
	struct err_ctx e;
	json_t *body;
	enum err rc;

	if (http_body(x).n == 0)
		return true;
	body = api_body_json(x);
	if (body == NULL)
		return false;
	root = json_root(body);
	at = json_get(&root, "at");
	as_approved = json_get(&root, "as_approved");
	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), &e)) != ERR_OK ||
	    (rc = read_due(&at, &l->due_s, &e)) != ERR_OK ||
	    (rc = json_read_bool(&as_approved, &l->is_as_approved, &e)) != ERR_OK ||
	    (rc = read_order(&root, l, &e)) != ERR_OK)
		http_answer_error(x, &e);
	json_decref(body);
	return rc == ERR_OK;
}

static void
launching_free(struct launching *l)
{
	json_decref(l->details);
	json_decref(l->answer);
	free(l);
}

/* When its first message leaves, and the freeze that it falls into. What is done is told in any case. */
static void
on_launch_halts(void *arg, const struct halts *h, const struct err_ctx *e)
{
	struct launching *l = arg;

	(void)e;
	if (h != NULL)
		api_add_sends_from(l->api->daemon, h, l->class, l->finish_by, l->due_s, l->answer);
	http_answer_json(l->x, 202, json_incref(l->answer));
	launching_free(l);
}

static void
launching_tell(struct launching *l, json_t *take_answer)
{
	l->answer = take_answer;
	halts_ask(l->api->daemon->engine, l->class, l->unit, on_launch_halts, l);
}

static void
on_launched(void *arg, uint64_t run, const struct err_ctx *e)
{
	struct launching *l = arg;

	if (e == NULL) {
		launching_tell(l, json_pack("{s:I}", "run", (json_int_t)run));
		return;
	}
	http_answer_error(l->x, e);
	launching_free(l);
}

static void
on_scheduled(void *arg, const struct scheduled *s, const struct err_ctx *e)
{
	struct launching *l = arg;
	char due[32], from[32];
	json_t *out;

	if (e != NULL) {
		http_answer_error(l->x, e);
		launching_free(l);
		return;
	}
	l->due_s = s->due_s;
	clock_format_vn(s->due_s, due);
	clock_format_vn(s->sends_from_s, from);
	out = json_pack("{s:s, s:s, s:s}", "state", "scheduled", "due", due, "sends_from", from);
	json_object_update(out, s->outlook);
	launching_tell(l, out);
}

static void
on_launch_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct launching *l = arg;
	struct daemon *d = l->api->daemon;
	const char *id = http_param(l->x, "id");
	struct launch_how how = {.order = l->order[0] != '\0' ? l->order : NULL,
				 .reason = l->reason};

	(void)n;
	if (e != NULL) {
		http_answer_error(l->x, e);
		launching_free(l);
	} else if (l->due_s != 0 || l->is_series) {
		campaign_schedule(d->engine, d->config, id, l->due_s, on_scheduled, l);
	} else {
		campaign_launch(d->engine, d->config, id, &how, on_launched, l);
	}
}

static void
launch_audit(struct launching *l)
{
	json_t *details = l->details;
	char due[32];

	l->details = NULL;
	if (l->due_s != 0) {
		clock_format_vn(l->due_s, due);
		json_object_set_new(details, "at", json_string(due));
	}
	if (l->order[0] != '\0') {
		json_object_set_new(details, "order", json_string(l->order));
		json_object_set_new(details, "reason", json_string(l->reason));
	}
	audit_append(l->api->daemon->engine, api_who(l->x),
		     l->due_s != 0 || l->is_series ? "campaign.schedule" : "campaign.launch",
		     l->object, details, on_launch_audited, l);
}

/* As all stands now: a person is told what was changed since it was submitted. */
static void
on_ready_now(void *arg, struct ready_campaign *r, const struct err_ctx *e)
{
	struct launching *l = arg;
	struct err_ctx refused;

	if (r != NULL && approval_compare(l->api->daemon->config, r, true, &refused) == ERR_OK) {
		launch_audit(l);
	} else {
		http_answer_error(l->x, r != NULL ? &refused : e);
		launching_free(l);
	}
	ready_campaign_free(r);
}

/* What was submitted for a time goes at that time. */
static enum err
agree_on_time(struct launching *l, const struct campaign *c, struct err_ctx *e)
{
	int64_t at_s = approval_at(c);
	char at[32];

	if (at_s == 0 || l->due_s == at_s)
		return ERR_OK;
	clock_format_vn(at_s, at);
	if (l->due_s != 0)
		return err_set(e, ERR_REFUSED, c->name,
			       "launch it without --at, or return it and submit it again",
			       "was approved for %s", at);
	l->due_s = at_s;
	return ERR_OK;
}

/* One whose last occurrence was missed is launched by a person, as others are. */
static bool
goes_on(const struct daemon *d, const struct campaign *c)
{
	int64_t next_s = 1;
	struct err_ctx e;

	if (strcmp(c->state, "missed") == 0 && c->schedule[0] != '\0' &&
	    series_next(c, d->config->days, clock_wall_ms() / 1000, &next_s, &e) != ERR_OK)
		next_s = 1; /* campaign_schedule says what is wrong */
	return c->schedule[0] != '\0' && next_s != 0;
}

/* As it was approved? */
static void
launch_compare(struct launching *l)
{
	struct daemon *d = l->api->daemon;
	struct ready_how how = {.is_early = true, .is_now = true};

	if (l->is_compared)
		campaign_ready(d->engine, d->config, http_param(l->x, "id"), &how, on_ready_now, l);
	else
		launch_audit(l);
}

/* A time from which on a freeze lets nothing leave until it has to be sent is no time. */
static void
on_time_halts(void *arg, const struct halts *h, const struct err_ctx *why)
{
	struct launching *l = arg;
	const struct class_policy *class = config_class(l->api->daemon->config, l->class);
	const struct halt *met = h != NULL ? halts_met(h, class, l->due_s) : NULL;
	struct err_ctx e;
	char until[32];

	if (h != NULL && (met == NULL || halts_open_s(h, class, l->due_s) <
						 window_finish_s(l->finish_by, l->due_s))) {
		launch_compare(l);
		return;
	}
	if (met != NULL) {
		clock_format_vn(met->to_s, until);
		err_set(&e, ERR_REFUSED, "finish_by", "give it another time, or end the freeze",
			"nothing may leave by then: the freeze %" PRIu64 " until %s: %s", met->id,
			until, met->reason);
	}
	http_answer_error(l->x, met != NULL ? &e : why);
	launching_free(l);
}

/* Who launches, and when: what cannot be written into the audit is not launched. */
static void
on_launch_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct launching *l = arg;
	struct daemon *d = l->api->daemon;
	struct buf lists = {0};
	struct err_ctx refused;

	if (c == NULL || agree_on_time(l, c, &refused) != ERR_OK) {
		http_answer_error(l->x, c == NULL ? e : &refused);
		campaign_free(c);
		launching_free(l);
		return;
	}
	l->unit = c->unit;
	l->finish_by = c->finish_by;
	snprintf(l->class, sizeof(l->class), "%s", c->class);
	snprintf(l->object, sizeof(l->object), "campaign:%s", c->name);
	campaign_add_lists(c, &lists);
	l->details = json_pack("{s:I, s:s, s:i, s:o}", "campaign", (json_int_t)c->id, "template",
			       c->template, "template_version", (int)c->template_version, "list",
			       json_of_slice(buf_slice(&lists)));
	buf_free(&lists);
	l->is_series = goes_on(d, c);
	if (l->is_series)
		json_object_set_new(l->details, "schedule", json_string(c->schedule));
	if (c->review.hash[0] != '\0')
		json_object_set_new(l->details, "approved", json_string(c->review.hash));
	l->is_compared = c->review.frozen[0] != '\0' && !l->is_as_approved &&
			 campaign_may("launch", c->state);
	campaign_free(c);
	if (l->due_s != 0 && l->finish_by != WINDOW_NONE)
		halts_ask(d->engine, l->class, l->unit, on_time_halts, l);
	else
		launch_compare(l);
}

void
on_campaign_launch(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");
	struct launching *l;

	if (id == NULL || !api_is_open(a, x))
		return;
	l = xcalloc(1, sizeof(*l));
	*l = (struct launching){.api = a, .x = x};
	if (!read_launch(x, l)) {
		launching_free(l);
		return;
	}
	campaign_load(a->daemon->engine, id, on_launch_campaign, l);
}
