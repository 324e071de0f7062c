/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/preview.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/campaign/halt.h"
#include "dispatcher/campaign/preview_inside.h"
#include "dispatcher/run/cells.h"
#include "dispatcher/run/said.h"
#include "dispatcher/run/suppressed.h"

#define COUNTED_IN_A_TURN 256 /* messages; no fewer than the sweep brings in one */
#define PROGRESS_BLOCKS 64

struct window {
	struct preview_job *job;
	struct window *next; /* of the list */
	bool is_answered;    /* can be counted */
	struct shown shown[SUPPRESSED_WINDOW];
	uint64_t phones[SUPPRESSED_WINDOW];
	size_t count, counted;
	struct arena memory;
};

struct preview_job {
	struct loop *loop;
	struct engine *engine;
	const struct config *config;
	struct preview_callbacks cbs;
	struct ready_campaign *c;
	struct audience *audience;
	uint32_t ranks[PARTITIONS_MAX]; /* of the next row of each partition */
	struct tails tails;
	struct sweep *sweep;
	struct window *window; /* being filled; NULL = none */
	size_t pending;	       /* windows that are closed and not yet counted */
	/* These, in the order of the list: first rows are told, whenever Redis answers. */
	struct window *closed, **closed_end;
	struct timer step; /* counts some of them a turn: many answers come at once */
	bool has_nobody;   /* suppressed: nothing more is asked */
	bool is_swept;
	struct err_ctx failure; /* of a window; code ERR_OK = none */
	int64_t today;
	double lane_cost[PROVIDERS_MAX]; /* in what the contract counts */
	/* By carrier and enum accents of a campaign: what the provider makes of it. */
	enum accents accents[CARRIERS_MAX][3];
	bool is_cancelled;
	struct said said;
	struct rendered rendered; /* the row that is shown: m's slices point into it */
	struct preview p;
};

static void
window_free(struct window *w)
{
	if (w == NULL)
		return;
	arena_free(&w->memory);
	free(w);
}

static void
job_free(struct preview_job *j)
{
	window_free(j->window);
	audience_free(j->audience);
	tails_clear(&j->tails);
	ready_campaign_free(j->c);
	free(j->p.shortest.text);
	free(j->p.longest.text);
	json_decref(j->p.freeze);
	json_decref(j->p.freeze_within);
	free(j);
}

static unsigned
partition_of(const struct preview_job *j, unsigned carrier)
{
	return j->c->route.map.partition[carrier % CARRIERS_MAX];
}

static void
keep_text(struct preview_text *t, const struct shown *m)
{
	free(t->text);
	*t = (struct preview_text){xmemdup0(m->text.p, m->text.n), m->text.n, m->count,
				   m->row + 1ull};
}

/* By parts, and of the same number of parts by bytes. */
static void
compare_text(struct preview *p, const struct shown *m)
{
	struct preview_text *s = &p->shortest, *l = &p->longest;
	uint32_t parts = m->count.parts;

	if (s->text == NULL || parts < s->count.parts ||
	    (parts == s->count.parts && m->text.n < s->n))
		keep_text(s, m);
	if (l->text == NULL || parts > l->count.parts ||
	    (parts == l->count.parts && m->text.n > l->n))
		keep_text(l, m);
}

/* In which language it is, and why not in the row's own. */
static void
count_language(struct preview *p, const struct shown *m, int64_t cost)
{
	char tag[ROW_TABLE_NAME_MAX];

	tally_sum_add(&p->language[m->language], m->count.parts, cost);
	p->plain += m->is_plain;
	switch (m->fit) {
	case LANGUAGE_OWN:
		break;
	case LANGUAGE_OTHER:
		slice_copy(tag, sizeof(tag), m->about);
		row_table_add(&p->untranslated, tag, m->row + 1ull);
		break;
	case LANGUAGE_MISSING:
		row_table_add(&p->misfits, "missing", m->row + 1ull);
		break;
	case LANGUAGE_UNKNOWN:
		row_table_add(&p->misfits, "unknown", m->row + 1ull);
		break;
	}
}

/* Of shares each has its own; otherwise the first does all, as far as is known. */
static void
add_lane_cost(struct preview_job *j, const struct route_choice *choice, unsigned parts)
{
	for (unsigned i = 0; i < choice->count; i++) {
		uint8_t provider = j->c->route.provider[choice->tariff[i]];
		const struct provider_config *pc = &j->config->providers[provider];
		double share = choice->kind == ROUTE_SHARE ? choice->share[i] / 100.0 : i == 0;
		bool by_parts = pc->driver->capability(pc->account)->counts == COUNTS_PARTS;

		j->lane_cost[provider] += share * (by_parts ? parts : 1);
	}
}

