/* SPDX-License-Identifier: MIT */
/* Alerts over HTTP: those of one's unit and below, one, and that somebody has seen it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dispatcher/api/account_act.h"
#include "dispatcher/campaign/alerts.h"

static void
set_time(json_t *o, const char *key, int64_t unix_s)
{
	char text[32];

	clock_format_vn(unix_s, text);
	json_object_set_new(o, key, unix_s > 0 ? json_string(text) : json_null());
}

static json_t *
alert_json(const struct alert *a)
{
	const char *state = a->over != 0 ? "over" : a->acked != 0 ? "acknowledged" : "open";
	json_t *v = json_pack("{s:I, s:s, s:s, s:I, s:s, s:s, s:s}", "id", (json_int_t)a->id,
			      "kind", a->kind, "object", a->object, "unit", (json_int_t)a->unit,
			      "name", a->name, "detail", a->detail, "state", state);

	set_time(v, "since", a->since);
	set_time(v, "seen", a->seen);
	json_object_set_new(v, "told", json_integer((json_int_t)a->n));
	set_time(v, "told_at", a->n > 0 ? a->told_s : 0);
	json_object_set_new(v, "acknowledged_by", a->acked != 0 ? json_string(a->by) : json_null());
	set_time(v, "acknowledged", a->acked);
	set_time(v, "over", a->over);
	return v;
}

/* [[id, record] …] */
static json_t *
list_json(const struct reply *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->count; i++) {
		const struct reply *one = reply_item(r, i);
		struct alert a;

		if (!alert_read(reply_int(one, 0), reply_item(one, 1)->str, &a))
			continue;
		json_array_append_new(list, alert_json(&a));
		json_decref(a.record);
	}
	return list;
}

static void
on_listed(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;

	if (r->kind != REPLY_ARRAY)
		api_answer_reply(x, r);
	else
		http_answer_json(x, 200, json_pack("{s:o}", "alerts", list_json(r)));
}

void
on_alert_ls(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *all = http_query(x, "all");
	struct argv args = {0};

	if (!api_is_open(a, x))
		return;
	api_add_units(x, &args, false);
	argv_adds(&args, all != NULL && strcmp(all, "1") == 0 ? "1" : "0");
	argv_adds(&args, "");
	engine_call(a->daemon->engine, "alert_ls", &args, on_listed, x);
	argv_free(&args);
}

/* The number in the path; false: answered. */
static bool
take_id(struct http_exchange *x)
{
	const char *id = http_param(x, "id");
	struct err_ctx e;
	int64_t number;

	if (slice_to_i64(slice_of(id), &number) && number >= 1)
		return true;
	err_set(&e, ERR_NOT_FOUND, "alert", "see loa alert ls", "there is none \"%.20s\"", id);
	http_answer_error(x, &e);
	return false;
}

static void
on_shown(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	json_t *list;
	struct err_ctx e;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(x, r);
		return;
	}
	list = list_json(r);
	if (json_array_size(list) == 1) {
		http_answer_json(x, 200, json_incref(json_array_get(list, 0)));
	} else {
		err_set(&e, ERR_NOT_FOUND, "alert", "see loa alert ls --all", "there is none");
		http_answer_error(x, &e);
	}
	json_decref(list);
}

void
on_alert_show(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct argv args = {0};

	if (!api_is_open(a, x) || !take_id(x))
		return;
	api_add_units(x, &args, false);
	argv_adds(&args, "1");
	argv_adds(&args, http_param(x, "id"));
	engine_call(a->daemon->engine, "alert_ls", &args, on_shown, x);
	argv_free(&args);
}

static void
refuse(struct account_act *t, const struct reply *r)
{
	struct err_ctx e;

	if (slice_is(reply_item(r, 0)->str, "over"))
		err_set(&e, ERR_CONFLICT, t->object, "", "is over by itself already");
	else
		err_set(&e, ERR_NOT_FOUND, t->object, "see loa alert ls", "is not there");
	account_act_fail(t, &e);
}

void
on_alert_ack(struct http_exchange *x, void *arg)
{
	struct account_act *t;

	if (!take_id(x) || (t = account_act_new(x, arg, false)) == NULL)
		return;
	argv_adds(&t->args, t->id);
	argv_adds(&t->args, http_param(x, "id"));
	argv_adds(&t->args, api_who(x));
	t->function = "alert_ack";
	snprintf(t->object, sizeof(t->object), "alert:%s", http_param(x, "id"));
	t->answer = json_pack("{s:s}", "acknowledged", http_param(x, "id"));
	t->on_refused = refuse;
	account_act_do(t, "alert.ack", NULL);
}
