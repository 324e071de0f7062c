/* SPDX-License-Identifier: MIT */
/* loa list ls, set and rm: what lists are held for, until when, and their end. */
#include "dispatcher/cli/list_care.h"

#include <stdio.h>

#include "base/mem.h"
#include "dispatcher/cli/remote.h"

static const struct fact {
	const char *name, *text;
} facts[] = {
	{"purpose", "purpose"},
	{"legal_basis", "legal basis"},
	{"source", "source"},
	{"retain_until", "last day of use"},
};

static void
print_missing(const json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(list, "missing"), i, one)
		printf("%s%s", i > 0 ? ", " : "", json_string_value(one));
}

static bool
has_missing(const json_t *list)
{
	return json_array_size(json_object_get(list, "missing")) > 0;
}

void
list_print_care(const json_t *list)
{
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (json_object_get(list, facts[i].name) != NULL)
			printf("  %s: %s\n", facts[i].text, remote_text(list, facts[i].name));
	if (has_missing(list)) {
		printf("  not known: ");
		print_missing(list);
		printf("; loa list set says it\n");
	}
	if (json_is_true(json_object_get(list, "locked")))
		printf("  LOCKED: its last day of use is over\n");
}

/* ---- ls ---- */

static void
print_lists(const json_t *answer)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(answer, "lists"), i, one) {
		const char *until = remote_text(one, "retain_until");
		bool is_locked = json_is_true(json_object_get(one, "locked"));

		printf("%s  version %" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT " rows",
		       remote_text(one, "name"), remote_number(one, "version"),
		       remote_number(one, "rows"));
		if (until[0] != '\0')
			printf("%s %s", is_locked ? "  LOCKED since" : "  until", until);
		if (has_missing(one)) {
			printf("  not known: ");
			print_missing(one);
		}
		if (is_locked)
			printf("  delete it: loa list rm \"%s\"", remote_text(one, "name"));
		printf("\n");
	}
}

int
verb_list_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	bool is_expired = false;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--expired", NULL, &is_expired}, {NULL, NULL, NULL}};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 1)
		return cli_usage_words("list ls", argc, 1);
	return remote_verb(&o, "GET", is_expired ? "/api/v1/lists?locked=1" : "/api/v1/lists", NULL,
			   print_lists);
}

/* ---- set ---- */

static void
print_set(const json_t *answer)
{
	printf("%s:\n", remote_text(answer, "list"));
	list_print_care(answer);
}

int
verb_list_set(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *said[ARRAY_LEN(facts)] = {0}, *reason = NULL;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--purpose", &said[0], NULL},
					     {"--legal-basis", &said[1], NULL},
					     {"--source", &said[2], NULL},
					     {"--retain-until", &said[3], NULL},
					     {"--reason", &reason, NULL},
					     {NULL, NULL, NULL}};
	json_t *body;
	struct err_ctx e;
	char path[512];

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("list set", "needs a name");
	body = json_object();
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (said[i] != NULL)
			json_object_set_new(body, facts[i].name, json_string(said[i]));
	if (reason != NULL)
		json_object_set_new(body, "reason", json_string(reason));
	return remote_verb(&o, "PATCH", remote_path(path, "/api/v1/lists/", argv[1], ""), body,
			   print_set);
}

/* ---- rm ---- */

static void
print_uses(const json_t *u)
{
	json_t *one;
	size_t i;

	fprintf(stderr,
		"%s: %" JSON_INTEGER_FORMAT " rows, %" JSON_INTEGER_FORMAT
		" versions; %" JSON_INTEGER_FORMAT
		" campaigns that are over keep their figures and lose its rows\n",
		remote_text(u, "list"), remote_number(u, "rows"), remote_number(u, "versions"),
		remote_number(u, "campaigns_over"));
	json_array_foreach (json_object_get(u, "used_by"), i, one)
		fprintf(stderr, "  used by %s\n", json_string_value(one));
}

static void
print_removed(const json_t *a)
{
	printf("%s is deleted: %" JSON_INTEGER_FORMAT " rows, %" JSON_INTEGER_FORMAT
	       " versions%s\n",
	       remote_text(a, "list"), remote_number(a, "rows"), remote_number(a, "versions"),
	       json_is_true(json_object_get(a, "swept"))
		       ? ""
		       : "; Redis went away meanwhile, the server deletes the rest");
}

int
verb_list_rm(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *reason = NULL;
	bool is_yes = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--yes", NULL, &is_yes},
					     {"--reason", &reason, NULL},
					     {NULL, NULL, NULL}};
	struct remote *r;
	json_t *uses = NULL;
	char path[512], rest[700] = "";
	struct err_ctx e;
	enum err code;
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("list rm", "needs a name");
	code = remote_open(&o, &r, &e);
	if (code != ERR_OK)
		return cli_fail(&e);
	code = remote_call(r, "GET", remote_path(path, "/api/v1/lists/", argv[1], "/uses"), NULL,
			   &uses, &e);
	remote_close(r);
	if (code != ERR_OK)
		return cli_fail(&e);
	print_uses(uses);
	rc = remote_number(uses, "uses") > 0
		     ? 0 /* the server says why not */
		     : remote_confirm(is_yes,
				      "Delete it, with all its rows? This cannot be undone.");
	json_decref(uses);
	if (rc != 0)
		return rc;
	if (reason != NULL)
		remote_path(rest, "?reason=", reason, "");
	return remote_verb(&o, "DELETE", remote_path(path, "/api/v1/lists/", argv[1], rest), NULL,
			   print_removed);
}
