/* SPDX-License-Identifier: MIT */
/*
 * POST /campaigns/{id}/doubt/resend and …/mark: what a person decides about
 * messages in doubt.
 *
 *   campaign → run → scan 1: what would be done → audit → scan 2: do it → audit
 *
 * Nothing is done before the audit has it, nor more than scan 1 counted. Dry,
 * it ends after scan 1. The last entry says what came of it; when it is missing
 * the act broke off, and may be repeated: what was done is not done twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/doubt.h"
#include "dispatcher/run/suppression.h"
#include "dispatcher/store/audit.h"

#define ROWS_MAX 1000u
#define PIECE 512u /* members in one step */
#define AUDIT_ROWS 100u

struct doubt_work {
	struct api *api;
	struct http_exchange *x;
	bool is_resend, is_sent; /* else marked not-sent */
	bool is_all, may_new, is_dry;
	bool is_doing; /* the second scan */
	int64_t most;  /* that the person agreed to; -1 = any number */
	char reason[SUPPRESSION_REASON_MAX + 1];
	char object[160];
	uint32_t rows[ROWS_MAX]; /* sorted, from 0 */
	size_t row_count;
	struct run_status status;
	struct doubt_scan *scan;
	struct doubts d; /* the string that is being worked on */
	size_t at;	 /* the next of it */
	struct buf members;
	uint64_t seen, repeat, new, marked; /* what may be done, what was done */
	uint64_t may_repeat, may_open;	    /* of the first scan */
	uint64_t early, automatic, needs_new, none, not_done;
	int64_t earliest_ms; /* 0 = none */
	uint64_t entry;	     /* of the audit */
};

static void
work_end(struct doubt_work *w, const struct err_ctx *e)
{
	if (e != NULL)
		http_answer_error(w->x, e);
	buf_free(&w->members);
	free(w);
}

/* ---- which ---- */

static bool
is_wanted(const struct doubt_work *w, uint32_t row)
{
	size_t lo = 0, hi = w->row_count;

	while (!w->is_all && lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (w->rows[mid] == row)
			return true;
		if (w->rows[mid] < row)
			lo = mid + 1;
		else
			hi = mid;
	}
	return w->is_all;
}

/* What a resend would do; true: this one is done. */
static bool
count_resend(struct doubt_work *w, const struct doubt *d)
{
	switch (d->choice) {
	case DOUBT_AUTO:
		w->automatic++;
		return false;
	case DOUBT_WAIT:
		w->early++;
		if (w->earliest_ms == 0 || d->at_ms < w->earliest_ms)
			w->earliest_ms = d->at_ms;
		return false;
	case DOUBT_NONE:
		w->none++;
		return false;
	case DOUBT_REPEAT:
		w->repeat++;
		return !w->is_doing || w->repeat <= w->may_repeat;
	case DOUBT_NEW:
		w->needs_new += !w->may_new;
		w->new += w->may_new;
		return w->may_new && (!w->is_doing || w->new <= w->may_open);
	}
	return false;
}

/* ---- doing ---- */

static void go_on(struct doubt_work *w);

static void
on_letters(void *arg, const char *letters, const struct err_ctx *e)
{
	struct doubt_work *w = arg;
	size_t n = w->members.len / 4;

	if (letters == NULL) {
		/* The server stops: nothing more may be asked. */
		doubt_scan_cancel(w->scan);
		work_end(w, e);
		return;
	}
	if (w->is_resend) {
		for (size_t i = 0; i < n; i++)
			w->not_done += letters[i] != 'r' && letters[i] != 'n';
	} else {
		for (size_t i = 0; i < n; i++) {
			w->marked += letters[i] == '+';
			w->early += letters[i] == 'w';
		}
	}
	buf_reset(&w->members);
	go_on(w);
}

static void
ask(struct doubt_work *w)
{
	struct engine *e = w->api->daemon->engine;
	struct doubt_act a = {
		.run = w->status.run,
		.p = w->d.p,
		.string = w->d.string,
		.members = buf_slice(&w->members),
		.wait_ms = doubt_wait_ms(w->api->daemon->config, &w->status),
	};

	if (w->is_resend)
		doubt_resend(e, &a, on_letters, w);
	else
		doubt_mark(e, &a, w->is_sent, !w->is_doing, on_letters, w);
}

/* The next members of the string. True: there are none, or they need no step. */
static bool
take_members(struct doubt_work *w)
{
	while (w->at < w->d.count && w->members.len < PIECE * 4) {
		const struct doubt *d = &w->d.list[w->at++];

		if (!is_wanted(w, d->row))
			continue;
		w->seen++;
		if (!w->is_resend || (count_resend(w, d) && w->is_doing))
			doubt_add_member(&w->members, d);
	}
	return w->members.len == 0;
}

