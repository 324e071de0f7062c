/* SPDX-License-Identifier: MIT */
/*
 * Suppressions over HTTP: adding and removing many phones in one step, pages of
 * what there is, one phone with its history. Phones come as people write them
 * and are mended as a list's are; they are shown masked unless the administrator
 * asks for them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/api/refusal.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/suppression.h"
#include "dispatcher/store/audit.h"
#include "dispatcher/store/phone_hash.h"
#include "segments/cell.h"
#include "segments/phone.h"
#include "segments/reject.h"

#define CELLS_MAX 500u
#define PAGE_MAX 500
#define AUDIT_PHONES 50u /* listed in an entry */
/*
 * A batch of an import is answered this late: each one makes all senders look at
 * their chunks again, and between they must come to send.
 */
#define IMPORT_PAUSE_MS 20

/* ---- add and remove ---- */

/* A cell: phones [first, first + count) of the act; 0 = rejected. */
struct cell {
	uint16_t first, count;
};

struct act {
	struct api *api;
	struct http_exchange *x;
	struct loop *loop;
	json_t *body; /* what the act's words are borrowed from */
	struct suppression_act act;
	char id[33]; /* "" = it has no key */
	bool is_removal, is_import;
	struct timer pause;
	int64_t epoch;
	char letters[CELLS_MAX * PHONES_IN_CELL_MAX];
	struct cell cells[CELLS_MAX];
	size_t cell_count;
	uint64_t phones[CELLS_MAX * PHONES_IN_CELL_MAX];
	size_t phone_count;
	struct tally rejects;
	/* Of a refusal that is confirmed to the person: what is said, and what became of it. */
	char confirm[REFUSAL_TEXT_MAX];
	json_t *confirmation;
};

static void
act_free(struct act *a)
{
	json_decref(a->body);
	json_decref(a->confirmation);
	free(a);
}

/* A cell counts as added (removed) when one of its phones is. */
static void
count_cells(struct act *a, uint64_t *done, uint64_t *already)
{
	for (size_t i = 0; i < a->cell_count; i++) {
		bool is_done = false, is_full = a->cells[i].count > 0;

		for (unsigned k = 0; k < a->cells[i].count; k++) {
			char c = a->letters[a->cells[i].first + k];

			is_done = is_done || c == '+' || c == '-';
			is_full = is_full && c == 'x';
		}
		*done += is_done;
		*already += !is_done && !is_full && a->cells[i].count > 0;
		if (is_full)
			tally_add(&a->rejects, "too-many-scopes", 1);
	}
}

static void
act_answer(struct act *a)
{
	struct buf out = {0};
	uint64_t done = 0, already = 0;

	count_cells(a, &done, &already);
	buf_addf(&out,
		 "{\"rows\":%zu,\"%s\":%" PRIu64 ",\"%s\":%" PRIu64 ",\"rejects\":", a->cell_count,
		 a->is_removal ? "removed" : "added", done, a->is_removal ? "absent" : "already",
		 already);
	tally_add_json(&a->rejects, &out);
	if (a->phone_count > 0)
		buf_addf(&out, ",\"epoch\":%" PRId64, a->epoch);
	if (a->confirmation != NULL) {
		buf_adds(&out, ",\"confirmation\":");
		json_add_value(&out, a->confirmation);
	}
	buf_addc(&out, '}');
	http_answer_buf(a->x, 200, "application/json", buf_slice(&out));
	if (!a->is_import) /* an import has hundreds of them */
		log_info("suppressions=%s rows=%zu done=%" PRIu64 " result=kept",
			 a->is_removal ? "remove" : "add", a->cell_count, done);
	buf_free(&out);
	act_free(a);
}

static void
on_pause(struct timer *t, void *arg)
{
	(void)t;
	act_answer(arg);
}

static void
on_confirmed(void *arg, json_t *answer)
{
	struct act *a = arg;

	a->confirmation = answer;
	act_answer(a);
}

static void
on_applied(void *arg, const struct suppression_done *d, const struct err_ctx *e)
{
	struct act *a = arg;

	if (d == NULL) {
		http_answer_error(a->x, e);
		act_free(a);
		return;
	}
	memcpy(a->letters, d->letters, a->phone_count);
	a->epoch = d->epoch;
	if (a->is_import)
		timer_arm_ms(a->loop, &a->pause, IMPORT_PAUSE_MS);
	else if (a->confirm[0] != '\0' &&
		 a->letters[0] == '+') /* who had refused before was told */
		refusal_confirm(a->api, a->phones[0], a->confirm, a->id, on_confirmed, a);
	else
		act_answer(a);
}

