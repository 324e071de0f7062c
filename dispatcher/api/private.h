/* SPDX-License-Identifier: MIT */
/* Inside of the API: what its route files share. */
#pragma once

#include "dispatcher/account/account.h"
#include "dispatcher/api/api.h"
#include "dispatcher/api/http.h"
#include "dispatcher/campaign/halt.h"
#include "dispatcher/daemon.h"
#include "dispatcher/run/report.h"
#include "dispatcher/store/audit.h"

struct backup_job;
struct imports;
struct watch;
struct doubt_index;
struct sandbox;
struct pattern_book;
struct passwords;

struct api {
	struct daemon *daemon;
	struct http_server *http; /* NULL = closed */
	unsigned port;		  /* that it listened on, also afterwards */
	struct imports *imports;
	struct watch *watches;	       /* open event streams */
	unsigned exports;	       /* walks over whole audiences under way */
	struct backup_job *backup;     /* the one under way; NULL = none */
	struct sandbox *sandbox;       /* NULL until it is asked */
	struct pattern_book *patterns; /* that single messages are compared with */
	struct passwords *passwords;   /* helpers that work on them; NULL = closed */
	struct doubt_index *doubts;    /* phones in doubt of the run that was asked for last */
};

/* True: Redis is there. Otherwise the exchange was answered with 503. */
bool api_is_open(struct api *a, struct http_exchange *x);
/* True: it is known who may ask (from the first start on). Otherwise answered with 503. */
bool api_has_keys(struct api *a, struct http_exchange *x);
/* Who asks, of a route that needs it. */
const struct account *api_account(const struct http_exchange *x);
/* The same for people, the audit and the log; lives as long as x. */
const char *api_who(const struct http_exchange *x);
/* The units whose things are told, as an argument of Lua's ls: "3,17", "" = all. */
void api_add_units(const struct http_exchange *x, struct argv *a, bool with_above);
/* The table of routes. */
const struct http_route *api_routes(size_t *count);
/* A reply that cannot be used: answers 503. */
void api_answer_reply(struct http_exchange *x, const struct reply *r);
/* The body as a JSON object; NULL: the exchange was answered with the error. */
json_t *api_body_json(struct http_exchange *x);
/* The next line of an answer of JSON lines, which the first one begins; takes the line. */
void api_stream_line(struct http_exchange *x, bool *has_begun, json_t *take_line);
/* The answer fails: the problem, or where lines of it have gone the last one, {"error"}. It is over. */
void api_stream_fail(struct http_exchange *x, bool *has_begun, const struct err_ctx *e);
json_t *api_error_line(const struct err_ctx *e);
/* The line of how far it is: {"progress"}; of what is read of other lists and campaigns before. */
json_t *api_progress(uint64_t done, uint64_t total);
json_t *api_progress_of_sets(uint64_t done, uint64_t total);
/* Names, or objects with a "name", in Vietnamese order; takes the array. */
json_t *api_sorted(json_t *array);
/* A path parameter that is a name; NULL: the exchange was answered. */
const char *api_name(struct http_exchange *x, const char *param, const char *what);

/* A campaign_created_cb: arg is the exchange. */
void api_on_created(void *arg, uint64_t id, bool is_new, const struct err_ctx *e);
/* Why a run is paused or cancelled: {"kind","reason","by","since"}. */
json_t *why_json(const char *why, const char *reason, const char *by, int64_t since_s);

/* ?full=1: unmasked phones, for who has the right `personal` and shows it, on the socket too. */
MUST_CHECK enum err api_read_full(const struct api *a, const struct http_exchange *x, bool *is_full,
				  struct err_ctx *e);

/* True: has it, and a token or session was shown, on the socket too. */
bool api_has_personal(const struct api *a, const struct http_exchange *x);

/* The handlers, by file. Each gets the struct api as arg. */
/* imports.c */
void on_import_begin(struct http_exchange *x, void *arg);
void on_import_piece(struct http_exchange *x, void *arg);
void on_import_next(struct http_exchange *x, void *arg);
void on_import_commit(struct http_exchange *x, void *arg);
void on_import_abort(struct http_exchange *x, void *arg);
struct imports *imports_new(struct api *a);
void imports_free(struct imports *im);
/* list_edit.c */
void on_list_remove_rows(struct http_exchange *x, void *arg);
void on_list_columns(struct http_exchange *x, void *arg);
/* lists.c */
void on_list_ls(struct http_exchange *x, void *arg);
void on_list_show(struct http_exchange *x, void *arg);
void on_list_rejects(struct http_exchange *x, void *arg);
void on_list_undo(struct http_exchange *x, void *arg);
void on_list_redo(struct http_exchange *x, void *arg);
/* list_care.c */
void on_list_set(struct http_exchange *x, void *arg);
void on_list_uses(struct http_exchange *x, void *arg);
void on_list_rm(struct http_exchange *x, void *arg);
/*
 * How many are in a group that something sensitive makes: "<5" where they are fewer, so that nobody
 * learns it of one person.
 */
