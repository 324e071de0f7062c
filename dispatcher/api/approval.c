/* SPDX-License-Identifier: MIT */
/*
 * A campaign before its launch over HTTP: edit, submit, approve, return. Each is loaded first, so
 * that a refusal says what is wrong; the Lua step (dispatcher/lua/approval.lua) checks state and
 * revision again and decides. What cannot be written into the audit is not done.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/ceiling.h"
#include "dispatcher/api/private.h"
#include "dispatcher/campaign/approval.h"
#include "dispatcher/campaign/law.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/sensitive.h"

#define ACT_CHARS 17
#define DOCUMENT_MAX 100u /* bytes: "123/QĐ-UBND" */
#define SCAN_MAX 200u	  /* bytes of a file's name or store number */

struct step {
	struct api *api;
	struct http_exchange *x;
	json_t *body; /* an object */
	const char *act;
	int64_t revision; /* that was looked at; 0 = whatever it is */
	char object[160]; /* of the audit */
	struct campaign *campaign;
	enum approval_level needed;
	struct argv args;	 /* of the Lua step */
	json_t *details;	 /* of the audit; the step's until then */
	json_t *answer;		 /* members of the answer besides state and revision */
	struct preview_job *job; /* of a submission; NULL = none runs */
	int64_t at_s;		 /* that it is submitted for; 0 = none */
};

static void
step_free(struct step *s)
{
	campaign_free(s->campaign);
	json_decref(s->body);
	json_decref(s->details);
	json_decref(s->answer);
	argv_free(&s->args);
	free(s);
}

static void
step_fail(struct step *s, const struct err_ctx *e)
{
	http_answer_error(s->x, e);
	step_free(s);
}

/* Whom approvers are compared with. */
static const char *
step_user(const struct step *s)
{
	return api_account(s->x)->user;
}

/* Keys of the body, and the revision among them. NULL: the exchange was answered. */
static struct step *
step_new(struct http_exchange *x, struct api *a, const char *act, const char *const *keys,
	 size_t key_count)
{
	struct step *s;
	struct json_at root, revision;
	struct err_ctx e;
	json_t *body;

	if (api_name(x, "id", "campaign") == NULL || !api_is_open(a, x))
		return NULL;
	body = http_body(x).n == 0 ? json_object() : api_body_json(x);
	if (body == NULL)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	*s = (struct step){.api = a, .x = x, .body = body, .act = act};
	root = json_root(body);
	revision = json_get(&root, "revision");
	if ((keys != NULL && json_only_keys(&root, keys, key_count, &e) != ERR_OK) ||
	    json_read_int(&revision, 1, INT64_C(1) << 53, &s->revision, &e) != ERR_OK) {
		step_fail(s, &e);
		return NULL;
	}
	s->answer = json_object();
	return s;
}

/* ---- what the step answers ---- */

static enum err
refuse_stale(const struct step *s, int64_t revision, struct slice by, int64_t at_s,
	     struct err_ctx *e)
{
	char at[32];

	clock_format_vn(at_s, at);
	return err_set(e, ERR_CONFLICT, s->campaign->name, "look at it again",
		       "was changed on %s by %.*s: it is revision %" PRId64 " now, not %" PRId64,
		       at, (int)by.n, by.p, revision, s->revision);
}

static enum err
refuse_author(const struct step *s, const char *who, struct err_ctx *e)
{
	return err_set(e, ERR_REFUSED, s->campaign->name, "ask another approver",
		       "%s has written or submitted it: who approves it must be another person",
		       who);
}

static enum err
refuse_nobody(const struct step *s, struct err_ctx *e)
{
	return err_set(
		e, ERR_REFUSED, s->campaign->name, "approve it as a user: --token-file, or log in",
		"%s is nobody's name, and its class needs a person who approves", api_who(s->x));
}

static enum err
refuse_again(const struct step *s, int64_t at_s, struct err_ctx *e)
{
	char at[32];

	clock_format_vn(at_s, at);
	return err_set(e, ERR_REFUSED, s->campaign->name, "another approver must agree, too",
		       "was approved by you, or in your name, on %s", at);
}

