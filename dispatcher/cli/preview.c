/* SPDX-License-Identifier: MIT */
/* loa campaign preview: what it would be, for a person who decides whether it goes. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "dispatcher/cli/campaign.h"
#include "dispatcher/cli/pattern.h"
#include "dispatcher/cli/remote.h"

static void
print_text(const char *title, const json_t *t)
{
	if (t != NULL)
		printf("\n%s (%" JSON_INTEGER_FORMAT " parts, %s, %s%srow %s):\n  %s\n", title,
		       remote_number(t, "parts"),
		       strcmp(remote_text(t, "encoding"), "ucs2") == 0 ? "Unicode" : "plain",
		       remote_text(t, "list"), remote_text(t, "list")[0] != '\0' ? " " : "",
		       grouped(remote_number(t, "row")), remote_text(t, "text"));
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
		       grouped_size(side, "unmatched"), grouped_size(side, "messages"),
		       remote_text(side, "brandname"));
		if (remote_number(side, "pending") > 0)
			printf(" (%s one that is pending)", grouped_size(side, "pending"));
		printf("\n");
		json_array_foreach (json_object_get(side, "examples"), i, example) {
			printf("    %s\n", remote_text(example, "text"));
			print_nearest(json_object_get(example, "nearest"), "      ");
		}
	}
	print_lead(r, "  ");
}

static void
print_content(const json_t *rules)
{
	json_t *one;
	size_t i;

	json_array_foreach (rules, i, one) {
		const json_t *example = json_object_get(one, "example");

		printf("  %s %s: %s messages: %s\n", remote_text(one, "severity"),
		       remote_text(one, "rule"), grouped_size(one, "messages"),
		       remote_text(one, "en"));
		if (remote_text(example, "found")[0] != '\0')
			printf("    \"%s\" in: %s\n", remote_text(example, "found"),
			       remote_text(example, "text"));
	}
}

/* " (rows 3, 8, 9 …)" of a line of a table; nothing where they are not told. */
static void
print_rows(const json_t *line)
{
	json_t *row;
	size_t k;

	if (json_array_size(json_object_get(line, "rows")) == 0) {
		printf("\n");
		return;
	}
	printf(" (rows");
	json_array_foreach (json_object_get(line, "rows"), k, row)
		if (json_is_object(row)) /* of several lists */
			printf("%s %s %" JSON_INTEGER_FORMAT, k > 0 ? "," : "",
			       remote_text(row, "list"), remote_number(row, "row"));
		else
			printf("%s %" JSON_INTEGER_FORMAT, k > 0 ? "," : "",
			       json_integer_value(row));
	printf("%s)\n", remote_number(line, "count") > (json_int_t)k ? " …" : "");
}

/* One of the tables NAME → how many, with the first rows of the list. */
static void
print_table(const json_t *table, const char *key, const char *words)
{
	json_t *line;
	size_t i;

	json_array_foreach (table, i, line) {
		printf("  %s %s: %s", words, remote_text(line, key), grouped_size(line, "count"));
		print_rows(line);
	}
}

/* What stands in the list and a filter makes nothing of: who is left out for it. */
static void
print_unread(const json_t *p)
{
	json_t *line, *one;
	size_t i, k;

	json_array_foreach (json_object_get(p, "not_understood"), i, line) {
		const json_t *examples = json_object_get(line, "examples");

		printf("  %s makes nothing of %s: %s left out%s", remote_text(line, "filter"),
		       remote_text(line, "field"), grouped_size(line, "count"),
		       json_array_size(examples) > 0 ? " (" : "");
		json_array_foreach (examples, k, one)
			printf("%s%s%srow %lld \"%s\"", k > 0 ? ", " : "", remote_text(one, "list"),
			       remote_text(one, "list")[0] != '\0' ? " " : "",
			       (long long)remote_number(one, "row"), remote_text(one, "value"));
		if (k > 0)
			printf("%s)", remote_number(line, "count") > (json_int_t)k ? " …" : "");
		printf("\n");
		if (remote_text(line, "reads")[0] != '\0')
			printf("    it reads %s\n", remote_text(line, "reads"));
	}
}