/* is_counted: a cell that is no phone is counted, not an error. */
static enum err
read_cell(struct act *a, const struct json_at *at, bool is_counted, struct err_ctx *e)
{
	struct cell *cell = &a->cells[a->cell_count];
	struct phone_cell p;
	struct buf clean = {0};
	const char *text = "";
	enum err rc = json_read_string(at, &text, e);

	if (rc != ERR_OK)
		return rc;
	cell_clean(&clean, slice_of(text));
	phone_parse(buf_slice(&clean), &p);
	if (clean.len > CELL_MAX) {
		p.count = 0;
		p.reason = "cell-too-long";
	}
	buf_free(&clean);
	*cell = (struct cell){(uint16_t)a->phone_count, (uint16_t)p.count};
	a->cell_count++;
	for (size_t i = 0; i < p.count; i++)
		a->phones[a->phone_count++] = p.phones[i];
	if (p.count > 0)
		return ERR_OK;
	tally_add(&a->rejects, p.reason, 1);
	return is_counted ? ERR_OK
			  : err_set(e, ERR_INPUT, at->path,
				    "write it as 0912345678; nothing was changed",
				    "is no mobile number of Vietnam: %s", p.reason);
}

static enum err
read_phones(struct act *a, const struct json_at *phones, bool is_counted, struct err_ctx *e)
{
	enum err rc = json_want_array(phones, e);
	size_t n = json_array_size(phones->v);

	if (rc == ERR_OK && (n == 0 || n > CELLS_MAX))
		rc = err_set(e, ERR_INPUT, "phones", "", "must be 1 to %u phones", CELLS_MAX);
	for (size_t i = 0; rc == ERR_OK && i < n; i++) {
		struct json_at one = json_item(phones, i);

		rc = read_cell(a, &one, is_counted, e);
	}
	return rc;
}

/* A class that the policy has no more can still be taken out. */
static enum err
check_scope(const struct config *c, const struct suppression_act *s, struct err_ctx *e)
{
	size_t n = strlen(s->scope);

	if (s->is_removal && strncmp(s->scope, "class:", 6) == 0 && n > 6 &&
	    n <= SUPPRESSION_SCOPE_MAX)
		return ERR_OK;
	return suppression_check_scope(c, s->scope, e);
}

/* The same request again, known by its key, is the same act. "" = it has no key. */
static void
make_id(struct http_exchange *x, bool is_removal, char out[33])
{
	const char *key = http_header(x, "Idempotency-Key");
	struct buf said = {0};
	uint8_t hash[16];

	out[0] = '\0';
	if (key == NULL)
		return;
	buf_adds(&said, key);
	buf_addc(&said, is_removal ? '-' : '+');
	buf_add_slice(&said, http_body(x));
	hash_plain(buf_slice(&said), hash);
	hash_hex(hash, sizeof(hash), out);
	buf_free(&said);
}

/* For the audit: the phones masked, of an import only how many. */
static json_t *
act_details(const struct act *a)
{
	json_t *out = json_pack("{s:s, s:s, s:I}", "scope", a->act.scope, "reason", a->act.reason,
				"count", (json_int_t)a->phone_count);
	json_t *phones;
	char phone[24];

	if (a->is_import || out == NULL)
		return out;
	phones = json_array();
	for (size_t i = 0; i < a->phone_count && i < AUDIT_PHONES; i++) {
		snprintf(phone, sizeof(phone), "%" PRIu64, a->phones[i]);
		json_array_append_new(phones, json_string(log_phone(phone)));
	}
	json_object_set_new(out, "phones", phones);
	if (a->confirm[0] != '\0')
		json_object_set_new(out, "confirmation", json_string(a->confirm));
	return out;
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct act *a = arg;

	(void)n;
	if (e == NULL) {
		suppression_apply(a->api->daemon->engine, &a->act, on_applied, a);
		return;
	}
	http_answer_error(a->x, e);
	act_free(a);
}

/* "confirm": true */
static enum err
read_confirm(struct act *a, const struct json_at *root, struct err_ctx *e)
{
	struct json_at at = json_get(root, "confirm");
	bool wants = false;
	enum err rc = json_read_bool(&at, &wants, e);

	if (rc != ERR_OK || !wants)
		return rc;
	if (a->is_removal || a->is_import || a->phone_count != 1)
		return err_set(e, ERR_INPUT, "confirm", "leave it out",
			       "is for the refusal of one person");
	if ((api_account(a->x)->rights & (RIGHT_OPERATE | RIGHT_APPROVE)) == 0)
		return err_set(e, ERR_REFUSED, "confirm", "ask an operator",
			       "sends a message: this needs the right operate or approve");
	if (a->id[0] == '\0')
		random_hex(a->id, 16);
	a->act.id = a->id;
	return refusal_text(a->api->daemon->config, a->act.scope, clock_wall_ms() / 1000,
			    a->confirm, e);
}

