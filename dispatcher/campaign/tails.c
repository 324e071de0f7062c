/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/tails.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/batch.h"
#include "dispatcher/run/dedupe.h"

void
tails_init(struct tails *t, const struct config *c, const struct route_plan *route, int64_t unit,
	   int64_t speed)
{
	*t = (struct tails){.config = c, .route = route, .unit = unit, .speed = speed};
	t->grouped_end = &t->grouped;
}

static void
string_free(struct tail_string *s)
{
	if (s == NULL)
		return;
	arena_free(&s->memory);
	free(s->shown);
	free(s);
}

void
tails_clear(struct tails *t)
{
	while (t->grouped != NULL)
		tails_pop(t);
	for (unsigned p = 0; p < PARTITIONS_MAX; p++) {
		string_free(t->open[p]);
		t->open[p] = NULL;
	}
}

static const struct provider_config *
provider_of(const struct tails *t, unsigned partition)
{
	return &t->config->providers[t->route->provider[partition]];
}

static const struct capability *
capability_of(const struct tails *t, unsigned partition)
{
	const struct provider_config *p = provider_of(t, partition);

	return p->driver->capability(p->account);
}

bool
tails_wants(const struct tails *t, unsigned partition)
{
	return batch_needs_strings(capability_of(t, partition));
}

/* As if it had been claimed: what batch.h looks at of a chunk. */
static struct member *
members_of(const struct tail_string *s)
{
	struct member *members = xcalloc(s->count, sizeof(*members));

	for (size_t i = 0; i < s->count; i++) {
		const struct shown *m = &s->shown[i];

		members[i] = (struct member){
			.rank = (uint32_t)i, .text = m->text, .parts = (uint8_t)m->count.parts};
		snprintf(members[i].phone, sizeof(members[i].phone), "%" PRIu64, m->phone);
	}
	return members;
}

/* They were to be one request. */
static void
leave_out(struct tails *t, struct tail_string *s, const uint32_t *ranks, size_t n)
{
	struct tails_sum *sum = &t->sum[t->route->provider[s->partition]];

	for (size_t i = 0; i < n; i++)
		s->shown[ranks[i]].reason = REASON_TOO_FEW;
	sum->messages += n;
	sum->groups++;
}

static void
group(struct tails *t, struct tail_string *s)
{
	const struct provider_config *p = provider_of(t, s->partition);
	struct limit limits[LIMITS_MAX];
	struct capability cap = provider_batches(p);
	struct chunk chunk = {
		.members = members_of(s), .to = (uint32_t)s->count, .speed = t->speed};
	struct batching b = {.cap = &cap,
			     .most = cap.batch_max,
			     .rate = p->rate,
			     .chunk = &chunk,
			     .limits = limits,
			     .limit_count = batch_limits(t->config, p, t->unit, limits)};
	uint32_t *ranks = xmalloc(s->count * sizeof(*ranks));

	for (uint32_t i = 0; i < s->count; i++)
		ranks[i] = i;
	batch_sort(&b, ranks, s->count);
	for (size_t at = 0, n; at < s->count; at += n) {
		n = batch_next(&b, ranks + at, s->count - at);
		if (n < b.cap->batch_min)
			leave_out(t, s, ranks + at, n);
	}
	free(ranks);
	free(chunk.members);
	t->open[s->partition] = NULL;
	*t->grouped_end = s;
	t->grouped_end = &s->next;
}

static struct slice
keep(struct tail_string *s, struct slice v)
{
	return (struct slice){arena_memdup0(&s->memory, v.p, v.n), v.n};
}

void
tails_add(struct tails *t, unsigned partition, const struct shown *m)
{
	struct tail_string *s = t->open[partition];
	uint32_t index = m->rank / RECORDS_PER_STRING;
	struct shown *kept;

	if (s != NULL && s->index != index) {
		group(t, s);
		s = NULL;
	}
	if (s == NULL) {
		s = t->open[partition] = xcalloc(1, sizeof(*s));
		s->partition = partition;
		s->index = index;
		s->shown = xcalloc(RECORDS_PER_STRING, sizeof(*s->shown));
	}
	kept = &s->shown[s->count++];
	*kept = *m;
	kept->text = keep(s, m->text);
	kept->about = keep(s, m->about);
	kept->filter = kept->value = SLICE(""); /* of what is missing: nothing is */
}

void
tails_close(struct tails *t)
{
	for (unsigned p = 0; p < PARTITIONS_MAX; p++)
		if (t->open[p] != NULL)
			group(t, t->open[p]);
}

void
tails_pop(struct tails *t)
{
	struct tail_string *s = t->grouped;

	t->grouped = s->next;
	if (t->grouped == NULL)
		t->grouped_end = &t->grouped;
	string_free(s);
}
