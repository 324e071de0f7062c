/* SPDX-License-Identifier: MIT */
/* The hooks that gateways push to, and what came there that is nobody's. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/store/keys.h"

static void
on_receipt_kept(void *arg, const struct err_ctx *e)
{
	struct http_exchange *x = arg;

	if (e != NULL)
		http_answer_error(x, e);
	else
		http_answer_json(x, 200, json_pack("{s:s}", "status", "kept"));
}

/* Whose hook it is; providers that a reload took out still get receipts of what they sent. */
static const struct provider_config *
hook_find(const struct daemon *d, const char *name, const char *token)
{
	for (size_t i = d->retired_count + 1; i-- > 0;) {
		const struct config *c = i == d->retired_count ? d->config : d->retired[i];
		int at = config_provider(c, slice_of(name));
		const struct provider_config *p = at >= 0 ? &c->providers[at] : NULL;

		if (p != NULL && strlen(token) == strlen(p->token) &&
		    hash_is_same(token, p->token, strlen(token)))
			return p;
	}
	return NULL;
}

void
on_receipt_hook(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct daemon *d = a->daemon;
	const struct provider_config *p;
	struct err_ctx e;

	if (!api_has_keys(a, x))
		return;
	p = hook_find(d, http_param(x, "provider"), http_param(x, "token"));
	if (p == NULL || d->receipts == NULL)
		err_set(&e, ERR_NOT_FOUND, "hook", "", "there is no such hook");
	else if (receipts_push(d->receipts, p, slice_of(http_raw_query(x)), http_body(x),
			       on_receipt_kept, x, &e) == ERR_OK)
		return;
	http_answer_error(x, &e);
}

/* ---- receipts that are nobody's ---- */

struct unknown_ask {
	struct http_exchange *x;
	json_t *receipts; /* NULL until the list came */
};

static void
on_unknown_total(void *arg, const struct reply *r)
{
	struct unknown_ask *u = arg;
	int64_t total = 0;

	if (!reply_is_good(r) || u->receipts == NULL) {
		api_answer_reply(u->x, r);
		json_decref(u->receipts);
	} else {
		slice_to_i64(r->str, &total);
		http_answer_json(u->x, 200,
				 json_pack("{s:I, s:o}", "total", (json_int_t)total, "receipts",
					   u->receipts));
	}
	free(u);
}

/* [unix s, "id", "code"] of the list as an object; NULL: not one of ours. */
static json_t *
unknown_json(struct slice text)
{
	json_t *v = NULL, *out = NULL;
	const char *id, *code;
	json_int_t at_s;
	char at[32];

	if (json_parse(text, 1024, "receipt", &v, NULL) != ERR_OK)
		return NULL;
	if (json_unpack(v, "[I, s, s]", &at_s, &id, &code) == 0) {
		clock_format_vn(at_s, at);
		out = json_pack("{s:s, s:s, s:s}", "at", at, "id", id, "code", code);
	}
	json_decref(v);
	return out;
}

static void
on_unknown_list(void *arg, const struct reply *r)
{
	struct unknown_ask *u = arg;

	if (r->kind != REPLY_ARRAY)
		return; /* the total's reply answers */
	u->receipts = json_array();
	for (size_t i = r->count; i-- > 0;) {
		json_t *one = unknown_json(reply_item(r, i)->str);

		if (one != NULL)
			json_array_append_new(u->receipts, one);
	}
}

void
on_unknown_receipts(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = http_param(x, "name");
	struct redis *redis = engine_redis(a->daemon->engine);
	char list[KEY_MAX], lane[KEY_MAX];
	struct slice range[4] = {SLICE("LRANGE"), {NULL, 0}, SLICE("0"), SLICE("-1")};
	struct slice total[3] = {SLICE("HGET"), {NULL, 0}, SLICE("receipts_unknown")};
	struct unknown_ask *u;
	struct err_ctx e;

	if (!api_is_open(a, x))
		return;
	if (config_provider(a->daemon->config, slice_of(name)) < 0) {
		err_set(&e, ERR_NOT_FOUND, "provider", "see loa provider ls",
			"there is no such provider");
		http_answer_error(x, &e);
		return;
	}
	u = xcalloc(1, sizeof(*u));
	u->x = x;
	range[1] = slice_of(key_of(list, key_prefix_unknown, name));
	total[1] = slice_of(key_of(lane, key_prefix_lane, name));
	redis_command(redis, range, 4, on_unknown_list, u);
	redis_command(redis, total, 3, on_unknown_total, u);
}