static enum err
read_act(struct act *a, struct err_ctx *e)
{
	static const char *const keys[] = {"phones", "scope", "reason", "source", "confirm"};
	static const char *const sources[] = {"person", "import"};
	struct suppression_act *s = &a->act;
	struct json_at root = json_root(a->body), phones = json_get(&root, "phones"),
		       scope = json_get(&root, "scope"), reason = json_get(&root, "reason"),
		       by = json_get(&root, "source");
	int source = BY_PERSON;
	enum err rc;

	*s = (struct suppression_act){.is_removal = a->is_removal, .scope = "all", .reason = ""};
	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_read_string(&scope, &s->scope, e)) != ERR_OK ||
	    (rc = check_scope(a->api->daemon->config, s, e)) != ERR_OK ||
	    (rc = json_read_string(&reason, &s->reason, e)) != ERR_OK ||
	    (rc = suppression_check_reason(s->reason, e)) != ERR_OK ||
	    (rc = json_read_choice(&by, sources, ARRAY_LEN(sources), &source, e)) != ERR_OK ||
	    (rc = read_phones(a, &phones, source == BY_IMPORT, e)) != ERR_OK)
		return rc;
	s->source = (enum suppression_source)source;
	a->is_import = source == BY_IMPORT;
	s->id = a->id[0] != '\0' ? a->id : NULL;
	s->phones = a->phones;
	s->count = a->phone_count;
	return read_confirm(a, &root, e);
}

static void
begin_act(struct http_exchange *x, struct api *api, bool is_removal)
{
	struct act *a;
	struct err_ctx e;
	json_t *body;

	if (!api_is_open(api, x) || (body = api_body_json(x)) == NULL)
		return;
	a = xcalloc(1, sizeof(*a));
	a->api = api;
	a->x = x;
	a->loop = api->daemon->loop;
	a->body = body;
	a->is_removal = is_removal;
	timer_init(&a->pause, on_pause, a);
	make_id(x, is_removal, a->id);
	if (read_act(a, &e) != ERR_OK) {
		http_answer_error(x, &e);
		act_free(a);
	} else if (a->phone_count == 0) {
		act_answer(a);
	} else {
		audit_append(api->daemon->engine, api_who(x),
			     is_removal ? "suppress.remove" : "suppress.add", "suppressions",
			     act_details(a), on_audited, a);
	}
}

void
on_suppression_add(struct http_exchange *x, void *arg)
{
	begin_act(x, arg, false);
}

void
on_suppression_remove(struct http_exchange *x, void *arg)
{
	begin_act(x, arg, true);
}

/* ---- reading ---- */

struct look {
	struct api *api;
	struct http_exchange *x;
	bool is_full;
	char phone[24]; /* "" = pages */
	uint8_t hash[PHONE_HASH_BYTES];
	json_t *entries; /* of the phone */
	json_t *history; /* of the phone, newest first */
};

static void
look_free(struct look *l)
{
	json_decref(l->entries);
	json_decref(l->history);
	free(l);
}

/* The exchange was answered if this is NULL. */
static struct look *
look_new(struct api *a, struct http_exchange *x)
{
	struct err_ctx e;
	struct look *l;
	bool is_full;

	if (!api_is_open(a, x))
		return NULL;
	if (api_read_full(a, x, &is_full, &e) != ERR_OK) {
		http_answer_error(x, &e);
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->api = a;
	l->x = x;
	l->is_full = is_full;
	return l;
}

/* What another unit's people have asked for is theirs. */
static bool
is_told(const struct http_exchange *x, struct slice scope)
{
	struct slice unit = scope;

	if (scope.n < 5 || memcmp(scope.p, "unit:", 5) != 0)
		return true;
	unit.p += 5;
	unit.n -= 5;
	return account_sees(api_account(x), slice_to_u64(unit));
}

/* [[phone, scope, reason, since ms, source], …] */
static json_t *
entries_json(const struct look *l, const struct reply *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct reply *one = reply_item(list, i);
		struct slice scope = reply_item(one, 1)->str;
		int64_t ms = 0, phone = 0;
		struct buf shown = {0};
		char since[32];

		if (!is_told(l->x, scope))
			continue;
		(void)!slice_to_i64(reply_item(one, 3)->str, &ms);
		clock_format_vn(ms / 1000, since);
		(void)!slice_to_i64(reply_item(one, 0)->str, &phone);
		cells_add_phone(&shown, (uint64_t)phone, l->is_full);
		json_array_append_new(out,
				      json_pack("{s:s, s:o, s:s, s:o, s:o}", "phone",
						shown.len > 0 ? shown.data : "", "scope",
						json_of_slice(scope), "since", since, "source",
						json_of_slice(reply_item(one, 4)->str), "reason",
						json_of_slice(reply_item(one, 2)->str)));
		buf_free(&shown);
	}
	return out;
}

