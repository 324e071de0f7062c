/* SPDX-License-Identifier: MIT */
/*
 * GET /explain?phone=…&campaign=…: why did this person get it or not.
 *
 *   the phone → may it be asked for: by who shows the right `personal`, or says why → the audit →
 *   suppressions → one campaign's run (or, not launched, its lists of now)
 *                | all lists of now, then the newest runs in which it is, a page of them
 *
 * The answer is lines of JSON: {"progress"} from the second second on, {"explain"} last; or an
 * error, which is a line {"error"} once there was one. What is of other units is as if it were not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/explain_json.h"
#include "dispatcher/api/explain_request.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/explain.h"
#include "dispatcher/run/launched.h"
#include "dispatcher/store/phone_hash.h"
#include "segments/phone.h"

#define RUNS_PAGE 20u	   /* runs that are told at a time */
#define RUNS_LOOK_MAX 500u /* runs that are looked through for them */
#define QUIET_MS 1000	   /* before the first line of progress */
#define PROGRESS_EVERY_MS 300

struct explanation {
	struct api *api;
	struct http_exchange *x; /* NULL = the client has left */
	struct explain_request asked;
	bool has_begun;
	int64_t began_ms, said_ms;
	struct phone_find *find;
	struct campaign *campaign;  /* NULL = none was named */
	struct explain_run *unsent; /* of a campaign that was not launched */
	json_t *out;
	struct buf sentences;
	/* lists that are looked through one after the other */
	char (*lists)[LIST_NAME_MAX + 1];
	size_t list_count, list_at, lists_with;
	struct list *list;
	/* all runs that may be seen; the newest, which are the last, are told first */
	struct launched_run *runs;
	size_t run_count, run_at, looked, told;
	json_t *told_runs, *unread;
};

static void
explanation_free(struct explanation *j)
{
	j->api->exports--;
	phone_find_free(j->find);
	campaign_free(j->campaign);
	explain_run_free(j->unsent);
	json_decref(j->out);
	json_decref(j->told_runs);
	json_decref(j->unread);
	buf_free(&j->sentences);
	list_free(j->list);
	free(j->lists);
	launched_runs_free(j->runs, j->run_count);
	free(j);
}

static void
fail(struct explanation *j, const struct err_ctx *e)
{
	if (j->x != NULL)
		api_stream_fail(j->x, &j->has_begun, e);
	explanation_free(j);
}

static void
answer(struct explanation *j)
{
	if (j->x != NULL) {
		json_object_set_new(j->out, "sentences",
				    explain_sentences_json(buf_slice(&j->sentences)));
		http_on_gone(j->x, NULL, NULL);
		api_stream_line(j->x, &j->has_begun, json_pack("{s:O}", "explain", j->out));
		http_stream_end(j->x);
	}
	explanation_free(j);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct explanation *j = arg;

	j->x = NULL; /* it ends at its next step */
	if (j->has_begun)
		http_stream_end(x);
	else
		http_answer_json(x, 503, json_object()); /* nobody reads it */
}

/* Somebody waits for it; otherwise it is freed. */
static bool
goes_on(struct explanation *j)
{
	struct err_ctx e;

	if (j->x != NULL && !j->api->daemon->is_stopping)
		return true;
	err_set(&e, ERR_UNREACHABLE, "server", "ask again", "is stopping");
	fail(j, &e);
	return false;
}

static bool
is_array(struct explanation *j, const struct reply *r)
{
	struct err_ctx e;

	if (r->kind == REPLY_ARRAY)
		return true;
	reply_fail(r, &e);
	fail(j, &e);
	return false;
}

static bool
on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct explanation *j = arg;
	int64_t now = clock_mono_ms();

	if (j->x == NULL || j->api->daemon->is_stopping)
		return false;
	if (now - j->began_ms < QUIET_MS || now - j->said_ms < PROGRESS_EVERY_MS)
		return true;
	j->said_ms = now;
	api_stream_line(j->x, &j->has_begun, api_progress(done, total));
	return true;
}

static bool
sees_unit(void *arg, uint64_t unit)
{
	const struct explanation *j = arg;

	return j->x != NULL && account_sees(api_account(j->x), unit > 0 ? unit : UNIT_ROOT);
}

/* What another unit's people have asked for is theirs. */
static bool
sees_scope(void *arg, struct slice scope)
{
	struct explanation *j = arg;

	if (scope.n < 5 || memcmp(scope.p, "unit:", 5) != 0)
		return true;
	return sees_unit(j, slice_to_u64((struct slice){scope.p + 5, scope.n - 5}));
}

/* ---- runs, the newest first ---- */

static void next_run(struct explanation *j);