static void
step_refused(struct step *s, const struct reply *r)
{
	struct slice what = reply_item(r, 0)->str, word = reply_item(r, 1)->str;
	const char *kind = slice_is(what, "no template") ? "template" : "segment";
	char name[USER_NAME_MAX + 1];
	struct err_ctx e;

	slice_copy(name, sizeof(name), word);
	if (slice_is(what, "gone"))
		err_set(&e, ERR_NOT_FOUND, "campaign", "see loa campaign ls", "is not there");
	else if (slice_is(what, "state"))
		campaign_not_in(word, &e);
	else if (slice_is(what, "stale"))
		refuse_stale(s, reply_item(r, 1)->integer, reply_item(r, 2)->str,
			     reply_item(r, 3)->integer, &e);
	else if (slice_is(what, "author"))
		refuse_author(s, name, &e);
	else if (slice_is(what, "nobody"))
		refuse_nobody(s, &e);
	else if (slice_is(what, "again"))
		refuse_again(s, reply_item(r, 1)->integer, &e);
	else if (slice_is(what, "not yours"))
		err_set(&e, ERR_REFUSED, s->campaign->name, "ask an approver",
			"was submitted by %.*s", (int)word.n, word.p);
	else if (slice_is(what, "no template") || slice_is(what, "no segment"))
		err_set(&e, ERR_INPUT, kind, "", "there is no %s \"%.*s\"", kind, (int)word.n,
			word.p);
	else
		err_set(&e, ERR_CONFLICT, s->campaign->name, "look at it again",
			"something else was submitted meanwhile");
	step_fail(s, &e);
}

static void
on_done(void *arg, const struct reply *r)
{
	struct step *s = arg;
	struct slice state = reply_item(r, 1)->str;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(s->x, r);
		step_free(s);
		return;
	}
	if (!slice_is(reply_item(r, 0)->str, "done")) {
		step_refused(s, r);
		return;
	}
	log_info("campaign=%" PRIu64 " by=\"%s\" act=%s result=%.*s", s->campaign->id,
		 api_who(s->x), s->act, (int)state.n, state.p);
	json_object_set_new(s->answer, "state", json_of_slice(state));
	json_object_set_new(s->answer, "revision", json_integer(reply_item(r, 2)->integer));
	http_answer_json(s->x, 200, json_incref(s->answer));
	step_free(s);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct step *s = arg;
	char name[40];

	(void)n;
	if (e != NULL) {
		step_fail(s, e);
		return;
	}
	snprintf(name, sizeof(name), "campaign_%s", s->act);
	/* What somebody was told must not be forgotten: an approval, or that it was taken back. */
	engine_sure(s->api->daemon->engine, name, &s->args, true, on_done, s);
}

static void
step_audit(struct step *s)
{
	char act[40];
	json_t *details = s->details;

	s->details = NULL;
	snprintf(act, sizeof(act), "campaign.%s", s->act);
	audit_append(s->api->daemon->engine, api_who(s->x), act, s->object, details, on_audited, s);
}

/* The words that all steps begin with: see approval.open in dispatcher/lua/approval.lua. */
static void
step_words(struct step *s)
{
	char act[ACT_CHARS];

	random_hex(act, (ACT_CHARS - 1) / 2);
	argv_add_int(&s->args, (int64_t)s->campaign->id);
	argv_add_int(&s->args, s->revision);
	argv_adds(&s->args, act);
	argv_adds(&s->args, api_who(s->x));
	argv_adds(&s->args, step_user(s));
}

/* Takes the campaign. False: answered, the step is gone. */
static bool
step_has(struct step *s, struct campaign *c, const struct err_ctx *why)
{
	struct err_ctx e;
	bool is_good = true;

	if (c == NULL) {
		step_fail(s, why);
		return false;
	}
	s->campaign = c;
	snprintf(s->object, sizeof(s->object), "campaign:%s", c->name);
	if (!campaign_may(s->act, c->state))
		is_good = campaign_not_in(slice_of(c->state), &e) == ERR_OK;
	else if (s->revision != 0 && (uint64_t)s->revision != c->review.revision)
		is_good =
			refuse_stale(s, (int64_t)c->review.revision, slice_of(c->review.changed_by),
				     c->review.changed_s, &e) == ERR_OK;
	if (!is_good) {
		step_fail(s, &e);
		return false;
	}
	s->revision = (int64_t)c->review.revision;
	return true;
}

/* One line of text among the body's members; "" when it is absent. */
static enum err
read_line(const struct step *s, const char *key, size_t most, const char **out, struct err_ctx *e)
{
	struct json_at root = json_root(s->body), at = json_get(&root, key);
	enum err rc;

	*out = "";
	rc = json_read_string(&at, out, e);
	if (rc == ERR_OK && strlen(*out) > most)
		rc = err_set(e, ERR_INPUT, key, "shorten it", "has more than %zu bytes", most);
	for (const char *p = *out; rc == ERR_OK && *p != '\0'; p++)
		if ((unsigned char)*p < 0x20)
			rc = err_set(e, ERR_INPUT, key, "write one line",
				     "has a control character");
	return rc;
}

