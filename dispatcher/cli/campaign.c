/* SPDX-License-Identifier: MIT */
/* loa campaign: create, launch, watch, report. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/cli/campaign.h"
#include "dispatcher/cli/remote.h"

#define CAMPAIGN_FILE_MAX 65536u
#define PLAIN_EVERY 5 /* seconds between the lines of `watch` when it is no terminal */

const char *
grouped(json_int_t v)
{
	static char ring[4][40];
	static unsigned next;
	char digits[32];
	char *out = ring[next++ % 4], *o = out;
	int n = snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, v);

	for (int i = 0; i < n; i++) {
		*o++ = digits[i];
		if (digits[i] != '-' && i + 1 < n && (n - i - 1) % 3 == 0)
			*o++ = '.';
	}
	*o = '\0';
	return out;
}

const char *
grouped_size(const json_t *of, const char *member)
{
	const json_t *v = json_object_get(of, member);

	if (json_is_string(v))
		return json_string_value(v);
	return json_is_null(v) ? "-" : grouped(json_integer_value(v));
}

/* ---- create, show ---- */

static void
print_created(const json_t *a)
{
	printf("campaign %" JSON_INTEGER_FORMAT " created\n", remote_number(a, "campaign"));
}

int
verb_campaign_create(int argc, char **argv)
{
	struct remote_options o = {0};
	struct buf file = {0};
	struct err_ctx e;
	json_t *body = NULL;
	int rc = remote_words(&argc, argv, &o, "campaign create", 2);
	enum err code;

	if (rc != 0)
		return rc;
	code = cli_read_file(argv[1], CAMPAIGN_FILE_MAX, &file, &e);
	if (code == ERR_OK)
		code = json_parse(buf_slice(&file), CAMPAIGN_FILE_MAX, argv[1], &body, &e);
	buf_free(&file);
	if (code != ERR_OK)
		return cli_fail(&e);
	return remote_verb(&o, "POST", "/api/v1/campaigns", body, print_created);
}

/* Unix seconds as text → the time in Vietnam. */
static const char *
local_time(const char *seconds)
{
	static char out[32];
	int64_t s = 0;

	slice_to_i64(slice_of(seconds), &s);
	clock_format_vn(s, out);
	return out;
}

static void
print_campaigns(const json_t *a)
{
	json_t *list = json_object_get(a, "campaigns"), *c;
	size_t i;

	json_array_foreach (list, i, c) {
		const char *why = remote_text(c, "why"), *reason = remote_text(c, "reason");
		const char *due = remote_text(c, "due_s");
		const char *problem = remote_text(c, "problem"), *note = remote_text(c, "note");

		printf("%4s  %-10s %-10s %-10s %s", remote_text(c, "id"), remote_text(c, "state"),
		       remote_text(c, "class"), remote_text(c, "event"), remote_text(c, "name"));
		if (why[0] != '\0')
			printf("  (%s%s%s)", why, reason[0] != '\0' ? ": " : "", reason);
		if (note[0] != '\0' && strcmp(remote_text(c, "state"), "submitted") != 0)
			printf("  (returned: %s)", note);
		if (problem[0] != '\0')
			printf("  (%s)", problem);
		else if (due[0] != '\0')
			printf("  (at %s)", local_time(due));
		printf("\n");
	}
}

int
verb_campaign_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "campaign ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/campaigns", NULL, print_campaigns);
}

static int
about_one(int argc, char **argv, const char *words, const char *method, const char *rest,
	  remote_print_cb print)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, words, 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, method, remote_path(path, "/api/v1/campaigns/", argv[1], rest), NULL,
			   print);
}

int
verb_campaign_show(int argc, char **argv)
{
	return about_one(argc, argv, "campaign show", "GET", "", NULL);
}

/* "a (viettel, mobifone): why; b (unknown): why" of the carriers that the brake has stopped. */
static void
add_brakes(const json_t *answer, struct buf *out)
{
	json_t *brake, *carrier;
	size_t i, k;

	json_array_foreach (json_object_get(answer, "brakes"), i, brake) {
		buf_addf(out, "%s%s (", i > 0 ? "; " : "", remote_text(brake, "provider"));
		json_array_foreach (json_object_get(brake, "carriers"), k, carrier)
			buf_addf(out, "%s%s", k > 0 ? ", " : "", json_string_value(carrier));
		buf_addf(out, "): %s", remote_text(brake, "reason"));
	}
}

static void
add_names(const json_t *names, struct buf *out)
{
	json_t *one;
	size_t i;

	json_array_foreach (names, i, one)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", json_string_value(one));
}

