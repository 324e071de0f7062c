/* SPDX-License-Identifier: MIT */
/*
 * POST /campaigns/{id}/doubt/import: rows of a gateway's list as evidence.
 *
 *   campaign → run → phones in doubt, if a row has only a phone → what would
 *   be news (a dry step) → audit → the same for good
 *
 * Rows that say that a message was taken are evidence as receipts are; "not-sent"
 * is what a person says who believes the list, with the waiting time of that.
 * rows = matched + already + unknown + unreadable, always.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/doubt.h"
#include "dispatcher/run/foreign.h"
#include "dispatcher/run/reference.h"
#include "dispatcher/store/audit.h"
#include "segments/phone.h"
#include "segments/reject.h"

#define ROWS_MAX 500u
#define INDEX_MAX 2000000u /* messages in doubt that are looked up by phone */
#define INDEX_AGE_MS 30000

/* Phones of what was in doubt in a run a moment ago. */
struct doubt_index {
	uint64_t run;
	int64_t made_ms;
	struct entry {
		uint64_t phone;
		uint32_t rank;
		uint8_t p, attempt;
	} * entries; /* by phone */
	size_t count, cap;
};

enum verdict { MATCHED, ALREADY, UNKNOWN, UNREADABLE };

struct row {
	enum record_state state; /* REFUSED = not sent */
	bool is_known;		 /* p, rank, attempt are */
	uint8_t p, attempt;
	uint32_t rank;
	const char *id; /* the gateway's, when it is all there is to go by; NULL = it is not */
	uint64_t phone; /* to go by; 0 = it is not */
	enum verdict verdict;
	const char *why; /* of UNKNOWN and UNREADABLE: a literal */
	char *line;	 /* for the detail log */
};

struct evidence {
	struct api *api;
	struct http_exchange *x;
	json_t *body;
	bool is_dry, is_doing, needs_index, needs_ids;
	const char *file;
	struct row rows[ROWS_MAX];
	size_t count;
	struct run_status status;
	struct doubt_index *index; /* being made */
	uint16_t asked[ROWS_MAX];  /* rows of the step under way */
	size_t asked_count;
	size_t at; /* the next not-sent row to be looked for; rows before are done */
	char object[160];
	uint64_t entry;
};

void
doubt_index_free(struct doubt_index *i)
{
	if (i == NULL)
		return;
	free(i->entries);
	free(i);
}

static void
evidence_end(struct evidence *v, const struct err_ctx *e)
{
	if (e != NULL)
		http_answer_error(v->x, e);
	for (size_t i = 0; i < v->count; i++)
		free(v->rows[i].line);
	doubt_index_free(v->index);
	json_decref(v->body);
	free(v);
}

static void
row_unknown(struct row *r, enum verdict verdict, const char *why)
{
	r->is_known = false;
	r->verdict = verdict;
	r->why = why;
}

/* ---- the answer ---- */

static void
answer(struct evidence *v)
{
	uint64_t n[4] = {0};
	struct tally reasons = {0};
	struct buf out = {0};

	for (size_t i = 0; i < v->count; i++) {
		n[v->rows[i].verdict]++;
		if (v->rows[i].verdict >= UNKNOWN)
			tally_add(&reasons, v->rows[i].why, 1);
	}
	buf_addf(&out,
		 "{\"rows\":%zu,\"matched\":%" PRIu64 ",\"already\":%" PRIu64
		 ",\"unknown\":%" PRIu64 ",\"unreadable\":%" PRIu64 ",\"reasons\":",
		 v->count, n[MATCHED], n[ALREADY], n[UNKNOWN], n[UNREADABLE]);
	tally_add_json(&reasons, &out);
	if (v->entry != 0)
		buf_addf(&out, ",\"audit\":%" PRIu64, v->entry);
	buf_addc(&out, '}');
	if (v->entry != 0)
		log_info("run=%" PRIu64 " by=\"%s\" act=doubt.import audit=%" PRIu64
			 " rows=%zu matched=%" PRIu64 " result=done",
			 v->status.run, api_who(v->x), v->entry, v->count, n[MATCHED]);
	http_answer_buf(v->x, 200, "application/json", buf_slice(&out));
	buf_free(&out);
	evidence_end(v, NULL);
}

/* ---- evidence ---- */

static void ask_not_sent(struct evidence *v);
static void asked_all(struct evidence *v);

