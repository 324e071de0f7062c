/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/route_plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "segments/phone.h"

static const struct capability *
capability_of(const struct config *c, unsigned provider)
{
	return c->providers[provider].driver->capability(c->providers[provider].account);
}

/* What a carrier is served by: its route, cheapest first where that is wanted, and prices. */
struct served {
	struct route route;
	int64_t price[ROUTE_PROVIDERS_MAX];
	uint8_t partition;
};

static struct served
serve(const struct config *c, unsigned carrier)
{
	struct served s = {.route = c->route[carrier]};

	for (unsigned i = 0; i < s.route.count; i++) {
		uint8_t provider = s.route.provider[i];
		int64_t price = c->providers[provider].price[carrier];
		unsigned k = i;

		for (; s.route.kind == ROUTE_CHEAPEST && k > 0 && s.price[k - 1] > price; k--) {
			s.price[k] = s.price[k - 1];
			s.route.provider[k] = s.route.provider[k - 1];
		}
		s.price[k] = price;
		s.route.provider[k] = provider;
	}
	return s;
}

static bool
is_alike(const struct served *a, const struct served *b)
{
	if (a->route.kind != b->route.kind || a->route.count != b->route.count)
		return false;
	for (unsigned i = 0; i < a->route.count; i++)
		if (a->route.provider[i] != b->route.provider[i] || a->price[i] != b->price[i] ||
		    a->route.share[i] != b->route.share[i])
			return false;
	return true;
}

/* May another carrier share the partition of this one? */
static bool
may_share(const struct config *c, const struct served *s, bool is_sharing)
{
	for (unsigned i = 0; i < s->route.count; i++)
		if (c->providers[s->route.provider[i]].is_one_carrier)
			return false;
	return is_sharing || capability_of(c, s->route.provider[0])->batch_min > 1;
}

/* Partitions of the carriers; all that are alike share one, or only where they must. */
static unsigned
split(const struct config *c, struct served served[CARRIERS_MAX], bool is_sharing,
      struct route_plan *out)
{
	unsigned tariffs = 0;

	out->partitions = 0;
	memset(out->map.partition, NO_PARTITION, sizeof(out->map.partition));
	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		struct served *s = &served[i];
		unsigned k = 0;

		if (s->route.count == 0 || (i > 0 && carrier_name((int)i) == NULL))
			continue;
		if (may_share(c, s, is_sharing))
			while (k < i &&
			       (out->map.partition[k] == NO_PARTITION || !is_alike(&served[k], s)))
				k++;
		else
			k = i;
		if (k == i)
			tariffs += s->route.count;
		out->map.partition[i] = k < i ? out->map.partition[k] : out->partitions++;
	}
	return tariffs;
}

/* Number the tariffs: the first of each partition, then the others. */
static void
number_tariffs(const struct config *c, const struct served served[CARRIERS_MAX],
	       struct route_plan *out)
{
	out->tariffs = out->partitions;
	for (unsigned p = 0; p < out->partitions; p++) {
		struct route_choice *choice = &out->choice[p];
		const struct served *s = served;

		while (out->map.partition[s - served] != p)
			s++;
		choice->kind = s->route.kind;
		choice->count = s->route.count;
		memcpy(choice->share, s->route.share, sizeof(choice->share));
		for (unsigned i = 0; i < choice->count; i++) {
			uint8_t t = i == 0 ? (uint8_t)p : out->tariffs++;
			uint32_t least = capability_of(c, s->route.provider[i])->batch_min;

			choice->tariff[i] = t;
			choice->least = least > choice->least ? least : choice->least;
			out->provider[t] = s->route.provider[i];
			out->price[t] = s->price[i];
		}
	}
}