/* ---- edit ---- */

static void
on_edit_campaign(void *arg, struct campaign *c, const struct err_ctx *why)
{
	struct step *s = arg;
	struct err_ctx e;

	if (!step_has(s, c, why))
		return;
	step_words(s);
	if (campaign_edit_words(s->api->daemon->config, s->campaign, s->body, &s->args, &e) !=
	    ERR_OK) {
		step_fail(s, &e);
		return;
	}
	s->details = json_pack("{s:I, s:O}", "revision", (json_int_t)s->revision + 1, "document",
			       s->body);
	step_audit(s);
}

/* PUT /campaigns/{id}: the whole document, with the revision that it was made from. */
void
on_campaign_edit(struct http_exchange *x, void *arg)
{
	struct step *s = step_new(x, arg, "edit", NULL, 0);
	struct err_ctx e;

	if (s == NULL)
		return;
	if (s->revision == 0) {
		err_set(&e, ERR_INPUT, "revision", "say which one was changed: GET has it",
			"is missing");
		step_fail(s, &e);
		return;
	}
	json_object_del(s->body, "revision");
	campaign_load(s->api->daemon->engine, http_param(x, "id"), on_edit_campaign, s);
}

/* ---- submit ---- */

static void
submit_frozen(struct step *s, const struct ready_campaign *r, const struct preview *p)
{
	const struct tally_sum *sum = &p->tally.sum;
	json_t *frozen = approval_frozen(s->api->daemon->config, r, s->at_s);
	char hash[APPROVAL_HASH_HEX];
	struct buf text = {0}, estimate = {0};
	struct review counted = {.messages = sum->messages,
				 .parts = sum->parts,
				 .cost = sum->cost,
				 .is_guarded = !sensitive_is_open(r)};

	buf_addf(&estimate, "%" PRIu64 " %" PRIu64 " %" PRId64 " %d", sum->messages, sum->parts,
		 sum->cost, counted.is_guarded);
	approval_text(frozen, &text, hash);
	step_words(s);
	argv_add(&s->args, buf_slice(&text));
	argv_adds(&s->args, hash);
	argv_add(&s->args, buf_slice(&estimate));
	s->details = json_pack("{s:I, s:s, s:o}", "revision", (json_int_t)s->revision + 1, "hash",
			       hash, "estimate", review_sum_json(&counted));
	if (text.len <= AUDIT_DETAILS_MAX / 2)
		json_object_set(s->details, "what", frozen);
	json_object_set_new(s->answer, "hash", json_string(hash));
	json_object_set_new(s->answer, "estimate", review_sum_json(&counted));
	json_object_set_new(s->answer, "warnings",
			    ceiling_warnings(s->campaign, &counted, s->api->daemon->config->days));
	json_object_set_new(
		s->answer, "needs",
		json_string(approval_names[approval_needed(s->api->daemon->config, r)]));
	json_decref(frozen);
	buf_free(&text);
	buf_free(&estimate);
}

/* What could not be launched is not submitted. */
static void
on_submit_counted(void *arg, const struct ready_campaign *r, const struct preview *p,
		  const struct err_ctx *why)
{
	struct step *s = arg;
	const struct config *config = s->api->daemon->config;
	struct err_ctx e;

	s->job = NULL;
	http_on_gone(s->x, NULL, NULL);
	if (why != NULL) {
		step_fail(s, why);
	} else if (ready_campaign_check_demo(r, config, &e) != ERR_OK ||
		   ready_campaign_check_care(r, config, &e) != ERR_OK ||
		   law_check(r, config, &e) != ERR_OK || sensitive_check(r, &e) != ERR_OK ||
		   registered_verdict(r->registered, &e) != ERR_OK) {
		step_fail(s, &e);
	} else if (r->campaign->review.revision != (uint64_t)s->revision) {
		refuse_stale(s, (int64_t)r->campaign->review.revision,
			     slice_of(r->campaign->review.changed_by),
			     r->campaign->review.changed_s, &e);
		step_fail(s, &e);
	} else {
		submit_frozen(s, r, p);
		step_audit(s);
	}
}

static void
on_submit_gone(struct http_exchange *x, void *arg)
{
	struct step *s = arg;

	preview_cancel(s->job);
	http_answer_json(x, 503, json_object()); /* nobody reads it */
	step_free(s);
}

