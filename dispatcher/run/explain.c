/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/run/doubt.h"
#include "dispatcher/run/explain_row.h"
#include "dispatcher/run/member_find.h"
#include "dispatcher/run/notice_trace.h"
#include "dispatcher/store/keys.h"
#include "dispatcher/store/phone_hash.h"
#include "segments/phone.h"

#define DOUBT_WORDS 6u /* that doubt_look says of each */

struct explain {
	struct engine *engine;
	struct explain_wanted w;
	struct explain_callbacks cbs;
	struct run_views *views; /* of its own: those of the sender stay as they are */
	struct run_view *view;
	struct explain_row *rows; /* what looks at rows; NULL = not yet */
	struct explain_run *r;
	struct log_place places[EXPLAIN_MESSAGES]; /* of the messages */
	uint32_t row_of[EXPLAIN_MESSAGES];	   /* in all lists of the run */
	size_t step, at;			   /* which one, and of which message or list */
	struct list *now;			   /* newest version of a list */
};

typedef void (*explain_step)(struct explain *x);
static void explain_go(struct explain *x);

static void
explain_end(struct explain *x, const struct err_ctx *e)
{
	struct explain_run *r = x->r;

	explain_row_free(x->rows);
	if (x->view != NULL)
		run_view_unref(x->view); /* from on_view */
	run_views_free(x->views);
	list_free(x->now);
	if (e != NULL) {
		explain_run_free(r);
		r = NULL;
	}
	x->cbs.on_done(x->cbs.arg, r, e);
	for (size_t i = 0; i < x->w.segment_count; i++)
		free((char *)(uintptr_t)x->w.segments[i]);
	free((void *)(uintptr_t)x->w.segments);
	free(x);
}

/* The step is done: the next one. */
static void
step_done(struct explain *x)
{
	x->step++;
	x->at = 0;
	explain_go(x);
}

static bool
is_bad(struct explain *x, const struct reply *r)
{
	struct err_ctx e;

	if (reply_is_good(r))
		return false;
	reply_fail(r, &e);
	explain_end(x, &e);
	return true;
}

/* ---- run, list ---- */

static void
on_status(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct explain *x = arg;

	if (s == NULL) {
		explain_end(x, e);
		return;
	}
	x->r->status = *s;
	x->r->launched_s = s->launched_s;
	/* Of a campaign that recurs it has another one than the campaign. */
	snprintf(x->r->state, sizeof(x->r->state), "%s", s->state);
	step_done(x);
}

static void
ask_status(struct explain *x)
{
	run_status_load(x->engine, x->w.run, on_status, x);
}

static void
on_caps(void *arg, const struct reply *r)
{
	struct explain *x = arg;

	if (is_bad(x, r))
		return;
	x->r->cap_day = reply_u64(r, 0);
	x->r->cap_week = reply_u64(r, 1);
	step_done(x);
}

static void
ask_caps(struct explain *x)
{
	char key[KEY_MAX];
	struct slice v[4] = {SLICE("HMGET"), {NULL, 0}, SLICE("cap_day"), SLICE("cap_week")};

	if (x->w.is_brief) {
		step_done(x);
		return;
	}
	v[1] = slice_of(key_run(key, x->w.run, ""));
	redis_command(engine_redis(x->engine), v, 4, on_caps, x);
}

static void
on_view(void *arg, struct run_view *v, const struct err_ctx *e)
{
	struct explain *x = arg;

	if (v == NULL) {
		explain_end(x, e);
		return;
	}
	x->view = v;
	x->r->is_single = v->is_notices;
	step_done(x);
}

static void
ask_view(struct explain *x)
{
	run_view_get(x->views, x->w.run, on_view, x);
}

/* ---- where the phone is ---- */

static struct explain_message *
add_message(struct explain *x)
{
	struct explain_run *r = x->r;

	if (r->count == EXPLAIN_MESSAGES) {
		r->has_more = true;
		return NULL;
	}
	return &r->messages[r->count++];
}

