/* SPDX-License-Identifier: MIT */
/* The names of outcome classes, as configuration files and reports spell them. */
#include <string.h>

#include "providers/provider.h"

static const char *const names[OUTCOME_CLASSES] = {
	[OUTCOME_ACCEPTED] = "accepted",
	[OUTCOME_DUPLICATE] = "duplicate",
	[OUTCOME_AUTH_EXPIRED] = "auth-expired",
	[OUTCOME_THROTTLED] = "throttled",
	[OUTCOME_TEMPORARY] = "temporary",
	[OUTCOME_BAD_RECIPIENT] = "bad-recipient",
	[OUTCOME_BAD_MESSAGE] = "bad-message",
	[OUTCOME_BAD_ACCOUNT] = "bad-account",
	[OUTCOME_QUOTA_TOMORROW] = "quota-tomorrow",
	[OUTCOME_CLOSED_HOURS] = "closed-hours",
	[OUTCOME_IN_DOUBT] = "in-doubt",
};

const char *
outcome_name(enum outcome_class c)
{
	return (unsigned)c < OUTCOME_CLASSES ? names[c] : "in-doubt";
}

bool
outcome_parse(const char *name, enum outcome_class *out)
{
	for (size_t i = 0; i < OUTCOME_CLASSES; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum outcome_class)i;
			return true;
		}
	}
	return false;
}