#define API_GROUP_LEAST 5u
json_t *api_group_size(uint64_t n, bool is_sensitive);
/* Why a person does it: one line of at most 200 bytes; "" when at is absent. */
#define API_REASON_MAX 200u
MUST_CHECK enum err api_read_reason(const struct json_at *at, char out[API_REASON_MAX + 1],
				    struct err_ctx *e);
/* Of the audit: each fact that is given, from what to what. now NULL = the list is new. */
json_t *api_care_details(const struct list_care *now, const struct list_care *next,
			 const bool given[CARE_FACTS], const char *reason);
/*
 * Sensitive columns are read in full: who, what and why go into the audit first. ERR_REFUSED at once
 * when there is no ?reason=; else cb runs once, later.
 */
MUST_CHECK enum err api_audit_reading(struct api *a, struct http_exchange *x, const char *object,
				      audit_cb cb, void *arg, struct err_ctx *e);
/* list_export.c */
void on_list_rows(struct http_exchange *x, void *arg);
/* segments.c */
void on_segment_save(struct http_exchange *x, void *arg);
void on_segment_ls(struct http_exchange *x, void *arg);
void on_segment_show(struct http_exchange *x, void *arg);
void on_segment_rm(struct http_exchange *x, void *arg);
/* questions.c */
void on_segment_count(struct http_exchange *x, void *arg);
void on_query_count(struct http_exchange *x, void *arg);
void on_segment_sample(struct http_exchange *x, void *arg);
void on_segment_breakdown(struct http_exchange *x, void *arg);
/* templates.c */
void on_template_save(struct http_exchange *x, void *arg);
void on_template_ls(struct http_exchange *x, void *arg);
void on_template_show(struct http_exchange *x, void *arg);
void on_template_set(struct http_exchange *x, void *arg);
void on_template_diff(struct http_exchange *x, void *arg);
/* brandnames.c, patterns.c */
void on_brandname_save(struct http_exchange *x, void *arg);
void on_brandname_ls(struct http_exchange *x, void *arg);
void on_brandname_show(struct http_exchange *x, void *arg);
void on_brandname_rm(struct http_exchange *x, void *arg);
void on_pattern_import(struct http_exchange *x, void *arg);
void on_pattern_ls(struct http_exchange *x, void *arg);
void on_pattern_show(struct http_exchange *x, void *arg);
void on_pattern_rm(struct http_exchange *x, void *arg);
void on_pattern_check(struct http_exchange *x, void *arg);
void on_content_show(struct http_exchange *x, void *arg);
/* campaigns.c */
void on_campaign_create(struct http_exchange *x, void *arg);
void on_campaign_ls(struct http_exchange *x, void *arg);
void on_campaign_show(struct http_exchange *x, void *arg);
/* Members "due", and as below, of one that has a time. */
void api_add_times(const struct daemon *d, const struct halts *h, const struct campaign *c,
		   json_t *out);
/*
 * "sends_from", when the first message leaves of what is to be sent at at_s (0 = now: only where that
 * is later), and the "freeze" that it falls into, if it does. "expires" instead: by then, its finish_by
 * (WINDOW_NONE: none), nothing may leave.
 */
void api_add_sends_from(const struct daemon *d, const struct halts *h, const char *class,
			int finish_by, int64_t at_s, json_t *out);
/* In what time it is sent, and what happens when nobody fires it in time, if that was said. */
void api_add_late(const struct campaign *c, json_t *out);
/* "next", its occurrences to come; to its "warnings" those about the days that they fall on. */
void api_add_days(const struct daemon *d, const struct campaign *c, json_t *out);
/* Is there time enough to send so many? needed_s at the contracted rates. */
void api_add_window(const struct daemon *d, const struct campaign *c, double needed_s,
		    uint64_t messages, json_t *warnings);
/* Answer with the campaign, its schedule, what of it is over and what comes next. */
void api_answer_schedule(const struct daemon *d, struct http_exchange *x, const struct campaign *c,
			 json_t *take_out);
/* campaign_load; with ?run=N what it says of its run is that of this one. */
void api_campaign_of_run(struct api *a, struct http_exchange *x, const char *id, campaign_cb cb,
			 void *arg);