static void
take_letters(struct evidence *v, const char *letters)
{
	for (size_t i = 0; i < v->asked_count; i++) {
		struct row *r = &v->rows[v->asked[i]];

		switch (letters[i]) {
		case '+':
			r->verdict = MATCHED;
			break;
		case '=':
			r->verdict = ALREADY;
			break;
		case 'w':
			row_unknown(r, UNKNOWN, "too-early");
			break;
		default:
			row_unknown(r, UNKNOWN, "no-such-message");
		}
	}
}

static void
on_marked(void *arg, const char *letters, const struct err_ctx *e)
{
	struct evidence *v = arg;

	if (letters == NULL) {
		evidence_end(v, e);
		return;
	}
	take_letters(v, letters);
	ask_not_sent(v);
}

/* The not-sent rows of one string of records in one step, then the next string's. */
static void
ask_not_sent(struct evidence *v)
{
	struct buf members = {0};
	const struct row *first = NULL;
	struct doubt_act a;

	v->asked_count = 0;
	for (size_t i = v->at; i < v->count; i++) {
		const struct row *r = &v->rows[i];
		struct doubt d = {.rank = r->rank, .record.attempt = r->attempt};

		if (!r->is_known || r->state != RECORD_REFUSED)
			continue;
		if (first == NULL) {
			first = r;
			v->at = i;
		}
		if (r->p != first->p ||
		    r->rank / RECORDS_PER_STRING != first->rank / RECORDS_PER_STRING)
			break;
		doubt_add_member(&members, &d);
		v->asked[v->asked_count++] = (uint16_t)i;
	}
	if (first == NULL) {
		asked_all(v);
		return;
	}
	v->at = (size_t)v->asked[v->asked_count - 1] + 1;
	a = (struct doubt_act){
		.run = v->status.run,
		.p = first->p,
		.string = first->rank / RECORDS_PER_STRING,
		.members = buf_slice(&members),
		.wait_ms = doubt_wait_ms(v->api->daemon->config, &v->status),
	};
	doubt_mark(v->api->daemon->engine, &a, false, !v->is_doing, on_marked, v);
	buf_free(&members);
}

static void
on_evidence(void *arg, const struct reply *r)
{
	struct evidence *v = arg;
	struct err_ctx e;

	if (r->kind != REPLY_STRING || r->str.n != v->asked_count) {
		err_set(&e, ERR_UNREACHABLE, "Redis", "import it again: what is there stays",
			"%.*s", (int)r->str.n, r->str.n > 0 ? r->str.p : "");
		evidence_end(v, &e);
		return;
	}
	take_letters(v, r->str.p);
	v->at = 0;
	ask_not_sent(v);
}

static void
ask_evidence(struct evidence *v)
{
	struct buf members = {0}, lines = {0};
	struct argv a = {0};

	v->asked_count = 0;
	for (size_t i = 0; i < v->count; i++) {
		const struct row *r = &v->rows[i];

		if (!r->is_known || r->state == RECORD_REFUSED)
			continue;
		buf_add_u8(&members, r->p);
		buf_add_u32(&members, r->rank);
		buf_add_u8(&members, r->attempt);
		buf_add_u8(&members, (uint8_t)r->state);
		buf_addf(&lines, "[\"receipt\",%u,[[%u,%u,%s]]]\n", r->p, r->rank, r->attempt,
			 r->line);
		v->asked[v->asked_count++] = (uint16_t)i;
	}
	argv_add_int(&a, (int64_t)v->status.run);
	argv_add(&a, buf_slice(&members));
	argv_add(&a, buf_slice(&lines));
	argv_adds(&a, v->is_doing ? "0" : "1");
	engine_sure(v->api->daemon->engine, "doubt_evidence", &a, v->is_doing, on_evidence, v);
	argv_free(&a);
	buf_free(&members);
	buf_free(&lines);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct evidence *v = arg;

	if (e != NULL) {
		evidence_end(v, e);
		return;
	}
	v->entry = n;
	v->is_doing = true;
	ask_evidence(v);
}

