/* SPDX-License-Identifier: MIT */
/* loa alert: what needs a person, and that somebody has seen it. */
#include <stdio.h>
#include <string.h>

#include "dispatcher/cli/remote.h"

static void
print_one(const json_t *a)
{
	const char *detail = remote_text(a, "detail");

	printf("%4lld  %-12s  %-9s  %s  %s%s%s", (long long)remote_number(a, "id"),
	       remote_text(a, "state"), remote_text(a, "kind"), remote_text(a, "since"),
	       remote_text(a, "name"), detail[0] != '\0' ? ": " : "", detail);
	printf("  (%s; unit %lld; told %lld times", remote_text(a, "object"),
	       (long long)remote_number(a, "unit"), (long long)remote_number(a, "told"));
	if (remote_text(a, "acknowledged_by")[0] != '\0')
		printf("; acknowledged %s by %s", remote_text(a, "acknowledged"),
		       remote_text(a, "acknowledged_by"));
	if (remote_text(a, "over")[0] != '\0')
		printf("; over %s", remote_text(a, "over"));
	printf(")\n");
}

static void
print_all(const json_t *a)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(a, "alerts"), i, one)
		print_one(one);
}

static void
print_acknowledged(const json_t *a)
{
	printf("alert %s is acknowledged\n", remote_text(a, "acknowledged"));
}

int
verb_alert_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	bool is_all = false;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--all", NULL, &is_all}, {NULL, NULL, NULL}};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 1)
		return cli_usage_words("alert ls", argc, 1);
	return remote_verb(&o, "GET", is_all ? "/api/v1/alerts?all=1" : "/api/v1/alerts", NULL,
			   print_all);
}

int
verb_alert_show(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "alert show", 2);

	return rc != 0 ? rc
		       : remote_verb(&o, "GET", remote_path(path, "/api/v1/alerts/", argv[1], ""),
				     NULL, print_one);
}

int
verb_alert_ack(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "alert ack", 2);

	return rc != 0 ? rc
		       : remote_verb(&o, "POST",
				     remote_path(path, "/api/v1/alerts/", argv[1], "/ack"), NULL,
				     print_acknowledged);
}
