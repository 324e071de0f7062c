/* SPDX-License-Identifier: MIT */
/* loa unit: the tree of units. */
#include <stdio.h>

#include "dispatcher/cli/remote.h"

/* An absent text is not said. */
static void
say(json_t *body, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(body, key, json_string(value));
}

static void
print_added(const json_t *a)
{
	printf("unit %" JSON_INTEGER_FORMAT "\n", remote_number(a, "unit"));
}

int
verb_unit_add(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *under = NULL, *id = NULL;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--under", &under, NULL},
					     {"--id", &id, NULL},
					     {NULL, NULL, NULL}};
	struct err_ctx e;
	json_t *body;
	int64_t number;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("unit add", argc, 2);
	if (id != NULL && !slice_to_i64(slice_of(id), &number))
		return cli_usage("unit add", "--id is a number");
	body = json_object();
	say(body, "name", argv[1]);
	say(body, "under", under);
	if (id != NULL)
		json_object_set_new(body, "id", json_integer(number));
	return remote_verb(&o, "POST", "/api/v1/units", body, print_added);
}

/* The unit and its children, each two blanks further in. */
static void
print_below(const json_t *units, json_int_t parent, int depth)
{
	json_t *one;
	size_t i;

	json_array_foreach (units, i, one) {
		json_int_t id = remote_number(one, "id");

		if (remote_number(one, "parent") != parent || depth > 16)
			continue;
		printf("%6" JSON_INTEGER_FORMAT "  %*s%s (%" JSON_INTEGER_FORMAT " users)\n", id,
		       depth * 2, "", remote_text(one, "name"), remote_number(one, "users"));
		print_below(units, id, depth + 1);
	}
}

/* The first one is the top of what one sees; its own parent is not told. */
static void
print_units(const json_t *a)
{
	const json_t *units = json_object_get(a, "units"), *other, *one;
	size_t i, k;

	json_array_foreach (units, i, one) {
		bool is_top = true;

		json_array_foreach (units, k, other)
			if (remote_number(other, "id") == remote_number(one, "parent"))
				is_top = false;
		if (!is_top)
			continue;
		printf("%6" JSON_INTEGER_FORMAT "  %s (%" JSON_INTEGER_FORMAT " users)\n",
		       remote_number(one, "id"),
		       remote_text(one, "name")[0] != '\0' ? remote_text(one, "name") : "(root)",
		       remote_number(one, "users"));
		print_below(units, remote_number(one, "id"), 1);
	}
}

int
verb_unit_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "unit ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/units", NULL, print_units);
}

static int
set(int argc, char **argv, const char *words, const char *key)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, words, 3);
	json_t *body;

	if (rc != 0)
		return rc;
	body = json_object();
	say(body, key, argv[2]);
	return remote_verb(&o, "PATCH", remote_path(path, "/api/v1/units/", argv[1], ""), body,
			   print_added);
}

int
verb_unit_rename(int argc, char **argv)
{
	return set(argc, argv, "unit rename", "name");
}

int
verb_unit_move(int argc, char **argv)
{
	return set(argc, argv, "unit move", "under");
}

static void
print_removed(const json_t *a)
{
	printf("unit %" JSON_INTEGER_FORMAT " removed\n", remote_number(a, "removed"));
}

int
verb_unit_rm(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "unit rm", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "DELETE", remote_path(path, "/api/v1/units/", argv[1], ""), NULL,
			   print_removed);
}
