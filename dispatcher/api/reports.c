/* SPDX-License-Identifier: MIT */
/*
 * GET /report: what the campaigns of one's units came to together, by something and in a period.
 *
 *   the names of all campaigns → their facts → those that were launched and are of one's units →
 *   one run after the other (run/volume) → the phones of each group → lines
 *
 * Lines of JSON: {"progress"} from the second second on, one {"value"} a group, {"report"} last; or an
 * error, which is a line {"error"} once there was one. As CSV the groups alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/volume.h"

#define QUIET_MS 1000 /* before the first line of progress */
#define PROGRESS_EVERY_MS 300
#define DAY_S 86400

struct report_job {
	struct api *api;
	struct http_exchange *x; /* NULL = the client has left */
	struct volume_wanted w;
	const char *by; /* as it was asked */
	bool is_csv, has_begun;
	int64_t began_ms, said_ms;
};

static void
job_free(struct report_job *j)
{
	j->api->exports--;
	free((char *)(uintptr_t)j->w.column);
	free((char *)(uintptr_t)j->by);
	free(j);
}

static void
fail(struct report_job *j, const struct err_ctx *e)
{
	if (j->x != NULL)
		api_stream_fail(j->x, &j->has_begun, e);
	job_free(j);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct report_job *j = arg;

	j->x = NULL; /* it ends at its next step */
	if (j->has_begun)
		http_stream_end(x);
	else
		http_answer_json(x, 503, json_object()); /* nobody reads it */
}

static bool
is_waited_for(const struct report_job *j)
{
	return j->x != NULL && !j->api->daemon->is_stopping;
}

static bool
on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct report_job *j = arg;
	int64_t now = clock_mono_ms();

	if (!is_waited_for(j))
		return false;
	/* A CSV has no room for it. */
	if (j->is_csv || now - j->began_ms < QUIET_MS || now - j->said_ms < PROGRESS_EVERY_MS)
		return true;
	j->said_ms = now;
	api_stream_line(j->x, &j->has_begun, api_progress(done, total));
	return true;
}

/* ---- the answer ---- */

/* Largest first; what has no value among them. Of partners by month, provider, carrier. */
static int
by_size(const void *a, const void *b)
{
	const struct volume_group *x = *(const struct volume_group *const *)a,
				  *y = *(const struct volume_group *const *)b;

	if (x->messages != y->messages)
		return x->messages < y->messages ? 1 : -1;
	return strcmp(x->key, y->key);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(const struct volume_group *const *)a)->key,
		      (*(const struct volume_group *const *)b)->key);
}

static const struct volume_group **
in_order(const struct report_job *j, const struct volume *v)
{
	const struct volume_group **all = xcalloc(v->count, sizeof(*all));
	bool is_named = j->w.by == VOLUME_MONTH || j->w.by == VOLUME_PARTNER;

	for (size_t i = 1; i < v->count; i++)
		all[i - 1] = &v->groups[i];
	if (v->count > 2)
		qsort(all, v->count - 1, sizeof(*all), is_named ? by_name : by_size);
	return all;
}

/* Few people, and a column that the law calls sensitive: nothing of them is told. */
static bool
is_hidden(const struct volume *v, const struct volume_group *g)
{
	return v->is_sensitive && g->messages < API_GROUP_LEAST;
}

static json_t *
value_json(const struct report_job *j, const struct volume_group *g)
{
	struct slice rest = slice_of(g->label);
	json_t *out = json_object();

	if (j->w.by == VOLUME_PARTNER) {
		json_object_set_new(out, "month", json_of_slice(slice_take_until(&rest, '\t')));
		json_object_set_new(out, "provider", json_of_slice(slice_take_until(&rest, '\t')));
		json_object_set_new(out, "carrier", rest.n > 0 ? json_of_slice(rest) : json_null());
	} else {
		json_object_set_new(out, "value", rest.n > 0 ? json_of_slice(rest) : json_null());
	}
	return out;
}

static void
add_counts(json_t *out, const struct volume_group *g)
{
	json_object_set_new(out, "phones", json_integer((json_int_t)g->phones));
	json_object_set_new(out, "messages", json_integer((json_int_t)g->messages));
	json_object_set_new(out, "delivered", json_integer((json_int_t)g->delivered));
	json_object_set_new(out, "undeliverable", json_integer((json_int_t)g->undeliverable));
	json_object_set_new(out, "parts", json_integer((json_int_t)g->parts));
	json_object_set_new(out, "cost", json_integer(g->cost));
}