static void
go_on(struct doubt_work *w)
{
	if (take_members(w))
		doubt_scan_resume(w->scan);
	else
		ask(w);
}

static bool
on_string(void *arg, const struct doubts *d)
{
	struct doubt_work *w = arg;

	w->d = *d;
	w->at = 0;
	if (take_members(w))
		return true;
	ask(w);
	return false;
}

/* ---- the answer ---- */

static json_t *
counts_json(const struct doubt_work *w)
{
	json_t *out = json_pack("{s:I, s:b, s:I}", "run", (json_int_t)w->status.run, "dry",
				w->is_dry, "in_doubt", (json_int_t)w->seen);
	char from[32];

	if (w->is_resend)
		json_object_update_new(
			out, json_pack("{s:I, s:I, s:I, s:I, s:I}", "repeat", (json_int_t)w->repeat,
				       "new_attempt", (json_int_t)w->new, "needs_new_attempt",
				       (json_int_t)w->needs_new, "repeated_by_itself",
				       (json_int_t)w->automatic, "never", (json_int_t)w->none));
	else
		json_object_set_new(out, "marked", json_integer((json_int_t)w->marked));
	json_object_set_new(out, "not_yet", json_integer((json_int_t)w->early));
	if (w->earliest_ms != 0) {
		clock_format_vn((w->earliest_ms + 999) / 1000, from);
		json_object_set_new(out, "not_before", json_string(from));
	}
	if (!w->is_all)
		json_object_set_new(
			out, "not_in_doubt",
			json_integer(
				(json_int_t)(w->row_count > w->seen ? w->row_count - w->seen : 0)));
	if (w->entry != 0)
		json_object_set_new(out, "audit", json_integer((json_int_t)w->entry));
	json_object_set_new(out, "state", json_string(w->status.state));
	return out;
}

static void
on_ended(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct doubt_work *w = arg;

	if (e != NULL)
		log_warn("run=%" PRIu64 " audit=%" PRIu64 " result=end-not-written why=\"%s\"",
			 w->status.run, w->entry, e->why);
	(void)n;
	http_answer_json(w->x, 200, counts_json(w));
	work_end(w, NULL);
}

static void
on_done(void *arg, const struct err_ctx *e)
{
	struct doubt_work *w = arg;
	json_t *details;

	w->scan = NULL;
	if (w->is_resend) {
		/* What the step found otherwise than the scan did. */
		w->repeat = w->repeat < w->may_repeat ? w->repeat : w->may_repeat;
		w->new = w->new < w->may_open ? w->new : w->may_open;
	}
	log_info("run=%" PRIu64 " by=\"%s\" act=%s audit=%" PRIu64 " repeated=%" PRIu64
		 " new=%" PRIu64 " marked=%" PRIu64 " changed_meanwhile=%" PRIu64 " result=%s",
		 w->status.run, api_who(w->x), w->is_resend ? "doubt.resend" : "doubt.mark",
		 w->entry, w->repeat, w->new, w->marked, w->not_done,
		 e == NULL ? "done" : "broken");
	if (e != NULL) {
		work_end(w, e);
		return;
	}
	details = json_pack(
		"{s:I, s:I, s:I}", "entry", (json_int_t)w->entry, "changed_meanwhile",
		(json_int_t)w->not_done, w->is_resend ? "sent_again" : "marked",
		(json_int_t)(w->is_resend ? w->repeat + w->new - w->not_done : w->marked));
	audit_append(w->api->daemon->engine, api_who(w->x),
		     w->is_resend ? "doubt.resend.done" : "doubt.mark.done", w->object, details,
		     on_ended, w);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct doubt_work *w = arg;
	struct daemon *d = w->api->daemon;
	struct doubt_scan_options o = {.on_string = on_string, .on_done = on_done, .arg = w};

	if (e != NULL) {
		work_end(w, e);
		return;
	}
	w->entry = n;
	w->may_repeat = w->repeat;
	w->may_open = w->new;
	w->seen = w->repeat = w->new = w->marked = 0;
	w->early = w->automatic = w->needs_new = w->none = 0;
	w->earliest_ms = 0;
	w->is_doing = true;
	w->scan = doubt_scan_start(d->engine, d->views, d->config, &w->status, &o);
}