static void
on_submit_campaign(void *arg, struct campaign *c, const struct err_ctx *why)
{
	struct step *s = arg;
	struct daemon *d = s->api->daemon;
	struct preview_callbacks cbs = {
		.how.is_early = true, .on_done = on_submit_counted, .arg = s};

	struct err_ctx e;

	if (!step_has(s, c, why))
		return;
	if (s->at_s != 0 && c->schedule[0] != '\0') {
		err_set(&e, ERR_CONFLICT, "at", "submit it without a time",
			"contradicts its schedule");
		step_fail(s, &e);
		return;
	}
	s->job = preview_start(d->loop, d->engine, d->config, http_param(s->x, "id"), &cbs);
	http_on_gone(s->x, on_submit_gone, s);
}

/* "at", if it is there: not past. */
static enum err
read_at(struct step *s, struct err_ctx *e)
{
	const char *text;
	struct moment m = {0};
	const char *why;
	enum err rc = read_line(s, "at", 40, &text, e);

	if (rc != ERR_OK || text[0] == '\0')
		return rc;
	why = moment_parse(slice_of(text), &m);
	if (why == NULL && m.second_of_day < 0)
		why = "has no time of day, as in 2027-10-10T08:00";
	if (why != NULL)
		return err_set(e, ERR_INPUT, "at", "", "\"%.60s\" %s", text, why);
	s->at_s = moment_to_unix(&m, VN_UTC_OFFSET_S);
	if (s->at_s <= clock_wall_ms() / 1000)
		return err_set(e, ERR_INPUT, "at", "give a later time, or none",
			       "\"%.60s\" is not in the future", text);
	return ERR_OK;
}

void
on_campaign_submit(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"revision", "at"};
	struct step *s = step_new(x, arg, "submit", keys, ARRAY_LEN(keys));
	struct err_ctx e;

	if (s == NULL)
		return;
	if (read_at(s, &e) != ERR_OK)
		step_fail(s, &e);
	else
		campaign_load(s->api->daemon->engine, http_param(x, "id"), on_submit_campaign, s);
}

/* ---- approve ---- */

/* {"scan": {"name", "sha256"}} */
static enum err
read_scan(const struct step *s, const char **name, const char **hash, struct err_ctx *e)
{
	static const char *const keys[] = {"name", "sha256"};
	struct json_at root = json_root(s->body), at = json_get(&root, "scan");
	struct json_at name_at = json_get(&at, "name"), hash_at = json_get(&at, "sha256");
	enum err rc;

	*name = *hash = "";
	if (at.v == NULL)
		return ERR_OK;
	if ((rc = json_want_object(&at, e)) != ERR_OK ||
	    (rc = json_only_keys(&at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&name_at, name, e)) != ERR_OK ||
	    (rc = json_need_string(&hash_at, hash, e)) != ERR_OK)
		return rc;
	if ((*name)[0] == '\0' || strlen(*name) > SCAN_MAX)
		return err_set(e, ERR_INPUT, name_at.path, "", "must have 1 to %u bytes", SCAN_MAX);
	if (strlen(*hash) != SHA256_HEX || strspn(*hash, "0123456789abcdef") != SHA256_HEX)
		return err_set(e, ERR_INPUT, hash_at.path, "sha256sum FILE prints it",
			       "is no SHA-256 of 64 hex digits in small letters");
	return ERR_OK;
}

/* The words of the step and what the audit keeps, of a campaign that is as it was submitted. */
static enum err
approve_words(struct step *s, struct err_ctx *e)
{
	const struct review *v = &s->campaign->review;
	const char *reason, *document, *scan, *sha256, *hash;
	struct ceiling ceiling;
	struct buf text = {0};
	enum err rc;

	if ((rc = read_line(s, "reason", LAUNCH_REASON_MAX, &reason, e)) != ERR_OK ||
	    (rc = read_line(s, "document", DOCUMENT_MAX, &document, e)) != ERR_OK ||
	    (rc = read_line(s, "hash", APPROVAL_HASH_HEX - 1, &hash, e)) != ERR_OK ||
	    (rc = read_scan(s, &scan, &sha256, e)) != ERR_OK ||
	    (rc = ceiling_read(s->body, s->campaign, s->api->daemon->config->days, &ceiling, e)) !=
		    ERR_OK)
		return rc;
	if (s->needed == APPROVAL_TWO_APPROVERS && reason[0] == '\0')
		return err_set(e, ERR_INPUT, "reason", "say why it is sent",
			       "is missing, and class %s needs one", s->campaign->class);
	if (hash[0] != '\0' && strcmp(hash, v->hash) != 0)
		return err_set(e, ERR_CONFLICT, s->campaign->name, "look at it again",
			       "something else was submitted: its hash is %s", v->hash);
	buf_addf(&text, "%" PRId64 " %" PRId64, ceiling.parts, ceiling.cost);
	step_words(s);
	argv_adds(&s->args, v->hash);
	argv_adds(&s->args, api_account(s->x)->deputy_of);
	argv_adds(&s->args, approval_names[s->needed]);
	argv_add(&s->args, buf_slice(&text));
	argv_adds(&s->args, reason);
	argv_adds(&s->args, document);
	argv_adds(&s->args, scan);
	argv_adds(&s->args, sha256);
	buf_reset(&text);
	if (ceiling.all_parts > 0)
		buf_addf(&text, "%" PRId64 " %" PRId64, ceiling.all_parts, ceiling.all_cost);
	argv_add(&s->args, buf_slice(&text));
	buf_free(&text);
	s->details = json_pack("{s:I, s:s, s:s, s:o, s:s, s:s, s:s, s:s}", "revision",
			       (json_int_t)s->revision, "hash", v->hash, "needs",
			       approval_names[s->needed], "ceiling",
			       ceiling_json(&s->campaign->review, &ceiling), "reason", reason,
			       "document", document, "scan", scan, "sha256", sha256);
	json_object_set_new(s->answer, "hash", json_string(v->hash));
	json_object_set_new(s->answer, "ceiling", ceiling_json(&s->campaign->review, &ceiling));
	json_object_set_new(s->answer, "needs", json_string(approval_names[s->needed]));
	return ERR_OK;
}

