/* SPDX-License-Identifier: MIT */
/* loa freeze: times in which nothing leaves. */
#include <stdio.h>
#include <string.h>

#include "dispatcher/cli/remote.h"

struct freeze_options {
	struct remote_options remote;
	const char *from, *to, *reason, *exempt, *then, *unit;
};

/* "emergency,duty", or "none", as an array. */
static json_t *
classes_json(const char *text)
{
	struct slice rest = slice_of(text);
	json_t *out = json_array();

	while (rest.n > 0 && strcmp(text, "none") != 0)
		json_array_append_new(out, json_of_slice(slice_trim(slice_take_until(&rest, ','))));
	return out;
}

static json_t *
make_body(const struct freeze_options *o)
{
	const struct {
		const char *key, *value;
	} texts[] = {{"from", o->from},
		     {"to", o->to},
		     {"reason", o->reason},
		     {"then", o->then},
		     {"unit", o->unit}};
	json_t *body = json_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].value != NULL)
			json_object_set_new(body, texts[i].key,
					    json_of_slice(slice_of(texts[i].value)));
	if (o->exempt != NULL)
		json_object_set_new(body, "exempt", classes_json(o->exempt));
	return body;
}

static void
print_one(const json_t *f)
{
	const json_t *exempt = json_object_get(f, "exempt");
	json_t *one;
	size_t i;

	printf("%4lld  %-9s  %s – %s  %s", (long long)remote_number(f, "id"),
	       remote_text(f, "state"), remote_text(f, "from"), remote_text(f, "to"),
	       remote_text(f, "reason"));
	printf("  (unit %lld; what falls inside %s", (long long)remote_number(f, "unit"),
	       strcmp(remote_text(f, "then"), "ask") == 0 ? "pauses and asks" : "waits");
	json_array_foreach (exempt, i, one)
		printf("%s%s", i > 0 ? ", " : "; not for ", json_string_value(one));
	printf("; %s)\n", remote_text(f, "by"));
}

static void
print_changed(const json_t *a)
{
	const json_t *names = json_object_get(a, "campaigns");
	json_int_t more = remote_number(a, "more_campaigns");
	json_t *one;
	size_t i;

	print_one(json_object_get(a, "freeze"));
	if (remote_number(a, "runs") > 0)
		printf("      it holds %lld campaigns that are under way\n",
		       (long long)remote_number(a, "runs"));
	json_array_foreach (names, i, one)
		printf("%s%s", i > 0 ? ", " : "      into it fall: ", json_string_value(one));
	if (i > 0 && more > 0)
		printf(" and %lld more", (long long)more);
	if (i > 0)
		putchar('\n');
}

static void
print_all(const json_t *a)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(a, "freezes"), i, one)
		print_one(one);
}

int
verb_freeze_add(int argc, char **argv)
{
	struct freeze_options o = {0};
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o.remote),      {"--from", &o.from, NULL},
		{"--to", &o.to, NULL},	       {"--reason", &o.reason, NULL},
		{"--exempt", &o.exempt, NULL}, {"--then", &o.then, NULL},
		{"--unit", &o.unit, NULL},     {NULL, NULL, NULL}};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 1)
		return cli_usage_words("freeze add", argc, 1);
	return remote_verb(&o.remote, "POST", "/api/v1/freezes", make_body(&o), print_changed);
}

int
verb_freeze_set(int argc, char **argv)
{
	struct freeze_options o = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o.remote),
					     {"--from", &o.from, NULL},
					     {"--to", &o.to, NULL},
					     {"--reason", &o.reason, NULL},
					     {"--exempt", &o.exempt, NULL},
					     {"--then", &o.then, NULL},
					     {NULL, NULL, NULL}};
	struct err_ctx e;
	char path[512];

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("freeze set", argc, 2);
	return remote_verb(&o.remote, "PATCH", remote_path(path, "/api/v1/freezes/", argv[1], ""),
			   make_body(&o), print_changed);
}

int
verb_freeze_end(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "freeze end", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "POST", remote_path(path, "/api/v1/freezes/", argv[1], "/end"), NULL,
			   print_changed);
}

int
verb_freeze_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	bool is_all = false;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--all", NULL, &is_all}, {NULL, NULL, NULL}};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 1)
		return cli_usage_words("freeze ls", argc, 1);
	return remote_verb(&o, "GET", is_all ? "/api/v1/freezes?all=1" : "/api/v1/freezes", NULL,
			   print_all);
}