static json_t *
audit_details(const struct doubt_work *w)
{
	json_t *out =
		json_pack("{s:I, s:s}", "run", (json_int_t)w->status.run, "reason", w->reason);
	json_t *rows = json_array();

	for (size_t i = 0; i < w->row_count && i < AUDIT_ROWS; i++)
		json_array_append_new(rows, json_integer((json_int_t)w->rows[i] + 1));
	if (w->is_all)
		json_object_set_new(out, "rows", json_string("all"));
	else
		json_object_set(out, "rows", rows);
	if (w->row_count > AUDIT_ROWS)
		json_object_set_new(out, "rows_not_listed",
				    json_integer((json_int_t)(w->row_count - AUDIT_ROWS)));
	json_decref(rows);
	if (w->is_resend)
		json_object_update_new(out, json_pack("{s:I, s:I}", "repeat", (json_int_t)w->repeat,
						      "new_attempt", (json_int_t)w->new));
	else
		json_object_update_new(out, json_pack("{s:s, s:I}", "as",
						      w->is_sent ? "sent" : "not-sent", "messages",
						      (json_int_t)w->marked));
	return out;
}

/* Nothing can be done: why. */
static enum err
explain(const struct doubt_work *w, struct err_ctx *e)
{
	char from[32] = "";

	if (w->earliest_ms != 0)
		clock_format_vn((w->earliest_ms + 999) / 1000, from);
	if (w->seen == 0)
		return err_set(e, ERR_CONFLICT, "doubt", "see loa doubt ls",
			       "none of these messages is in doubt");
	if (strcmp(w->status.state, "cancelled") == 0 && w->is_resend)
		return err_set(e, ERR_CONFLICT, "doubt", "mark what you know of them",
			       "the campaign is cancelled: nothing more is sent");
	if (w->needs_new > 0)
		return err_set(e, ERR_REFUSED, "doubt", "allow it with --new-attempt",
			       "only a new attempt is left for %" PRIu64
			       " of them, and that may reach the person twice",
			       w->needs_new);
	if (w->earliest_ms != 0)
		return err_set(e, ERR_CONFLICT, "doubt", "try again then",
			       "not before %s: what was sent may still be on its way", from);
	if (w->early > 0)
		return err_set(e, ERR_CONFLICT, "doubt", "see loa doubt ls for the time",
			       "too early: what was sent may still be on its way");
	if (w->automatic > 0)
		return err_set(e, ERR_CONFLICT, "doubt", "see loa doubt ls",
			       "they are still repeated by themselves");
	return err_set(e, ERR_CONFLICT, "doubt", "mark what you know of them",
		       "all attempts are used");
}

/* The first scan is over: refuse, tell, or do. */
static void
on_counted(void *arg, const struct err_ctx *e)
{
	struct doubt_work *w = arg;
	uint64_t n = w->is_resend ? w->repeat + w->new : w->marked;
	struct err_ctx mine;

	w->scan = NULL;
	if (e == NULL && n == 0 && !w->is_dry) {
		explain(w, &mine);
		e = &mine;
	} else if (e == NULL && w->most >= 0 && n > (uint64_t)w->most) {
		e = &mine;
		err_set(&mine, ERR_CONFLICT, "doubt", "look again",
			"%" PRIu64 " messages are meant now, you agreed to %" PRId64, n, w->most);
	}
	if (e != NULL) {
		work_end(w, e);
	} else if (w->is_dry) {
		http_answer_json(w->x, 200, counts_json(w));
		work_end(w, NULL);
	} else {
		audit_append(w->api->daemon->engine, api_who(w->x),
			     w->is_resend ? "doubt.resend" : "doubt.mark", w->object,
			     audit_details(w), on_audited, w);
	}
}

/* ---- beginning ---- */

static void
on_status(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct doubt_work *w = arg;
	struct daemon *d = w->api->daemon;
	struct doubt_scan_options o = {.on_string = on_string, .on_done = on_counted, .arg = w};
	struct err_ctx mine;

	for (unsigned t = 0; s != NULL && w->is_resend && t < s->tariffs; t++) {
		if (config_provider(d->config, slice_of(s->lane[t])) >= 0)
			continue;
		err_set(&mine, ERR_CONFLICT, "doubt", "add it to the server's configuration again",
			"the provider %s of this run is not configured any more", s->lane[t]);
		s = NULL;
		e = &mine;
	}
	if (s == NULL) {
		work_end(w, e);
		return;
	}
	w->status = *s;
	w->scan = doubt_scan_start(d->engine, d->views, d->config, s, &o);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct doubt_work *w = arg;
	struct err_ctx none;
	uint64_t run = campaign_rows_of(c, "nothing is in doubt", &none, &e);

	if (c != NULL)
		snprintf(w->object, sizeof(w->object), "campaign:%s", c->name);
	campaign_free(c);
	if (run == 0)
		work_end(w, e);
	else
		run_status_load(w->api->daemon->engine, run, on_status, w);
}

