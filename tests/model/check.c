/* SPDX-License-Identifier: MIT */
/* What must hold: in every transition, and at the end of an undisturbed run. */
#include "tests/model/model.h"

const char *
violation_text(enum violation v)
{
	static const char *const texts[] = {
		[FINE] = "nothing",
		[TWICE] = "accepted twice and no person allowed it",
		[AFTER_A_STOP] = "bytes left after a stop",
		[STUCK] = "an undisturbed run leaves a message open",
		[LIVELOCK] = "an undisturbed run does not end",
		[SILENT] = "shown ended unsent, but accepted by the gateway",
		[NEVER_SENT] = "shown accepted, but the gateway never did",
		[NEEDLESS] = "in doubt, though nothing left and nobody died",
		[UNORDERED] = "evidence does not commute",
	};

	return texts[v];
}

enum violation
check_step(const struct state *s)
{
	if (s->accepted_twice)
		return TWICE;
	return s->bytes_after_stop ? AFTER_A_STOP : FINE;
}

/* Nothing more will happen by itself to the message. */
enum violation
check_end(const struct model *c, const struct state *s)
{
	for (unsigned m = 0; m < c->messages; m++) {
		enum phase shown = record_shown(c, &s->redis.records[m], s->redis.run);
		bool is_accepted = false, is_secret = false;

		for (unsigned i = 0; i < LANES * ATTEMPTS; i++) {
			uint8_t g = s->gateway[i / ATTEMPTS][m][i % ATTEMPTS];

			is_accepted |= (g & G_ACCEPTED) != 0;
			is_secret |= (g & G_ACCEPTED) != 0 && (g & G_FAILED) == 0;
		}
		switch (shown) {
		case WAITING:
		case SENDING:
		case RETRY:
			return STUCK;
		case ACCEPTED:
		case DELIVERED:
			if (!is_accepted)
				return NEVER_SENT;
			break;
		case REFUSED:
		case SUPPRESSED:
		case CANCELLED:
		case UNDELIVERABLE:
			if (is_secret)
				return SILENT;
			break;
		case UNKNOWN:
			if ((s->departed >> m & 1) == 0 && s->faults[FAULT_KILL] == 0 &&
			    s->faults[FAULT_CRASH] == 0)
				return NEEDLESS;
			break;
		case PHASES:
			break;
		}
	}
	return FINE;
}
