/* SPDX-License-Identifier: MIT */
/* The table of routes, who may use them, and what handlers share. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/account/passwords.h"
#include "dispatcher/api/admission.h"
#include "dispatcher/api/guard.h"
#include "dispatcher/campaign/pattern_book.h"
#include "dispatcher/store/campaign_acts.h"

#define API_BODY_MAX (8u << 20)
#define JSON_BODY_MAX (1u << 20)
#define DRAIN_MS 5000

#define OPEN(m, p, h)                               \
	{                                           \
		.method = m, .path = p, .handle = h \
	}
#define AUTH(m, p, n, g, h)                                                                   \
	{                                                                                     \
		.method = m, .path = "/api/v1" p, .needs_auth = true, .needs = n, .guard = g, \
		.handle = h                                                                   \
	}
#define METRICS                                                                                  \
	{                                                                                        \
		.method = "GET", .path = "/metrics", .needs_auth = true, .needs = RIGHT_OPERATE, \
		.guard = GUARD_ROOT, .handle = on_metrics                                        \
	}
#define HOOK(m, p, h)                                                \
	{                                                            \
		.method = m, .path = p, .is_hook = true, .handle = h \
	}

/* By whom a campaign's acts are done. */
enum {
#define X(act, rights, states, leads) ACT_##act = rights,
	CAMPAIGN_ACTS(X)
#undef X
};