static json_t *
day_json(int64_t unix_s)
{
	char text[32];

	clock_format_vn(unix_s, text);
	text[10] = '\0';
	return json_string(text);
}

static json_t *
report_json(const struct report_job *j, const struct volume *v)
{
	json_t *sums = json_object();

	add_counts(sums, &v->groups[0]);
	json_object_set_new(sums, "records", json_string(v->is_moving ? "moving" : "agree"));
	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:o}", "by", j->by, "label",
			 j->w.by == VOLUME_CARRIER || j->w.by == VOLUME_PARTNER ? "theo đầu số"
										: "",
			 "from", day_json(j->w.from_s), "to", day_json(j->w.to_s - 1), "runs",
			 (json_int_t)v->runs, "not_readable", (json_int_t)v->not_readable,
			 "phones_not_kept", (json_int_t)v->not_kept, "without_column",
			 (json_int_t)v->without_column, "sums", sums);
}

static void
tell_json(struct report_job *j, const struct volume *v, const struct volume_group **all)
{
	for (size_t i = 0; i + 1 < v->count; i++) {
		json_t *one = value_json(j, all[i]);

		if (is_hidden(v, all[i]))
			json_object_set_new(one, "messages",
					    api_group_size(all[i]->messages, true));
		else
			add_counts(one, all[i]);
		api_stream_line(j->x, &j->has_begun, json_pack("{s:o}", "value", one));
	}
	api_stream_line(j->x, &j->has_begun, json_pack("{s:o}", "report", report_json(j, v)));
}

static void
add_csv_line(const struct report_job *j, const struct volume *v, const struct volume_group *g,
	     struct buf *out)
{
	struct slice rest = slice_of(g->label);

	if (j->w.by == VOLUME_PARTNER) {
		cells_add_text(out, slice_take_until(&rest, '\t'));
		buf_addc(out, ',');
		cells_add_text(out, slice_take_until(&rest, '\t'));
		buf_addc(out, ',');
	}
	cells_add_text(out, rest);
	if (is_hidden(v, g))
		buf_addf(out, ",,<%u,,,,\r\n", API_GROUP_LEAST);
	else
		buf_addf(out, ",%llu,%llu,%llu,%llu,%llu,%lld\r\n", (unsigned long long)g->phones,
			 (unsigned long long)g->messages, (unsigned long long)g->delivered,
			 (unsigned long long)g->undeliverable, (unsigned long long)g->parts,
			 (long long)g->cost);
}

static void
tell_csv(struct report_job *j, const struct volume *v, const struct volume_group **all)
{
	const char *bom = http_query(j->x, "bom");
	struct buf out = {0};

	http_set_header(j->x, "Content-Disposition", "attachment; filename=\"report.csv\"");
	if (bom != NULL && strcmp(bom, "0") != 0)
		buf_adds(&out, "\xef\xbb\xbf");
	if (j->w.by == VOLUME_PARTNER)
		buf_adds(&out, "month,provider,carrier");
	else
		cells_add_text(&out, slice_of(j->by));
	buf_adds(&out, ",phones,messages,delivered,undeliverable,parts,cost\r\n");
	for (size_t i = 0; i + 1 < v->count; i++)
		add_csv_line(j, v, all[i], &out);
	http_answer_buf(j->x, 200, "text/csv; charset=utf-8; header=present", buf_slice(&out));
	buf_free(&out);
}

static void
on_volume(void *arg, const struct volume *v, const struct err_ctx *e)
{
	struct report_job *j = arg;
	const struct volume_group **all;

	if (v == NULL || j->x == NULL) {
		fail(j, e);
		return;
	}
	all = in_order(j, v);
	http_on_gone(j->x, NULL, NULL);
	if (j->is_csv) {
		tell_csv(j, v, all);
	} else {
		tell_json(j, v, all);
		http_stream_end(j->x);
	}
	free(all);
	job_free(j);
}

/* ---- the campaigns ---- */

static bool
is_wanted(void *arg, uint64_t unit, struct slice goal, struct slice event)
{
	const struct report_job *j = arg;
	const char *only_goal, *only_event;

	if (j->x == NULL || !account_sees(api_account(j->x), unit))
		return false;
	only_goal = http_query(j->x, "goal");
	only_event = http_query(j->x, "event");
	return (only_goal == NULL || slice_is(goal, only_goal)) &&
	       (only_event == NULL || slice_is(event, only_event));
}

