/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/preview.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/run/render.h"

#define PROGRESS_BLOCKS 64

struct preview_job {
	struct loop *loop;
	struct engine *engine;
	const struct config *config;
	struct preview_callbacks cbs;
	struct ready_campaign *c;
	struct audience *audience;
	struct sweep *sweep;
	int64_t today;
	double lane_cost[PROVIDERS_MAX]; /* in what the contract counts */
	bool is_cancelled;
	struct buf text;
	struct preview p;
};

static void
job_free(struct preview_job *j)
{
	ready_campaign_free(j->c);
	audience_free(j->audience);
	buf_free(&j->text);
	free(j->p.shortest);
	free(j->p.longest);
	free(j);
}

static void
keep_text(char **slot, struct slice text)
{
	free(*slot);
	*slot = xmemdup0(text.p, text.n);
}

static void
count_message(struct preview_job *j, uint8_t carrier, struct sms_count n)
{
	struct preview *p = &j->p;
	unsigned partition = j->c->route.map.partition[carrier & (CARRIERS_MAX - 1)];
	unsigned provider = j->c->route.provider[partition];
	const struct provider_config *pc = &j->config->providers[provider];
	int64_t cost = j->c->route.price[partition] * n.parts;
	struct slice text = buf_slice(&j->text);

	p->messages++;
	p->parts += n.parts;
	p->unicode += n.encoding == SMS_UCS2;
	p->cost += cost;
	p->carrier[carrier].messages++;
	p->carrier[carrier].parts += n.parts;
	p->carrier[carrier].cost += cost;
	/* Requests cannot be counted without batching them: messages stand in for them. */
	j->lane_cost[provider] +=
		pc->driver->capability(pc->account)->counts == COUNTS_PARTS ? n.parts : 1;
	if (p->shortest == NULL || n.parts < p->shortest_parts ||
	    (n.parts == p->shortest_parts && text.n < strlen(p->shortest))) {
		keep_text(&p->shortest, text);
		p->shortest_parts = n.parts;
	}
	if (p->longest == NULL || n.parts > p->longest_parts ||
	    (n.parts == p->longest_parts && text.n > strlen(p->longest))) {
		keep_text(&p->longest, text);
		p->longest_parts = n.parts;
	}
}

static bool
has_unicode(const struct preview_job *j, uint8_t carrier)
{
	unsigned partition = j->c->route.map.partition[carrier & (CARRIERS_MAX - 1)];
	const struct provider_config *pc = &j->config->providers[j->c->route.provider[partition]];

	return pc->driver->capability(pc->account)->has_unicode;
}

static bool
on_block(void *arg, uint32_t index, const struct block *b)
{
	struct preview_job *j = arg;
	struct audience_row rows[BLOCK_ROWS];
	size_t n = audience_block(j->audience, index, b, j->today, rows);

	for (size_t k = 0; k < n; k++) {
		uint32_t i = rows[k].row % BLOCK_ROWS;
		enum record_reason reason = rows[k].reason;
		struct sms_count count = {0};

		if (rows[k].state == RECORD_WAITING)
			reason = render_row(j->c->template, j->c->column_of_field, b, i,
					    has_unicode(j, block_carrier(b, i)), &j->text, &count);
		j->p.audience++;
		if (reason != REASON_NONE)
			j->p.skipped[reason]++;
		else
			count_message(j, block_carrier(b, i), count);
	}
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

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct preview_job *j = arg;
	const struct class_policy *class = config_class(j->config, j->c->campaign->class);
	int minute = clock_minute_of_day_vn(clock_wall_ms() / 1000);

	j->sweep = NULL;
	for (size_t i = 0; i < j->config->provider_count; i++) {
		double s = j->lane_cost[i] / j->config->providers[i].rate;

		if (s > j->p.forecast_s)
			j->p.forecast_s = s;
	}
	if (class != NULL && !class_is_open(class, minute))
		j->p.opens_in_s = (class->hours_from - minute + 1440) % 1440 * 60;
	job_end(j, e);
}

static void
on_ready(void *arg, struct ready_campaign *c, const struct err_ctx *e)
{
	struct preview_job *j = arg;
	struct sweep_options o = {.on_block = on_block, .on_done = on_swept, .arg = j};

	j->c = c;
	if (c == NULL || j->is_cancelled) {
		job_end(j, e);
		return;
	}
	j->today = clock_today_vn();
	j->p.list_rows = c->list->rows;
	j->audience = audience_new(c->queries, c->campaign->segment_count, c->campaign->per,
				   &c->route.map, c->list->block_count * BLOCK_ROWS);
	j->sweep = sweep_start(j->loop, engine_redis(j->engine), c->list, 0,
			       (uint32_t)c->list->block_count, &o);
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
	campaign_ready(e, c, id_or_name, on_ready, j);
	return j;
}

void
preview_cancel(struct preview_job *j)
{
	j->is_cancelled = true;
	if (j->sweep != NULL) {
		sweep_cancel(j->sweep);
		job_free(j);
	}
}
