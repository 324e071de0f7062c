/* SPDX-License-Identifier: MIT */
/* The table of verbs: what `loa help` prints and main looks up. Only what works stands here. */
#include "dispatcher/cli/cli.h"

const struct verb cli_verbs[] = {
	{"phone", "", "a phone cell a line -> its numbers, carrier, repairs or the reason, as JSON",
	 verb_phone},
	{"segment eval", "QUERY", "a recipient as JSON object a line -> true or false",
	 verb_segment_eval},
	{"segment check", "QUERY", "the query normalised, or the error with a caret under it",
	 verb_segment_check},
	{NULL, NULL, NULL, NULL},
};
