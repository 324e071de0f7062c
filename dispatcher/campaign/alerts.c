/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/alerts.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/campaign/alert_tell.h"

#define LOOK_MS 3000
#define SOON_MS 50 /* never more often, whatever Redis says */

static int64_t
number(const json_t *v, const char *name)
{
	return (int64_t)json_number_value(json_object_get(v, name));
}

static const char *
text(const json_t *v, const char *name)
{
	const char *s = json_string_value(json_object_get(v, name));

	return s != NULL ? s : "";
}

bool
alert_read(int64_t id, struct slice json, struct alert *out)
{
	json_t *v = NULL;

	if (json_parse(json, 4096, "alert", &v, NULL) != ERR_OK || !json_is_object(v)) {
		json_decref(v);
		return false;
	}
	*out = (struct alert){.id = id,
			      .record = v,
			      .kind = text(v, "kind"),
			      .object = text(v, "object"),
			      .name = text(v, "name"),
			      .detail = text(v, "detail"),
			      .by = text(v, "by"),
			      .unit = number(v, "unit"),
			      .since = number(v, "since"),
			      .seen = number(v, "seen"),
			      .acked = number(v, "acked"),
			      .over = number(v, "over"),
			      .told_s = number(v, "n_s"),
			      .n = number(v, "n"),
			      .sms = number(v, "sms"),
			      .hook = number(v, "hook")};
	return true;
}

struct watcher {
	struct loop *loop;
	struct alert_teller teller;
	bool is_open, is_asking;
	struct timer look;
	int64_t open; /* alerts, at the last look; -1 = none yet */
};

static json_t *
lanes_json(const struct config *c)
{
	json_t *lanes = json_array();

	for (size_t i = 0; i < c->provider_count; i++)
		json_array_append_new(lanes, json_pack("[s, I]", c->providers[i].name,
						       (json_int_t)c->providers[i].unit));
	return lanes;
}

/* What alerts.options in dispatcher/lua/alerts.lua reads. */
static void
add_options(const struct config *c, struct buf *out)
{
	const struct alert_config *a = &c->alerts;
	bool has_sms = a->oncall_count > 0, has_hook = a->hook_url[0] != '\0';
	json_t *urgent = json_array(), *v;

	for (int i = 0; i < ALERT_KIND_COUNT; i++)
		if (a->is_urgent[i])
			json_array_append_new(urgent,
					      json_string(alert_kind_name((enum alert_kind)i)));
	v = json_pack("{s:I, s:I, s:I, s:b, s:b, s:o, s:o}", "expiry_days",
		      (json_int_t)a->expiry_days, "every_s", (json_int_t)a->every_minutes * 60,
		      "most", (json_int_t)(has_sms || has_hook ? a->most : 0), "has_sms", has_sms,
		      "has_hook", has_hook, "urgent", urgent, "lanes", lanes_json(c));
	if (a->quiet_from != a->quiet_to) {
		json_object_set_new(v, "quiet_from", json_integer(a->quiet_from));
		json_object_set_new(v, "quiet_to", json_integer(a->quiet_to));
	}
	json_add_value(out, v);
	json_decref(v);
}

/* [id, record, what, units] */
static void
tell(struct watcher *w, const struct reply *one)
{
	struct alert a;

	if (!alert_read(reply_int(one, 0), reply_item(one, 1)->str, &a))
		return;
	alert_tell(&w->teller, &a, reply_item(one, 2)->str, reply_item(one, 3)->str);
	json_decref(a.record);
}

static void
on_looked(void *arg, const struct reply *r)
{
	struct watcher *w = arg;
	int64_t ms = LOOK_MS;

	w->is_asking = false;
	if (r->kind == REPLY_ARRAY && slice_is(reply_item(r, 0)->str, "sleep")) {
		ms = reply_int(r, 1);
	} else if (r->kind == REPLY_ARRAY) {
		w->open = reply_int(r, 1);
		if (reply_int(r, 2) > 0 || reply_int(r, 3) > 0)
			log_info("alerts=%lld raised=%lld over=%lld", (long long)w->open,
				 (long long)reply_int(r, 2), (long long)reply_int(r, 3));
		for (size_t i = 0; w->is_open && i < reply_item(r, 4)->count; i++)
			tell(w, reply_item(reply_item(r, 4), i));
	}
	if (w->is_open)
		timer_arm_ms(w->loop, &w->look, ms < SOON_MS ? SOON_MS : ms);
}

static void
on_look(struct timer *t, void *arg)
{
	struct watcher *w = arg;
	struct buf options = {0};
	struct argv a = {0};

	(void)t;
	if (!w->is_open || w->is_asking)
		return;
	w->is_asking = true;
	add_options(w->teller.config, &options);
	argv_add(&a, buf_slice(&options));
	engine_call(w->teller.engine, "alerts_look", &a, on_looked, w);
	argv_free(&a);
	buf_free(&options);
}

struct watcher *
watcher_new(struct engine *e, struct fetch *f, const struct config *c)
{
	struct watcher *w = xcalloc(1, sizeof(*w));

	*w = (struct watcher){.loop = engine_loop(e), .teller = {e, f, c}, .open = -1};
	timer_init(&w->look, on_look, w);
	return w;
}

void
watcher_free(struct watcher *w)
{
	timer_disarm(w->loop, &w->look);
	free(w);
}

void
watcher_set_config(struct watcher *w, const struct config *c)
{
	w->teller.config = c;
}

void
watcher_open(struct watcher *w)
{
	w->is_open = true;
	timer_arm_ms(w->loop, &w->look, 0);
}

void
watcher_shut(struct watcher *w)
{
	w->is_open = false;
	timer_disarm(w->loop, &w->look);
}

int64_t
watcher_open_alerts(const struct watcher *w)
{
	return w->open;
}