static const struct http_route routes[] = {
	OPEN("GET", "/healthz", on_healthz),
	OPEN("GET", "/readyz", on_readyz),
	METRICS,
	AUTH("GET", "/config", RIGHT_ADMIN, GUARD_ROOT, on_config_show),
	AUTH("POST", "/backup", RIGHT_ADMIN, GUARD_ROOT, on_backup),
	AUTH("POST", "/token", RIGHT_ADMIN, GUARD_ROOT, on_token_renew),
	AUTH("GET", "/providers", RIGHT_VIEW, GUARD_NONE, on_provider_ls),
	AUTH("GET", "/providers/{name}/balance", RIGHT_OPERATE, GUARD_ROOT, on_provider_balance),
	AUTH("GET", "/providers/{name}/receipts/unknown", RIGHT_OPERATE, GUARD_ROOT,
	     on_unknown_receipts),
	AUTH("GET", "/lists", RIGHT_VIEW, GUARD_LISTED, on_list_ls),
	AUTH("GET", "/lists/{name}", RIGHT_VIEW, GUARD_LIST, on_list_show),
	AUTH("PATCH", "/lists/{name}", RIGHT_AUTHOR, GUARD_LIST, on_list_set),
	AUTH("DELETE", "/lists/{name}", RIGHT_AUTHOR, GUARD_LIST, on_list_rm),
	AUTH("GET", "/lists/{name}/uses", RIGHT_VIEW, GUARD_LIST, on_list_uses),
	AUTH("GET", "/lists/{name}/rejects", RIGHT_AUTHOR, GUARD_LIST, on_list_rejects),
	AUTH("GET", "/lists/{name}/rows", RIGHT_VIEW, GUARD_LIST, on_list_rows),
	AUTH("POST", "/lists/{name}/rows/remove", RIGHT_AUTHOR, GUARD_LIST_WHERE,
	     on_list_remove_rows),
	AUTH("POST", "/lists/{name}/columns", RIGHT_AUTHOR, GUARD_LIST, on_list_columns),
	AUTH("POST", "/lists/{name}/undo", RIGHT_AUTHOR, GUARD_LIST, on_list_undo),
	AUTH("POST", "/lists/{name}/redo", RIGHT_AUTHOR, GUARD_LIST, on_list_redo),
	AUTH("POST", "/imports", RIGHT_AUTHOR, GUARD_IMPORT, on_import_begin),
	AUTH("PUT", "/imports/{id}", RIGHT_AUTHOR, GUARD_NONE, on_import_piece),
	AUTH("POST", "/imports/{id}/next", RIGHT_AUTHOR, GUARD_NONE, on_import_next),
	AUTH("POST", "/imports/{id}/commit", RIGHT_AUTHOR, GUARD_NONE, on_import_commit),
	AUTH("DELETE", "/imports/{id}", RIGHT_AUTHOR, GUARD_NONE, on_import_abort),
	AUTH("GET", "/count", RIGHT_VIEW, GUARD_QUERY, on_segment_count),
	AUTH("POST", "/count", RIGHT_VIEW, GUARD_QUERY, on_query_count),
	AUTH("GET", "/segments", RIGHT_VIEW, GUARD_LISTED, on_segment_ls),
	AUTH("PUT", "/segments/{name}", RIGHT_AUTHOR, GUARD_SEGMENT_SAVE, on_segment_save),
	AUTH("GET", "/segments/{name}", RIGHT_VIEW, GUARD_SEGMENT, on_segment_show),
	AUTH("DELETE", "/segments/{name}", RIGHT_AUTHOR, GUARD_SEGMENT_RM, on_segment_rm),
	AUTH("GET", "/segments/{name}/count", RIGHT_VIEW, GUARD_SEGMENT_ROWS, on_segment_count),
	AUTH("GET", "/segments/{name}/sample", RIGHT_VIEW, GUARD_SEGMENT_ROWS, on_segment_sample),
	AUTH("GET", "/segments/{name}/breakdown", RIGHT_VIEW, GUARD_SEGMENT_ROWS,
	     on_segment_breakdown),
	AUTH("GET", "/templates", RIGHT_VIEW, GUARD_LISTED, on_template_ls),
	AUTH("PUT", "/templates/{name}", RIGHT_AUTHOR, GUARD_TEMPLATE_SAVE, on_template_save),
	AUTH("GET", "/templates/{name}", RIGHT_VIEW, GUARD_TEMPLATE, on_template_show),
	AUTH("GET", "/templates/{name}/set", RIGHT_VIEW, GUARD_TEMPLATE, on_template_set),
	AUTH("GET", "/templates/{name}/diff", RIGHT_VIEW, GUARD_TEMPLATE, on_template_diff),
	AUTH("GET", "/brandnames", RIGHT_VIEW, GUARD_NONE, on_brandname_ls),
	AUTH("PUT", "/brandnames", RIGHT_OPERATE, GUARD_ROOT, on_brandname_save),
	AUTH("GET", "/brandnames/{name}", RIGHT_VIEW, GUARD_NONE, on_brandname_show),
	AUTH("DELETE", "/brandnames/{name}", RIGHT_OPERATE, GUARD_ROOT, on_brandname_rm),
	AUTH("GET", "/patterns", RIGHT_VIEW, GUARD_NONE, on_pattern_ls),
	AUTH("POST", "/patterns", RIGHT_OPERATE, GUARD_ROOT, on_pattern_import),
	AUTH("POST", "/patterns/check", RIGHT_VIEW, GUARD_PATTERN_CHECK, on_pattern_check),
	AUTH("GET", "/patterns/{name}", RIGHT_VIEW, GUARD_NONE, on_pattern_show),
	AUTH("DELETE", "/patterns/{name}", RIGHT_OPERATE, GUARD_ROOT, on_pattern_rm),
	AUTH("GET", "/content", RIGHT_VIEW, GUARD_NONE, on_content_show),
	AUTH("POST", "/erase", RIGHT_ADMIN, GUARD_ROOT, on_erase),
	AUTH("GET", "/suppressions", RIGHT_VIEW, GUARD_LISTED, on_suppression_ls),
	AUTH("POST", "/suppressions", RIGHT_AUTHOR | RIGHT_OPERATE, GUARD_SCOPE,
	     on_suppression_add),
	AUTH("POST", "/suppressions/remove", RIGHT_AUTHOR | RIGHT_OPERATE, GUARD_SCOPE,
	     on_suppression_remove),
	AUTH("GET", "/campaigns", RIGHT_VIEW, GUARD_LISTED, on_campaign_ls),
	AUTH("POST", "/campaigns", RIGHT_AUTHOR, GUARD_CAMPAIGN_MAKE, on_campaign_create),
	AUTH("GET", "/campaigns/{id}", RIGHT_VIEW, GUARD_CAMPAIGN, on_campaign_show),
	AUTH("PUT", "/campaigns/{id}", ACT_edit, GUARD_CAMPAIGN_EDIT, on_campaign_edit),
	AUTH("DELETE", "/campaigns/{id}", ACT_rm, GUARD_CAMPAIGN, on_campaign_rm),
	AUTH("POST", "/campaigns/{id}/submit", ACT_submit, GUARD_CAMPAIGN, on_campaign_submit),
	AUTH("POST", "/campaigns/{id}/approve", ACT_approve, GUARD_CAMPAIGN, on_campaign_approve),
	AUTH("POST", "/campaigns/{id}/return", ACT_return, GUARD_CAMPAIGN, on_campaign_return),
	AUTH("POST", "/campaigns/{id}/preview", RIGHT_VIEW, GUARD_CAMPAIGN, on_campaign_preview),
	AUTH("POST", "/campaigns/{id}/test", RIGHT_AUTHOR, GUARD_CAMPAIGN, on_campaign_test),
	AUTH("POST", "/campaigns/{id}/launch", ACT_launch, GUARD_CAMPAIGN, on_campaign_launch),
	AUTH("POST", "/campaigns/{id}/speed", RIGHT_OPERATE, GUARD_CAMPAIGN, on_campaign_speed),
	AUTH("POST", "/campaigns/{id}/weight", RIGHT_OPERATE, GUARD_CAMPAIGN, on_campaign_weight),
	AUTH("POST", "/campaigns/{id}/pause", ACT_pause, GUARD_CAMPAIGN, on_campaign_pause),
	AUTH("POST", "/campaigns/{id}/resume", ACT_resume, GUARD_CAMPAIGN, on_campaign_resume),
	AUTH("POST", "/campaigns/{id}/cancel", ACT_cancel, GUARD_CAMPAIGN, on_campaign_cancel),
	AUTH("POST", "/campaigns/{id}/unschedule", ACT_unschedule, GUARD_CAMPAIGN,
	     on_campaign_unschedule),
	AUTH("GET", "/campaigns/{id}/retry", RIGHT_VIEW, GUARD_CAMPAIGN,
	     on_campaign_retry_estimate),
	AUTH("POST", "/campaigns/{id}/retry", ACT_retry, GUARD_CAMPAIGN, on_campaign_retry),
	AUTH("POST", "/campaigns/{id}/clone", RIGHT_AUTHOR, GUARD_CAMPAIGN, on_campaign_clone),
	AUTH("GET", "/campaigns/{id}/events", RIGHT_VIEW, GUARD_CAMPAIGN, on_campaign_watch),
	AUTH("GET", "/campaigns/{id}/report", RIGHT_VIEW, GUARD_CAMPAIGN, on_campaign_report),
	AUTH("GET", "/campaigns/{id}/doubt", RIGHT_VIEW, GUARD_CAMPAIGN, on_doubt_ls),
	AUTH("POST", "/campaigns/{id}/doubt/resend", RIGHT_OPERATE, GUARD_CAMPAIGN,
	     on_doubt_resend),
	AUTH("POST", "/campaigns/{id}/doubt/mark", RIGHT_OPERATE, GUARD_CAMPAIGN, on_doubt_mark),
	AUTH("POST", "/campaigns/{id}/doubt/import", RIGHT_OPERATE, GUARD_CAMPAIGN,
	     on_doubt_import),
	AUTH("GET", "/audit", RIGHT_ADMIN, GUARD_ROOT, on_audit_ls),
	AUTH("POST", "/messages", RIGHT_APPROVE, GUARD_MESSAGE_MAKE, on_message_send),
	AUTH("GET", "/messages/{id}", RIGHT_VIEW, GUARD_MESSAGE, on_message_show),
	AUTH("GET", "/campaigns/{id}/results", RIGHT_VIEW, GUARD_CAMPAIGN, on_campaign_results),
	AUTH("GET", "/report", RIGHT_VIEW, GUARD_LISTED, on_volume_report),
	AUTH("GET", "/explain", RIGHT_VIEW, GUARD_EXPLAIN, on_explain),
	AUTH("GET", "/session", 0, GUARD_NONE, on_session_show),
	OPEN("POST", "/api/v1/session", on_session_begin),
	AUTH("DELETE", "/session", 0, GUARD_NONE, on_session_end),
	AUTH("GET", "/units", RIGHT_VIEW, GUARD_NONE, on_unit_ls),
	AUTH("POST", "/units", RIGHT_ADMIN, GUARD_UNIT_MAKE, on_unit_add),
	AUTH("PATCH", "/units/{id}", RIGHT_ADMIN, GUARD_UNIT, on_unit_set),
	AUTH("POST", "/units/{id}/things", RIGHT_ADMIN, GUARD_UNIT_GIVE, on_unit_give),
	AUTH("DELETE", "/units/{id}", RIGHT_ADMIN, GUARD_UNIT, on_unit_rm),
	AUTH("GET", "/users", RIGHT_ADMIN, GUARD_NONE, on_user_ls),
	AUTH("POST", "/users", RIGHT_ADMIN, GUARD_USER_MAKE, on_user_add),
	AUTH("GET", "/users/{name}", RIGHT_ADMIN, GUARD_USER, on_user_show),
	AUTH("PATCH", "/users/{name}", RIGHT_ADMIN, GUARD_USER, on_user_set),
	AUTH("POST", "/users/{name}/password", RIGHT_ADMIN, GUARD_USER, on_user_password),
	AUTH("GET", "/deputies", RIGHT_APPROVE | RIGHT_ADMIN, GUARD_NONE, on_deputy_ls),
	AUTH("POST", "/deputies", RIGHT_APPROVE | RIGHT_ADMIN, GUARD_DEPUTY, on_deputy_add),
	AUTH("DELETE", "/deputies/{name}", RIGHT_APPROVE | RIGHT_ADMIN, GUARD_USER, on_deputy_rm),
	AUTH("GET", "/tokens", RIGHT_ADMIN, GUARD_NONE, on_token_ls),
	AUTH("POST", "/tokens", RIGHT_ADMIN, GUARD_TOKEN_MAKE, on_token_add),
	AUTH("DELETE", "/tokens/{id}", RIGHT_ADMIN, GUARD_TOKEN, on_token_rm),
	AUTH("GET", "/freezes", RIGHT_VIEW, GUARD_LISTED, on_freeze_ls),
	AUTH("POST", "/freezes", RIGHT_OPERATE, GUARD_FREEZE_MAKE, on_freeze_add),
	AUTH("PATCH", "/freezes/{id}", RIGHT_OPERATE, GUARD_FREEZE, on_freeze_set),
	AUTH("POST", "/freezes/{id}/end", RIGHT_OPERATE, GUARD_FREEZE, on_freeze_end),
	AUTH("GET", "/alerts", RIGHT_VIEW, GUARD_LISTED, on_alert_ls),
	AUTH("GET", "/alerts/{id}", RIGHT_VIEW, GUARD_ALERT, on_alert_show),
	AUTH("POST", "/alerts/{id}/ack", RIGHT_OPERATE | RIGHT_APPROVE, GUARD_ALERT, on_alert_ack),
	HOOK("POST", "/hooks/receipt/{provider}/{token}", on_receipt_hook),
	HOOK("GET", "/hooks/receipt/{provider}/{token}", on_receipt_hook),
	HOOK("POST", "/sandbox/{provider}/{token}", on_sandbox_send),
};

