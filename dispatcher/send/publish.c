/* SPDX-License-Identifier: MIT */
#include "dispatcher/send/publish.h"

#include "base/clock.h"

static void
on_published(void *arg, const struct reply *r)
{
	struct config *c = arg; /* lives as long as the process */

	if (r->kind == REPLY_STRING && c->published_us == 0)
		slice_to_i64(r->str, &c->published_us);
}

static void
add_unit_limits(const struct config *c, int64_t unit, struct argv *a)
{
	struct buf text = {0};

	for (size_t i = 0; i < c->limit_count; i++)
		if (limit_is_of_unit(c->limits, c->limit_count, i, unit))
			limit_write(&c->limits[i], &text);
	argv_add(a, text.len > 0 ? buf_slice(&text) : SLICE(""));
	buf_free(&text);
}

/* What every process on this Redis must agree on about a lane: what was read last counts. */
static void
publish_lane(struct engine *e, struct config *c, const struct provider_config *p)
{
	struct argv a = {0};
	struct buf text = {0};

	buf_addf(&text, "%.3f", p->rate);
	argv_adds(&a, p->name);
	argv_add_int(&a,
		     c->published_us != 0 ? c->published_us : c->read_mono_us - clock_mono_us());
	argv_adds(&a, text.data);
	argv_add_int(&a, p->concurrency);
	buf_reset(&text);
	for (size_t i = 0; i < p->limit_count; i++)
		limit_write(&p->limits[i], &text);
	argv_add(&a, text.len > 0 ? buf_slice(&text) : SLICE(""));
	add_unit_limits(c, 0, &a);
	for (size_t i = 0; i < c->limit_count; i++) {
		bool is_known = c->limits[i].unit == 0;

		for (size_t k = 0; k < i; k++)
			is_known = is_known || c->limits[k].unit == c->limits[i].unit;
		if (is_known)
			continue;
		argv_add_int(&a, c->limits[i].unit);
		add_unit_limits(c, c->limits[i].unit, &a);
	}
	/* Without it nothing leaves. Told twice it changes nothing. */
	engine_sure(e, "lane_publish", &a, false, on_published, c);
	argv_free(&a);
	buf_free(&text);
}

void
lanes_publish(struct engine *e, struct config *c)
{
	for (size_t i = 0; i < c->provider_count; i++)
		publish_lane(e, c, &c->providers[i]);
}
