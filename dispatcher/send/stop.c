/* SPDX-License-Identifier: MIT */
/*
 * A run that was paused or cancelled gives back at once what has not left. A
 * permit would refuse each of its requests too; but a lane that rests, or waits
 * for its limit, asks for none for a while, and its leases would stay.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/send/lane.h"
#include "dispatcher/store/keys.h"

#define RUNS_MAX 64 /* looked at in one round; the others have their permits refused */

struct look {
	struct sender *sender;
	uint64_t run;
};

static void
stop_run(struct sender *s, uint64_t run)
{
	for (size_t i = 0; i < s->lane_count; i++) {
		struct work *next;

		for (struct work *w = s->lanes[i].works; w != NULL; w = next) {
			next = w->next;
			if (w->chunk->run != run || w->is_closing)
				continue;
			w->open++; /* until work_closed_one below */
			work_close(w, 0);
			work_closed_one(w);
		}
	}
}

static void
on_state(void *arg, const struct reply *r)
{
	struct look *k = arg;
	struct sender *s = k->sender;

	if (r->kind == REPLY_STRING && !slice_is(r->str, "running"))
		stop_run(s, k->run);
	free(k);
	if (--s->looks == 0 && s->must_look_again) {
		s->must_look_again = false;
		sender_look(s);
	}
}

static size_t
runs_of(const struct sender *s, uint64_t out[RUNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s->lane_count; i++)
		for (const struct work *w = s->lanes[i].works; w != NULL; w = w->next) {
			size_t k = 0;

			while (k < n && out[k] != w->chunk->run)
				k++;
			if (k == n && n < RUNS_MAX)
				out[n++] = w->chunk->run;
		}
	return n;
}

void
sender_look(struct sender *s)
{
	uint64_t runs[RUNS_MAX];
	size_t n;

	if (!s->is_open)
		return;
	if (s->looks > 0) { /* the answers under way may be older than what is asked for now */
		s->must_look_again = true;
		return;
	}
	n = runs_of(s, runs);
	s->looks = n;
	for (size_t i = 0; i < n; i++) {
		struct look *k = xcalloc(1, sizeof(*k));
		char key[KEY_MAX];
		struct slice v[3] = {SLICE("HGET"), {NULL, 0}, SLICE("state")};

		*k = (struct look){s, runs[i]};
		v[1] = slice_of(key_run(key, runs[i], ""));
		redis_command(engine_redis(s->o.engine), v, 3, on_state, k);
	}
}