/* A process with the role receive only has no more than health and hooks. */
static const struct http_route hook_routes[] = {
	OPEN("GET", "/healthz", on_healthz),
	OPEN("GET", "/readyz", on_readyz),
	METRICS,
	HOOK("POST", "/hooks/receipt/{provider}/{token}", on_receipt_hook),
	HOOK("GET", "/hooks/receipt/{provider}/{token}", on_receipt_hook),
	HOOK("POST", "/sandbox/{provider}/{token}", on_sandbox_send),
};

const struct http_route *
api_routes(size_t *count)
{
	*count = ARRAY_LEN(routes);
	return routes;
}

enum err
api_open(struct daemon *d, struct api **out, struct err_ctx *e)
{
	struct api *a = xcalloc(1, sizeof(*a));
	bool has_api = (d->o.roles & ROLE_API) != 0;
	char socket[512];
	struct http_options o = {
		.listen = d->config->listen,
		.unix_socket = has_api ? socket : NULL,
		.body_max = API_BODY_MAX,
		.routes = has_api ? routes : hook_routes,
		.route_count = has_api ? ARRAY_LEN(routes) : ARRAY_LEN(hook_routes),
		.arg = a,
		.authorise = admission_authorise,
	};
	enum err rc;

	snprintf(socket, sizeof(socket), "%s/api.sock", d->config->data);
	a->daemon = d;
	a->imports = imports_new(a);
	a->patterns = pattern_book_new(d->loop, d->engine);
	a->passwords = passwords_new(d->loop);
	rc = http_server_new(d->loop, &o, &a->http, e);
	if (rc != ERR_OK) {
		imports_free(a->imports);
		pattern_book_free(a->patterns);
		passwords_free(a->passwords);
		free(a);
		return rc;
	}
	a->port = (unsigned)http_server_port(a->http);
	*out = a;
	return ERR_OK;
}

