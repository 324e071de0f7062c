/* SPDX-License-Identifier: MIT */
/* How fast a campaign may go at most: set before its launch, or while it goes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/store/audit.h"

struct speed_job {
	struct api *api;
	struct http_exchange *x;
	int64_t speed;
	uint64_t campaign;
};

static void
on_set(void *arg, const struct reply *r)
{
	struct speed_job *j = arg;

	if (r->kind == REPLY_INTEGER)
		http_answer_json(j->x, 200,
				 json_pack("{s:I, s:I}", "speed", (json_int_t)j->speed, "run",
					   (json_int_t)r->integer));
	else
		api_answer_reply(j->x, r);
	free(j);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct speed_job *j = arg;
	struct argv a = {0};
	char act[17];

	(void)n;
	if (e != NULL) {
		http_answer_error(j->x, e);
		free(j);
		return;
	}
	argv_add_int(&a, (int64_t)j->campaign);
	argv_add_int(&a, j->speed);
	random_hex(act, (sizeof(act) - 1) / 2);
	argv_adds(&a, act);
	/* One that Redis forgot would let it go faster than somebody wanted. */
	engine_sure(j->api->daemon->engine, "campaign_speed", &a, true, on_set, j);
	argv_free(&a);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct speed_job *j = arg;
	char object[160];

	if (c == NULL) {
		http_answer_error(j->x, e);
		free(j);
		return;
	}
	j->campaign = c->id;
	snprintf(object, sizeof(object), "campaign:%s", c->name);
	audit_append(
		j->api->daemon->engine, api_who(j->x), "campaign.speed", object,
		json_pack("{s:I, s:I}", "from", (json_int_t)c->speed, "to", (json_int_t)j->speed),
		on_audited, j);
	campaign_free(c);
}

/* {"speed": 50}, or 0 for as fast as its lanes allow. False: the exchange was answered. */
static bool
read_speed(struct http_exchange *x, int64_t *speed)
{
	static const char *const keys[] = {"speed"};
	json_t *body = api_body_json(x);
	struct json_at root = json_root(body), at = json_get(&root, "speed");
	struct err_ctx e;
	bool is_good;

	if (body == NULL)
		return false;
	is_good = json_only_keys(&root, keys, ARRAY_LEN(keys), &e) == ERR_OK &&
		  json_read_int(&at, 0, CAMPAIGN_SPEED_MAX, speed, &e) == ERR_OK;
	if (is_good && at.v == NULL) {
		is_good = false;
		err_set(&e, ERR_INPUT, "speed", "write messages a second, 0 for no limit",
			"is missing");
	}
	if (!is_good)
		http_answer_error(x, &e);
	json_decref(body);
	return is_good;
}

void
on_campaign_speed(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct speed_job *j;
	int64_t speed = 0;

	if (api_name(x, "id", "campaign") == NULL || !api_is_open(a, x) || !read_speed(x, &speed))
		return;
	j = xcalloc(1, sizeof(*j));
	*j = (struct speed_job){.api = a, .x = x, .speed = speed};
	campaign_load(a->daemon->engine, http_param(x, "id"), on_campaign, j);
}