/* What becomes of each row is known: the answer, or the audit and then for good. */
static void
asked_all(struct evidence *v)
{
	static const char *const names[RECORD_STATE_COUNT] = {[RECORD_ACCEPTED] = "accepted",
							      [RECORD_DELIVERED] = "delivered",
							      [RECORD_UNDELIVERABLE] =
								      "undeliverable",
							      [RECORD_REFUSED] = "not-sent"};
	json_t *details;
	json_int_t n[RECORD_STATE_COUNT] = {0};
	size_t matched = 0;

	for (size_t i = 0; i < v->count; i++) {
		matched += v->rows[i].verdict == MATCHED;
		n[v->rows[i].state] += v->rows[i].verdict == MATCHED;
	}
	if (v->is_dry || v->is_doing || matched == 0) {
		answer(v);
		return;
	}
	details = json_pack("{s:I, s:s, s:I, s:I}", "run", (json_int_t)v->status.run, "file",
			    v->file, "rows", (json_int_t)v->count, "messages", (json_int_t)matched);
	for (unsigned s = 0; s < RECORD_STATE_COUNT; s++)
		if (names[s] != NULL && n[s] > 0)
			json_object_set_new(details, names[s], json_integer(n[s]));
	audit_append(v->api->daemon->engine, api_who(v->x), "doubt.import", v->object, details,
		     on_audited, v);
}

/* ---- phones ---- */

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->phone > y->phone) - (x->phone < y->phone);
}

static void
find_phones(struct evidence *v, const struct doubt_index *index)
{
	for (size_t i = 0; i < v->count; i++) {
		struct row *r = &v->rows[i];
		size_t lo = 0, hi = index->count;

		if (r->phone == 0)
			continue;
		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (index->entries[mid].phone < r->phone)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (lo == index->count || index->entries[lo].phone != r->phone) {
			row_unknown(r, UNKNOWN, "phone-not-in-doubt");
		} else if (lo + 1 < index->count && index->entries[lo + 1].phone == r->phone) {
			row_unknown(r, UNKNOWN, "phone-has-several-in-doubt");
		} else {
			r->is_known = true;
			r->p = index->entries[lo].p;
			r->rank = index->entries[lo].rank;
			r->attempt = index->entries[lo].attempt;
		}
	}
	ask_evidence(v);
}

static bool
on_doubts(void *arg, const struct doubts *d)
{
	struct evidence *v = arg;
	struct doubt_index *ix = v->index;

	for (size_t i = 0; i < d->count && ix->count < INDEX_MAX; i++) {
		if (ix->count == ix->cap) {
			ix->cap = ix->cap == 0 ? 1024 : 2 * ix->cap;
			ix->entries = xrealloc(ix->entries, ix->cap * sizeof(*ix->entries));
		}
		ix->entries[ix->count++] = (struct entry){.phone = d->list[i].phone,
							  .rank = d->list[i].rank,
							  .p = (uint8_t)d->p,
							  .attempt = d->list[i].record.attempt};
	}
	return true;
}

static void
on_indexed(void *arg, const struct err_ctx *e)
{
	struct evidence *v = arg;
	struct doubt_index *ix = v->index;
	struct err_ctx mine;

	if (e == NULL && ix->count == INDEX_MAX) {
		e = &mine;
		err_set(&mine, ERR_REFUSED, "doubt", "use a list with our references",
			"more than %u messages are in doubt: too many to go by phone", INDEX_MAX);
	}
	if (e != NULL) {
		evidence_end(v, e);
		return;
	}
	if (ix->count > 0)
		qsort(ix->entries, ix->count, sizeof(*ix->entries), compare_entries);
	ix->made_ms = clock_mono_ms();
	doubt_index_free(v->api->doubts);
	v->api->doubts = ix;
	v->index = NULL;
	find_phones(v, ix);
}

static void
look_up(struct evidence *v)
{
	struct daemon *d = v->api->daemon;
	const struct doubt_index *known = v->api->doubts;
	struct doubt_scan_options o = {
		.has_phones = true, .on_string = on_doubts, .on_done = on_indexed, .arg = v};

	if (!v->needs_index) {
		ask_evidence(v);
	} else if (known != NULL && known->run == v->status.run &&
		   clock_mono_ms() - known->made_ms < INDEX_AGE_MS) {
		find_phones(v, known);
	} else {
		v->index = xcalloc(1, sizeof(*v->index));
		v->index->run = v->status.run;
		doubt_scan_start(d->engine, d->views, d->config, &v->status, &o);
	}
}

/* ---- the gateway's ids ---- */

#define WHOSE_BYTES 6u