unsigned
api_port(const struct api *a)
{
	return a->port;
}

static void
on_closed(void *arg)
{
	struct api *a = arg;

	a->http = NULL;
}

void
api_drain(struct api *a)
{
	watches_end(a);
	if (a->http != NULL)
		http_server_close(a->http, DRAIN_MS, on_closed, a);
}

bool
api_is_closed(const struct api *a)
{
	return a->http == NULL;
}

void
api_cut(struct api *a)
{
	if (a->http != NULL)
		http_server_free(a->http);
	a->http = NULL;
	imports_free(a->imports);
	a->imports = NULL;
	passwords_free(a->passwords);
	a->passwords = NULL;
}

void
api_free(struct api *a)
{
	doubt_index_free(a->doubts);
	sandbox_free(a->sandbox);
	pattern_book_free(a->patterns);
	free(a);
}

/* ---- shared by handlers ---- */

static bool
refuse_unless(bool is_good, struct api *a, struct http_exchange *x)
{
	struct err_ctx e;

	if (is_good)
		return true;
	http_set_header(x, "Retry-After", "1");
	err_set(&e, ERR_UNREACHABLE, "server", "try again in a moment", "%s",
		daemon_why_down(a->daemon));
	http_answer_error(x, &e);
	return false;
}

bool
api_is_open(struct api *a, struct http_exchange *x)
{
	return refuse_unless(a->daemon->is_up, a, x);
}