enum err
route_plan_make(const struct config *c, struct route_plan *out, struct err_ctx *e)
{
	struct served served[CARRIERS_MAX];
	unsigned tariffs;

	*out = (struct route_plan){0};
	for (unsigned i = 0; i < CARRIERS_MAX; i++)
		served[i] = serve(c, i);
	tariffs = split(c, served, false, out);
	if (tariffs > TARIFFS_MAX)
		tariffs = split(c, served, true, out);
	if (tariffs > TARIFFS_MAX)
		return err_set(e, ERR_REFUSED, "route",
			       "give fewer carriers a route or a price of their own",
			       "has %u pairs of carrier and provider, %d at most", tariffs,
			       TARIFFS_MAX);
	if (out->partitions == 0)
		return err_set(e, ERR_REFUSED, "route",
			       "add a provider to the server's configuration",
			       "no provider is configured");
	number_tariffs(c, served, out);
	return ERR_OK;
}

const struct provider_config *
route_plan_find(const struct route_plan *route, const struct config *c, bool is_sandbox)
{
	for (unsigned t = 0; t < route->tariffs; t++)
		if (capability_of(c, route->provider[t])->is_sandbox == is_sandbox)
			return &c->providers[route->provider[t]];
	return NULL;
}

struct route_price
route_plan_price(const struct route_plan *route, unsigned p)
{
	const struct route_choice *choice = &route->choice[p];
	int64_t first = route->price[choice->tariff[0]], hundredths = 0;
	struct route_price out = {first, first, first};

	for (unsigned i = 0; i < choice->count; i++) {
		int64_t one = route->price[choice->tariff[i]];

		out.least = one < out.least ? one : out.least;
		out.most = one > out.most ? one : out.most;
		hundredths += one * choice->share[i];
	}
	if (choice->kind == ROUTE_SHARE)
		out.expected = (hundredths + 99) / 100;
	return out;
}

void
route_plan_map(const struct route_plan *route, char out[CARRIERS_MAX + 1])
{
	for (unsigned i = 0; i < CARRIERS_MAX; i++)
		out[i] = route->map.partition[i] == NO_PARTITION
				 ? '-'
				 : (char)('0' + route->map.partition[i]);
	out[CARRIERS_MAX] = '\0';
}

void
route_plan_lanes(const struct route_plan *route, const struct config *c, struct buf *out)
{
	for (unsigned t = 0; t < route->tariffs; t++)
		buf_addf(out, "%s%s", t > 0 ? "," : "", c->providers[route->provider[t]].name);
}

static void
add_text(struct argv *a, const char *field, const char *v)
{
	argv_adds(a, field);
	argv_adds(a, v);
}

void
route_plan_add(const struct route_plan *route, const struct config *c, struct argv *a)
{
	char map[CARRIERS_MAX + 1];
	char sandbox[TARIFFS_MAX + 1] = {0};
	struct buf prices = {0}, routes = {0};
	int64_t deadline = 0;

	route_plan_map(route, map);
	for (unsigned t = 0; t < route->tariffs; t++) {
		const struct capability *cap = capability_of(c, route->provider[t]);

		sandbox[t] = cap->is_sandbox ? '1' : '0';
		buf_addf(&prices, "%s%" PRId64, t > 0 ? "," : "", route->price[t]);
		if (cap->has_receipts && cap->receipt_deadline_s > deadline)
			deadline = cap->receipt_deadline_s;
	}
	add_text(a, "carrier_map", map);
	add_text(a, "prices", prices.data);
	add_text(a, "sandbox", sandbox);
	argv_adds(a, "receipt_deadline_s");
	argv_add_int(a, deadline);
	if (route_choices_differ(route->choice, route->partitions)) {
		route_choices_add(route->choice, route->partitions, &routes);
		add_text(a, "routes", routes.data);
		argv_adds(a, "route_wait_ms");
		argv_add_int(a, c->route_wait_ms);
		argv_adds(a, "route_return_s");
		argv_add_int(a, c->route_return_s);
	}
	buf_free(&prices);
	buf_free(&routes);
}