/* ---- parts and prices ---- */

/* The end of the line is the caller's. */
static void
print_sum(const char *title, const json_t *sum)
{
	printf("%s %12s messages %10s parts %14s VND", title, grouped_size(sum, "messages"),
	       grouped_size(sum, "parts"), grouped_size(sum, "cost"));
}

const char *
padded(const char *s, size_t width, char out[100])
{
	size_t shown = 0, n = strlen(s);

	for (size_t i = 0; i < n; i++)
		shown += ((unsigned char)s[i] & 0xc0) != 0x80;
	snprintf(out, 100, "%s%*s", s, shown < width ? (int)(width - shown) : 0, "");
	return out;
}

/* "      order: a at 430, b at 450": where a carrier has several. */
static void
print_providers(const json_t *carrier)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(carrier, "providers"), i, one) {
		if (i == 0)
			printf("      %s:", remote_text(carrier, "route"));
		printf("%s %s", i > 0 ? "," : "", remote_text(one, "provider"));
		if (remote_number(one, "share") > 0)
			printf(" %d %%", (int)remote_number(one, "share"));
		printf(" at %s", grouped(remote_number(one, "price")));
	}
	if (json_array_size(json_object_get(carrier, "providers")) > 0)
		putchar('\n');
}

static void
print_carriers(const json_t *p)
{
	const char *key;
	char title[100];
	json_t *v;

	json_object_foreach (json_object_get(p, "carriers"), key, v) {
		printf("    ");
		print_sum(padded(key, 24, title), v);
		printf("  at %s, %s %s\n", grouped(remote_number(v, "price")),
		       remote_text(v, "provider"), remote_text(v, "traffic"));
		print_providers(v);
	}
	if (remote_number(p, "cost_least") != remote_number(p, "cost_most"))
		printf("    by the providers that the routes have: %s to %s VND\n",
		       grouped_size(p, "cost_least"), grouped_size(p, "cost_most"));
}

/* How many messages have one part, two, three …: what the price comes from. */
static void
print_histogram(const json_t *p)
{
	json_t *line;
	size_t i;

	json_array_foreach (json_object_get(p, "histogram"), i, line)
		printf("    of %3" JSON_INTEGER_FORMAT
		       " part%s %15s %12s messages: %s plain, %s Unicode\n",
		       remote_number(line, "parts"), remote_number(line, "parts") == 1 ? " " : "s",
		       "", grouped_size(line, "messages"), grouped_size(line, "gsm7"),
		       grouped_size(line, "ucs2"));
}

/* " (policy.json: …)" */
static void
print_rule(const json_t *p, const char *which)
{
	const char *rule = remote_text(json_object_get(p, "rules"), which);

	if (rule[0] != '\0')
		printf(" (%s)", rule);
}

static void
print_skipped(const json_t *p)
{
	json_t *line;
	char title[100];
	size_t i;

	json_array_foreach (json_object_get(p, "skipped_rows"), i, line) {
		bool is_rule = strcmp(remote_text(line, "reason"), "no consent") == 0;

		printf("  not sent: %s %s", padded(remote_text(line, "reason"), 28, title),
		       grouped_size(line, "count"));
		if (is_rule)
			print_rule(p, "consent");
		print_rows(line);
	}
}

