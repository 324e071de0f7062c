/* SPDX-License-Identifier: MIT */
/* The table of verbs: what `loa help` prints and main looks up. Only what works stands here. */
#include "dispatcher/cli/cli.h"

const struct verb cli_verbs[] = {
	{"text", "[--plain] [--json]",
	 "count what messages cost (one a line on standard input): encoding, units, parts",
	 verb_text},
	{"template render", "FILE",
	 "fill a template for recipients (one JSON object a line on standard input)",
	 verb_template_render},
	{"template check", "FILE [--fields a,b]",
	 "find a template's errors, and placeholders that are none of the fields",
	 verb_template_check},
	{"phone", "", "a phone cell a line -> its numbers, carrier, repairs or the reason, as JSON",
	 verb_phone},
	{NULL, NULL, NULL, NULL},
};
