/* SPDX-License-Identifier: MIT */
/* loa campaign preview: what it would be, for a person who decides whether it goes. */
#include <stdio.h>

#include "base/buf.h"
#include "dispatcher/cli/campaign.h"
#include "dispatcher/cli/pattern.h"
#include "dispatcher/cli/remote.h"

static void
print_text(const char *title, const json_t *t)
{
	if (t != NULL)
		printf("\n%s (%" JSON_INTEGER_FORMAT " parts):\n  %s\n", title,
		       remote_number(t, "parts"), remote_text(t, "text"));
}

/* Messages that match no registered pattern, by carrier, with an example. */
static void
print_registered(const json_t *r)
{
	const char *carrier;
	json_t *side, *example;
	size_t i;

	json_object_foreach (json_object_get(r, "carriers"), carrier, side) {
		if (remote_number(side, "unmatched") == 0)
			continue;
		printf("  %s: %s of %s messages match no registered pattern of %s", carrier,
		       grouped(remote_number(side, "unmatched")),
		       grouped(remote_number(side, "messages")), remote_text(side, "brandname"));
		if (remote_number(side, "pending") > 0)
			printf(" (%s one that is pending)",
			       grouped(remote_number(side, "pending")));
		printf("\n");
		json_array_foreach (json_object_get(side, "examples"), i, example) {
			printf("    %s\n", remote_text(example, "text"));
			print_nearest(json_object_get(example, "nearest"), "      ");
		}
	}
	if (remote_number(r, "unmatched") > 0)
		printf("  to register a text takes about %lld working days: until %s\n",
		       (long long)remote_number(r, "lead_days"), remote_text(r, "ready_on"));
}

static void
print_content(const json_t *rules)
{
	json_t *one;
	size_t i;

	json_array_foreach (rules, i, one) {
		const json_t *example = json_object_get(one, "example");

		printf("  %s %s: %s messages: %s\n", remote_text(one, "severity"),
		       remote_text(one, "rule"), grouped(remote_number(one, "messages")),
		       remote_text(one, "en"));
		if (remote_text(example, "found")[0] != '\0')
			printf("    \"%s\" in: %s\n", remote_text(example, "found"),
			       remote_text(example, "text"));
	}
}

/* One of the tables NAME → how many, with the first rows of the list. */
static void
print_table(const json_t *table, const char *key, const char *words)
{
	json_t *line, *row;
	size_t i, k;

	json_array_foreach (table, i, line) {
		printf("  %s %s: %s (rows", words, remote_text(line, key),
		       grouped(remote_number(line, "count")));
		json_array_foreach (json_object_get(line, "rows"), k, row)
			printf("%s %" JSON_INTEGER_FORMAT, k > 0 ? "," : "",
			       json_integer_value(row));
		printf("%s)\n", remote_number(line, "count") > (json_int_t)k ? " …" : "");
	}
}

/* What staff can mend in the list or the template; languages only where there is a choice. */
static void
print_tables(const json_t *p)
{
	json_t *languages = json_object_get(p, "languages"), *one;
	size_t i;

	if (json_array_size(languages) > 1)
		json_array_foreach (languages, i, one)
			printf("    in %-21s %12s messages %10s parts %14s VND\n",
			       remote_text(one, "language"),
			       grouped(remote_number(one, "messages")),
			       grouped(remote_number(one, "parts")),
			       grouped(remote_number(one, "cost")));
	print_table(json_object_get(p, "untranslated"), "language", "no text in language");
	print_table(json_object_get(p, "no_language"), "why", "in Vietnamese, language");
	if (json_array_size(languages) > 1 && json_is_false(json_object_get(p, "language_column")))
		printf("  the list has no column of languages (language, ngon_ngu)\n");
	if (remote_number(p, "plain") > 0)
		printf("  accents taken off: %s messages\n", grouped(remote_number(p, "plain")));
	print_table(json_object_get(p, "missing_fields"), "field", "no value of");
	print_table(json_object_get(p, "refused_characters"), "character",
		    "the provider refuses the character");
}

