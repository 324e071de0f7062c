/* SPDX-License-Identifier: MIT */
/* The table of verbs: what `loa help` prints and main looks up. Only what works stands here. */
#include "dispatcher/cli/cli.h"

const struct verb cli_verbs[] = {
	{"phone", "", "a phone cell a line -> its numbers, carrier, repairs or the reason, as JSON",
	 verb_phone},
	{NULL, NULL, NULL, NULL},
};