bool
api_has_keys(struct api *a, struct http_exchange *x)
{
	return refuse_unless(a->daemon->has_keys, a, x);
}

const struct account *
api_account(const struct http_exchange *x)
{
	const struct account *a = http_who(x);

	if (a == NULL)
		fatalx("api: %s is asked who uses it and needs no right", http_route(x)->path);
	return a;
}

const char *
api_who(const struct http_exchange *x)
{
	return api_account(x)->who;
}

static void
add_numbers(struct buf *out, const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%llu", out->len > 0 ? "," : "", (unsigned long long)v[i]);
}

void
api_add_units(const struct http_exchange *x, struct argv *a, bool with_above)
{
	const struct account *who = api_account(x);
	struct buf text = {0};

	if (!who->is_all) {
		add_numbers(&text, &who->unit, 1);
		add_numbers(&text, who->below, who->below_count);
		if (with_above)
			add_numbers(&text, who->above, who->above_count);
	}
	argv_add(a, text.len > 0 ? buf_slice(&text) : SLICE(""));
	buf_free(&text);
}

void
api_answer_reply(struct http_exchange *x, const struct reply *r)
{
	struct err_ctx e;

	if (reply_is_good(r))
		err_set(&e, ERR_SYSTEM, "Redis", "", "answered what was not expected");
	else
		reply_fail(r, &e);
	http_answer_error(x, &e);
}

