/* SPDX-License-Identifier: MIT */
/* The table of routes, who may use them, and what handlers share. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/pattern_book.h"

#define API_BODY_MAX (8u << 20)
#define JSON_BODY_MAX (1u << 20)
#define DRAIN_MS 5000
#define TOKEN_TEXT_MAX 200u

#define OPEN(m, p, h)                               \
	{                                           \
		.method = m, .path = p, .handle = h \
	}
#define AUTH(m, p, h)                                                             \
	{                                                                         \
		.method = m, .path = "/api/v1" p, .needs_auth = true, .handle = h \
	}
#define HOOK(m, p, h)                                                \
	{                                                            \
		.method = m, .path = p, .is_hook = true, .handle = h \
	}

static const struct http_route routes[] = {
	OPEN("GET", "/healthz", on_healthz),
	OPEN("GET", "/readyz", on_readyz),
	{.method = "GET", .path = "/metrics", .needs_auth = true, .handle = on_metrics},
	AUTH("GET", "/config", on_config_show),
	AUTH("POST", "/backup", on_backup),
	AUTH("POST", "/token", on_token_renew),
	AUTH("GET", "/providers", on_provider_ls),
	AUTH("GET", "/providers/{name}/balance", on_provider_balance),
	AUTH("GET", "/providers/{name}/receipts/unknown", on_unknown_receipts),
	AUTH("GET", "/lists", on_list_ls),
	AUTH("GET", "/lists/{name}", on_list_show),
	AUTH("PATCH", "/lists/{name}", on_list_set),
	AUTH("DELETE", "/lists/{name}", on_list_rm),
	AUTH("GET", "/lists/{name}/uses", on_list_uses),
	AUTH("GET", "/lists/{name}/rejects", on_list_rejects),
	AUTH("GET", "/lists/{name}/rows", on_list_rows),
	AUTH("POST", "/lists/{name}/rows/remove", on_list_remove_rows),
	AUTH("POST", "/lists/{name}/columns", on_list_columns),
	AUTH("POST", "/lists/{name}/undo", on_list_undo),
	AUTH("POST", "/lists/{name}/redo", on_list_redo),
	AUTH("POST", "/imports", on_import_begin),
	AUTH("PUT", "/imports/{id}", on_import_piece),
	AUTH("POST", "/imports/{id}/next", on_import_next),
	AUTH("POST", "/imports/{id}/commit", on_import_commit),
	AUTH("DELETE", "/imports/{id}", on_import_abort),
	AUTH("GET", "/count", on_segment_count),
	AUTH("POST", "/count", on_query_count),
	AUTH("GET", "/segments", on_segment_ls),
	AUTH("PUT", "/segments/{name}", on_segment_save),
	AUTH("GET", "/segments/{name}", on_segment_show),
	AUTH("DELETE", "/segments/{name}", on_segment_rm),
	AUTH("GET", "/segments/{name}/count", on_segment_count),
	AUTH("GET", "/segments/{name}/sample", on_segment_sample),
	AUTH("GET", "/segments/{name}/breakdown", on_segment_breakdown),
	AUTH("GET", "/templates", on_template_ls),
	AUTH("PUT", "/templates/{name}", on_template_save),
	AUTH("GET", "/templates/{name}", on_template_show),
	AUTH("GET", "/templates/{name}/set", on_template_set),
	AUTH("GET", "/templates/{name}/diff", on_template_diff),
	AUTH("GET", "/brandnames", on_brandname_ls),
	AUTH("PUT", "/brandnames", on_brandname_save),
	AUTH("GET", "/brandnames/{name}", on_brandname_show),
	AUTH("DELETE", "/brandnames/{name}", on_brandname_rm),
	AUTH("GET", "/patterns", on_pattern_ls),
	AUTH("POST", "/patterns", on_pattern_import),
	AUTH("POST", "/patterns/check", on_pattern_check),
	AUTH("GET", "/patterns/{name}", on_pattern_show),
	AUTH("DELETE", "/patterns/{name}", on_pattern_rm),
	AUTH("GET", "/content", on_content_show),
	AUTH("POST", "/erase", on_erase),
	AUTH("GET", "/suppressions", on_suppression_ls),
	AUTH("POST", "/suppressions", on_suppression_add),
	AUTH("POST", "/suppressions/remove", on_suppression_remove),
	AUTH("GET", "/campaigns", on_campaign_ls),
	AUTH("POST", "/campaigns", on_campaign_create),
	AUTH("GET", "/campaigns/{id}", on_campaign_show),
	AUTH("DELETE", "/campaigns/{id}", on_campaign_rm),
	AUTH("POST", "/campaigns/{id}/preview", on_campaign_preview),
	AUTH("POST", "/campaigns/{id}/test", on_campaign_test),
	AUTH("POST", "/campaigns/{id}/launch", on_campaign_launch),
	AUTH("POST", "/campaigns/{id}/speed", on_campaign_speed),
	AUTH("POST", "/campaigns/{id}/weight", on_campaign_weight),
	AUTH("POST", "/campaigns/{id}/pause", on_campaign_pause),
	AUTH("POST", "/campaigns/{id}/resume", on_campaign_resume),
	AUTH("POST", "/campaigns/{id}/cancel", on_campaign_cancel),
	AUTH("POST", "/campaigns/{id}/unschedule", on_campaign_unschedule),
	AUTH("GET", "/campaigns/{id}/retry", on_campaign_retry_estimate),
	AUTH("POST", "/campaigns/{id}/retry", on_campaign_retry),
	AUTH("POST", "/campaigns/{id}/clone", on_campaign_clone),
	AUTH("GET", "/campaigns/{id}/events", on_campaign_watch),
	AUTH("GET", "/campaigns/{id}/report", on_campaign_report),
	AUTH("GET", "/campaigns/{id}/doubt", on_doubt_ls),
	AUTH("POST", "/campaigns/{id}/doubt/resend", on_doubt_resend),
	AUTH("POST", "/campaigns/{id}/doubt/mark", on_doubt_mark),
	AUTH("POST", "/campaigns/{id}/doubt/import", on_doubt_import),
	AUTH("GET", "/audit", on_audit_ls),
	AUTH("POST", "/messages", on_message_send),
	AUTH("GET", "/messages/{id}", on_message_show),
	AUTH("GET", "/campaigns/{id}/results", on_campaign_results),
	HOOK("POST", "/hooks/receipt/{provider}/{token}", on_receipt_hook),
	HOOK("GET", "/hooks/receipt/{provider}/{token}", on_receipt_hook),
	HOOK("POST", "/sandbox/{provider}/{token}", on_sandbox_send),
};

/* A process with the role receive only has no more than health and hooks. */
static const struct http_route hook_routes[] = {
	OPEN("GET", "/healthz", on_healthz),
	OPEN("GET", "/readyz", on_readyz),
	{.method = "GET", .path = "/metrics", .needs_auth = true, .handle = on_metrics},
	HOOK("POST", "/hooks/receipt/{provider}/{token}", on_receipt_hook),
	HOOK("GET", "/hooks/receipt/{provider}/{token}", on_receipt_hook),
	HOOK("POST", "/sandbox/{provider}/{token}", on_sandbox_send),
};

