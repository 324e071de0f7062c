/* SPDX-License-Identifier: MIT */
/* What a run does (server-sent events) and what became of it (the report). */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/run/report.h"
#include "segments/phone.h"

#define WATCH_EVERY_MS 300
#define HEARTBEAT_MS 15000

/* ---- JSON of a run ---- */

static json_t *
states_json(const uint64_t states[RECORD_STATE_COUNT])
{
	json_t *out = json_object();

	for (unsigned i = 0; i < RECORD_STATE_COUNT; i++)
		json_object_set_new(out, record_state_name((enum record_state)i),
				    json_integer((json_int_t)states[i]));
	return out;
}

static bool
lane_status(const struct daemon *d, const char *name, struct lane_status *lane)
{
	for (size_t i = 0; i < sender_lane_count(d->sender); i++) {
		sender_lane_status(d->sender, i, lane);
		if (strcmp(lane->name, name) == 0)
			return true;
	}
	return false; /* this process has no lane of this name */
}

/* The partition that the tariff serves. */
static unsigned
partition_of(const struct run_status *s, unsigned t)
{
	for (unsigned p = 0; p < s->partitions; p++)
		for (unsigned i = 0; i < s->choice[p].count; i++)
			if (s->choice[p].tariff[i] == t)
				return p;
	return 0;
}

/* Why a run does not move that has something to send: fair.waits in dispatcher/lua/fair.lua. */
struct waits {
	char why[400]; /* "" = nothing but its lanes holds it up */
	int64_t ms;
	int64_t until_s; /* of hours and freezes: when something may leave, by Redis's clock; 0 = not known */
};

static bool
is_pace(const char *why)
{
	return strcmp(why, "rate") == 0 || strcmp(why, "concurrency") == 0;
}

/* What all lanes of the partition wait for; NULL = one does not. *is_here: there is one. */
static const char *
why_of_partition(const struct daemon *d, const struct run_status *s, unsigned p,
		 const struct waits *waits, struct lane_status *lane, bool *is_here)
{
	const struct route_choice *choice = &s->choice[p];
	bool waits_all = true;

	*is_here = false;
	for (unsigned i = 0; i < choice->count; i++) {
		/* That of the first is told. */
		if (!lane_status(d, s->lane[choice->tariff[choice->count - 1 - i]], lane))
			continue;
		*is_here = true;
		waits_all = waits_all && lane->why[0] != '\0' && !lane->is_why_of_run &&
			    (waits->why[0] == '\0' || !is_pace(lane->why));
	}
	return *is_here && waits_all ? lane->why : NULL;
}

/*
 * Why the run does not send now; "" = it does, or has nothing to. What its lane waits for goes
 * first; not that it sends as fast as it may, nor what another run waits for.
 */
static const char *
why_waiting(const struct daemon *d, const struct run_status *s, const struct waits *waits,
	    struct lane_status *lane, int64_t *wait_ms)
{
	bool is_missing = false;

	for (unsigned p = 0; d->sender != NULL && p < s->partitions; p++) {
		bool is_here;
		const char *why = why_of_partition(d, s, p, waits, lane, &is_here);

		*wait_ms = lane->wait_ms;
		if (why != NULL)
			return why;
		is_missing = is_missing || (!is_here && s->front[p] > 0);
	}
	*wait_ms = waits->ms;
	if (waits->why[0] != '\0' || !is_missing)
		return waits->why;
	return "a provider that is not in the server's configuration";
}

static void
add_why(json_t *out, const struct run_status *s)
{
	if (s->why[0] != '\0')
		json_object_set_new(out, "why", why_json(s->why, s->reason, s->why_by, s->why_s));
}

/* Names of the partition's carriers. */
static json_t *
carriers_json(const struct run_status *s, unsigned p)
{
	json_t *out = json_array();

	for (int i = 0; s->carrier_map[i] != '\0'; i++)
		if (s->carrier_map[i] == (char)('0' + p) && (i == 0 || carrier_name(i) != NULL))
			json_array_append_new(out,
					      json_string(i == 0 ? "unknown" : carrier_name(i)));
	return out;
}

/* Whom the partition is sent by now: of an order one, of shares some. */
static json_t *
via_json(const struct run_status *s, unsigned p)
{
	const struct route_choice *choice = &s->choice[p];
	struct slice tariffs = slice_of(s->via[p].tariffs);
	json_t *out = json_array();

	for (unsigned i = 0; tariffs.n == 0 && i < choice->count; i++)
		if (i == 0 || choice->kind == ROUTE_SHARE)
			json_array_append_new(out, json_string(s->lane[choice->tariff[i]]));
	while (tariffs.n > 0) {
		uint64_t t = slice_to_u64(slice_take_until(&tariffs, ','));

		if (t < s->tariffs)
			json_array_append_new(out, json_string(s->lane[t]));
	}
	return out;
}

