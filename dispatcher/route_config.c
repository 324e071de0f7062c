/* SPDX-License-Identifier: MIT */
#include "dispatcher/route_config.h"

#include <stdio.h>

#include "base/mem.h"
#include "dispatcher/config.h"
#include "segments/phone.h"

const char *const route_kind_names[ROUTE_KINDS] = {"order", "share", "cheapest"};

static const struct capability *
capability_of(const struct provider_config *p)
{
	return p->driver->capability(p->account);
}

/* Why messages of one route could not go through either of both; NULL = they can. */
static const char *
difference(const struct provider_config *a, const struct provider_config *b)
{
	const struct capability *x = capability_of(a), *y = capability_of(b);

	if (x->is_sandbox != y->is_sandbox)
		return "one is a sandbox, the other sends to people";
	if (strcmp(x->channel, y->channel) != 0)
		return "they are of different channels";
	if (x->is_advertising != y->is_advertising ||
	    (a->traffic == SMS_QC) != (b->traffic == SMS_QC))
		return "one carries adverts, the other care traffic";
	if (a->traffic != b->traffic)
		return "their carriers count parts by different rules (traffic)";
	if ((x->batch_min > 1) != (y->batch_min > 1))
		return "one takes large batches only, the other any";
	if (x->has_unicode != y->has_unicode || a->accents != b->accents)
		return "the same text would leave with accents by one and without by the other";
	if (strcmp(a->brandname, b->brandname) != 0)
		return "people would see two senders (brandname)";
	if (a->registered_texts != b->registered_texts)
		return "they treat texts that are not registered differently (registered_texts)";
	return NULL;
}

static enum err
add_provider(const struct config *c, struct route *r, const char *name, const struct json_at *at,
	     struct err_ctx *e)
{
	int p = config_provider(c, slice_of(name));
	const char *why;

	if (p < 0)
		return err_set(e, ERR_INPUT, at->path, "see providers[].name",
			       "\"%s\" is no provider of this file", name);
	for (unsigned i = 0; i < r->count; i++)
		if (r->provider[i] == p)
			return err_set(e, ERR_INPUT, at->path, "name it once",
				       "\"%s\" stands there twice", name);
	if (r->count == ROUTE_PROVIDERS_MAX)
		return err_set(e, ERR_INPUT, at->path, "take the others out",
			       "more than %d providers for a carrier", ROUTE_PROVIDERS_MAX);
	why = r->count > 0 ? difference(&c->providers[r->provider[0]], &c->providers[p]) : NULL;
	if (why != NULL)
		return err_set(e, ERR_INPUT, at->path, "give each a route of its own",
			       "\"%s\" and \"%s\" cannot share a route: %s",
			       c->providers[r->provider[0]].name, name, why);
	r->provider[r->count++] = (uint8_t)p;
	return ERR_OK;
}

static enum err
read_names(const struct config *c, struct route *r, const struct json_at *list, struct err_ctx *e)
{
	enum err rc = json_want_array(list, e);

	for (size_t i = 0; rc == ERR_OK && i < json_array_size(list->v); i++) {
		struct json_at at = json_item(list, i);
		const char *name = "";

		rc = json_need_string(&at, &name, e);
		if (rc == ERR_OK)
			rc = add_provider(c, r, name, &at, e);
	}
	return rc;
}

static enum err
read_shares(const struct config *c, struct route *r, const struct json_at *shares,
	    struct err_ctx *e)
{
	enum err rc = json_want_object(shares, e);
	int64_t sum = 0;
	const char *name;
	json_t *v;

	if (rc != ERR_OK)
		return rc;
	json_object_foreach (shares->v, name, v) {
		struct json_at at = json_get(shares, name);
		int64_t share = 0;

		if ((rc = json_read_int(&at, 1, 100, &share, e)) != ERR_OK ||
		    (rc = add_provider(c, r, name, &at, e)) != ERR_OK)
			return rc;
		r->share[r->count - 1] = (uint8_t)share;
		sum += share;
	}
	if (r->count > 0 && sum != 100)
		return err_set(e, ERR_INPUT, shares->path, "percent: 100 in all",
			       "the shares add up to %d", (int)sum);
	return ERR_OK;
}

static enum err
read_one(const struct config *c, struct route *r, const struct json_at *at, struct err_ctx *e)
{
	enum err rc;
	const char *name = "";
	bool is_one = false;

	*r = (struct route){0};
	if (json_is_object(at->v)) {
		is_one = json_object_size(at->v) == 1;
		rc = json_only_keys(at, route_kind_names, ROUTE_KINDS, e);
		for (int k = 0; rc == ERR_OK && is_one && k < ROUTE_KINDS; k++) {
			struct json_at value = json_get(at, route_kind_names[k]);

			if (value.v == NULL)
				continue;
			r->kind = (enum route_kind)k;
			rc = k == ROUTE_SHARE ? read_shares(c, r, &value, e)
					      : read_names(c, r, &value, e);
		}
		if (rc == ERR_OK && r->count == 0)
			rc = err_set(e, ERR_INPUT, at->path,
				     "write a provider's name, or one of order, share and cheapest",
				     is_one ? "names no provider"
					    : "is to have one of order, share and cheapest");
		return rc;
	}
	rc = json_need_string(at, &name, e);
	return rc == ERR_OK ? add_provider(c, r, name, at, e) : rc;
}

enum err
routes_read(const struct config *c, const struct json_at *at, struct route *out, struct err_ctx *e)
{
	bool is_set[CARRIERS_MAX] = {false};
	enum err rc = json_want_object(at, e);
	const char *key;
	json_t *v;

	if (rc != ERR_OK)
		return rc;
	for (int i = 0; i < CARRIERS_MAX; i++)
		out[i] = (struct route){.count = at->v == NULL && c->provider_count > 0};
	json_object_foreach (at->v, key, v) {
		struct json_at one = json_get(at, key);
		bool is_rest = strcmp(key, "*") == 0;
		int carrier = is_rest ? 0 : carrier_find(slice_of(key));
		struct route r;

		rc = read_one(c, &r, &one, e);
		if (rc != ERR_OK)
			return rc;
		if (carrier < (is_rest ? 0 : 1))
			return err_set(e, ERR_INPUT, one.path, "see carriers in docs/FORMATS.md",
				       "\"%s\": no such carrier", key);
		for (int i = 0; i < CARRIERS_MAX; i++)
			if (is_rest ? !is_set[i] : i == carrier)
				out[i] = r;
		if (!is_rest)
			is_set[carrier] = true;
	}
	return ERR_OK;
}