/* approval.c */
void on_campaign_edit(struct http_exchange *x, void *arg);
void on_campaign_submit(struct http_exchange *x, void *arg);
void on_campaign_approve(struct http_exchange *x, void *arg);
void on_campaign_return(struct http_exchange *x, void *arg);
/* preview.c */
void on_campaign_preview(struct http_exchange *x, void *arg);
/* launch.c */
void on_campaign_launch(struct http_exchange *x, void *arg);
/* control.c */
void on_campaign_unschedule(struct http_exchange *x, void *arg);
void on_campaign_rm(struct http_exchange *x, void *arg);
void on_campaign_clone(struct http_exchange *x, void *arg);
void on_campaign_speed(struct http_exchange *x, void *arg);
void on_campaign_weight(struct http_exchange *x, void *arg);
void on_campaign_pause(struct http_exchange *x, void *arg);
void on_campaign_resume(struct http_exchange *x, void *arg);
void on_campaign_cancel(struct http_exchange *x, void *arg);
/* retry.c */
void on_campaign_retry_estimate(struct http_exchange *x, void *arg);
void on_campaign_retry(struct http_exchange *x, void *arg);
/* suppressions.c */
void on_suppression_add(struct http_exchange *x, void *arg);
void on_suppression_remove(struct http_exchange *x, void *arg);
void on_suppression_ls(struct http_exchange *x, void *arg);
/* erase.c */
void on_erase(struct http_exchange *x, void *arg);
/* doubt.c, doubt_act.c, doubt_import.c */
void on_doubt_ls(struct http_exchange *x, void *arg);
void on_doubt_resend(struct http_exchange *x, void *arg);
void on_doubt_mark(struct http_exchange *x, void *arg);
void on_doubt_import(struct http_exchange *x, void *arg);
/* Forget the phones that imports looked up. */
void doubt_index_free(struct doubt_index *i);
/* audit.c */
void on_audit_ls(struct http_exchange *x, void *arg);
/* runs.c */
void on_campaign_report(struct http_exchange *x, void *arg);
void on_campaign_watch(struct http_exchange *x, void *arg);
/* What became of a run, as the report's JSON. */
json_t *api_report_json(const struct campaign *c, const struct run_report *r);
/* End the open event streams. */
void watches_end(struct api *a);
/* trial.c */
void on_campaign_test(struct http_exchange *x, void *arg);
/* sandbox.c */
void on_sandbox_send(struct http_exchange *x, void *arg);
void sandbox_free(struct sandbox *s);
/* messages.c */
void on_message_send(struct http_exchange *x, void *arg);
void on_message_show(struct http_exchange *x, void *arg);
/* reports.c */
void on_volume_report(struct http_exchange *x, void *arg);
/* explain.c */
void on_explain(struct http_exchange *x, void *arg);
/* results.c */
void on_campaign_results(struct http_exchange *x, void *arg);
/* One more walk over an audience? False: answered with 503. Ends with a->exports--. */
bool api_may_export(struct api *a, struct http_exchange *x);
/* breakdown.c: the report by something, as lines of JSON; takes c. */
void api_breakdown(struct api *a, struct http_exchange *x, struct campaign *c, const char *by);
/* backup.c */
void on_backup(struct http_exchange *x, void *arg);
void on_token_renew(struct http_exchange *x, void *arg);
/* The refusal to resume a run of a restored backup. */
void api_answer_restored(struct http_exchange *x);
/* units.c */
/* A unit's number or name, kept as long as the exchange; *out stays when it is not said. */
MUST_CHECK enum err api_read_unit(struct http_exchange *x, const struct json_at *at,
				  const char **out, struct err_ctx *e);
void on_unit_ls(struct http_exchange *x, void *arg);
void on_unit_add(struct http_exchange *x, void *arg);
void on_unit_set(struct http_exchange *x, void *arg);
void on_unit_give(struct http_exchange *x, void *arg);
void on_unit_rm(struct http_exchange *x, void *arg);
/* alerts.c */
void on_alert_ls(struct http_exchange *x, void *arg);
void on_alert_show(struct http_exchange *x, void *arg);
void on_alert_ack(struct http_exchange *x, void *arg);
/* freezes.c */
void on_freeze_ls(struct http_exchange *x, void *arg);
void on_freeze_add(struct http_exchange *x, void *arg);
void on_freeze_set(struct http_exchange *x, void *arg);
void on_freeze_end(struct http_exchange *x, void *arg);
/* users.c */
void on_user_ls(struct http_exchange *x, void *arg);
void on_user_show(struct http_exchange *x, void *arg);
void on_user_add(struct http_exchange *x, void *arg);
void on_user_set(struct http_exchange *x, void *arg);
void on_user_password(struct http_exchange *x, void *arg);
/* deputies.c */
void on_deputy_ls(struct http_exchange *x, void *arg);
void on_deputy_add(struct http_exchange *x, void *arg);
void on_deputy_rm(struct http_exchange *x, void *arg);
/* tokens.c */
void on_token_ls(struct http_exchange *x, void *arg);
void on_token_add(struct http_exchange *x, void *arg);
void on_token_rm(struct http_exchange *x, void *arg);
/* sessions.c */
void on_session_show(struct http_exchange *x, void *arg);
void on_session_begin(struct http_exchange *x, void *arg);
void on_session_end(struct http_exchange *x, void *arg);
/* providers.c */
void on_provider_ls(struct http_exchange *x, void *arg);
void on_provider_balance(struct http_exchange *x, void *arg);
/* status.c */
void on_healthz(struct http_exchange *x, void *arg);
void on_readyz(struct http_exchange *x, void *arg);
void on_metrics(struct http_exchange *x, void *arg);
void on_config_show(struct http_exchange *x, void *arg);
/* hooks.c */
void on_receipt_hook(struct http_exchange *x, void *arg);
void on_unknown_receipts(struct http_exchange *x, void *arg);