/* The three ways beside each other, unless they come to the same. */
static void
print_accents(const json_t *p)
{
	static const struct {
		const char *mode, *words;
	} ways[] = {{"keep", "accents kept"},
		    {"plain", "accents taken off"},
		    {"save", "off where that saves"}};
	const json_t *all = json_object_get(p, "by_accents");
	json_t *first = json_object_get(all, "keep");
	bool is_same = true;

	for (size_t i = 1; i < ARRAY_LEN(ways); i++)
		is_same = is_same && json_equal(first, json_object_get(all, ways[i].mode));
	if (is_same)
		return;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		const json_t *one = json_object_get(all, ways[i].mode);
		char title[100];

		printf("  %c ", strcmp(remote_text(p, "accents"), ways[i].mode) == 0 ? '*' : ' ');
		print_sum(padded(ways[i].words, 24, title), one);
		if (remote_number(one, "skipped") > 0)
			printf("  %s could not be sent", grouped_size(one, "skipped"));
		printf("  (accents: %s)\n", ways[i].mode);
	}
}

/* ---- what is in the texts ---- */

#define LETTERS_TOLD 8

/* As somebody can look for it: the sign, or number and name of one that is not seen. */
static void
print_letter(const json_t *one)
{
	if (remote_text(one, "name")[0] != '\0')
		printf("%s %s", remote_text(one, "code_point"), remote_text(one, "name"));
	else
		printf("“%s”", remote_text(one, "character"));
}

static void
print_suggestion(const json_t *one)
{
	const json_t *s = json_object_get(one, "suggestion");

	if (s == NULL)
		return;
	if (json_string_length(s) == 0)
		printf(": take it out");
	else
		printf(": write “%s”", json_string_value(s));
}

static void
print_letters(const json_t *p)
{
	const json_t *letters = json_object_get(p, "unicode_because");
	const json_t *hidden = json_object_get(p, "invisible");
	json_t *one;
	size_t i, told = 0;

	json_array_foreach (letters, i, one) {
		if (told == LETTERS_TOLD || remote_number(one, "alone") == 0)
			break;
		printf("  %s messages need Unicode only because of ", grouped_size(one, "alone"));
		print_letter(one);
		print_suggestion(one);
		printf("\n");
		told++;
	}
	if (remote_number(p, "unicode_by_signs") > 0)
		printf("  %s messages need Unicode only because of signs, not of letters\n",
		       grouped_size(p, "unicode_by_signs"));
	if (json_array_size(letters) > told) {
		printf("  %s messages are Unicode; most often by", grouped_size(p, "unicode"));
		for (i = told; i < json_array_size(letters) && i < told + LETTERS_TOLD; i++) {
			one = json_array_get(letters, i);
			printf("%s ", i > told ? "," : "");
			print_letter(one);
			printf(" in %s", grouped_size(one, "messages"));
		}
		printf("\n");
	}
	if (remote_number(hidden, "count") == 0)
		return;
	printf("  %s invisible characters in %s messages:", grouped_size(hidden, "count"),
	       grouped_size(hidden, "messages"));
	json_array_foreach (json_object_get(hidden, "characters"), i, one) {
		printf("%s ", i > 0 ? "," : "");
		print_letter(one);
		if (remote_number(one, "row") > 0)
			printf(" (first in row %s)", grouped(remote_number(one, "row")));
	}
	printf("\n");
}

static void
print_distinct(const json_t *d)
{
	bool is_exact = json_is_true(json_object_get(d, "exact"));

	printf("  %s%s different texts", is_exact ? "" : "about ", grouped_size(d, "count"));
	if (!is_exact)
		printf(" (an estimate, ± %.2f %%)",
		       json_number_value(json_object_get(d, "error_pct")));
	printf("\n");
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
			       remote_text(one, "language"), grouped_size(one, "messages"),
			       grouped_size(one, "parts"), grouped_size(one, "cost"));
	print_table(json_object_get(p, "untranslated"), "language", "no text in language");
	print_table(json_object_get(p, "no_language"), "why", "in Vietnamese, language");
	if (json_array_size(languages) > 1 && json_is_false(json_object_get(p, "language_column")))
		printf("  the list has no column of languages (language, ngon_ngu)\n");
	if (remote_number(p, "plain") > 0)
		printf("  accents taken off: %s messages\n", grouped_size(p, "plain"));
	print_unread(p);
	print_table(json_object_get(p, "missing_fields"), "field", "no value of");
	print_table(json_object_get(p, "refused_characters"), "character",
		    "the provider refuses the character");
}

