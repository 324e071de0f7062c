/* SPDX-License-Identifier: MIT */
/* The pages beside the dialects: for whoever drives a test, not for senders. */
#include "tests/gateway/gateway.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gateway/query.h"
#include "tests/gateway/times.h"

static void
bad(struct reply *r, int status, const char *where, const char *why)
{
	struct bytes *b = &r->body;
	char text[256];

	snprintf(text, sizeof(text), "%s%s%s", where, where[0] == '\0' ? "" : ": ", why);
	r->status = status;
	b->n = 0;
	bytes_str(b, "{\"code\":\"11\",\"message\":");
	bytes_json(b, (struct text){text, strlen(text)});
	bytes_str(b, "}");
}

/* ---- /stats ---- */

static void
show_stats(struct gateway *g, const struct asked *q, struct reply *r)
{
	struct receipt_stats rs = receipts_stats(g->receipts);
	const struct stats *s = &g->stats;
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{"requests", s->requests},
		{"polls", s->polls},
		{"accepted", s->accepted},
		{"accepted_again", s->accepted_again},
		{"duplicates", s->duplicates},
		{"refused", s->refused},
		{"throttled", s->throttled},
		{"rate_violations", s->rate_violations},
		{"max_in_1s", g->offered.max},
		{"max_accepted_in_1s", g->admitted.max},
		{"faults", s->faults},
		{"receipts_sent", rs.sent},
		{"receipts_acknowledged", rs.acknowledged},
		{"receipts_pending", rs.pending},
		{"receipts_given_up", rs.given_up},
		{"inbox", s->inbox},
		{"connections", server_connections(g->server)},
		{"connections_open", server_connections_open(g->server)},
	};

	(void)q;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		bytes_format(&r->body, "%s\"%s\":%" PRIu64, i == 0 ? "{" : ",", counts[i].name,
			     counts[i].value);
	bytes_str(&r->body, "}");
}

/* ---- /control ---- */

static void
show_control(struct gateway *g, const struct asked *q, struct reply *r)
{
	char value[OPTION_TEXT_MAX];
	const struct option *o;

	(void)q;
	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		option_show(o, &g->settings, value, sizeof(value));
		bytes_format(&r->body, "%s\"%s\":", i == 0 ? "{" : ",", option_name(o));
		bytes_json(&r->body, (struct text){value, strlen(value)});
	}
	bytes_str(&r->body, "}");
}

/* A value as it would stand on the command line. */
static bool
as_text(const json_t *v, char *out, size_t cap)
{
	int n = -1;

	if (json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v))
		n = snprintf(out, cap, "%s", json_string_value(v));
	else if (json_is_integer(v))
		n = snprintf(out, cap, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		n = snprintf(out, cap, "%.17g", json_real_value(v));
	else if (json_is_boolean(v))
		n = snprintf(out, cap, "%s", json_is_true(v) ? "on" : "off");
	return n >= 0 && (size_t)n < cap;
}

/* All or nothing: the settings change when each flag is right. */
static void
set_control(struct gateway *g, const struct asked *q, struct reply *r)
{
	struct settings changed = g->settings;
	json_error_t error;
	json_t *root = json_loadb(q->body.p, q->body.n, JSON_REJECT_DUPLICATES, &error), *v;
	const char *name, *why = NULL;
	char value[OPTION_TEXT_MAX];

	if (!json_is_object(root)) {
		bad(r, 400, "", root == NULL ? error.text : "an object of flags belongs here");
		json_decref(root);
		return;
	}
	json_object_foreach (root, name, v) {
		const struct option *o = option_find(name);

		if (o == NULL)
			why = "no such flag";
		else if (option_is_fixed(o))
			why = "this is settled at the start";
		else if (!as_text(v, value, sizeof(value)))
			why = "a text, a number or true or false belongs here";
		else if (option_set(o, &changed, value, &why))
			continue;
		bad(r, 400, name, why);
		json_decref(root);
		return;
	}
	json_decref(root);
	g->settings = changed;
	show_control(g, q, r);
}

/* ---- /ledger, /inbox ---- */

static void
show_ledger(struct gateway *g, const struct asked *q, struct reply *r)
{
	(void)q;
	if (g->ledger.fd < 0) {
		bad(r, 404, "", "no --ledger is kept");
		return;
	}
	r->type = "application/x-ndjson";
	r->file = g->settings.ledger;
}

static void
take_inbox(struct gateway *g, const struct asked *q, struct reply *r)
{
	struct entry e = {.event = "inbox",
			  .at_us = times_mono_us(),
			  .wall_us = times_wall_us(),
			  .connection = q->connection};
	struct bytes extra = {0};
	json_error_t error;
	json_t *root = q->query != NULL
			       ? query_read(q->query)
			       : json_loadb(q->body.p, q->body.n, JSON_REJECT_DUPLICATES, &error);
	char *compact = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);

	json_decref(root);
	g->stats.inbox++;
	if (compact == NULL) {
		bad(r, 400, "", q->query != NULL ? "this is no query" : "this is no JSON");
		return;
	}
	bytes_format(&extra, ",\"status\":%d,\"body\":%s", (int)g->settings.inbox_status, compact);
	free(compact);
	bytes_add(&extra, "", 1);
	e.extra = extra.p;
	ledger_add(&g->ledger, &e);
	bytes_free(&extra);
	r->status = (int)g->settings.inbox_status;
	bytes_str(&r->body, "{}");
}

/* ---- which page ---- */

static const struct page {
	const char *path, *method;
	void (*show)(struct gateway *g, const struct asked *q, struct reply *r);
} pages[] = {
	{"/stats", "GET", show_stats},	   {"/control", "GET", show_control},
	{"/control", "POST", set_control}, {"/ledger", "GET", show_ledger},
	{"/inbox", "POST", take_inbox},	   {"/inbox", "GET", take_inbox},
};

bool
page_show(struct gateway *g, const struct asked *q, struct reply *r)
{
	bool is_there = false;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(pages[i].path, q->path) != 0)
			continue;
		is_there = true;
		if (strcmp(pages[i].method, q->method) == 0) {
			pages[i].show(g, q, r);
			return true;
		}
	}
	if (is_there)
		bad(r, 405, q->path, "not with this method");
	return is_there;
}
