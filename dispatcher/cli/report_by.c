/* SPDX-License-Identifier: MIT */
/* loa campaign report NAME --by …: the report, and its breakdown under it. */
#include <inttypes.h>
#include <stdio.h>

#include "dispatcher/cli/campaign.h"

struct lines {
	json_t *report, *values, *breakdown, *error;
};

static bool
on_line(void *arg, struct slice line)
{
	struct lines *l = arg;
	struct err_ctx e;
	json_t *v = NULL, *progress, *value;

	if (json_parse(line, 1u << 20, "answer", &v, &e) != ERR_OK)
		return false;
	progress = json_object_get(v, "progress");
	value = json_object_get(v, "value");
	if (progress != NULL)
		remote_bar((uint64_t)remote_number(progress, "done"),
			   (uint64_t)remote_number(progress, "total"), "counted");
	if (value != NULL)
		json_array_append(l->values, value);
	if (l->report == NULL)
		l->report = json_incref(json_object_get(v, "report"));
	l->breakdown = json_incref(json_object_get(v, "breakdown"));
	l->error = json_incref(json_object_get(v, "error"));
	json_decref(v);
	return l->breakdown == NULL && l->error == NULL;
}

/* Bytes beyond one a letter: printf pads by bytes, a reader by letters (values are NFC). */
static int
extra_bytes(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xC0) == 0x80;
	return n;
}

static void
print_group(const char *name, const json_t *g)
{
	const char *state;
	json_t *n;

	if (json_is_string(json_object_get(g, "messages"))) { /* "<5": too few to be told */
		printf("    %-*s %12s messages\n", 28 + extra_bytes(name), name,
		       remote_text(g, "messages"));
		return;
	}

	printf("    %-*s %12s messages %10s parts %14s VND\n", 28 + extra_bytes(name), name,
	       grouped(remote_number(g, "messages")), grouped(remote_number(g, "parts")),
	       grouped(remote_number(g, "cost")));
	printf("     ");
	json_object_foreach (json_object_get(g, "states"), state, n)
		printf(" %s %s", state, grouped(json_integer_value(n)));
	printf("\n");
}

static void
print_breakdown(const json_t *b)
{
	json_t *sums = json_object_get(b, "sums"), *others = json_object_get(b, "others"), *v;
	const char *label = remote_text(b, "label");
	size_t i;

	printf("  by %s%s%s%s\n", remote_text(b, "by"), label[0] != '\0' ? " (" : "", label,
	       label[0] != '\0' ? ")" : "");
	json_array_foreach (json_object_get(b, "values"), i, v)
		print_group(json_is_string(json_object_get(v, "value")) ? remote_text(v, "value")
									: "(none)",
			    v);
	if (json_is_object(others))
		print_group("(others)", others);
	print_group("sum", sums);
	printf("  breakdown and records %s%s%s\n", remote_text(sums, "records"),
	       remote_text(sums, "difference")[0] != '\0' ? ": " : "",
	       remote_text(sums, "difference"));
}

static enum err
ask(const struct remote_options *o, const char *path, struct lines *l, struct err_ctx *e)
{
	struct remote *r;
	enum err rc = remote_open(o, &r, e);

	if (rc != ERR_OK)
		return rc;
	rc = remote_lines(r, "GET", path, on_line, l, e);
	remote_close(r);
	remote_bar_end();
	if (rc == ERR_OK && (l->report == NULL || l->breakdown == NULL))
		rc = err_set(e, ERR_UNREACHABLE, remote_text(l->error, "what"),
			     remote_text(l->error, "todo"), "%s",
			     l->error != NULL ? remote_text(l->error, "detail")
					      : "the answer ended too early");
	return rc;
}

int
report_by(const struct remote_options *o, const char *name, const char *by, const char *run)
{
	struct lines l = {.values = json_array()};
	struct buf path = {0};
	struct err_ctx e;
	char prefix[512];
	enum err rc;

	buf_addf(&path, "%s?", remote_path(prefix, "/api/v1/campaigns/", name, "/report"));
	add_query(&path, "by", by);
	if (run != NULL)
		add_query(&path, "run", run);
	rc = path.len < REMOTE_URL_MAX - 300 ? ask(o, path.data, &l, &e)
					     : err_set(&e, ERR_USAGE, "--by", "", "is too long");
	buf_free(&path);
	if (rc == ERR_OK) {
		json_object_set(l.breakdown, "values", l.values);
		json_object_set(l.report, "breakdown", l.breakdown);
		if (o->is_json) {
			remote_print_json(json_incref(l.report));
		} else {
			print_report(l.report);
			print_breakdown(l.breakdown);
		}
	}
	json_decref(l.report);
	json_decref(l.breakdown);
	json_decref(l.values);
	json_decref(l.error);
	return rc == ERR_OK ? 0 : cli_fail(&e);
}