static void
count_message(struct preview_job *j, const struct shown *m)
{
	struct preview *p = &j->p;
	struct sms_count n = m->count;
	struct letters_text t = {.text = m->text,
				 .rules = rendering_rules(j->c->rendering, m->carrier),
				 .is_unicode = n.encoding == SMS_UCS2,
				 .row = m->row + 1ull};
	unsigned partition = partition_of(j, m->carrier);
	int64_t price = route_plan_price(&j->c->route, partition).expected;

	registered_look(j->c->registered, m->carrier, m->text, n.parts);
	tally_message(&p->tally, m->carrier, n, price);
	count_language(p, m, price * n.parts);
	distinct_add(&p->distinct, m->text);
	letters_add(&p->letters, &t);
	compare_text(p, m);
	/* Requests cannot be counted without batching them: messages stand in for them. */
	add_lane_cost(j, &j->c->route.choice[partition], n.parts);
}

static void
count_skipped(struct preview *p, const struct shown *m)
{
	char about[ROW_TABLE_NAME_MAX];
	struct unread_one unread = {m->filter, m->about, m->value, m->row + 1ull};

	row_table_add(&p->skipped, record_reason_text((uint8_t)m->reason), m->row + 1ull);
	slice_copy(about, sizeof(about), m->about);
	if (about[0] == '\0')
		return;
	if (m->reason == REASON_MISSING_FIELD && m->filter.n > 0)
		unread_add(&p->unread, &unread);
	else if (m->reason == REASON_MISSING_FIELD)
		row_table_add(&p->missing, about, m->row + 1ull);
	else if (m->reason == REASON_NOT_ENCODABLE)
		row_table_add(&p->refused, about, m->row + 1ull);
}

static void
count_shown(struct preview_job *j, const struct shown *m)
{
	if (m->has_modes)
		tally_modes_add(
			&j->p.tally, &m->modes,
			route_plan_price(&j->c->route, partition_of(j, m->carrier)).expected);
	if (m->reason != REASON_NONE)
		count_skipped(&j->p, m);
	else if (tails_wants(&j->tails, partition_of(j, m->carrier)))
		tails_add(&j->tails, partition_of(j, m->carrier), m);
	else
		count_message(j, m);
}

/* So many, at most, of those that were kept until their string was complete. Returns how many. */
static unsigned
count_grouped(struct preview_job *j, unsigned n)
{
	struct tail_string *s = j->tails.grouped;
	unsigned done = 0;

	for (; done < n && s->counted < s->count; done++) {
		const struct shown *m = &s->shown[s->counted++];

		if (m->reason != REASON_NONE)
			count_skipped(&j->p, m);
		else
			count_message(j, m);
	}
	if (s->counted == s->count)
		tails_pop(&j->tails);
	return done;
}

static bool job_look(struct preview_job *j);

/* It may have been the last one: true when nothing is left of the job. */
static bool
window_done(struct window *w)
{
	struct preview_job *j = w->job;

	window_free(w);
	j->pending--;
	return job_look(j);
}

static bool
has_answered(const struct preview_job *j)
{
	return j->closed != NULL && j->closed->is_answered;
}

static void
step_if_answered(struct preview_job *j)
{
	if ((has_answered(j) || j->tails.grouped != NULL) && !timer_is_armed(&j->step))
		timer_arm_us(j->loop, &j->step, 0);
}

/* Count so many of those that are answered. True: nothing is left of the job. */
static bool
count_answered(struct preview_job *j, unsigned n)
{
	bool counts_grouped = j->tails.grouped != NULL;

	while (n > 0 && j->tails.grouped != NULL)
		n -= count_grouped(j, n);
	while (has_answered(j)) {
		struct window *w = j->closed;

		for (; n > 0 && w->counted < w->count; n--)
			count_shown(j, &w->shown[w->counted++]);
		if (w->counted < w->count)
			return false;
		j->closed = w->next;
		if (j->closed == NULL)
			j->closed_end = &j->closed;
		if (window_done(w))
			return true;
	}
	return counts_grouped && job_look(j);
}