static void
on_notices(void *arg, const struct notices_found *f, const struct err_ctx *e)
{
	struct explain *x = arg;

	if (f == NULL) {
		explain_end(x, e);
		return;
	}
	for (size_t i = 0; i < f->count; i++) {
		struct explain_message *m = add_message(x);

		if (m == NULL)
			break;
		m->taken_s = f->accepted_s[i];
		x->places[m - x->r->messages] = f->at[i];
	}
	x->r->has_more = x->r->has_more || f->has_more;
	step_done(x);
}

static void
on_rows(void *arg, const struct phone_rows *rows, const struct err_ctx *e)
{
	struct explain *x = arg;
	const struct list *l = x->view->list;

	if (rows == NULL) {
		explain_end(x, e);
		return;
	}
	for (size_t i = 0; i < list_part_count(l); i++) {
		struct explain_list *one = &x->r->lists[x->r->list_count++];

		snprintf(one->name, sizeof(one->name), "%s", list_part(l, i)->name);
		one->version = list_part(l, i)->version;
	}
	for (size_t i = 0; i < rows->count; i++) {
		struct list_place place = list_place(l, rows->row[i]);
		struct explain_message *m;

		for (size_t k = 0; k < x->r->list_count; k++)
			x->r->lists[k].rows += list_part(l, k) == place.list;
		m = add_message(x);
		if (m == NULL)
			continue;
		snprintf(m->list, sizeof(m->list), "%s", place.list->name);
		m->row = place.row + 1;
		x->row_of[m - x->r->messages] = rows->row[i];
	}
	x->r->has_more = x->r->has_more || rows->has_more;
	step_done(x);
}

static bool
on_looking(void *arg, uint64_t done, uint64_t total)
{
	struct explain *x = arg;

	return x->cbs.on_progress == NULL || x->cbs.on_progress(x->cbs.arg, done, total);
}

static void
find_phone(struct explain *x)
{
	if (x->r->is_single)
		notice_trace(x->engine, &x->r->status, x->w.phone, on_notices, x);
	else
		phone_find_in(x->w.find, x->view->list, on_looking, on_rows, x);
}

/* ---- each message ---- */

static void ask_member(struct explain *x);

static void
set_attempts(struct explain *x, struct explain_message *m, const struct member_place *p)
{
	const struct run_status *s = &x->r->status;

	m->attempt_count = p->record.attempt;
	for (size_t i = 0; i < m->attempt_count; i++) {
		struct explain_attempt *a = &m->attempts[i];

		a->phase = p->phase[i] < RECORD_STATE_COUNT ? (enum record_state)p->phase[i]
							    : RECORD_UNKNOWN;
		a->is_guess = !p->has_earlier && i + 1 < m->attempt_count;
		if (p->tariff[i] < s->tariffs)
			snprintf(a->provider, sizeof(a->provider), "%s", s->lane[p->tariff[i]]);
	}
}

/* Whom it went by, or will; nobody where none was asked and none will be. */
static void
set_provider(const struct run_status *s, struct explain_message *m)
{
	const struct record *r = &m->record;
	unsigned t = r->attempt > 0 ? r->provider : m->p;

	if ((r->attempt > 0 || r->state == RECORD_WAITING) && t < s->tariffs)
		snprintf(m->provider, sizeof(m->provider), "%s", s->lane[t]);
}

static void
on_member(void *arg, const struct member_place *p, const struct err_ctx *e)
{
	struct explain *x = arg;
	const struct run_status *s = &x->r->status;
	struct explain_message *m = &x->r->messages[x->at];

	if (p == NULL) {
		explain_end(x, e);
		return;
	}
	m->is_frozen = p->is_frozen;
	m->is_in = p->is_in;
	if (p->is_in) {
		m->p = p->p;
		m->record = p->record;
		m->state = p->record.state;
		m->changed_s = s->launched_s + p->record.changed_s;
		if (strcmp(s->state, "cancelled") == 0 && !p->has_earlier &&
		    (m->state == RECORD_WAITING || m->state == RECORD_RETRY))
			m->state = RECORD_CANCELLED;
		set_provider(s, m);
		set_attempts(x, m, p);
	}
	x->places[x->at] = (struct log_place){p->p, p->rank};
	x->at++;
	ask_member(x);
}