static void
on_whose(void *arg, const struct reply *r)
{
	struct evidence *v = arg;
	const uint8_t *at = (const uint8_t *)r->str.p;
	struct err_ctx e;

	if (r->kind != REPLY_STRING || r->str.n != v->asked_count * WHOSE_BYTES) {
		err_set(&e, ERR_UNREACHABLE, "Redis", "import it again", "%.*s", (int)r->str.n,
			r->str.n > 0 ? r->str.p : "");
		evidence_end(v, &e);
		return;
	}
	for (size_t i = 0; i < v->asked_count; i++, at += WHOSE_BYTES) {
		struct row *row = &v->rows[v->asked[i]];

		if (at[5] == 0 || at[5] == 255) {
			row_unknown(row, UNKNOWN,
				    at[5] == 0 ? "id-not-known" : "id-of-several-messages");
			continue;
		}
		row->is_known = true;
		row->p = at[0];
		row->rank = (uint32_t)at[1] | (uint32_t)at[2] << 8 | (uint32_t)at[3] << 16 |
			    (uint32_t)at[4] << 24;
		row->attempt = at[5];
	}
	look_up(v);
}

/* In each lane of the run: an id is a lane's own. */
static void
ask_ids(struct evidence *v)
{
	struct argv a = {0};
	struct buf hashes = {0};
	uint8_t hash[FOREIGN_ID_BYTES];

	argv_add_int(&a, (int64_t)v->status.run);
	for (unsigned t = 0; t < v->status.tariffs; t++) {
		const char *lane = v->status.lane[t];

		if (t > 0 && strcmp(lane, v->status.lane[t - 1]) == 0)
			continue;
		buf_reset(&hashes);
		v->asked_count = 0;
		for (size_t i = 0; i < v->count; i++) {
			if (v->rows[i].id == NULL)
				continue;
			foreign_id(lane, v->rows[i].id, v->api->daemon->install_key, hash);
			buf_add(&hashes, hash, sizeof(hash));
			v->asked[v->asked_count++] = (uint16_t)i;
		}
		argv_adds(&a, lane);
		argv_add(&a, buf_slice(&hashes));
	}
	engine_call(v->api->daemon->engine, "doubt_whose", &a, on_whose, v);
	argv_free(&a);
	buf_free(&hashes);
}

/* ---- reading ---- */

/* May a reference of this partition stand for a whole request, by one of its providers? */
static bool
is_by_request(const struct evidence *v, unsigned p)
{
	const struct config *c = v->api->daemon->config;
	const struct run_status *s = &v->status;

	for (unsigned k = 0; p < s->partitions && k < s->choice[p].count; k++) {
		int i = config_provider(c, slice_of(s->lane[s->choice[p].tariff[k]]));
		const struct provider_config *pc = i >= 0 ? &c->providers[i] : NULL;

		if (pc != NULL &&
		    foreign_of(pc->driver, pc->driver->capability(pc->account)).is_by_request)
			return true;
	}
	return false;
}

/* The message that the row is about: by our reference, else the gateway's id, else the phone. */
static void
read_key(struct evidence *v, struct row *r, const char *reference, const char *phone)
{
	bool has_phone = phone != NULL && phone[0] != '\0';
	struct reference ref;
	struct phone_cell cell;

	if (reference != NULL && reference[0] != '\0') {
		r->id = NULL;
		if (!reference_decode(slice_of(reference), v->api->daemon->install_key, &ref))
			row_unknown(r, UNKNOWN, "not-our-reference");
		else if (ref.run != v->status.run)
			row_unknown(r, UNKNOWN, "of-another-run");
		else if (is_by_request(v, ref.partition))
			row_unknown(r, UNKNOWN, "reference-of-a-whole-request");
		else
			*r = (struct row){.state = r->state,
					  .is_known = true,
					  .p = ref.partition,
					  .rank = ref.rank,
					  .attempt = ref.attempt};
		return;
	}
	if (r->id != NULL) {
		v->needs_ids = true;
		return;
	}
	if (!has_phone) {
		row_unknown(r, UNREADABLE, "nothing-to-go-by");
		return;
	}
	phone_parse(slice_of(phone), &cell);
	if (cell.count != 1) {
		row_unknown(r, UNREADABLE, cell.count > 1 ? "several-phones" : cell.reason);
		return;
	}
	r->phone = cell.phones[0];
	v->needs_index = true;
}