/* The n-th, from the newest on. */
static const struct launched_run *
run_of(const struct explanation *j, size_t n)
{
	return &j->runs[j->run_count - 1 - n];
}

static void
runs_end(struct explanation *j)
{
	bool is_more = j->run_at < j->run_count;

	json_object_set(j->out, "runs", j->told_runs);
	json_object_set(j->out, "not_readable", j->unread);
	json_object_set_new(j->out, "next",
			    is_more && j->run_at > 0
				    ? json_integer((json_int_t)run_of(j, j->run_at - 1)->run)
				    : json_null());
	if (j->told == 0 && !is_more)
		explain_add_no_run(&j->sentences, j->asked.language);
	answer(j);
}

static void
on_brief(void *arg, struct explain_run *r, const struct err_ctx *e)
{
	struct explanation *j = arg;
	const struct launched_run *c = run_of(j, j->run_at);

	if (!goes_on(j)) {
		explain_run_free(r);
		return;
	}
	if (r == NULL && e->code != ERR_NOT_FOUND) {
		fail(j, e);
		return;
	}
	if (r == NULL) { /* its list was deleted: nobody knows any more */
		json_array_append_new(j->unread,
				      json_pack("{s:s, s:I, s:s}", "campaign", c->name, "run",
						(json_int_t)c->run, "why", e->why));
	} else if (r->count > 0) {
		json_array_append_new(j->told_runs, explain_line_json(r));
		explain_add_line(&j->sentences, j->asked.language, r);
		j->told++;
	}
	explain_run_free(r);
	j->run_at++;
	j->looked++;
	next_run(j);
}

static void
ask_run(struct explanation *j, const struct launched_run *c, bool is_brief,
	void (*cb)(void *arg, struct explain_run *r, const struct err_ctx *e))
{
	struct explain_wanted w = {.run = c->run,
				   .phone = j->asked.phone,
				   .is_brief = is_brief,
				   .is_full = j->asked.is_full,
				   .config = j->api->daemon->config,
				   .find = j->find,
				   .campaign = c->name,
				   .class = c->class};
	const struct explain_callbacks cbs = {.sees_scope = sees_scope,
					      .sees_unit = sees_unit,
					      .on_progress = on_progress,
					      .on_done = cb,
					      .arg = j};

	if (j->campaign != NULL) {
		w.segments = (const char *const *)j->campaign->segments;
		w.segment_count = j->campaign->segment_count;
	}
	run_explain(j->api->daemon->engine, &w, &cbs);
}

static void
next_run(struct explanation *j)
{
	if (j->run_at >= j->run_count || j->told >= RUNS_PAGE || j->looked >= RUNS_LOOK_MAX)
		runs_end(j);
	else
		ask_run(j, run_of(j, j->run_at), true, on_brief);
}

static bool
is_wanted(void *arg, uint64_t unit, struct slice goal, struct slice event)
{
	(void)goal;
	(void)event;
	return sees_unit(arg, unit);
}

/* The newest of them first. */
static void
on_launched(void *arg, struct launched_run *runs, size_t count, const struct err_ctx *e)
{
	struct explanation *j = arg;
	uint64_t below = j->asked.before > 0 ? j->asked.before : UINT64_MAX;

	j->runs = runs;
	j->run_count = count;
	if (!goes_on(j))
		return;
	if (e != NULL) {
		fail(j, e);
		return;
	}
	while (j->run_at < count && runs[count - 1 - j->run_at].run >= below)
		j->run_at++;
	next_run(j);
}

static void
ask_campaigns(struct explanation *j)
{
	const struct launched_callbacks cbs = {
		.is_wanted = is_wanted, .on_done = on_launched, .arg = j};

	launched_load(j->api->daemon->engine, &cbs);
}

/* ---- lists of now ---- */

static void next_list(struct explanation *j);

static void
lists_end(struct explanation *j)
{
	if (j->unsent != NULL) {
		json_t *whole = explain_run_json(j->unsent);

		json_object_update(j->out, whole);
		json_decref(whole);
		explain_add_run(&j->sentences, j->asked.language, j->unsent);
		answer(j);
		return;
	}
	if (j->lists_with == 0)
		explain_add_no_list(&j->sentences, j->asked.language);
	ask_campaigns(j);
}

