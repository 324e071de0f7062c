/* SPDX-License-Identifier: MIT */
/* Partner accounts on the command line. */
#include <stdio.h>

#include "dispatcher/cli/remote.h"

static void
print_providers(const json_t *answer)
{
	json_t *p;
	size_t i;

	json_array_foreach (json_object_get(answer, "providers"), i, p) {
		json_t *lane = json_object_get(p, "lane");
		const char *why = remote_text(lane, "waiting_for");

		printf("%-20s %-8s %g %s/s, %" JSON_INTEGER_FORMAT " at a time at most%s%s%s",
		       remote_text(p, "name"), remote_text(p, "driver"),
		       json_number_value(json_object_get(p, "rate")), remote_text(p, "counts"),
		       remote_number(p, "concurrency"),
		       remote_text(p, "brandname")[0] != '\0' ? ", as " : "",
		       remote_text(p, "brandname"),
		       json_is_true(json_object_get(p, "sandbox")) ? ", sandbox" : "");
		if (lane != NULL)
			printf("; on the wire %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
			       ", accepted %" JSON_INTEGER_FORMAT ", in doubt %" JSON_INTEGER_FORMAT
			       "%s%s",
			       remote_number(lane, "in_flight"),
			       remote_number(lane, "in_flight_max"),
			       remote_number(lane, "accepted"), remote_number(lane, "in_doubt"),
			       why[0] != '\0' ? "; waiting: " : "", why);
		if (lane != NULL && json_number_value(json_object_get(lane, "factor")) < 1)
			printf("; slowed down to %.0f %% of the rate",
			       json_number_value(json_object_get(lane, "factor")) * 100);
		putchar('\n');
	}
}

int
verb_provider_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "provider ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/providers", NULL, print_providers);
}

static void
print_balance(const json_t *b)
{
	printf("%s: %s %s\n", remote_text(b, "provider"), remote_text(b, "amount"),
	       remote_text(b, "unit"));
}

int
verb_provider_balance(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "provider balance", 2);

	if (rc != 0)
		return rc;
	remote_path(path, "/api/v1/providers/", argv[1], "/balance");
	return remote_verb(&o, "GET", path, NULL, print_balance);
}