static enum err
read_row(struct evidence *v, const struct json_at *at, struct row *r, struct err_ctx *e)
{
	static const char *const keys[] = {"reference", "phone", "id", "state", "code"};
	static const char *const names[] = {"accepted", "delivered", "undeliverable", "not-sent"};
	static const enum record_state states[] = {RECORD_ACCEPTED, RECORD_DELIVERED,
						   RECORD_UNDELIVERABLE, RECORD_REFUSED};
	struct json_at reference = json_get(at, "reference"), phone = json_get(at, "phone"),
		       id = json_get(at, "id"), state = json_get(at, "state"),
		       code = json_get(at, "code");
	const char *ref_text = NULL, *phone_text = NULL, *id_text = "", *code_text = "";
	struct buf line = {0};
	int which = -1;
	enum err rc = json_want_object(at, e);

	if (rc != ERR_OK || (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_read_string(&reference, &ref_text, e)) != ERR_OK ||
	    (rc = json_read_string(&phone, &phone_text, e)) != ERR_OK ||
	    (rc = json_read_string(&id, &id_text, e)) != ERR_OK ||
	    (rc = json_read_string(&code, &code_text, e)) != ERR_OK ||
	    (rc = json_read_choice(&state, names, ARRAY_LEN(names), &which, e)) != ERR_OK)
		return rc;
	if (which < 0 || strlen(id_text) > 100 || strlen(code_text) > 100)
		return err_set(e, ERR_INPUT, at->path, "",
			       which < 0 ? "needs a state"
					 : "has an id or code of more than 100 bytes");
	r->state = states[which];
	r->id = id_text[0] != '\0' && (phone_text == NULL || phone_text[0] == '\0') ? id_text
										    : NULL;
	read_key(v, r, ref_text, phone_text);
	json_add_string(&line, slice_of(id_text));
	buf_addc(&line, ',');
	json_add_string(&line, slice_of(code_text));
	r->line = buf_take(&line);
	return ERR_OK;
}

static enum err
read_body(struct evidence *v, struct err_ctx *e)
{
	static const char *const keys[] = {"rows", "dry", "file"};
	struct json_at root = json_root(v->body), rows = json_get(&root, "rows"),
		       dry = json_get(&root, "dry"), file = json_get(&root, "file");
	size_t n = json_array_size(rows.v);
	enum err rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);

	v->file = "";
	if (rc != ERR_OK || (rc = json_read_bool(&dry, &v->is_dry, e)) != ERR_OK ||
	    (rc = json_read_string(&file, &v->file, e)) != ERR_OK ||
	    (rc = json_want_array(&rows, e)) != ERR_OK)
		return rc;
	if (n == 0 || n > ROWS_MAX || strlen(v->file) > 255)
		return err_set(e, ERR_INPUT, strlen(v->file) > 255 ? "file" : "rows", "",
			       "must have 1 to %u %s", strlen(v->file) > 255 ? 255 : ROWS_MAX,
			       strlen(v->file) > 255 ? "bytes" : "rows");
	for (size_t i = 0; rc == ERR_OK && i < n; i++) {
		struct json_at one = json_item(&rows, i);

		v->count++;
		rc = read_row(v, &one, &v->rows[i], e);
	}
	return rc;
}

static void
on_status(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct evidence *v = arg;
	struct err_ctx mine;

	if (s != NULL) {
		v->status = *s;
		if (read_body(v, &mine) == ERR_OK) {
			if (v->needs_ids)
				ask_ids(v);
			else
				look_up(v);
			return;
		}
		e = &mine;
	}
	evidence_end(v, e);
}

static void
on_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct evidence *v = arg;
	struct err_ctx none;
	uint64_t run = campaign_rows_of(c, "nothing is in doubt", &none, &e);

	if (c != NULL)
		snprintf(v->object, sizeof(v->object), "campaign:%s", c->name);
	campaign_free(c);
	if (run == 0)
		evidence_end(v, e);
	else
		run_status_load(v->api->daemon->engine, run, on_status, v);
}

void
on_doubt_import(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");
	struct evidence *v;
	json_t *body;

	if (id == NULL || !api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	v = xcalloc(1, sizeof(*v));
	v->api = a;
	v->x = x;
	v->body = body;
	api_campaign_of_run(a, x, id, on_campaign, v);
}