static void
on_page(void *arg, const struct reply *r)
{
	struct look *l = arg;
	struct slice next = reply_item(r, 0)->str;
	json_t *out;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(l->x, r);
	} else {
		out = json_pack("{s:o, s:I}", "suppressions", entries_json(l, reply_item(r, 1)),
				"erased", (json_int_t)reply_item(r, 2)->integer);
		json_object_set_new(out, "next",
				    slice_is(next, "0") ? json_null() : json_of_slice(next));
		http_answer_json(l->x, 200, out);
	}
	look_free(l);
}

static void ask_phone(struct look *l, int64_t before);

/* A line of the log: [ms, "add"|"rm", source, scope, reason, …] */
static void
add_history(struct look *l, struct slice line)
{
	json_t *v = json_loadb(line.p, line.n, 0, NULL);
	const char *ms = json_string_value(json_array_get(v, 0));
	int64_t at_ms = 0;
	char at[32];

	if (ms != NULL && slice_to_i64(slice_of(ms), &at_ms) && json_array_size(v) >= 5 &&
	    is_told(l->x, slice_of(json_string_value(json_array_get(v, 3))))) {
		clock_format_vn(at_ms / 1000, at);
		json_array_append_new(l->history,
				      json_pack("{s:s, s:O, s:O, s:O, s:O}", "at", at, "act",
						json_array_get(v, 1), "scope", json_array_get(v, 3),
						"source", json_array_get(v, 2), "reason",
						json_array_get(v, 4)));
	}
	json_decref(v);
}

static void
on_phone(void *arg, const struct reply *r)
{
	struct look *l = arg;
	const struct reply *lines = reply_item(r, 1);
	int64_t before = reply_item(r, 2)->integer;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(l->x, r);
		look_free(l);
		return;
	}
	if (l->entries == NULL) {
		l->entries = entries_json(l, reply_item(r, 0));
		l->history = json_array();
	}
	for (size_t i = 0; i < lines->count; i++)
		add_history(l, reply_item(lines, i)->str);
	if (before > 0 && json_array_size(l->history) < 100) {
		ask_phone(l, before);
		return;
	}
	http_answer_json(l->x, 200,
			 json_pack("{s:O, s:n, s:O}", "suppressions", l->entries, "next", "history",
				   l->history));
	look_free(l);
}

static void
ask_phone(struct look *l, int64_t before)
{
	struct argv a = {0};

	argv_adds(&a, l->phone);
	if (before > 0)
		argv_add_int(&a, before);
	else
		argv_adds(&a, "");
	argv_add(&a, (struct slice){(const char *)l->hash, sizeof(l->hash)});
	engine_call(l->api->daemon->engine, "suppress_show", &a, on_phone, l);
	argv_free(&a);
}

static void
show_phone(struct look *l, const char *text)
{
	struct phone_cell p;
	struct err_ctx e;

	phone_parse(slice_of(text), &p);
	if (p.count == 1) {
		snprintf(l->phone, sizeof(l->phone), "%" PRIu64, p.phones[0]);
		phone_hash(p.phones[0], engine_phone_key(l->api->daemon->engine), l->hash);
		ask_phone(l, 0);
		return;
	}
	err_set(&e, ERR_INPUT, "phone", "write it as 0912345678",
		"is no mobile number of Vietnam: %s", p.count > 1 ? "more than one" : p.reason);
	http_answer_error(l->x, &e);
	look_free(l);
}

/* ?phone= one and its history; else a page: ?cursor=&limit=; ?full=1: phones unmasked. */
void
on_suppression_ls(struct http_exchange *x, void *arg)
{
	const char *cursor = http_query(x, "cursor"), *limit = http_query(x, "limit"),
		   *phone = http_query(x, "phone");
	struct api *api = arg;
	int64_t count = PAGE_MAX;
	struct argv a = {0};
	struct err_ctx e;
	struct look *l;

	if ((limit != NULL &&
	     (!slice_to_i64(slice_of(limit), &count) || count < 1 || count > PAGE_MAX)) ||
	    (cursor != NULL &&
	     (strlen(cursor) > 20 || strspn(cursor, "0123456789") != strlen(cursor) ||
	      cursor[0] == '\0'))) {
		err_set(&e, ERR_INPUT, "page", "", "limit is 1 to %d, cursor what `next` said",
			PAGE_MAX);
		http_answer_error(x, &e);
		return;
	}
	l = look_new(api, x);
	if (l == NULL)
		return;
	if (phone != NULL) {
		show_phone(l, phone);
		return;
	}
	argv_adds(&a, cursor != NULL ? cursor : "0");
	argv_add_int(&a, count);
	engine_call(api->daemon->engine, "suppress_ls", &a, on_page, l);
	argv_free(&a);
}