static void
tell_rows(struct explanation *j, const struct phone_rows *rows)
{
	struct explain_list one = {.version = j->list->version, .rows = rows->count};
	uint64_t numbers[PHONE_FIND_ROWS];
	json_t *array = json_array(), *of = json_object_get(j->out, "lists");

	snprintf(one.name, sizeof(one.name), "%s", j->list->name);
	for (size_t i = 0; i < rows->count; i++) {
		numbers[i] = (uint64_t)rows->row[i] + 1;
		json_array_append_new(array, json_integer((json_int_t)numbers[i]));
	}
	json_array_append_new(of, json_pack("{s:s, s:I, s:o, s:b}", "list", one.name, "version",
					    (json_int_t)one.version, "rows", array, "more",
					    rows->has_more));
	explain_add_rows(&j->sentences, j->asked.language, &one, numbers, rows->count);
	j->lists_with++;
}

static void
on_rows(void *arg, const struct phone_rows *rows, const struct err_ctx *e)
{
	struct explanation *j = arg;

	if (!goes_on(j))
		return;
	if (rows == NULL) {
		fail(j, e);
		return;
	}
	if (j->unsent != NULL) {
		struct explain_list *one = &j->unsent->lists[j->unsent->list_count++];

		snprintf(one->name, sizeof(one->name), "%s", j->list->name);
		one->version = j->list->version;
		one->rows = rows->count;
		for (size_t i = 0; i < rows->count && j->unsent->count < EXPLAIN_MESSAGES; i++) {
			struct explain_message *m = &j->unsent->messages[j->unsent->count++];

			snprintf(m->list, sizeof(m->list), "%s", j->list->name);
			m->row = (uint64_t)rows->row[i] + 1;
		}
	} else if (rows->count > 0) {
		tell_rows(j, rows);
	}
	list_free(j->list);
	j->list = NULL;
	j->list_at++;
	next_list(j);
}

static void
on_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct explanation *j = arg;

	j->list = l;
	if (!goes_on(j))
		return;
	/* Deleted meanwhile, or given to another unit. */
	if (l == NULL ? e->code == ERR_NOT_FOUND : !sees_unit(j, l->unit)) {
		list_free(l);
		j->list = NULL;
		j->list_at++;
		next_list(j);
	} else if (l == NULL) {
		fail(j, e);
	} else {
		phone_find_in(j->find, l, on_progress, on_rows, j);
	}
}

static void
next_list(struct explanation *j)
{
	if (j->list_at < j->list_count)
		list_load_version(engine_redis(j->api->daemon->engine), j->lists[j->list_at], 0,
				  on_list, j);
	else
		lists_end(j);
}

static void
on_list_facts(void *arg, const struct reply *r)
{
	struct explanation *j = arg;

	if (!goes_on(j))
		return;
	if (!is_array(j, r))
		return;
	j->lists = xcalloc(r->count + 1, sizeof(*j->lists));
	for (size_t i = 1; i < r->count; i++) {
		const struct reply *one = reply_item(r, i);

		if (!sees_unit(j, reply_u64(one, 5 + CARE_FACTS)))
			continue;
		slice_copy(j->lists[j->list_count++], sizeof(*j->lists), reply_item(one, 0)->str);
	}
	next_list(j);
}

/* ---- one campaign ---- */

static void
on_run(void *arg, struct explain_run *r, const struct err_ctx *e)
{
	struct explanation *j = arg;
	json_t *whole;

	if (!goes_on(j)) {
		explain_run_free(r);
		return;
	}
	if (r == NULL) {
		fail(j, e);
		return;
	}
	whole = explain_run_json(r);
	json_object_update(j->out, whole);
	json_decref(whole);
	explain_add_run(&j->sentences, j->asked.language, r);
	explain_run_free(r);
	answer(j);
}

/* Not launched: where the phone is in its lists of now. */
static void
tell_unsent(struct explanation *j)
{
	const struct campaign *c = j->campaign;

	j->unsent = xcalloc(1, sizeof(*j->unsent));
	snprintf(j->unsent->campaign, sizeof(j->unsent->campaign), "%s", c->name);
	snprintf(j->unsent->state, sizeof(j->unsent->state), "%s", c->state);
	snprintf(j->unsent->class, sizeof(j->unsent->class), "%s", c->class);
	j->unsent->due_s = c->due_s;
	j->lists = xcalloc(c->list_count + 1, sizeof(*j->lists));
	for (size_t i = 0; i < c->list_count; i++)
		snprintf(j->lists[j->list_count++], sizeof(*j->lists), "%s", c->lists[i]);
	next_list(j);
}