void
api_stream_line(struct http_exchange *x, bool *has_begun, json_t *take_line)
{
	struct buf b = {0};

	if (!*has_begun)
		http_stream_begin(x, 200, "application/x-ndjson");
	*has_begun = true;
	json_add_value(&b, take_line);
	buf_addc(&b, '\n');
	http_stream_write(x, buf_slice(&b));
	buf_free(&b);
	json_decref(take_line);
}

json_t *
api_error_line(const struct err_ctx *e)
{
	return json_pack("{s:{s:s, s:s, s:s, s:s}}", "error", "code", err_name(e->code), "what",
			 e->what, "detail", e->why, "todo", e->todo);
}

void
api_stream_fail(struct http_exchange *x, bool *has_begun, const struct err_ctx *e)
{
	http_on_gone(x, NULL, NULL);
	if (!*has_begun) {
		http_answer_error(x, e);
		return;
	}
	api_stream_line(x, has_begun, api_error_line(e));
	http_stream_end(x);
}

json_t *
api_progress(uint64_t done, uint64_t total)
{
	return json_pack("{s:{s:I, s:I}}", "progress", "done", (json_int_t)done, "total",
			 (json_int_t)total);
}

json_t *
api_progress_of_sets(uint64_t done, uint64_t total)
{
	json_t *out = api_progress(done, total);

	json_object_set_new(json_object_get(out, "progress"), "step", json_string("sets"));
	return out;
}

json_t *
api_body_json(struct http_exchange *x)
{
	struct err_ctx e;
	json_t *v = NULL;

	if (json_parse(http_body(x), JSON_BODY_MAX, "body", &v, &e) != ERR_OK) {
		http_answer_error(x, &e);
		return NULL;
	}
	if (json_is_object(v))
		return v;
	json_decref(v);
	err_set(&e, ERR_INPUT, "body", "", "must be a JSON object");
	http_answer_error(x, &e);
	return NULL;
}

const char *
api_name(struct http_exchange *x, const char *param, const char *what)
{
	const char *name = http_param(x, param);
	struct err_ctx e;

	if (name_check(what, slice_of(name), &e) == ERR_OK)
		return name;
	http_answer_error(x, &e);
	return NULL;
}

bool
api_has_personal(const struct api *a, const struct http_exchange *x)
{
	const char *header = http_header(x, "Authorization");

	if ((api_account(x)->rights & RIGHT_PERSONAL) == 0)
		return false;
	/* Before the keys are known everybody is let in, to be told why nothing works. */
	return api_account(x)->user[0] != '\0' ||
	       (header != NULL && strncasecmp(header, "Bearer ", 7) == 0 &&
		admission_is_administrators(a, slice_trim(slice_of(header + 7))));
}

enum err
api_read_full(const struct api *a, const struct http_exchange *x, bool *is_full, struct err_ctx *e)
{
	const char *full = http_query(x, "full");

	*is_full = full != NULL && strcmp(full, "1") == 0;
	if (*is_full && !api_has_personal(a, x))
		return err_set(e, ERR_REFUSED, "phones in full", "give it by --token-file",
			       "need the administrator's token, or one with the right personal");
	return ERR_OK;
}