static void
on_launched(void *arg, struct launched_run *runs, size_t count, const struct err_ctx *e)
{
	struct report_job *j = arg;
	const struct volume_callbacks cbs = {
		.on_progress = on_progress, .on_done = on_volume, .arg = j};
	struct err_ctx stopping;

	if (e == NULL && is_waited_for(j)) {
		j->w.runs = runs;
		j->w.run_count = count;
		volume_start(j->api->daemon->engine, &j->w, &cbs);
		return;
	}
	launched_runs_free(runs, count);
	err_set(&stopping, ERR_UNREACHABLE, "server", "ask again", "is stopping");
	fail(j, e != NULL ? e : &stopping);
}

/* ---- what is asked ---- */

static const char *const by_names[] = {
	[VOLUME_GOAL] = "goal",		[VOLUME_EVENT] = "event",
	[VOLUME_UNIT] = "unit",		[VOLUME_CLASS] = "class",
	[VOLUME_CAMPAIGN] = "campaign", [VOLUME_MONTH] = "month",
	[VOLUME_CARRIER] = "carrier",	[VOLUME_PROVIDER] = "provider",
	[VOLUME_PARTNER] = "partner",	[VOLUME_PROVINCE] = "province",
};

static enum err
read_by(struct report_job *j, struct err_ctx *e)
{
	const char *by = http_query(j->x, "by");

	if (by == NULL || by[0] == '\0')
		return err_set(e, ERR_INPUT, "by",
			       "write goal, event, unit, class, campaign, month, carrier, "
			       "provider, partner, province or a column",
			       "is missing");
	j->by = xstrdup(by);
	for (size_t i = 0; i < ARRAY_LEN(by_names); i++)
		if (strcmp(by, by_names[i]) == 0) {
			j->w.by = (enum volume_by)i;
			return ERR_OK;
		}
	j->w.by = VOLUME_COLUMN;
	j->w.column = xstrdup(by);
	return ERR_OK;
}

/* A day or a month, "2027-10-10" or "2027-10"; is_end: the moment behind it. */
static enum err
read_day(const struct report_job *j, const char *name, bool is_end, int64_t *out, struct err_ctx *e)
{
	const char *text = http_query(j->x, name);
	struct date d;
	int64_t days;

	if (text == NULL)
		return ERR_OK;
	if (!date_read(slice_of(text), &d) || d.month == 0)
		return err_set(e, ERR_INPUT, name, "write 2027-10-10, or 2027-10",
			       "\"%.20s\" is no day and no month", text);
	if (d.day == 0 && is_end)
		d.month++;
	days = date_to_days((struct date){d.year, d.month, d.day > 0 ? d.day : 1});
	if (d.day > 0 && is_end)
		days++;
	*out = days * DAY_S - VN_UTC_OFFSET_S;
	return ERR_OK;
}

/* Without from and to: the year until now. */
static enum err
read_period(struct report_job *j, struct err_ctx *e)
{
	int64_t today = clock_today_vn();
	struct date d = date_of_days(today);
	enum err rc;

	j->w.from_s = date_to_days((struct date){d.year, 1, 1}) * DAY_S - VN_UTC_OFFSET_S;
	j->w.to_s = (today + 1) * DAY_S - VN_UTC_OFFSET_S;
	if ((rc = read_day(j, "from", false, &j->w.from_s, e)) != ERR_OK ||
	    (rc = read_day(j, "to", true, &j->w.to_s, e)) != ERR_OK)
		return rc;
	if (j->w.from_s >= j->w.to_s)
		return err_set(e, ERR_INPUT, "from", "write the earlier day first",
			       "is behind `to`");
	return ERR_OK;
}

static enum err
read_format(struct report_job *j, struct err_ctx *e)
{
	const char *format = http_query(j->x, "format");

	j->is_csv = format != NULL && strcmp(format, "csv") == 0;
	if (format == NULL || j->is_csv || strcmp(format, "json") == 0)
		return ERR_OK;
	return err_set(e, ERR_INPUT, "format", "write csv or json", "there is no format \"%.20s\"",
		       format);
}

void
on_volume_report(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct launched_callbacks cbs = {.is_wanted = is_wanted, .on_done = on_launched};
	struct report_job *j;
	struct err_ctx e;

	if (!api_is_open(a, x) || !api_may_export(a, x))
		return;
	j = xcalloc(1, sizeof(*j));
	cbs.arg = j;
	j->api = a;
	j->x = x;
	j->began_ms = clock_mono_ms();
	j->w.folder = a->daemon->config->data;
	if (read_by(j, &e) != ERR_OK || read_period(j, &e) != ERR_OK ||
	    read_format(j, &e) != ERR_OK) {
		fail(j, &e);
		return;
	}
	http_on_gone(x, on_gone, j);
	launched_load(a->daemon->engine, &cbs);
}