static void
on_step(struct timer *t, void *arg)
{
	struct preview_job *j = arg;

	(void)t;
	if (!count_answered(j, COUNTED_IN_A_TURN))
		step_if_answered(j);
}

static void
on_checked(void *arg, const struct suppressed_answer *a, const struct err_ctx *e)
{
	struct window *w = arg;
	struct preview_job *j = w->job;

	if (j->is_cancelled) {
		window_done(w);
		return;
	}
	if (a == NULL) {
		j->failure = *e;
		w->count = 0;
	}
	for (size_t i = 0; a != NULL && a->reasons != NULL && i < w->count; i++)
		if (a->reasons[i] != 0) {
			w->shown[i].reason = (enum record_reason)a->reasons[i];
			w->shown[i].has_modes = false;
		}
	j->has_nobody = j->has_nobody || (a != NULL && a->reasons == NULL);
	w->is_answered = true;
	step_if_answered(j);
}

/* Ask about the messages of the window, unless nobody is suppressed; they are counted then. */
static void
window_close(struct preview_job *j)
{
	struct window *w = j->window;
	struct suppressed_query q = {.class = j->c->campaign->class,
				     .unit = j->c->campaign->unit,
				     .phones = w->phones,
				     .count = w->count};

	j->window = NULL;
	j->pending++;
	*j->closed_end = w;
	j->closed_end = &w->next;
	w->is_answered = j->has_nobody;
	if (w->is_answered)
		step_if_answered(j);
	else
		suppressed_check(j->engine, &q, on_checked, w);
}

/* m->text and m->about are copied. */
static void
window_add(struct preview_job *j, const struct shown *m)
{
	struct window *w = j->window;

	if (w == NULL) {
		w = j->window = xcalloc(1, sizeof(*w));
		w->job = j;
	}
	w->phones[w->count] = m->phone;
	w->shown[w->count] = *m;
	w->shown[w->count].text.p = arena_memdup0(&w->memory, m->text.p, m->text.n);
	w->shown[w->count].about.p = arena_memdup0(&w->memory, m->about.p, m->about.n);
	w->shown[w->count].filter.p = arena_memdup0(&w->memory, m->filter.p, m->filter.n);
	w->shown[w->count].value.p = arena_memdup0(&w->memory, m->value.p, m->value.n);
	if (++w->count == SUPPRESSED_WINDOW)
		window_close(j);
}

/* What it would be with accents, without, and where that saves a part. */
static void
show_modes(struct preview_job *j, struct slice nfc, struct shown *m)
{
	struct render_mode modes[3];

	m->has_modes = nfc.n > 0;
	if (!m->has_modes)
		return;
	render_modes(j->c->rendering, nfc, m->carrier, modes);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		const struct render_mode *one = &modes[j->accents[m->carrier % CARRIERS_MAX][i]];

		m->modes.parts[i] = one->reason == REASON_NONE ? (uint8_t)one->count.parts : 0;
		m->modes.is_unicode[i] = one->count.encoding == SMS_UCS2;
	}
}

/*
 * A filter made nothing of a value. It is shown where it is the cell of its column as it stands
 * there, and not personal: what was computed on the way may be of any column.
 */
static void
show_unread(struct preview_job *j, const struct block *b, const struct rendered *r, struct shown *m)
{
	const struct schema *s = &j->c->list->schema;
	int column = schema_find(s, slice_of(r->error.field));
	struct slice cell;
	char start[sizeof(r->error.value)];

	m->filter = slice_of(r->error.filter);
	if (column < 0 || column == s->phone || strcmp(r->error.filter, "phone_vi") == 0)
		return;
	cell = block_cell(b, m->row % BLOCK_ROWS, (uint32_t)column);
	if (cells_is_personal(&s->columns[column], cell))
		return;
	slice_copy(start, sizeof(start), cell);
	if (strncmp(start, r->error.value, strlen(r->error.value)) == 0)
		m->value = slice_of(r->error.value);
}