static void
on_approve_ready(void *arg, struct ready_campaign *r, const struct err_ctx *why)
{
	struct step *s = arg;
	const struct config *config = s->api->daemon->config;
	struct err_ctx e;
	bool is_good = false;

	if (r == NULL) {
		step_fail(s, why);
		return;
	}
	s->needed = approval_needed(config, r);
	if (s->needed > APPROVAL_NONE && step_user(s)[0] == '\0')
		refuse_nobody(s, &e);
	else if (s->needed > APPROVAL_NONE && review_has_author(&s->campaign->review, step_user(s)))
		refuse_author(s, step_user(s), &e);
	else if (s->needed > APPROVAL_NONE && api_account(s->x)->deputy_of[0] != '\0' &&
		 review_has_author(&s->campaign->review, api_account(s->x)->deputy_of))
		refuse_author(s, api_account(s->x)->deputy_of, &e);
	else
		is_good = approval_compare(config, r, false, &e) == ERR_OK &&
			  law_check(r, config, &e) == ERR_OK && approve_words(s, &e) == ERR_OK;
	ready_campaign_free(r);
	if (is_good)
		step_audit(s);
	else
		step_fail(s, &e);
}

static void
on_approve_campaign(void *arg, struct campaign *c, const struct err_ctx *why)
{
	struct step *s = arg;
	struct daemon *d = s->api->daemon;
	struct ready_how how = {.is_early = true};

	if (step_has(s, c, why))
		campaign_ready(d->engine, d->config, http_param(s->x, "id"), &how, on_approve_ready,
			       s);
}

void
on_campaign_approve(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"revision", "hash", "reason",
					   "document", "scan", "ceiling"};
	struct step *s = step_new(x, arg, "approve", keys, ARRAY_LEN(keys));

	if (s != NULL)
		campaign_load(s->api->daemon->engine, http_param(x, "id"), on_approve_campaign, s);
}

/* ---- return ---- */

static void
on_return_campaign(void *arg, struct campaign *c, const struct err_ctx *why)
{
	struct step *s = arg;
	const char *note = "";
	struct err_ctx e;
	enum err rc;

	if (!step_has(s, c, why))
		return;
	rc = read_line(s, "note", API_REASON_MAX, &note, &e);
	if (rc == ERR_OK && note[0] == '\0')
		rc = err_set(&e, ERR_INPUT, "note", "say what is to be mended", "is missing");
	if (rc != ERR_OK) {
		step_fail(s, &e);
		return;
	}
	step_words(s);
	argv_adds(&s->args, (api_account(s->x)->rights & RIGHT_APPROVE) != 0 ? "1" : "0");
	argv_adds(&s->args, note);
	s->details = json_pack("{s:I, s:s, s:s}", "revision", (json_int_t)s->revision + 1, "from",
			       c->state, "note", note);
	step_audit(s);
}

void
on_campaign_return(struct http_exchange *x, void *arg)
{
	static const char *const keys[] = {"revision", "note"};
	struct step *s = step_new(x, arg, "return", keys, ARRAY_LEN(keys));

	if (s != NULL)
		campaign_load(s->api->daemon->engine, http_param(x, "id"), on_return_campaign, s);
}
