/* SPDX-License-Identifier: MIT */
/* The table of verbs: what `loa help` prints and main looks up. Only what works stands here. */
#include "dispatcher/cli/cli.h"

const struct verb cli_verbs[] = {
	{"schedule next", "SPEC [--from TIME] [-n N]",
	 "the times at which a schedule fires (SPEC is JSON, @FILE, or - for the standard input)",
	 verb_schedule_next},
	{NULL, NULL, NULL, NULL},
};
