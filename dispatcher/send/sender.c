/* SPDX-License-Identifier: MIT */
/* The set of lanes: opened, shut, drained, given a new configuration together. */
#include <stdlib.h>

#include "base/clock.h"
#include "dispatcher/send/lane.h"

struct sender *
sender_new(const struct sender_options *o)
{
	struct sender *s = xcalloc(1, sizeof(*s));

	s->o = *o;
	sender_set_config(s, o->config);
	return s;
}

void
sender_set_config(struct sender *s, const struct config *c)
{
	s->o.config = c;
	for (size_t i = 0; i < s->lane_count; i++) {
		int at = config_provider(c, slice_of(s->lanes[i].provider->name));

		/* A provider that was taken out keeps its old settings until a restart. */
		if (at >= 0)
			s->lanes[i].provider = &c->providers[at];
	}
	for (size_t i = 0; i < c->provider_count && s->lane_count < PROVIDERS_MAX; i++) {
		bool is_known = false;

		for (size_t k = 0; k < s->lane_count; k++)
			is_known = is_known || s->lanes[k].provider == &c->providers[i];
		if (!is_known) {
			lane_init(s, &s->lanes[s->lane_count], &c->providers[i]);
			lane_want(&s->lanes[s->lane_count++]);
		}
	}
}

void
sender_wake(struct sender *s)
{
	for (size_t i = 0; i < s->lane_count; i++) {
		s->lanes[i].claim_at_us = 0;
		s->lanes[i].is_woken = true;
		lane_look_again(&s->lanes[i]);
		lane_want(&s->lanes[i]);
	}
	sender_look(s);
}

void
sender_open(struct sender *s, const uint8_t reference_key[REFERENCE_KEY_BYTES],
	    const char *receipt_base_url)
{
	memcpy(s->reference_key, reference_key, REFERENCE_KEY_BYTES);
	snprintf(s->receipt_base_url, sizeof(s->receipt_base_url), "%s", receipt_base_url);
	s->is_open = true;
	sender_wake(s);
}

void
sender_shut(struct sender *s)
{
	s->is_open = false;
}

void
sender_drain(struct sender *s)
{
	s->is_draining = true;
	for (size_t i = 0; i < s->lane_count; i++) {
		struct work *next;

		for (struct work *w = s->lanes[i].works; w != NULL; w = next) {
			next = w->next;
			w->open++; /* until work_closed_one below */
			work_close(w, 0);
			work_closed_one(w);
		}
	}
}

bool
sender_is_idle(const struct sender *s)
{
	for (size_t i = 0; i < s->lane_count; i++)
		if (s->lanes[i].works != NULL || s->lanes[i].is_claiming)
			return false;
	return true;
}

bool
sender_is_quiet(const struct sender *s)
{
	for (size_t i = 0; i < s->lane_count; i++)
		if (s->lanes[i].in_flight > 0)
			return false;
	return true;
}

void
sender_free(struct sender *s)
{
	for (size_t i = 0; i < s->lane_count; i++) {
		loop_step_remove(s->o.loop, &s->lanes[i].step);
		timer_disarm(s->o.loop, &s->lanes[i].wake);
		lane_forget(&s->lanes[i]);
	}
	free(s);
}

const struct gauge *
sender_permits(const struct sender *s)
{
	return &s->permits;
}

size_t
sender_lane_count(const struct sender *s)
{
	return s->lane_count;
}

void
sender_lane_status(const struct sender *s, size_t i, struct lane_status *out)
{
	const struct lane *l = &s->lanes[i];
	int64_t now = clock_mono_us();
	int64_t at = l->ready != NULL ? lane_ask_at(l) : l->claim_at_us;
	unsigned most = (unsigned)l->provider->concurrency;

	*out = (struct lane_status){
		.name = l->provider->name,
		.rate = l->provider->rate,
		.factor = l->factor,
		.why = !s->is_open ? "Redis is out of reach" : l->why,
		.is_why_of_run = s->is_open && l->is_why_of_run,
		.wait_ms = at > now ? (at - now) / 1000 : 0,
		.chunks = (unsigned)l->work_count,
		.ready = (unsigned)l->ready_messages,
		.asked = l->asked,
		.in_flight = l->in_flight,
		.in_flight_max = l->flow.window < most ? (unsigned)l->flow.window : most,
		.requests = l->requests,
		.accepted = l->accepted,
		.refused = l->refused,
		.later = l->later,
		.in_doubt = l->in_doubt,
		.unmarked = l->unmarked,
		.late_slots = l->late_slots,
	};
}
