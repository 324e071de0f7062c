/* SPDX-License-Identifier: MIT */
/* loa erase: everything that names a person is scrubbed, and looked through once more. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/cli/remote.h"

struct erasing {
	json_t *last; /* line */
};

static bool
on_line(void *arg, struct slice line)
{
	struct erasing *g = arg;
	json_t *v = json_loadb(line.p, line.n, 0, NULL);

	if (v == NULL)
		return true;
	if (json_object_get(v, "step") != NULL)
		remote_bar((uint64_t)remote_number(v, "keys"), (uint64_t)remote_number(v, "of"),
			   remote_text(v, "step"));
	json_decref(g->last);
	g->last = v;
	return true;
}

static void
print_result(const json_t *a)
{
	static const struct {
		const char *name, *words;
	} lines[] = {
		{"lists", "lists"},
		{"versions", "versions of them"},
		{"rows", "rows"},
		{"cells", "cells of other rows"},
		{"rejects", "rejected rows"},
		{"messages", "single messages"},
		{"lines", "lines of logs and records"},
		{"suppressions", "suppressions, kept by a hash"},
	};
	bool is_done = json_is_true(json_object_get(a, "erased"));
	const json_t *c = json_object_get(a, is_done ? "scrubbed" : "found"),
		     *searched = json_object_get(a, "searched");
	json_t *place;
	size_t i;

	printf("%s %s\n", remote_text(a, "phone"), is_done ? "erased" : "found");
	for (i = 0; i < ARRAY_LEN(lines); i++)
		printf("  %10" JSON_INTEGER_FORMAT "  %s\n", remote_number(c, lines[i].name),
		       lines[i].words);
	printf("searched: %" JSON_INTEGER_FORMAT " keys, %" JSON_INTEGER_FORMAT
	       " bytes; remaining: %" JSON_INTEGER_FORMAT "\n",
	       remote_number(searched, "keys"), remote_number(searched, "bytes"),
	       remote_number(a, "remaining"));
	json_array_foreach (json_object_get(a, "places"), i, place)
		printf("  written by somebody, change it yourself: %s\n", json_string_value(place));
	if (is_done)
		printf("append-only file: %s\n", remote_text(a, "file"));
}

static int
run(struct remote *r, const json_t *body, bool is_json)
{
	struct erasing g = {0};
	struct err_ctx e;
	int code = 0;

	if (remote_post_lines(r, "/api/v1/erase", body, on_line, &g, &e) != ERR_OK) {
		remote_bar_end();
		code = cli_fail(&e);
	} else if (remote_bar_end(), json_object_get(g.last, "error") != NULL) {
		err_set(&e, ERR_CONFLICT, remote_text(g.last, "what"), remote_text(g.last, "todo"),
			"%s", remote_text(g.last, "error"));
		code = cli_fail(&e);
	} else if (json_object_get(g.last, "searched") == NULL) {
		err_set(&e, ERR_UNREACHABLE, "server", "ask again with --dry-run",
			"ended before it was done; it goes on when it starts again");
		code = cli_fail(&e);
	} else if (is_json) {
		remote_print_json(json_incref(g.last));
	} else {
		print_result(g.last);
	}
	json_decref(g.last);
	return code;
}

int
verb_erase(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *reason = "";
	bool is_yes = false, is_dry = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--reason", &reason, NULL},
					     {"--yes", NULL, &is_yes},
					     {"--dry-run", NULL, &is_dry},
					     {NULL, NULL, NULL}};
	struct remote *r;
	struct err_ctx e;
	json_t *body;
	int code;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("erase", "needs one phone");
	body = json_pack("{s:s, s:s, s:b}", "phone", argv[1], "reason", reason, "dry_run", is_dry);
	if (body == NULL) {
		err_set(&e, ERR_INPUT, "erase", "", "its words are not UTF-8");
		return cli_fail(&e);
	}
	code = is_dry ? 0
		      : remote_confirm(is_yes, "Erase this person from all lists, versions and "
					       "logs? It cannot be taken back.");
	if (code == 0 && remote_open(&o, &r, &e) != ERR_OK) {
		code = cli_fail(&e);
	} else if (code == 0) {
		code = run(r, body, o.is_json);
		remote_close(r);
	}
	json_decref(body);
	return code;
}