/* "viettel → b since 2027-10-10T10:12:00+07:00, because a: why; …": who is not sent as usual. */
static void
add_routes(const json_t *answer, struct buf *out)
{
	json_t *route;
	size_t i;

	json_array_foreach (json_object_get(answer, "routes"), i, route) {
		if (json_object_get(route, "since") == NULL)
			continue;
		if (out->len > 0)
			buf_adds(out, "; ");
		add_names(json_object_get(route, "carriers"), out);
		buf_adds(out, " → ");
		add_names(json_object_get(route, "via"), out);
		buf_addf(out, " since %s, because %s", remote_text(route, "since"),
			 remote_text(route, "reason"));
	}
}

/* ---- watch ---- */

struct watching {
	bool is_json, is_terminal;
	json_int_t said_s;
	char last_state[16];
	char routes[1000]; /* as they were said last */
	bool is_finished;
};

/* Who sends, a line at each change. */
static void
say_routes(struct watching *w, const json_t *s)
{
	struct buf routes = {0};

	add_routes(s, &routes);
	if (routes.len > 0 && strncmp(w->routes, routes.data, sizeof(w->routes) - 1) != 0) {
		printf("%s%s\n", w->is_terminal ? "\n" : "", routes.data);
		fflush(stdout);
		snprintf(w->routes, sizeof(w->routes), "%s", routes.data);
	}
	buf_free(&routes);
}

/* done: whatever will not change by itself any more, and what is in doubt. */
static void
say_status(struct watching *w, const json_t *s)
{
	json_t *states = json_object_get(s, "states");
	json_int_t audience = remote_number(s, "audience"), left;
	char line[800];
	struct buf brakes = {0};
	const char *why = remote_text(s, "waiting_for");
	const json_t *stopped = json_object_get(s, "why");

	left = remote_number(states, "waiting") + remote_number(states, "sending") +
	       remote_number(states, "retry");
	add_brakes(s, &brakes);
	if (stopped != NULL)
		why = remote_text(stopped, "reason")[0] != '\0' ? remote_text(stopped, "reason")
								: remote_text(stopped, "kind");
	snprintf(line, sizeof(line), "%s  accepted %s  delivered %s  in doubt %s%s%s%s%s%s%s",
		 remote_text(s, "state"), grouped(remote_number(states, "accepted")),
		 grouped(remote_number(states, "delivered")),
		 grouped(remote_number(states, "unknown")),
		 why[0] == '\0'	   ? ""
		 : stopped != NULL ? "  why: "
				   : "  waiting: ",
		 why, remote_text(s, "until")[0] != '\0' ? ", until " : "", remote_text(s, "until"),
		 brakes.len > 0 ? "  stopped: " : "", brakes.len > 0 ? brakes.data : "");
	buf_free(&brakes);
	say_routes(w, s);
	if (w->is_terminal) {
		remote_bar((uint64_t)(audience - left), (uint64_t)audience, line);
	} else if (remote_number(s, "seconds") - w->said_s >= PLAIN_EVERY ||
		   strcmp(w->last_state, remote_text(s, "state")) != 0) {
		printf("%s of %s  %s\n", grouped(audience - left), grouped(audience), line);
		fflush(stdout);
		w->said_s = remote_number(s, "seconds");
		snprintf(w->last_state, sizeof(w->last_state), "%s", remote_text(s, "state"));
	}
}

static bool
on_watch_line(void *arg, struct slice line)
{
	struct watching *w = arg;
	json_t *v = NULL;
	struct err_ctx e;

	if (line.n < 6 || memcmp(line.p, "data: ", 6) != 0)
		return true;
	line = (struct slice){line.p + 6, line.n - 6};
	if (w->is_json) {
		printf("%.*s\n", (int)line.n, line.p);
		fflush(stdout);
	}
	if (json_parse(line, 1u << 20, "answer", &v, &e) != ERR_OK)
		return false;
	if (!w->is_json)
		say_status(w, v);
	w->is_finished = strcmp(remote_text(v, "state"), "finished") == 0 ||
			 (strcmp(remote_text(v, "state"), "cancelled") == 0 &&
			  json_is_true(json_object_get(v, "sent")));
	json_decref(v);
	return !w->is_finished;
}

int
verb_campaign_watch(int argc, char **argv)
{
	struct remote_options o = {0};
	struct watching w = {.is_terminal = remote_is_terminal()};
	struct timespec pause = {.tv_nsec = 300000000};
	struct remote *r;
	const char *run = NULL;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--run", &run, NULL}, {NULL, NULL, NULL}};
	struct buf path = {0};
	struct err_ctx e;
	enum err code;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("campaign watch", argc, 2);
	w.is_json = o.is_json;
	code = remote_open(&o, &r, &e);
	if (code != ERR_OK)
		return cli_fail(&e);
	path_of_run(&path, argv[1], "/events", run);
	/* The server may be restarted while we watch: ask again for half a minute. */
	for (int tries = 0; !w.is_finished && tries < 100; tries++) {
		code = remote_lines(r, "GET", path.data, on_watch_line, &w, &e);
		if (code != ERR_OK && code != ERR_UNREACHABLE)
			break;
		if (code == ERR_OK)
			tries = 0;
		if (!w.is_finished)
			nanosleep(&pause, NULL);
	}
	remote_bar_end();
	remote_close(r);
	buf_free(&path);
	return w.is_finished ? 0 : cli_fail(&e);
}