/* Where carriers have several providers: [{carriers, route, providers, via, since, reason}]. */
static json_t *
routes_json(const struct run_status *s)
{
	json_t *out = json_array();

	for (unsigned p = 0; p < s->partitions; p++) {
		const struct route_choice *choice = &s->choice[p];
		json_t *providers, *one;
		char since[32];

		if (choice->count < 2 || s->front[p] == 0)
			continue;
		providers = json_array();
		for (unsigned i = 0; i < choice->count; i++)
			json_array_append_new(providers, json_string(s->lane[choice->tariff[i]]));
		one = json_pack("{s:o, s:s, s:o, s:o}", "carriers", carriers_json(s, p), "route",
				route_kind_names[choice->kind], "providers", providers, "via",
				via_json(s, p));
		if (s->via[p].tariffs[0] != '\0') {
			clock_format_vn(s->via[p].since_s, since);
			json_object_set_new(one, "since", json_string(since));
			json_object_set_new(one, "reason", json_string(s->via[p].why));
		}
		json_array_append_new(out, one);
	}
	return out;
}

/* Where the brake has stopped the run: [{provider, carriers, reason}]. */
static json_t *
brakes_json(const struct run_status *s)
{
	json_t *out = json_array();

	for (unsigned t = 0; t < s->tariffs; t++) {
		if (s->brake[t][0] == '\0')
			continue;
		json_array_append_new(out,
				      json_pack("{s:s, s:o, s:s}", "provider", s->lane[t],
						"carriers", carriers_json(s, partition_of(s, t)),
						"reason", s->brake[t]));
	}
	return out;
}

/* Nothing where each carrier has one provider. */
static void
add_routes(json_t *out, const struct run_status *s)
{
	json_t *routes = routes_json(s);

	if (json_array_size(routes) > 0)
		json_object_set_new(out, "routes", routes);
	else
		json_decref(routes);
}

static bool
can_wait(const struct run_status *s)
{
	return strcmp(s->state, "running") == 0 && s->over_s == 0;
}

static void
add_until(json_t *out, const struct waits *waits)
{
	char until[32];

	if (waits->until_s == 0)
		return;
	clock_format_vn(waits->until_s, until);
	json_object_set_new(out, "until", json_string(until));
}

static struct waits
read_waits(const struct reply *r)
{
	struct waits waits = {.ms = reply_int(r, 1), .until_s = reply_int(r, 2)};

	slice_copy(waits.why, sizeof(waits.why), reply_item(r, 0)->str);
	return waits;
}

static json_t *
status_json(const struct daemon *d, const struct run_status *s, const struct waits *waits)
{
	int64_t wait_ms = 0;
	struct lane_status lane = {0};
	const char *why = can_wait(s) ? why_waiting(d, s, waits, &lane, &wait_ms) : "";
	json_t *out;

	out = json_pack("{s:I, s:I, s:s, s:s, s:b, s:b, s:I, s:o, s:s, s:I, s:I, s:o}", "run",
			(json_int_t)s->run, "campaign", (json_int_t)s->campaign, "state", s->state,
			"class", s->class, "frozen", s->is_frozen, "sent", s->over_s != 0,
			"audience", (json_int_t)s->audience, "states", states_json(s->states),
			"waiting_for", why, "wait_ms", (json_int_t)wait_ms, "seconds",
			(json_int_t)(clock_wall_ms() / 1000 - s->launched_s), "brakes",
			brakes_json(s));
	if (why[0] != '\0' && strcmp(why, waits->why) == 0)
		add_until(out, waits);
	add_routes(out, s);
	add_why(out, s);
	return out;
}

static json_t *
reason_json(const struct run_report *r, unsigned state, uint8_t reason)
{
	const char *rule = run_rule(&r->status, reason);
	json_t *out = json_pack(
		"{s:s, s:s, s:I}", "state", record_state_name((enum record_state)state), "reason",
		record_reason_text(reason), "messages", (json_int_t)r->reasons[state][reason]);

	if (rule[0] != '\0')
		json_object_set_new(out, "rule", json_string(rule));
	return out;
}

static json_t *
reasons_json(const struct run_report *r)
{
	json_t *out = json_array();

	for (unsigned s = 0; s < RECORD_STATE_COUNT; s++)
		for (unsigned k = 1; k < 256; k++)
			if (r->reasons[s][k] > 0)
				json_array_append_new(out, reason_json(r, s, (uint8_t)k));
	return out;
}

/* Tariffs of one provider at one price are one line of the report. */
static bool
is_one_line(const struct run_status *s, unsigned p, unsigned q)
{
	return strcmp(s->lane[p], s->lane[q]) == 0 && s->price[p] == s->price[q];
}

