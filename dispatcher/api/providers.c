/* SPDX-License-Identifier: MIT */
/* Partner accounts: what they are, what their lanes do, what money is left. */
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/exchange.h"

static json_t *
provider_json(const struct daemon *d, const struct provider_config *p)
{
	static const char *const counts[] = {"messages", "parts", "requests"};
	static const char *const shapes[] = {"one", "one-text", "list"};
	const struct capability *cap = p->driver->capability(p->account);
	json_t *out = json_pack(
		"{s:s, s:s, s:I, s:f, s:s, s:I, s:s, s:s, s:i, s:i, s:b, s:b, s:b, s:b}", "name",
		p->name, "driver", p->driver->name, "unit", (json_int_t)p->unit, "rate", p->rate,
		"counts", counts[cap->counts], "concurrency", (json_int_t)p->concurrency,
		"brandname", p->brandname, "shape", shapes[cap->shape], "batch_min",
		(int)cap->batch_min, "batch_max", (int)p->batch_max, "one_carrier",
		p->is_one_carrier, "unicode", cap->has_unicode, "receipts", cap->has_receipts,
		"sandbox", cap->is_sandbox);

	for (size_t i = 0; d->sender != NULL && i < sender_lane_count(d->sender); i++) {
		struct lane_status lane;

		sender_lane_status(d->sender, i, &lane);
		if (strcmp(lane.name, p->name) == 0)
			json_object_set_new(
				out, "lane",
				json_pack("{s:s, s:f, s:I, s:i, s:i, s:i, s:I, s:I}", "waiting_for",
					  lane.why, "factor", lane.factor, "wait_ms",
					  (json_int_t)lane.wait_ms, "in_flight",
					  (int)lane.in_flight, "in_flight_max",
					  (int)lane.in_flight_max, "chunks", (int)lane.chunks,
					  "accepted", (json_int_t)lane.accepted, "in_doubt",
					  (json_int_t)lane.in_doubt));
	}
	return out;
}

void
on_provider_ls(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const struct config *c = a->daemon->config;
	json_t *out = json_array();

	if (!api_has_keys(a, x))
		return;
	for (size_t i = 0; i < c->provider_count; i++)
		json_array_append_new(out, provider_json(a->daemon, &c->providers[i]));
	http_answer_json(x, 200, json_pack("{s:o}", "providers", out));
}

/* ---- balance ---- */

struct balance_job {
	struct http_exchange *x;
	const struct provider_config *provider; /* a configuration lives as long as the process */
	struct fetch_transfer *transfer;
	struct arena arena;
	bool is_gone; /* nobody waits for the answer any more */
};

static void
on_balance(void *arg, const struct fetch_answer *f)
{
	struct balance_job *j = arg;
	const struct provider_config *p = j->provider;
	struct http_answer http;
	struct balance balance;
	struct err_ctx e;

	if (!j->is_gone)
		http_on_gone(j->x, NULL, NULL);
	if (j->is_gone) {
		/* it has been told */
	} else if (f->result != FETCH_DONE) {
		err_set(&e, ERR_UNREACHABLE, p->name, "try again", "the gateway did not answer: %s",
			f->why);
		http_answer_error(j->x, &e);
	} else {
		http = exchange_answer(f, &j->arena);
		if (p->driver->read_balance(p->account, &http, &balance, &e) != ERR_OK)
			http_answer_error(j->x, &e);
		else
			http_answer_json(j->x, 200,
					 json_pack("{s:s, s:s, s:s}", "provider", p->name, "amount",
						   balance.amount, "unit", balance.unit));
	}
	arena_free(&j->arena);
	free(j);
}

static void
on_balance_gone(struct http_exchange *x, void *arg)
{
	struct balance_job *j = arg;

	j->is_gone = true;
	http_answer_json(x, 503, json_object()); /* nobody reads it */
	fetch_cancel(j->transfer);
}

static void
balance_start(struct api *a, struct http_exchange *x, const struct provider_config *p)
{
	struct balance_job *j = xcalloc(1, sizeof(*j));
	struct http_request http = {0};
	struct fetch_request f;
	struct err_ctx e;

	if (p->driver->balance(p->account, &j->arena, &http, &e) != ERR_OK) {
		http_answer_error(x, &e);
		arena_free(&j->arena);
		free(j);
		return;
	}
	j->x = x;
	j->provider = p;
	f = exchange_request(&http, &j->arena);
	f.timeout_ms = p->timeout_ms;
	f.on_answer = on_balance;
	f.arg = j;
	j->transfer = fetch_start(a->daemon->fetch, &f);
	http_on_gone(x, on_balance_gone, j);
}

void
on_provider_balance(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const struct config *c = a->daemon->config;
	const char *name = http_param(x, "name");
	int at = config_provider(c, slice_of(name));
	struct err_ctx e;

	if (!api_has_keys(a, x))
		return;
	if (at < 0) {
		err_set(&e, ERR_NOT_FOUND, name, "see loa provider ls",
			"there is no provider of this name");
		http_answer_error(x, &e);
	} else if (c->providers[at].driver->balance == NULL) {
		err_set(&e, ERR_REFUSED, name, "ask the partner",
			"driver %s cannot ask for the balance", c->providers[at].driver->name);
		http_answer_error(x, &e);
	} else {
		balance_start(a, x, &c->providers[at]);
	}
}
