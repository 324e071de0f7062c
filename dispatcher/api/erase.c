/* SPDX-License-Identifier: MIT */
/*
 * Erasing a person over HTTP: lines of JSON, progress first, what was done in the last one. It goes
 * on when the client leaves, and when the server is killed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/suppression.h"
#include "dispatcher/store/audit.h"
#include "segments/phone.h"

struct erase_job {
	struct api *api;
	struct http_exchange *x; /* NULL = the client has left */
	uint64_t phone;
	char reason[SUPPRESSION_REASON_MAX + 1];
	bool is_dry, has_begun, is_running;
};

static void
tell(struct erase_job *j, json_t *take_line)
{
	if (j->x != NULL)
		api_stream_line(j->x, &j->has_begun, take_line);
	else
		json_decref(take_line);
}

/* After lines an error is one more of them: the status has been said. */
static void
tell_error(struct erase_job *j, const struct err_ctx *e)
{
	if (j->x == NULL)
		return;
	if (!j->has_begun) {
		http_on_gone(j->x, NULL, NULL);
		http_answer_error(j->x, e);
		return;
	}
	tell(j, json_pack("{s:s, s:s, s:s}", "error", e->why, "what", e->what, "todo", e->todo));
	http_on_gone(j->x, NULL, NULL);
	http_stream_end(j->x);
}

static void
on_step(void *arg, const struct erase_progress *p)
{
	static const char *const names[] = {
		[ERASE_IDLE] = "waiting",	 [ERASE_FILING] = "beginning",
		[ERASE_BEGINNING] = "beginning", [ERASE_SCRUBBING] = "scrubbing",
		[ERASE_LOOKING] = "looking",	 [ERASE_REWRITING] = "rewriting",
		[ERASE_ENDING] = "ending",	 [ERASE_STALLED] = "waiting for Redis",
	};

	const char *name = p->rewrites_failed > 0
				   ? "rewriting again: Redis could not, see redis.log"
				   : names[p->state];

	tell(arg, json_pack("{s:s, s:I, s:I}", "step", name, "keys", (json_int_t)p->done, "of",
			    (json_int_t)p->total));
}

static json_t *
places_json(const struct erase_result *r)
{
	json_t *out = json_array();
	const char *place;

	for (size_t i = 0; (place = scrub_place(r->places, i)) != NULL; i++)
		json_array_append_new(out, json_of_slice(slice_of(place)));
	return out;
}

static json_t *
result_json(const struct erase_job *j, const struct erase_result *r)
{
	const struct scrub_count *c = &r->scrubbed;
	struct buf phone = {0};
	json_t *out;

	cells_add_phone(&phone, j->phone, false);
	out = json_pack("{s:s, s:b, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I}, s:I, "
			"s:o, s:s}",
			"phone", phone.data, "erased", !j->is_dry, j->is_dry ? "found" : "scrubbed",
			"lists", (json_int_t)c->lists, "versions", (json_int_t)c->versions, "rows",
			(json_int_t)c->rows, "cells", (json_int_t)c->cells, "rejects",
			(json_int_t)c->rejects, "messages", (json_int_t)c->messages, "lines",
			(json_int_t)c->lines, "suppressions", (json_int_t)c->suppressions,
			"searched", "keys", (json_int_t)r->keys, "bytes", (json_int_t)r->bytes,
			"remaining", (json_int_t)r->remaining, "places", places_json(r), "file",
			j->is_dry	  ? ""
			: r->is_rewritten ? "rewritten"
					  : "rewrite it yourself: BGREWRITEAOF");
	buf_free(&phone);
	return out;
}

static void
on_done(void *arg, const struct erase_result *r, const struct err_ctx *e)
{
	struct erase_job *j = arg;

	if (r == NULL) {
		tell_error(j, e);
	} else if (j->x != NULL) {
		tell(j, result_json(j, r));
		http_on_gone(j->x, NULL, NULL);
		http_stream_end(j->x);
	}
	free(j);
}

static void
on_erase_gone(struct http_exchange *x, void *arg)
{
	struct erase_job *j = arg;

	j->x = NULL;
	if (j->has_begun)
		http_stream_end(x);
	else
		http_answer_json(x, 503, json_object()); /* nobody reads it */
	if (!j->is_running)
		return; /* on_audited frees it */
	eraser_forget(j->api->daemon->eraser);
	free(j);
}

static void
begin(struct erase_job *j)
{
	struct erase_request r = {.phone = j->phone,
				  .is_dry = j->is_dry,
				  .on_step = on_step,
				  .on_done = on_done,
				  .arg = j};
	struct err_ctx e;

	j->is_running = true;
	if (eraser_start(j->api->daemon->eraser, &r, &e) != ERR_OK) {
		tell_error(j, &e);
		free(j);
	}
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct erase_job *j = arg;
	struct err_ctx stopping;

	(void)n;
	if (e == NULL && !j->api->daemon->is_stopping) {
		begin(j);
		return;
	}
	err_set(&stopping, ERR_UNREACHABLE, "server", "erase again", "is stopping");
	tell_error(j, e != NULL ? e : &stopping);
	free(j);
}

/* ---- what is asked ---- */

static bool
is_this(void *arg, uint64_t phone)
{
	return *(const uint64_t *)arg == phone;
}

static enum err
read_request(struct erase_job *j, json_t *body, struct err_ctx *e)
{
	static const char *const keys[] = {"phone", "reason", "dry_run"};
	struct json_at root = json_root(body), phone = json_get(&root, "phone"),
		       reason = json_get(&root, "reason"), dry = json_get(&root, "dry_run");
	struct phone_trace self = {is_this, &j->phone};
	const char *text = "", *why = "";
	struct phone_cell p;
	enum err rc;

	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_read_string(&phone, &text, e)) != ERR_OK ||
	    (rc = json_read_string(&reason, &why, e)) != ERR_OK ||
	    (rc = json_read_bool(&dry, &j->is_dry, e)) != ERR_OK)
		return rc;
	if (why[0] != '\0' && (rc = suppression_check_reason(why, e)) != ERR_OK)
		return rc;
	phone_parse(slice_of(text), &p);
	if (p.count != 1)
		return err_set(e, ERR_INPUT, "phone", "write it as 0912345678",
			       "is no mobile number of Vietnam: %s",
			       p.count > 1 ? "more than one" : p.reason);
	j->phone = p.phones[0];
	/* The audit is for ever: the number must not be in it. */
	snprintf(j->reason, sizeof(j->reason), "%s", why);
	phone_trace_mask(&self, j->reason, strlen(j->reason));
	return ERR_OK;
}

void
on_erase(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct erase_job *j;
	struct err_ctx e;
	enum err rc = ERR_OK;
	char phone[24];
	json_t *body;

	if (!api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	j = xcalloc(1, sizeof(*j));
	j->api = a;
	j->x = x;
	if (!api_has_personal(a, x))
		rc = err_set(&e, ERR_REFUSED, "erase", "give it by --token-file",
			     "needs the administrator's token");
	if (rc == ERR_OK)
		rc = read_request(j, body, &e);
	json_decref(body);
	if (rc != ERR_OK) {
		http_answer_error(x, &e);
		free(j);
		return;
	}
	http_on_gone(x, on_erase_gone, j);
	if (j->is_dry) {
		begin(j);
		return;
	}
	snprintf(phone, sizeof(phone), "%" PRIu64, j->phone);
	audit_append(a->daemon->engine, api_who(x), "erase", "person",
		     json_pack("{s:s, s:s}", "phone", log_phone(phone), "reason", j->reason),
		     on_audited, j);
}
