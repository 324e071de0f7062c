/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/run_route.h"

#include "base/mem.h"

bool
route_choices_differ(const struct route_choice *choices, unsigned partitions)
{
	for (unsigned p = 0; p < partitions; p++)
		if (choices[p].count > 1)
			return true;
	return false;
}

void
route_choices_add(const struct route_choice *choices, unsigned partitions, struct buf *out)
{
	for (unsigned p = 0; p < partitions; p++) {
		const struct route_choice *c = &choices[p];

		buf_addf(out, "%s%s %u", p > 0 ? ";" : "", route_kind_names[c->kind], c->least);
		for (unsigned i = 0; i < c->count; i++) {
			buf_addf(out, " %u", c->tariff[i]);
			if (c->kind == ROUTE_SHARE)
				buf_addf(out, ":%u", c->share[i]);
		}
	}
}

static bool
read_choice(struct slice s, unsigned p, struct route_choice *c)
{
	struct slice kind = slice_take_until(&s, ' ');
	struct slice least = slice_take_until(&s, ' ');
	int k = 0;

	*c = (struct route_choice){.least = (uint32_t)slice_to_u64(least)};
	while (k < ROUTE_KINDS && !slice_is(kind, route_kind_names[k]))
		k++;
	if (k == ROUTE_KINDS)
		return false;
	c->kind = (enum route_kind)k;
	while (s.n > 0 && c->count < ROUTE_PROVIDERS_MAX) {
		struct slice one = slice_take_until(&s, ' ');
		struct slice tariff = slice_take_until(&one, ':');
		uint64_t t = slice_to_u64(tariff);

		if (tariff.n == 0 || t >= TARIFFS_MAX)
			return false;
		c->tariff[c->count] = (uint8_t)t;
		c->share[c->count++] = (uint8_t)slice_to_u64(one);
	}
	return c->count > 0 && c->tariff[0] == p;
}

void
route_choices_read(struct slice s, unsigned partitions, struct route_choice out[PARTITIONS_MAX])
{
	for (unsigned p = 0; p < partitions && p < PARTITIONS_MAX; p++)
		if (!read_choice(slice_take_until(&s, ';'), p, &out[p]))
			out[p] = (struct route_choice){
				.count = 1, .tariff = {(uint8_t)p}, .least = 1};
}