static void
tell_campaign(struct explanation *j)
{
	struct campaign *c = j->campaign;
	struct launched_run one = {.run = c->run, .name = c->name, .class = c->class};
	struct err_ctx e;

	if (c->run == 0) {
		tell_unsent(j);
		return;
	}
	if (c->list_gone_s != 0) {
		char day[32];

		clock_format_vn(c->list_gone_s, day);
		err_set(&e, ERR_CONFLICT, c->name, "see loa campaign report",
			"its list was deleted on %.10s: who was in it is not known any more", day);
		fail(j, &e);
		return;
	}
	ask_run(j, &one, false, on_run);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct explanation *j = arg;

	j->campaign = c;
	if (!goes_on(j))
		return;
	if (c == NULL)
		fail(j, e);
	else
		tell_campaign(j);
}

/* ---- suppressions, and on ---- */

/* [phone, scope, reason, since ms, source] */
static void
add_suppression(struct explanation *j, const struct reply *one)
{
	char scope[80], reason[204], since[32];
	struct explain_suppression s = {scope, reason, 0};
	int64_t ms = 0;

	if (!sees_scope(j, reply_item(one, 1)->str) || !slice_to_i64(reply_item(one, 3)->str, &ms))
		return;
	slice_copy(scope, sizeof(scope), reply_item(one, 1)->str);
	slice_copy(reason, sizeof(reason), reply_item(one, 2)->str);
	s.since_s = ms / 1000;
	clock_format_vn(s.since_s, since);
	json_array_append_new(json_object_get(j->out, "suppressions"),
			      json_pack("{s:o, s:o, s:s, s:o}", "scope",
					json_of_slice(slice_of(scope)), "reason",
					json_of_slice(slice_of(reason)), "since", since, "source",
					json_of_slice(reply_item(one, 4)->str)));
	explain_add_suppression(&j->sentences, j->asked.language, &s);
}

static void
on_suppressions(void *arg, const struct reply *r)
{
	struct explanation *j = arg;
	const struct reply *list = reply_item(r, 0);
	const char *name;

	if (!goes_on(j))
		return;
	if (!is_array(j, r))
		return;
	for (size_t i = 0; i < list->count; i++)
		add_suppression(j, reply_item(list, i));
	name = http_query(j->x, "campaign");
	if (name != NULL && name[0] != '\0')
		api_campaign_of_run(j->api, j->x, name, on_campaign, j);
	else if (j->asked.before > 0) /* a further page: the lists were told */
		ask_campaigns(j);
	else
		list_facts(engine_redis(j->api->daemon->engine), on_list_facts, j);
}

static void
begin(struct explanation *j)
{
	struct engine *e = j->api->daemon->engine;
	const char *carrier = carrier_name(carrier_of(j->asked.phone));
	struct buf phone = {0};
	uint8_t hash[PHONE_HASH_BYTES];
	struct argv a = {0};

	cells_add_phone(&phone, j->asked.phone, j->asked.is_full);
	explain_add_phone(&j->sentences, j->asked.language, phone.data,
			  carrier != NULL ? carrier : "");
	j->out = json_pack("{s:s, s:o, s:[], s:[]}", "phone", phone.data, "carrier",
			   carrier != NULL ? json_string(carrier) : json_null(), "suppressions",
			   "lists");
	buf_free(&phone);
	j->told_runs = json_array();
	j->unread = json_array();
	j->find = phone_find_new(e, j->asked.phone);
	phone_hash(j->asked.phone, engine_phone_key(e), hash);
	argv_add_int(&a, (int64_t)j->asked.phone);
	argv_adds(&a, "");
	argv_add(&a, (struct slice){(const char *)hash, sizeof(hash)});
	engine_call(e, "suppress_show", &a, on_suppressions, j);
	argv_free(&a);
}

/* ---- what is asked, and who asks ---- */

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct explanation *j = arg;

	(void)n;
	if (e != NULL)
		fail(j, e);
	else if (goes_on(j))
		begin(j);
}

void
on_explain(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *campaign = http_query(x, "campaign");
	struct explanation *j;
	struct err_ctx e;
	char phone[24], object[140];

	if (!api_is_open(a, x) || !api_may_export(a, x))
		return;
	j = xcalloc(1, sizeof(*j));
	j->api = a;
	j->x = x;
	j->began_ms = clock_mono_ms();
	if (explain_request_read(a, x, &j->asked, &e) != ERR_OK) {
		http_answer_error(x, &e);
		explanation_free(j);
		return;
	}
	http_on_gone(x, on_gone, j);
	snprintf(phone, sizeof(phone), "%" PRIu64, j->asked.phone);
	snprintf(object, sizeof(object), "%s%.100s",
		 campaign != NULL && campaign[0] != '\0' ? "campaign:" : "all",
		 campaign != NULL ? campaign : "");
	audit_append(a->daemon->engine, api_who(x), "person.explain", object,
		     json_pack("{s:s, s:s}", "phone", log_phone(phone), "reason", j->asked.reason),
		     on_audited, j);
}