/* How long, and when it begins. */
static void
print_forecast(const json_t *p)
{
	const json_t *seconds = json_object_get(p, "forecast_s");

	if (json_is_null(seconds))
		printf("  how long it takes is not told");
	else
		printf("  about %.0f s of sending", json_number_value(seconds));
	if (remote_number(p, "opens_in_s") > 0) {
		printf("; its hours begin in %" JSON_INTEGER_FORMAT " min",
		       remote_number(p, "opens_in_s") / 60);
		print_rule(p, "hours");
	}
	if (remote_text(p, "due")[0] != '\0')
		printf("; goes at %s, %s %s", remote_text(p, "due"),
		       remote_text(p, "expires")[0] != '\0' ? "expires at" : "sends from",
		       remote_text(p, remote_text(p, "expires")[0] != '\0' ? "expires"
									   : "sends_from"));
	printf("\n");
	print_freeze(json_object_get(p, "freeze"), "  falls into the freeze");
	print_freeze(json_object_get(p, "freeze_within"), "  while it is sent begins the freeze");
}

static void
print_preview(const json_t *p)
{
	size_t i;
	json_t *v;

	printf("%s: %s of %s rows of ", remote_text(p, "campaign"), grouped_size(p, "audience"),
	       grouped(remote_number(p, "list_rows")));
	json_array_foreach (json_object_get(p, "lists"), i, v)
		printf("%s%s (version %" JSON_INTEGER_FORMAT ", %s rows)", i > 0 ? ", " : "",
		       remote_text(v, "list"), remote_number(v, "version"),
		       grouped(remote_number(v, "rows")));
	if (json_object_get(p, "lists") == NULL)
		printf("%s (version %" JSON_INTEGER_FORMAT ")", remote_text(p, "list"),
		       remote_number(p, "list_version"));
	printf("\n");
	print_sum("  to be sent                ", p);
	printf("\n");
	print_carriers(p);
	print_histogram(p);
	print_skipped(p);
	print_tables(p);
	print_distinct(json_object_get(p, "distinct_texts"));
	print_accents(p);
	print_letters(p);
	print_forecast(p);
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
	json_t *v = NULL;
	struct err_ctx e;

	if (json_parse(line, 1u << 20, "answer", &v, &e) != ERR_OK)
		return false;
	remote_progress(v, "rendered");
	l->preview = json_incref(json_object_get(v, "preview"));
	l->error = json_incref(json_object_get(v, "error"));
	json_decref(v);
	return l->preview == NULL && l->error == NULL;
}

void
add_full(struct buf *url, const char *campaign, const char *rest, bool is_full, const char *reason)
{
	char path[512];

	buf_addf(url, "%s?full=%d", remote_path(path, "/api/v1/campaigns/", campaign, rest),
		 is_full);
	if (reason != NULL)
		add_query(url, "reason", reason);
}

int
verb_campaign_preview(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *reason = NULL;
	bool is_full = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--full", NULL, &is_full},
					     {"--reason", &reason, NULL},
					     {NULL, NULL, NULL}};
	struct preview_lines lines = {0};
	struct buf url = {0};
	struct remote *r;
	struct err_ctx e;
	enum err code;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("campaign preview", argc, 2);
	code = remote_open(&o, &r, &e);
	if (code == ERR_OK) {
		add_full(&url, argv[1], "/preview", is_full, reason);
		code = remote_lines(r, "POST", url.data, on_preview_line, &lines, &e);
		remote_close(r);
	}
	buf_free(&url);
	remote_bar_end();
	if (code == ERR_OK && lines.preview == NULL)
		code = remote_late_error(lines.error, &e);
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