static json_t *
lanes_json(const struct run_report *r, int64_t *cost)
{
	const struct run_status *s = &r->status;
	json_t *out = json_array();

	*cost = 0;
	for (unsigned p = 0; p < s->tariffs; p++) {
		uint64_t parts = 0, again = 0;
		unsigned first = 0;
		int64_t one;

		while (!is_one_line(s, p, first))
			first++;
		if (first < p)
			continue;
		for (unsigned q = p; q < s->tariffs; q++) {
			parts += is_one_line(s, p, q) ? r->parts[q] : 0;
			again += is_one_line(s, p, q) ? s->parts_again[q] : 0;
		}
		one = (int64_t)(parts + again) * s->price[p];
		*cost += one;
		json_array_append_new(out, json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "provider",
						     s->lane[p], "parts", (json_int_t)parts,
						     "parts_again", (json_int_t)again, "price",
						     (json_int_t)s->price[p], "cost",
						     (json_int_t)one, "sandbox", s->is_sandbox[p]));
	}
	return out;
}

static json_t *
lists_json(const struct run_lists *l)
{
	json_t *out = json_array();

	for (size_t i = 0; i < l->count; i++)
		json_array_append_new(out, json_pack("{s:s, s:I, s:I}", "list", l->one[i].name,
						     "version", (json_int_t)l->one[i].version,
						     "rows", (json_int_t)l->one[i].rows));
	return out;
}

json_t *
api_report_json(const struct campaign *c, const struct run_report *r)
{
	const struct run_status *s = &r->status;
	char launched[32];
	int64_t cost;
	json_t *lanes = lanes_json(r, &cost), *sums, *out;

	clock_format_vn(s->launched_s, launched);
	sums = json_pack("{s:I, s:I, s:I, s:s, s:s}", "list_rows", (json_int_t)s->list_rows,
			 "audience", (json_int_t)s->audience, "records", (json_int_t)r->messages,
			 "counters",
			 r->does_agree	? "agree"
			 : r->has_moved ? "moving"
					: "differ",
			 "difference", r->difference);
	out = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:o, s:I, s:o, s:o, "
			"s:I, s:o, s:o}",
			"campaign", c->name, "campaign_id", (json_int_t)c->id, "run",
			(json_int_t)s->run, "state", s->state, "class", s->class, "goal", c->goal,
			"event", c->event, "list", s->list, "list_version",
			(json_int_t)s->list_version, "launched", launched, "states",
			states_json(r->states), "held", (json_int_t)r->held, "reasons",
			reasons_json(r), "providers", lanes, "cost", (json_int_t)cost, "sums", sums,
			"brakes", brakes_json(s));
	add_routes(out, s);
	add_why(out, s);
	if (s->lists.count > 1)
		json_object_set_new(out, "lists", lists_json(&s->lists));
	return out;
}

/* ---- report ---- */

struct report_job {
	struct api *api;
	struct http_exchange *x;
	struct campaign *campaign;
	json_t *answer;
};

static void
report_end(struct report_job *j, const struct err_ctx *e)
{
	if (e != NULL)
		http_answer_error(j->x, e);
	else
		http_answer_json(j->x, 200, json_incref(j->answer));
	json_decref(j->answer);
	campaign_free(j->campaign);
	free(j);
}

static void
on_report_waits(void *arg, const struct reply *r)
{
	struct report_job *j = arg;
	struct waits waits = read_waits(r);

	if (waits.why[0] != '\0') {
		json_object_set_new(j->answer, "waiting_for", json_string(waits.why));
		add_until(j->answer, &waits);
	}
	report_end(j, NULL);
}

static void
on_report(void *arg, const struct run_report *r, const struct err_ctx *e)
{
	struct report_job *j = arg;
	struct argv a = {0};

	if (r == NULL) {
		report_end(j, e);
		return;
	}
	j->answer = api_report_json(j->campaign, r);
	if (!can_wait(&r->status)) {
		report_end(j, NULL);
		return;
	}
	argv_add_int(&a, (int64_t)r->status.run);
	engine_call(j->api->daemon->engine, "waits", &a, on_report_waits, j);
	argv_free(&a);
}

static void
on_report_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct report_job *j = arg;
	struct err_ctx none;
	bool is_by = http_query(j->x, "by") != NULL; /* that needs the list's rows */
	uint64_t run = (is_by ? campaign_rows_of : campaign_run_of)(c, "there is nothing to report",
								    &none, &e);

	j->campaign = c;
	if (run != 0 && is_by) {
		api_breakdown(j->api, j->x, c, http_query(j->x, "by"));
		free(j);
		return;
	}
	if (run != 0) {
		run_report_load(j->api->daemon->engine, run, on_report, j);
		return;
	}
	http_answer_error(j->x, e);
	campaign_free(c);
	free(j);
}