/* ---- report ---- */

static void
print_why(const json_t *why)
{
	const char *reason = remote_text(why, "reason");

	if (why != NULL)
		printf("  stopped: %s%s%s, by %s, %s\n", remote_text(why, "kind"),
		       reason[0] != '\0' ? ": " : "", reason, remote_text(why, "by"),
		       remote_text(why, "since"));
}

static void
print_tag(const json_t *r, const char *key)
{
	if (remote_text(r, key)[0] != '\0')
		printf(", %s %s", key, remote_text(r, key));
}

void
print_report(const json_t *r)
{
	json_t *sums = json_object_get(r, "sums"), *v;
	struct buf brakes = {0};
	const char *key;
	size_t i;

	printf("%s: run %" JSON_INTEGER_FORMAT " %s, launched %s\n", remote_text(r, "campaign"),
	       remote_number(r, "run"), remote_text(r, "state"), remote_text(r, "launched"));
	print_why(json_object_get(r, "why"));
	if (remote_text(r, "waiting_for")[0] != '\0')
		printf("  waiting: %s%s%s\n", remote_text(r, "waiting_for"),
		       remote_text(r, "until")[0] != '\0' ? ", until " : "",
		       remote_text(r, "until"));
	printf("  class %s", remote_text(r, "class"));
	print_tag(r, "goal");
	print_tag(r, "event");
	json_array_foreach (json_object_get(r, "lists"), i, v)
		printf("; list %s version %" JSON_INTEGER_FORMAT " (%s rows)",
		       remote_text(v, "list"), remote_number(v, "version"),
		       grouped(remote_number(v, "rows")));
	if (json_object_get(r, "lists") == NULL)
		printf("; list %s version %" JSON_INTEGER_FORMAT " (%s rows)",
		       remote_text(r, "list"), remote_number(r, "list_version"),
		       grouped(remote_number(sums, "list_rows")));
	printf("\n");
	json_object_foreach (json_object_get(r, "states"), key, v)
		if (json_integer_value(v) != 0)
			printf("  %-16s %12s\n", key, grouped(json_integer_value(v)));
	printf("  %-16s %12s   counters and records %s%s%s\n", "audience",
	       grouped(remote_number(sums, "audience")), remote_text(sums, "counters"),
	       remote_text(sums, "difference")[0] != '\0' ? ": " : "",
	       remote_text(sums, "difference"));
	json_array_foreach (json_object_get(r, "reasons"), i, v)
		printf("  %s: %s%s%s%s: %s\n", remote_text(v, "state"), remote_text(v, "reason"),
		       remote_text(v, "rule")[0] != '\0' ? " (" : "", remote_text(v, "rule"),
		       remote_text(v, "rule")[0] != '\0' ? ")" : "",
		       grouped(remote_number(v, "messages")));
	json_array_foreach (json_object_get(r, "providers"), i, v)
		if (remote_number(v, "parts") > 0)
			printf("  %s: %s parts at %s VND = %s VND%s\n", remote_text(v, "provider"),
			       grouped(remote_number(v, "parts")),
			       grouped(remote_number(v, "price")),
			       grouped(remote_number(v, "cost")),
			       json_is_true(json_object_get(v, "sandbox"))
				       ? " (sandbox: nothing left)"
				       : "");
	if (remote_number(r, "held") > 0)
		printf("  in doubt, for a person to decide: %s\n",
		       grouped(remote_number(r, "held")));
	add_brakes(r, &brakes);
	if (brakes.len > 0)
		printf("  stopped by the brake: %s (loa campaign resume lets it go on)\n",
		       brakes.data);
	buf_reset(&brakes);
	add_routes(r, &brakes);
	if (brakes.len > 0)
		printf("  %s\n", brakes.data);
	buf_free(&brakes);
}

int
verb_campaign_report(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *by = NULL, *run = NULL;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), {"--by", &by, NULL}, {"--run", &run, NULL}, {NULL, NULL, NULL}};
	struct buf path = {0};
	struct err_ctx e;
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("campaign report", argc, 2);
	if (by != NULL)
		return report_by(&o, argv[1], by, run);
	rc = remote_verb(&o, "GET", path_of_run(&path, argv[1], "/report", run), NULL,
			 print_report);
	buf_free(&path);
	return rc;
}