static int
compare_rows(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static enum err
read_rows(struct doubt_work *w, const struct json_at *rows, struct err_ctx *e)
{
	size_t n = json_array_size(rows->v), kept = 0;
	enum err rc = json_want_array(rows, e);

	if (rc == ERR_OK && w->is_all && !w->is_resend)
		return err_set(e, ERR_INPUT, "all", "name rows", "is for a resend");
	if (rc == ERR_OK && (n > 0) == w->is_all)
		return err_set(e, ERR_INPUT, "rows", "", "name rows%s",
			       w->is_resend ? ", or say \"all\": true" : "");
	if (rc == ERR_OK && n > ROWS_MAX)
		return err_set(e, ERR_INPUT, "rows", "name them in several goes",
			       "are %zu, at most %u", n, ROWS_MAX);
	for (size_t i = 0; rc == ERR_OK && i < n; i++) {
		struct json_at one = json_item(rows, i);
		int64_t row = 0;

		rc = json_read_int(&one, 1, UINT32_MAX, &row, e);
		w->rows[i] = (uint32_t)(row - 1);
	}
	if (rc != ERR_OK)
		return rc;
	qsort(w->rows, n, sizeof(w->rows[0]), compare_rows);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || w->rows[kept - 1] != w->rows[i])
			w->rows[kept++] = w->rows[i];
	w->row_count = kept;
	return ERR_OK;
}

static enum err
read_body(struct doubt_work *w, json_t *body, struct err_ctx *e)
{
	static const char *const keys[] = {"rows", "all",	  "reason", "dry",
					   "most", "new_attempt", "as"};
	static const char *const as[] = {"not-sent", "sent"};
	struct json_at root = json_root(body), rows = json_get(&root, "rows"),
		       all = json_get(&root, "all"), reason = json_get(&root, "reason"),
		       dry = json_get(&root, "dry"), most = json_get(&root, "most"),
		       new = json_get(&root, "new_attempt"), how = json_get(&root, "as");
	const char *text = "";
	int is_sent = -1;
	enum err rc = json_only_keys(&root, keys, w->is_resend ? 6 : 7, e);

	if (rc == ERR_OK && !w->is_resend && new.v != NULL)
		return err_set(e, ERR_INPUT, "new_attempt", "", "is for a resend");
	if (rc != ERR_OK || (rc = json_read_bool(&all, &w->is_all, e)) != ERR_OK ||
	    (rc = json_read_bool(&dry, &w->is_dry, e)) != ERR_OK ||
	    (rc = json_read_bool(&new, &w->may_new, e)) != ERR_OK ||
	    (rc = json_read_int(&most, 0, INT32_MAX, &w->most, e)) != ERR_OK ||
	    (rc = json_read_string(&reason, &text, e)) != ERR_OK ||
	    (rc = suppression_check_reason(text, e)) != ERR_OK ||
	    (rc = read_rows(w, &rows, e)) != ERR_OK)
		return rc;
	snprintf(w->reason, sizeof(w->reason), "%s", text);
	if (w->is_resend)
		return ERR_OK;
	rc = json_read_choice(&how, as, ARRAY_LEN(as), &is_sent, e);
	if (rc == ERR_OK && is_sent < 0)
		rc = err_set(e, ERR_INPUT, "as", "", "must be sent or not-sent");
	w->is_sent = is_sent == 1;
	return rc;
}

static void
begin(struct http_exchange *x, struct api *a, bool is_resend)
{
	const char *id = api_name(x, "id", "campaign");
	struct doubt_work *w;
	struct err_ctx e;
	json_t *body;

	if (id == NULL || !api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	w = xcalloc(1, sizeof(*w));
	w->api = a;
	w->x = x;
	w->is_resend = is_resend;
	w->most = -1;
	if (read_body(w, body, &e) != ERR_OK)
		work_end(w, &e);
	else
		api_campaign_of_run(a, x, id, on_campaign, w);
	json_decref(body);
}

void
on_doubt_resend(struct http_exchange *x, void *arg)
{
	begin(x, arg, true);
}

void
on_doubt_mark(struct http_exchange *x, void *arg)
{
	begin(x, arg, false);
}