/* What the row's message would be; m's slices live until the next row. */
static void
show(struct preview_job *j, const struct block *b, struct shown *m, struct buf *about)
{
	struct rendered *r = &j->rendered;

	*r = (struct rendered){.error.code = ""};
	m->reason = render_row(j->c->rendering, b, m->row % BLOCK_ROWS, m->carrier, r);
	m->text = m->reason == REASON_NONE ? r->text : SLICE("");
	m->count = r->count;
	m->language = r->language;
	m->fit = r->fit;
	m->is_plain = r->is_plain;
	show_modes(j, r->nfc, m);
	buf_reset(about);
	buf_adds(about, "");
	if (m->reason == REASON_NONE)
		buf_adds(about, r->fit == LANGUAGE_OTHER ? r->wanted : "");
	else if (m->reason == REASON_MISSING_FIELD)
		buf_adds(about, r->error.field);
	else if (m->reason == REASON_NOT_ENCODABLE && r->refused != 0)
		text_add_code_point(about, (int32_t)r->refused);
	m->about = buf_slice(about);
	if (m->reason == REASON_MISSING_FIELD && r->error.filter[0] != '\0')
		show_unread(j, b, r, m);
}

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct preview_job *j = arg;
	struct buf about = {0};
	struct audience_row rows[BLOCK_ROWS];
	size_t n = audience_block(j->audience, index, b, j->today, rows);

	for (size_t k = 0; k < n; k++) {
		uint32_t i = rows[k].row % BLOCK_ROWS;
		struct shown m = {.reason = rows[k].reason,
				  .row = rows[k].row,
				  .rank = j->ranks[rows[k].partition % PARTITIONS_MAX]++,
				  .phone = block_phone(b, i),
				  .carrier = block_carrier(b, i),
				  .text = SLICE(""),
				  .about = SLICE(""),
				  .filter = SLICE(""),
				  .value = SLICE("")};
		bool is_waiting = rows[k].state == RECORD_WAITING;

		if (is_waiting)
			show(j, b, &m, &about);
		j->p.audience++;
		/* Once nobody is suppressed, as soon as nothing before it is to be counted. */
		if (is_waiting && (!j->has_nobody || j->window != NULL || j->pending > 0))
			window_add(j, &m);
		else
			count_shown(j, &m);
	}
	buf_free(&about);
	/* Faster than they come, or they would pile up. (The job does not end inside its sweep.) */
	count_answered(j, 2 * BLOCK_ROWS);
	if (j->cbs.on_progress != NULL && index % PROGRESS_BLOCKS == PROGRESS_BLOCKS - 1)
		j->cbs.on_progress(j->cbs.arg, index + 1, j->c->list->block_count);
	return true;
}

static void
job_end(struct preview_job *j, const struct err_ctx *e)
{
	if (!j->is_cancelled)
		j->cbs.on_done(j->cbs.arg, j->c, e == NULL ? &j->p : NULL, e);
	job_free(j);
}

/* The first freeze that begins within so many seconds. */
static const struct halt *
begins_within(const struct halts *h, int64_t from_s, double seconds)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->list[i].from_s > from_s && (double)(h->list[i].from_s - from_s) < seconds)
			return &h->list[i];
	return NULL;
}

/* By the hours of its class and the freezes that hold it. */
static void
find_begin(struct preview_job *j, const struct halts *h)
{
	const struct campaign *c = j->c->campaign;
	const struct class_policy *class = config_class(j->config, c->class);
	bool is_scheduled = strcmp(c->state, "scheduled") == 0;
	int64_t at_s = is_scheduled ? c->due_s : h->now_s;
	const struct halt *met = halts_met(h, class, at_s), *within;

	j->p.sends_from_s = halts_open_s(h, class, at_s);
	j->p.opens_in_s = halts_open_s(h, class, h->now_s) - h->now_s;
	j->p.begins_s = at_s;
	within = begins_within(h, j->p.sends_from_s, j->p.forecast_s);
	j->p.freeze = met != NULL ? halt_told(met) : NULL;
	j->p.freeze_within = within != NULL ? halt_told(within) : NULL;
}

static void
forecast(struct preview_job *j)
{
	for (size_t i = 0; i < j->config->provider_count; i++) {
		double s = j->lane_cost[i] / j->config->providers[i].rate;

		if (s > j->p.forecast_s)
			j->p.forecast_s = s;
	}
}

static void
on_halts(void *arg, const struct halts *h, const struct err_ctx *e)
{
	struct preview_job *j = arg;

	j->pending--;
	if (h != NULL)
		find_begin(j, h);
	else
		j->failure = *e;
	if (j->is_cancelled)
		job_free(j);
	else
		job_end(j, j->failure.code == ERR_OK ? NULL : &j->failure);
}

