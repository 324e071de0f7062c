/* SPDX-License-Identifier: MIT */
/* The net, whose copies outlive their sender, and a gateway that counts what it accepted. */
#include "tests/model/model.h"

#include <string.h>

bool
net_add(struct state *s, const struct copy *copy)
{
	unsigned at = COPIES_IN_NET;

	if (s->net[0].members != 0)
		return false; /* free places stand in front */
	s->net[0] = *copy;
	for (unsigned i = 1; i < at; i++) {
		if (memcmp(&s->net[i - 1], &s->net[i], sizeof(s->net[0])) <= 0)
			break;
		struct copy tmp = s->net[i];

		s->net[i] = s->net[i - 1];
		s->net[i - 1] = tmp;
	}
	return true;
}

void
net_remove(struct state *s, unsigned at)
{
	memmove(&s->net[1], &s->net[0], at * sizeof(s->net[0]));
	memset(&s->net[0], 0, sizeof(s->net[0]));
}

static bool
is_known(const struct model *c, uint8_t flags)
{
	uint8_t proof = c->means_seen ? G_SEEN : G_ACCEPTED;

	return c->dedupe != DEDUPE_NONE && (flags & proof) != 0 && (flags & G_FORGOTTEN) == 0;
}

static bool
was_accepted(const struct state *s, unsigned m)
{
	for (unsigned l = 0; l < LANES; l++)
		for (unsigned a = 0; a < ATTEMPTS; a++)
			if ((s->gateway[l][m][a] & G_ACCEPTED) != 0)
				return true;
	return false;
}

static void
accept(struct state *s, unsigned m, uint8_t *flags)
{
	if (was_accepted(s, m) && (s->allowed >> m & 1) == 0)
		s->accepted_twice = 1;
	*flags = (uint8_t)((*flags | G_SEEN | G_ACCEPTED) & ~G_FORGOTTEN);
}

uint8_t
gateway_take(const struct model *c, struct state *s, const struct copy *copy,
	     const struct arrival *a)
{
	enum class duplicate =
		!c->means_seen || has_bug(c, BUG_C7_MEANING) ? CLASS_ACCEPTED : CLASS_UNKNOWN;
	/* The reference of a request is made of what is in it, not of what Redis calls it. */
	uint8_t *request = &s->requests_known[copy->lane][field_of(copy->members, copy->second)];
	bool is_request_known = c->is_per_request && is_known(c, *request);
	uint8_t classes = 0;

	for (unsigned m = 0; m < MESSAGES; m++) {
		uint8_t *flags;
		enum class class = CLASS_ACCEPTED;

		if ((copy->members >> m & 1) == 0)
			continue;
		flags = &s->gateway[copy->lane][m][attempt_of(copy->second, m) - 1];
		if (is_request_known || (!c->is_per_request && is_known(c, *flags))) {
			class = duplicate;
		} else if ((a->refused >> m & 1) != 0) {
			class = a->negative;
			*flags = (uint8_t)((*flags | G_SEEN) & ~G_FORGOTTEN);
		} else {
			accept(s, m, flags);
			*request |= G_ACCEPTED;
		}
		if ((a->unclear >> m & 1) != 0)
			class = CLASS_UNKNOWN;
		classes |= (uint8_t)(class << 2 * m);
	}
	*request = (uint8_t)((*request | G_SEEN) & (is_request_known ? 0xff : ~G_FORGOTTEN));
	return classes;
}

void
gateway_forget(const struct model *c, struct state *s)
{
	(void)c;
	for (unsigned l = 0; l < LANES; l++) {
		for (unsigned m = 0; m < MESSAGES; m++)
			for (unsigned a = 0; a < ATTEMPTS; a++)
				if ((s->gateway[l][m][a] & G_OLD) != 0)
					s->gateway[l][m][a] |= G_FORGOTTEN;
		for (unsigned f = 0; f < FIELDS; f++)
			if ((s->requests_known[l][f] & G_OLD) != 0)
				s->requests_known[l][f] |= G_FORGOTTEN;
	}
}
