/* SPDX-License-Identifier: MIT */
/* loa deputy: who signs in an approver's place, from a day to a day. */
#include <stdio.h>

#include "dispatcher/cli/remote.h"

static void
print_added(const json_t *a)
{
	printf("%s signs for %s from %s to %s\n", remote_text(a, "deputy"), remote_text(a, "of"),
	       remote_text(a, "from"), remote_text(a, "until"));
}

int
verb_deputy_add(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *from = NULL, *until = NULL, *of = NULL, *reason = NULL;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),		  {"--from", &from, NULL},
					     {"--until", &until, NULL},	  {"--of", &of, NULL},
					     {"--reason", &reason, NULL}, {NULL, NULL, NULL}};
	struct err_ctx e;
	json_t *body;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("deputy add", argc, 2);
	body = json_pack("{s:s}", "deputy", argv[1]);
	if (from != NULL)
		json_object_set_new(body, "from", json_string(from));
	if (until != NULL)
		json_object_set_new(body, "until", json_string(until));
	if (of != NULL)
		json_object_set_new(body, "of", json_string(of));
	if (reason != NULL)
		json_object_set_new(body, "reason", json_string(reason));
	return remote_verb(&o, "POST", "/api/v1/deputies", body, print_added);
}

static void
print_deputies(const json_t *a)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(a, "deputies"), i, one)
		print_added(one);
}

int
verb_deputy_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "deputy ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/deputies", NULL, print_deputies);
}

static void
print_removed(const json_t *a)
{
	printf("%s signs for nobody any more\n", remote_text(a, "removed"));
}

int
verb_deputy_rm(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "deputy rm", 2);

	return rc != 0 ? rc
		       : remote_verb(&o, "DELETE",
				     remote_path(path, "/api/v1/deputies/", argv[1], ""), NULL,
				     print_removed);
}