/* A row that stands for another one: the first of the phone's that has a message of its own. */
static void
find_others(struct explain *x)
{
	for (size_t i = 0; i < x->r->count; i++) {
		struct explain_message *m = &x->r->messages[i];

		if (!m->is_in || m->record.reason != REASON_SAME_PHONE)
			continue;
		for (size_t k = 0; k < i && m->same_row == 0; k++) {
			const struct explain_message *o = &x->r->messages[k];

			if (!o->is_in || o->record.reason == REASON_SAME_PHONE)
				continue;
			m->same_row = o->row;
			snprintf(m->same_list, sizeof(m->same_list), "%s", o->list);
		}
	}
}

static void
ask_member(struct explain *x)
{
	const struct log_place *at = &x->places[x->at];

	if (x->at >= x->r->count)
		step_done(x);
	else if (x->r->is_single)
		member_read(x->engine, x->view, at->p, at->rank, on_member, x);
	else
		member_find(x->engine, x->views, x->view, x->row_of[x->at], on_member, x);
}

/* ---- what its row says ---- */

static void look_at_row(struct explain *x);

static void
on_row(void *arg, const struct err_ctx *e)
{
	struct explain *x = arg;

	if (e != NULL) {
		explain_end(x, e);
		return;
	}
	x->at++;
	look_at_row(x);
}

static void
look_at_row(struct explain *x)
{
	struct explain_message *m = &x->r->messages[x->at];

	if (x->at >= x->r->count) {
		find_others(x);
		step_done(x);
		return;
	}
	explain_row_look(x->rows, x->row_of[x->at], m, on_row, x);
}

static void
on_row_ready(void *arg, const struct err_ctx *e)
{
	struct explain *x = arg;

	if (e != NULL)
		explain_end(x, e);
	else
		look_at_row(x);
}

static void
look_at_rows(struct explain *x)
{
	struct explain_row_options o = {
		.is_full = x->w.is_full, .names = x->w.segments, .name_count = x->w.segment_count};

	if (x->w.is_brief || x->r->is_single || x->r->count == 0) {
		find_others(x);
		step_done(x);
		return;
	}
	x->rows = explain_row_new(x->engine, x->view, &o, on_row_ready, x);
}

/* ---- suppressions ---- */

static bool
is_why(const struct explain *x, const struct explain_message *m, struct slice scope)
{
	char mine[80];

	switch (m->record.reason) {
	case REASON_SUPPRESSED:
		return slice_is(scope, "all") || slice_is(scope, "erasing");
	case REASON_SUPPRESSED_UNIT:
		snprintf(mine, sizeof(mine), "unit:%" PRIu64, x->view->unit);
		return slice_is(scope, mine);
	default:
		snprintf(mine, sizeof(mine), "class:%s", x->r->class);
		return slice_is(scope, mine);
	}
}

/* [phone, scope, reason, since ms, source] */
static void
take_suppression(struct explain *x, const struct reply *one)
{
	struct slice scope = reply_item(one, 1)->str;
	int64_t ms = 0;

	if (x->cbs.sees_scope != NULL && !x->cbs.sees_scope(x->cbs.arg, scope))
		return;
	if (!slice_to_i64(reply_item(one, 3)->str, &ms))
		return;
	for (size_t i = 0; i < x->r->count; i++) {
		struct explain_message *m = &x->r->messages[i];

		if (!m->is_in || m->state != RECORD_SUPPRESSED || m->scope[0] != '\0' ||
		    !is_why(x, m, scope))
			continue;
		slice_copy(m->scope, sizeof(m->scope), scope);
		slice_copy(m->why_suppressed, sizeof(m->why_suppressed), reply_item(one, 2)->str);
		m->suppressed_s = ms / 1000;
	}
}

static void
on_suppressions(void *arg, const struct reply *r)
{
	struct explain *x = arg;
	const struct reply *list = reply_item(r, 0);

	if (is_bad(x, r))
		return;
	for (size_t i = 0; i < list->count; i++)
		take_suppression(x, reply_item(list, i));
	step_done(x);
}