void
on_campaign_report(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");
	struct report_job *j;

	if (id == NULL || !api_is_open(a, x))
		return;
	j = xcalloc(1, sizeof(*j));
	j->api = a;
	j->x = x;
	api_campaign_of_run(a, x, id, on_report_campaign, j);
}

/* ---- watch ---- */

struct watch {
	struct watch *next;
	struct api *api;
	struct http_exchange *x;
	uint64_t run; /* 0 = not known yet */
	struct run_status status;
	struct timer tick;
	bool is_asking;
	bool is_over; /* the client left or the run is finished: free after the reply */
	char *last;   /* the last event's data */
	int64_t said_ms;
};

static void
watch_free(struct watch *w)
{
	struct watch **p = &w->api->watches;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	timer_disarm(w->api->daemon->loop, &w->tick);
	free(w->last);
	free(w);
}

static void
watch_end(struct watch *w)
{
	http_on_gone(w->x, NULL, NULL);
	http_stream_end(w->x);
	watch_free(w);
}

static void
on_watch_gone(struct http_exchange *x, void *arg)
{
	struct watch *w = arg;

	(void)x;
	w->is_over = true;
	if (!w->is_asking)
		watch_end(w);
}

/* An event when something changed, a comment when nothing did for a while. */
static void
watch_say(struct watch *w, json_t *take_status)
{
	struct buf data = {0}, event = {0};
	int64_t now = clock_mono_ms();

	json_add_value(&data, take_status);
	if (w->last == NULL || strcmp(w->last, data.data) != 0) {
		buf_addf(&event, "event: status\ndata: %s\n\n", data.data);
		w->said_ms = now;
	} else if (now - w->said_ms > HEARTBEAT_MS) {
		buf_adds(&event, ": still here\n\n");
		w->said_ms = now;
	}
	if (event.len > 0 && !http_stream_write(w->x, buf_slice(&event)))
		w->is_over = true;
	free(w->last);
	w->last = buf_take(&data);
	buf_free(&event);
	json_decref(take_status);
}

static void
watch_next(struct watch *w)
{
	struct daemon *d = w->api->daemon;

	w->is_asking = false;
	if (w->is_over || d->is_draining)
		watch_end(w);
	else
		timer_arm_ms(d->loop, &w->tick, WATCH_EVERY_MS);
}

static void
watch_tell(struct watch *w, const struct waits *waits)
{
	const struct run_status *s = &w->status;

	if (!w->is_over) {
		watch_say(w, status_json(w->api->daemon, s, waits));
		w->is_over = w->is_over || strcmp(s->state, "finished") == 0 ||
			     (strcmp(s->state, "cancelled") == 0 && s->over_s != 0);
	}
	watch_next(w);
}

static void
on_waits(void *arg, const struct reply *r)
{
	struct waits waits = read_waits(r);

	watch_tell(arg, &waits);
}

static void
on_watch_status(void *arg, const struct run_status *s, const struct err_ctx *e)
{
	struct watch *w = arg;
	struct argv a = {0};

	(void)e;
	if (s == NULL || w->is_over) {
		watch_next(w);
		return;
	}
	w->status = *s;
	if (!can_wait(s)) {
		watch_tell(w, &(struct waits){.ms = 0});
		return;
	}
	argv_add_int(&a, (int64_t)s->run);
	engine_call(w->api->daemon->engine, "waits", &a, on_waits, w);
	argv_free(&a);
}

static void
on_watch_tick(struct timer *t, void *arg)
{
	struct watch *w = arg;

	(void)t;
	w->is_asking = true;
	run_status_load(w->api->daemon->engine, w->run, on_watch_status, w);
}

static void
on_watch_campaign(void *arg, struct campaign *c, const struct err_ctx *e)
{
	struct watch *w = arg;
	struct err_ctx none;

	w->run = campaign_run_of(c, "there is nothing to watch", &none, &e);
	campaign_free(c);
	if (w->run != 0) {
		http_stream_begin(w->x, 200, "text/event-stream");
		http_on_gone(w->x, on_watch_gone, w);
		w->is_asking = false;
		timer_arm_ms(w->api->daemon->loop, &w->tick, 0);
		return;
	}
	http_answer_error(w->x, e);
	watch_free(w);
}

void
on_campaign_watch(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *id = api_name(x, "id", "campaign");
	struct watch *w;

	if (id == NULL || !api_is_open(a, x))
		return;
	w = xcalloc(1, sizeof(*w));
	w->api = a;
	w->x = x;
	w->is_asking = true;
	w->next = a->watches;
	a->watches = w;
	timer_init(&w->tick, on_watch_tick, w);
	api_campaign_of_run(a, x, id, on_watch_campaign, w);
}

void
watches_end(struct api *a)
{
	struct watch *next;

	for (struct watch *w = a->watches; w != NULL; w = next) {
		next = w->next;
		w->is_over = true;
		if (!w->is_asking)
			watch_end(w);
	}
}
