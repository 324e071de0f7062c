/* SPDX-License-Identifier: MIT */
/*
 * The sender: one lane per provider of the configuration. A lane claims chunks,
 * prepares their messages, asks a permit for each request, lets the bytes leave
 * at the permitted slot and reports the outcome.
 *
 *   claim → chunk_load → requests → permit → (slot) → bytes → outcome → release
 *
 * The invariant: no byte leaves without a permit that is younger than 200 ms
 * and whose slot is not over, and every permit ends in exactly one outcome or
 * un-mark that is repeated until Redis has acknowledged it.
 */
#pragma once

#include "base/fetch.h"
#include "base/loop.h"
#include "dispatcher/config.h"
#include "dispatcher/run/reference.h"
#include "dispatcher/run/view.h"
#include "dispatcher/store/engine.h"

struct sender;

struct sender_options {
	struct loop *loop;
	struct engine *engine;
	struct fetch *fetch;
	struct run_views *views;
	const struct config *config; /* lives until sender_set_config or sender_free */
};

struct sender *sender_new(const struct sender_options *o);
/* Everything was drained, or is given up: what is under way counts as in doubt by itself. */
void sender_free(struct sender *s);

/* Work may begin. Both are copied. */
void sender_open(struct sender *s, const uint8_t reference_key[REFERENCE_KEY_BYTES],
		 const char *receipt_base_url);
/* Redis is gone: ask for nothing; answers that come are kept until it is back. */
void sender_shut(struct sender *s);
/* Something changed in Redis: look for work now. */
void sender_wake(struct sender *s);
/* Claim nothing any more, give back what has not left. */
void sender_drain(struct sender *s);
/* Nothing is leased, asked for or on the wire. */
bool sender_is_idle(const struct sender *s);
/* Nothing is on the wire; facts may wait for Redis. */
bool sender_is_quiet(const struct sender *s);
/* The old configuration must stay until sender_free: requests under way still use it. */
void sender_set_config(struct sender *s, const struct config *c);

/* One lane, for people and metrics. */
struct lane_status {
	const char *name;
	double rate;
	double factor;	    /* of the rate; below 1 the gateway said "too fast" */
	const char *why;    /* why nothing leaves now; "" = it does, or there is no work */
	bool is_why_of_run; /* of a run that it had nothing but to put off; another may have another */
	int64_t wait_ms;    /* until it looks again; 0 = now */
	unsigned chunks, ready, asked, in_flight;
	unsigned in_flight_max; /* as many as its pace needs at its latency; grows with it */
	uint64_t requests, accepted, refused, later, in_doubt, unmarked, late_slots;
};
/* How long permits took, from the question to Redis's answer. */
const struct gauge *sender_permits(const struct sender *s);
size_t sender_lane_count(const struct sender *s);
void sender_lane_status(const struct sender *s, size_t i, struct lane_status *out);
