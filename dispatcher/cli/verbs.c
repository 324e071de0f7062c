/* SPDX-License-Identifier: MIT */
/* The table of verbs: what `loa help` prints and main looks up. Only what works stands here. */
#include "dispatcher/cli/cli.h"

const struct verb cli_verbs[] = {
	{NULL, NULL, NULL, NULL},
};
