/* SPDX-License-Identifier: MIT */
/* How fast a campaign may go at most, and what share it gets: set before its launch, or while it goes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/store/audit.h"

#define ACT_CHARS 17

/* What can be set: a number of the campaign's record, and of its run's. */
static const struct setting {
	const char *name, *act;	   /* field; entry of the audit */
	int64_t least, most, none; /* none = as if it was never set */
	const char *todo;
} settings[] = {
	{"speed", "campaign.speed", 0, CAMPAIGN_SPEED_MAX, 0,
	 "write messages a second, 0 for no limit"},
	{"weight", "campaign.weight", 1, CAMPAIGN_WEIGHT_MAX, CAMPAIGN_WEIGHT,
	 "write 1 to 1000; 100 is usual, 200 gets twice as much"},
};

struct setting_job {
	struct api *api;
	struct http_exchange *x;
	const struct setting *setting;
	int64_t value;
	uint64_t campaign;
};

static void
on_set(void *arg, const struct reply *r)
{
	struct setting_job *j = arg;

	if (r->kind == REPLY_INTEGER)
		http_answer_json(j->x, 200,
				 json_pack("{s:I, s:I}", j->setting->name, (json_int_t)j->value,
					   "run", (json_int_t)r->integer));
	else
		api_answer_reply(j->x, r);
	free(j);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct setting_job *j = arg;
	struct argv a = {0};
	char act[ACT_CHARS];

	(void)n;
	if (e != NULL) {
		http_answer_error(j->x, e);
		free(j);
		return;
	}
	random_hex(act, (ACT_CHARS - 1) / 2);
	argv_add_int(&a, (int64_t)j->campaign);
	argv_adds(&a, j->setting->name);
	if (j->value == j->setting->none)
		argv_adds(&a, "");
	else
		argv_add_int(&a, j->value);
	argv_adds(&a, act);
	/* One that Redis forgot would let it go faster than somebody wanted. */
	engine_sure(j->api->daemon->engine, "campaign_set", &a, true, on_set, j);
	argv_free(&a);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct setting_job *j = arg;
	char object[160];
	int64_t was;

	if (c == NULL) {
		http_answer_error(j->x, e);
		free(j);
		return;
	}
	j->campaign = c->id;
	was = j->setting == &settings[0] ? c->speed : c->weight;
	snprintf(object, sizeof(object), "campaign:%s", c->name);
	audit_append(j->api->daemon->engine, api_who(j->x), j->setting->act, object,
		     json_pack("{s:I, s:I}", "from", (json_int_t)was, "to", (json_int_t)j->value),
		     on_audited, j);
	campaign_free(c);
}

/* {"speed": 50}. False: the exchange was answered. */
static bool
read_value(struct http_exchange *x, const struct setting *s, int64_t *value)
{
	const char *const keys[] = {s->name};
	json_t *body = api_body_json(x);
	struct json_at root = json_root(body), at = json_get(&root, s->name);
	struct err_ctx e;
	bool is_good;

	if (body == NULL)
		return false;
	is_good = json_only_keys(&root, keys, ARRAY_LEN(keys), &e) == ERR_OK &&
		  json_read_int(&at, s->least, s->most, value, &e) == ERR_OK;
	if (is_good && at.v == NULL) {
		is_good = false;
		err_set(&e, ERR_INPUT, s->name, s->todo, "is missing");
	}
	if (!is_good)
		http_answer_error(x, &e);
	json_decref(body);
	return is_good;
}

static void
set(struct api *a, struct http_exchange *x, const struct setting *s)
{
	struct setting_job *j;
	int64_t value = 0;

	if (api_name(x, "id", "campaign") == NULL || !api_is_open(a, x) ||
	    !read_value(x, s, &value))
		return;
	j = xcalloc(1, sizeof(*j));
	*j = (struct setting_job){.api = a, .x = x, .setting = s, .value = value};
	campaign_load(a->daemon->engine, http_param(x, "id"), on_campaign, j);
}

void
on_campaign_speed(struct http_exchange *x, void *arg)
{
	set(arg, x, &settings[0]);
}

void
on_campaign_weight(struct http_exchange *x, void *arg)
{
	set(arg, x, &settings[1]);
}