static bool
has_state(const struct explain *x, enum record_state state)
{
	for (size_t i = 0; i < x->r->count; i++)
		if (x->r->messages[i].is_in && x->r->messages[i].state == state)
			return true;
	return false;
}

static void
ask_suppressions(struct explain *x)
{
	struct argv a = {0};
	uint8_t hash[PHONE_HASH_BYTES];

	if (x->w.is_brief || !has_state(x, RECORD_SUPPRESSED)) {
		step_done(x);
		return;
	}
	phone_hash(x->w.phone, engine_phone_key(x->engine), hash);
	argv_add_int(&a, (int64_t)x->w.phone);
	argv_adds(&a, "");
	argv_add(&a, (struct slice){(const char *)hash, sizeof(hash)});
	engine_call(x->engine, "suppress_show", &a, on_suppressions, x);
	argv_free(&a);
}

/* ---- what gateways said ---- */

/* What a gateway wrote goes to people's terminals: control characters do not. */
static void
copy_plain(char *out, size_t cap, const char *text)
{
	size_t n = strlen(text);

	slice_copy(out, cap, (struct slice){text, n});
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

static void
on_event(void *arg, const struct log_event *ev)
{
	struct explain *x = arg;
	const struct run_status *s = &x->r->status;
	struct explain_message *m = &x->r->messages[ev->of];
	struct explain_attempt *a;
	int64_t at_s = ev->at_s >= 0 ? s->launched_s + ev->at_s : 0;

	if (!m->is_in || ev->attempt == 0 || ev->attempt > m->attempt_count)
		return;
	a = &m->attempts[ev->attempt - 1];
	if (ev->id[0] != '\0')
		copy_plain(a->id, sizeof(a->id), ev->id);
	if (!ev->is_answer) {
		a->has_receipt = true;
		a->receipt_s = at_s;
		copy_plain(a->receipt, sizeof(a->receipt), ev->code);
		return;
	}
	a->answered_s = at_s;
	copy_plain(a->code, sizeof(a->code), ev->code);
	/* The record knows the newest one's only, and of others what the table has. */
	if (a->is_guess && ev->tariff >= 0 && ev->tariff < s->tariffs)
		snprintf(a->provider, sizeof(a->provider), "%s", s->lane[ev->tariff]);
}

static void
on_log(void *arg, const struct err_ctx *e)
{
	struct explain *x = arg;

	if (e != NULL)
		explain_end(x, e);
	else
		step_done(x);
}

static void
read_log(struct explain *x)
{
	const struct log_trace_callbacks cbs = {
		.on_event = on_event, .on_progress = on_looking, .on_done = on_log, .arg = x};
	bool is_any = false;

	for (size_t i = 0; i < x->r->count; i++)
		is_any = is_any || x->r->messages[i].attempt_count > 0;
	if (x->w.is_brief || !is_any)
		step_done(x);
	else
		log_trace(x->engine, x->w.run, x->places, x->r->count, &cbs);
}

/* ---- doubt ---- */

static void ask_doubt(struct explain *x);

static void
on_doubt(void *arg, const struct reply *r)
{
	struct explain *x = arg;
	struct explain_doubt *d = &x->r->messages[x->at].doubt;

	if (is_bad(x, r))
		return;
	for (size_t i = 1; i + DOUBT_WORDS <= r->count; i += DOUBT_WORDS) {
		struct slice what = reply_item(r, i + 2)->str;

		if ((uint32_t)reply_int(r, i) != x->places[x->at].rank || what.n != 1)
			continue;
		*d = (struct explain_doubt){true, what.p[0], reply_int(r, i + 3) / 1000};
	}
	x->at++;
	ask_doubt(x);
}

static void
ask_doubt(struct explain *x)
{
	const struct log_place *at;
	struct argv a = {0};

	while (x->at < x->r->count &&
	       (!x->r->messages[x->at].is_in || x->r->messages[x->at].state != RECORD_UNKNOWN))
		x->at++;
	if (x->w.is_brief || x->at >= x->r->count) {
		step_done(x);
		return;
	}
	at = &x->places[x->at];
	argv_add_int(&a, (int64_t)x->w.run);
	argv_add_int(&a, at->p);
	argv_add_int(&a, at->rank / RECORDS_PER_STRING);
	argv_add_int(&a, doubt_wait_ms(x->w.config, &x->r->status));
	engine_call(x->engine, "doubt_look", &a, on_doubt, x);
	argv_free(&a);
}

/* ---- what it waits for ---- */

static void
on_waits(void *arg, const struct reply *r)
{
	struct explain *x = arg;

	if (is_bad(x, r))
		return;
	slice_copy(x->r->waiting, sizeof(x->r->waiting), reply_item(r, 0)->str);
	step_done(x);
}

static void
ask_waits(struct explain *x)
{
	const struct run_status *s = &x->r->status;
	const struct class_policy hours = {.hours_from = s->hours_from, .hours_to = s->hours_to};
	struct argv a = {0};

	x->r->is_closed = s->hours_from != s->hours_to &&
			  !class_is_open(&hours, clock_minute_of_day_vn(clock_wall_ms() / 1000));
	if (x->w.is_brief || (!has_state(x, RECORD_WAITING) && !has_state(x, RECORD_RETRY))) {
		step_done(x);
		return;
	}
	argv_add_int(&a, (int64_t)x->w.run);
	engine_call(x->engine, "waits", &a, on_waits, x);
	argv_free(&a);
}

/* ---- lists of now ---- */

static void ask_now(struct explain *x);

static void
on_rows_now(void *arg, const struct phone_rows *rows, const struct err_ctx *e)
{
	struct explain *x = arg;
	struct explain_list *one = &x->r->lists[x->at];

	if (rows == NULL) {
		explain_end(x, e);
		return;
	}
	one->rows_now = rows->count;
	one->version_now = x->now->version;
	list_free(x->now);
	x->now = NULL;
	x->at++;
	ask_now(x);
}

static void
on_list_now(void *arg, struct list *l, const struct err_ctx *e)
{
	struct explain *x = arg;

	(void)e;
	if (l == NULL || l->version == x->r->lists[x->at].version ||
	    !x->cbs.sees_unit(x->cbs.arg, l->unit)) {
		list_free(l);
		x->at++;
		ask_now(x);
		return;
	}
	x->now = l;
	phone_find_in(x->w.find, l, on_looking, on_rows_now, x);
}

static void
ask_now(struct explain *x)
{
	while (x->at < x->r->list_count && x->r->lists[x->at].rows > 0)
		x->at++;
	if (x->w.is_brief || x->at >= x->r->list_count)
		step_done(x);
	else
		list_load_version(engine_redis(x->engine), x->r->lists[x->at].name, 0, on_list_now,
				  x);
}

/* ---- one after the other ---- */

static void
explain_go(struct explain *x)
{
	static const explain_step steps[] = {ask_status, ask_caps,     ask_view,	 find_phone,
					     ask_member, look_at_rows, ask_suppressions, read_log,
					     ask_doubt,	 ask_waits,    ask_now};

	if (x->step < ARRAY_LEN(steps))
		steps[x->step](x);
	else
		explain_end(x, NULL);
}

void
run_explain(struct engine *e, const struct explain_wanted *w, const struct explain_callbacks *cbs)
{
	struct explain *x = xcalloc(1, sizeof(*x));
	const char **names = xcalloc(w->segment_count + 1, sizeof(*names));

	for (size_t i = 0; i < w->segment_count; i++)
		names[i] = xstrdup(w->segments[i]);
	x->engine = e;
	x->w = *w;
	x->w.segments = names;
	x->cbs = *cbs;
	x->views = run_views_new(e);
	x->r = xcalloc(1, sizeof(*x->r));
	snprintf(x->r->campaign, sizeof(x->r->campaign), "%s", w->campaign);
	snprintf(x->r->class, sizeof(x->r->class), "%s", w->class);
	explain_go(x);
}