static bool
is_administrators(const struct api *a, struct slice token)
{
	uint8_t hash[16];

	if (token.n == 0 || token.n > TOKEN_TEXT_MAX)
		return false;
	hash_plain(token, hash);
	return hash_is_same(hash, a->daemon->token_hash, sizeof(hash));
}

static void
authorise(void *arg, struct http_exchange *x, struct slice token)
{
	const struct api *a = arg;

	/* Before the keys are known every handler answers 503: no reason to say "wrong token". */
	if (http_is_local(x) || (token.n > 0 && !a->daemon->has_keys) ||
	    is_administrators(a, token))
		http_admit(x);
	else
		http_answer_unauthorised(
			x, token.n > 0 ? "the token is not known or not valid any more" : NULL);
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
		.authorise = authorise,
	};
	enum err rc;

	snprintf(socket, sizeof(socket), "%s/api.sock", d->config->data);
	a->daemon = d;
	a->imports = imports_new(a);
	a->patterns = pattern_book_new(d->loop, d->engine);
	rc = http_server_new(d->loop, &o, &a->http, e);
	if (rc != ERR_OK) {
		imports_free(a->imports);
		pattern_book_free(a->patterns);
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

const char *
api_who(const struct http_exchange *x)
{
	return http_is_local(x) ? "the server's user" : "administrator";
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
api_has_token(const struct api *a, const struct http_exchange *x)
{
	const char *header = http_header(x, "Authorization");

	return header != NULL && strncasecmp(header, "Bearer ", 7) == 0 &&
	       is_administrators(a, slice_trim(slice_of(header + 7)));
}

enum err
api_read_full(const struct api *a, const struct http_exchange *x, bool *is_full, struct err_ctx *e)
{
	const char *full = http_query(x, "full");

	*is_full = full != NULL && strcmp(full, "1") == 0;
	if (*is_full && !api_has_token(a, x))
		return err_set(e, ERR_REFUSED, "phones in full", "give it by --token-file",
			       "need the administrator's token");
	return ERR_OK;
}