/* Is it over, all read and counted? Then it ends. */
static bool
job_look(struct preview_job *j)
{
	if (!j->is_swept || j->pending > 0)
		return false;
	if (j->failure.code == ERR_OK && !j->is_cancelled) {
		tails_close(&j->tails);
		step_if_answered(j);
		if (j->tails.grouped != NULL)
			return false;
		memcpy(j->p.too_few, j->tails.sum, sizeof(j->p.too_few));
	}
	if (j->failure.code == ERR_OK) {
		forecast(j);
		if (!j->is_cancelled && registered_verdict(j->c->registered, NULL) == ERR_OK)
			registered_remember(j->c->registered, j->engine, j->c->campaign->id);
	}
	if (j->failure.code == ERR_OK && !j->is_cancelled) {
		j->pending++; /* until on_halts */
		halts_ask(j->engine, j->c->campaign->class, j->c->campaign->unit, on_halts, j);
		return true;
	}
	job_end(j, j->failure.code == ERR_OK ? NULL : &j->failure);
	return true;
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct preview_job *j = arg;

	j->sweep = NULL;
	j->is_swept = true;
	if (e != NULL)
		j->failure = *e;
	if (j->window != NULL)
		window_close(j);
	job_look(j);
}

/* What comes of a campaign's accents with each carrier's provider. */
static void
find_accents(struct preview_job *j)
{
	for (unsigned i = 0; i < CARRIERS_MAX; i++) {
		unsigned partition = partition_of(j, i);
		const struct provider_config *pc;

		if (partition == NO_PARTITION)
			continue;
		pc = &j->config->providers[j->c->route.provider[partition]];
		for (int k = 0; k < 3; k++)
			j->accents[i][k] =
				accents_of_both((enum accents)k, pc->accents,
						pc->driver->capability(pc->account)->has_unicode);
	}
}

static void
on_ready(void *arg, struct ready_campaign *c, const struct err_ctx *e)
{
	struct preview_job *j = arg;
	struct block_want want = {.has_people = true};
	struct sweep_options o = {
		.want = &want, .on_block = on_block, .on_done = on_swept, .arg = j};

	j->c = c;
	if (c == NULL || j->is_cancelled) {
		job_end(j, e);
		return;
	}
	j->today = c->today;
	find_accents(j);
	j->p.has_language_column = rendering_language_column(c->rendering) >= 0;
	j->p.list_rows = c->list->rows;
	tails_init(&j->tails, j->config, &c->route, (int64_t)c->campaign->unit, c->campaign->speed);
	j->audience = ready_campaign_audience(c);
	audience_want(j->audience, &want);
	rendering_want(c->rendering, &want);
	j->sweep = sweep_start(j->loop, engine_bulk(j->engine), c->list, 0,
			       (uint32_t)c->list->block_count, &o);
}

/* The campaign's sets are being read. */
static bool
on_watched(void *arg, uint64_t done, uint64_t total)
{
	struct preview_job *j = arg;

	if (!j->is_cancelled && j->cbs.on_sets != NULL && said_is_due(&j->said, clock_mono_ms()))
		j->cbs.on_sets(j->cbs.arg, done, total);
	return !j->is_cancelled;
}

struct preview_job *
preview_start(struct loop *l, struct engine *e, const struct config *c, const char *id_or_name,
	      const struct preview_callbacks *cbs)
{
	struct preview_job *j = xcalloc(1, sizeof(*j));

	j->loop = l;
	j->engine = e;
	j->config = c;
	j->cbs = *cbs;
	j->closed_end = &j->closed;
	j->cbs.how.watch = (struct sets_watch){on_watched, j};
	said_begin(&j->said, clock_mono_ms());
	timer_init(&j->step, on_step, j);
	campaign_ready(e, c, id_or_name, &j->cbs.how, on_ready, j);
	return j;
}

void
preview_cancel(struct preview_job *j)
{
	struct window *w = j->closed, *next;

	j->is_cancelled = true;
	j->closed = NULL;
	for (; w != NULL; w = next) {
		next = w->next;
		if (w->is_answered) { /* the others end with their answer */
			window_free(w);
			j->pending--;
		}
	}
	timer_disarm(j->loop, &j->step);
	if (j->sweep != NULL)
		sweep_cancel(j->sweep);
	else if (!j->is_swept) /* the callback that is still to come ends it */
		return;
	j->sweep = NULL;
	j->is_swept = true;
	if (j->pending == 0)
		job_free(j);
}