static void
print_preview(const json_t *p)
{
	const char *key;
	size_t i;
	json_t *v;

	printf("%s: %s of %s rows of %s (version %" JSON_INTEGER_FORMAT ")\n",
	       remote_text(p, "campaign"), grouped(remote_number(p, "audience")),
	       grouped(remote_number(p, "list_rows")), remote_text(p, "list"),
	       remote_number(p, "list_version"));
	printf("  %-26s %12s messages %10s parts %14s VND\n", "to be sent",
	       grouped(remote_number(p, "messages")), grouped(remote_number(p, "parts")),
	       grouped(remote_number(p, "cost")));
	json_object_foreach (json_object_get(p, "carriers"), key, v)
		printf("    %-24s %12s messages %10s parts %14s VND\n", key,
		       grouped(remote_number(v, "messages")), grouped(remote_number(v, "parts")),
		       grouped(remote_number(v, "cost")));
	json_object_foreach (json_object_get(p, "skipped"), key, v)
		printf("  not sent: %-28s %s\n", key, grouped(json_integer_value(v)));
	print_tables(p);
	printf("  about %.0f s of sending", json_number_value(json_object_get(p, "forecast_s")));
	if (remote_number(p, "opens_in_s") > 0)
		printf("; its hours begin in %" JSON_INTEGER_FORMAT " min",
		       remote_number(p, "opens_in_s") / 60);
	if (remote_text(p, "due")[0] != '\0')
		printf("; goes at %s, sends from %s", remote_text(p, "due"),
		       remote_text(p, "sends_from"));
	printf("\n");
	json_array_foreach (json_object_get(p, "warnings"), i, v)
		printf("  %s\n", json_string_value(v));
	print_registered(json_object_get(p, "registered"));
	print_content(json_object_get(p, "content"));
	print_text("shortest", json_object_get(p, "shortest"));
	print_text("longest", json_object_get(p, "longest"));
}

struct preview_lines {
	json_t *preview, *error;
};

static bool
on_preview_line(void *arg, struct slice line)
{
	struct preview_lines *l = arg;
	json_t *v = NULL, *progress;
	struct err_ctx e;

	if (json_parse(line, 1u << 20, "answer", &v, &e) != ERR_OK)
		return false;
	progress = json_object_get(v, "progress");
	if (progress != NULL)
		remote_bar((uint64_t)remote_number(progress, "done"),
			   (uint64_t)remote_number(progress, "total"), "rendered");
	l->preview = json_incref(json_object_get(v, "preview"));
	l->error = json_incref(json_object_get(v, "error"));
	json_decref(v);
	return l->preview == NULL && l->error == NULL;
}

int
verb_campaign_preview(int argc, char **argv)
{
	struct remote_options o = {0};
	struct preview_lines lines = {0};
	struct remote *r;
	struct err_ctx e;
	char path[512];
	enum err code;
	int rc = remote_words(&argc, argv, &o, "campaign preview", 2);

	if (rc != 0)
		return rc;
	code = remote_open(&o, &r, &e);
	if (code == ERR_OK) {
		code = remote_lines(r, "POST",
				    remote_path(path, "/api/v1/campaigns/", argv[1], "/preview"),
				    on_preview_line, &lines, &e);
		remote_close(r);
	}
	remote_bar_end();
	if (code == ERR_OK && lines.preview == NULL)
		code = err_set(&e, ERR_UNREACHABLE, remote_text(lines.error, "what"),
			       remote_text(lines.error, "todo"), "%s",
			       lines.error != NULL ? remote_text(lines.error, "detail")
						   : "the answer ended too early");
	json_decref(lines.error);
	if (code != ERR_OK)
		return cli_fail(&e);
	if (o.is_json) {
		remote_print_json(lines.preview);
		return 0;
	}
	print_preview(lines.preview);
	json_decref(lines.preview);
	return 0;
}
