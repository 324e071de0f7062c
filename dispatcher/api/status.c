/* SPDX-License-Identifier: MIT */
/* Health, metrics, configuration. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"

void
on_healthz(struct http_exchange *x, void *arg)
{
	struct api *a = arg;

	http_answer_json(x, 200,
			 json_pack("{s:s, s:s, s:I}", "status", "ok", "version", LOA_VERSION,
				   "seconds",
				   (json_int_t)((clock_mono_ms() - a->daemon->started_ms) / 1000)));
}

void
on_readyz(struct http_exchange *x, void *arg)
{
	struct api *a = arg;

	if (a->daemon->is_draining)
		http_answer_json(x, 503,
				 json_pack("{s:s, s:s}", "status", "no", "why", "stopping"));
	else if (!a->daemon->is_up)
		http_answer_json(
			x, 503,
			json_pack("{s:s, s:s}", "status", "no", "why", daemon_why_down(a->daemon)));
	else
		http_answer_json(x, 200, json_pack("{s:s}", "status", "ready"));
}

/* ---- metrics: Prometheus text format 0.0.4; names in docs/FORMATS.md ---- */

static void
metric(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
lane_metrics(struct buf *b, const struct sender *s)
{
	static const struct {
		const char *name, *type, *help;
		size_t offset;
	} fields[] = {
#define COUNTER(field, text) \
	{"loa_lane_" #field "_total", "counter", text, offsetof(struct lane_status, field)}
		COUNTER(requests, "Requests handed to the HTTP client."),
		COUNTER(accepted, "Messages that the gateway accepted."),
		COUNTER(refused, "Messages that the gateway refused for good."),
		COUNTER(later, "Messages that the gateway asked to send later."),
		COUNTER(in_doubt, "Messages without a complete, well-formed answer."),
		COUNTER(unmarked, "Permits whose bytes surely did not leave."),
		COUNTER(late_slots, "Slots that were not used in time."),
#undef COUNTER
	};

	for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
		metric(b, fields[f].name, fields[f].type, fields[f].help);
		for (size_t i = 0; i < sender_lane_count(s); i++) {
			struct lane_status lane;

			sender_lane_status(s, i, &lane);
			buf_addf(b, "%s{lane=\"%s\"} %" PRIu64 "\n", fields[f].name, lane.name,
				 *(const uint64_t *)((const char *)&lane + fields[f].offset));
		}
	}
	metric(b, "loa_lane_factor", "gauge",
	       "Of the contracted rate, after the gateway said too fast.");
	for (size_t i = 0; i < sender_lane_count(s); i++) {
		struct lane_status lane;

		sender_lane_status(s, i, &lane);
		buf_addf(b, "loa_lane_factor{lane=\"%s\"} %.3f\n", lane.name, lane.factor);
	}
	metric(b, "loa_lane_in_flight", "gauge", "Requests on the wire.");
	for (size_t i = 0; i < sender_lane_count(s); i++) {
		struct lane_status lane;

		sender_lane_status(s, i, &lane);
		buf_addf(b, "loa_lane_in_flight{lane=\"%s\"} %u\n", lane.name, lane.in_flight);
	}
	metric(b, "loa_lane_in_flight_max", "gauge",
	       "Requests that may be on the wire; follows the gateway's latency.");
	for (size_t i = 0; i < sender_lane_count(s); i++) {
		struct lane_status lane;

		sender_lane_status(s, i, &lane);
		buf_addf(b, "loa_lane_in_flight_max{lane=\"%s\"} %u\n", lane.name,
			 lane.in_flight_max);
	}
	metric(b, "loa_lane_chunks", "gauge", "Chunks leased to this process.");
	for (size_t i = 0; i < sender_lane_count(s); i++) {
		struct lane_status lane;

		sender_lane_status(s, i, &lane);
		buf_addf(b, "loa_lane_chunks{lane=\"%s\"} %u\n", lane.name, lane.chunks);
	}
}

static void
gauge_metric(struct buf *b, const char *name, const char *what, const struct gauge *g)
{
	uint64_t sum = 0;

	metric(b, name, "histogram", what);
	for (unsigned i = 0; i < GAUGE_BINS; i++) {
		sum += g->below[i];
		if (i + 1 < GAUGE_BINS)
			buf_addf(b, "%s_bucket{le=\"%.6f\"} %" PRIu64 "\n", name,
				 gauge_bound_us(i) / 1e6, sum);
	}
	buf_addf(b, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
	buf_addf(b, "%s_count %" PRIu64 "\n", name, g->count);
}

static void
loop_metrics(struct buf *b, const struct loop *l)
{
	const struct gauge *g = loop_gauge(l);

	gauge_metric(b, "loa_loop_turn_seconds", "Length of the loop's turns without waiting.", g);
	metric(b, "loa_loop_longest_turn_seconds", "gauge", "The longest turn since the start.");
	buf_addf(b, "loa_loop_longest_turn_seconds %.6f\n", g->longest_us / 1e6);
}

static void
on_facts(void *arg, const struct reply *r)
{
	struct daemon *d = arg;
	struct list_care care = {0};
	int64_t locked = 0;

	if (r->kind != REPLY_ARRAY)
		return;
	for (size_t i = 1; i < r->count; i++) {
		slice_copy(care.text[CARE_RETAIN_UNTIL], sizeof(care.text[CARE_RETAIN_UNTIL]),
			   reply_item(reply_item(r, i), 8)->str);
		locked += care_is_locked(&care, reply_int(r, 0));
	}
	d->lists_locked = locked;
	d->has_looked_at_lists = true;
}

/* As it was when it was asked for the last time: who scrapes does not wait for Redis. */
static void
list_metrics(struct buf *b, struct api *a)
{
	struct daemon *d = a->daemon;

	if (d->has_looked_at_lists) {
		metric(b, "loa_lists_locked", "gauge", "Lists whose last day of use is over.");
		buf_addf(b, "loa_lists_locked %" PRId64 "\n", d->lists_locked);
	}
	if (d->is_up)
		list_facts(engine_redis(d->engine), on_facts, d);
}

static void
alert_metrics(struct buf *b, const struct daemon *d)
{
	if (d->watcher == NULL || watcher_open_alerts(d->watcher) < 0)
		return;
	metric(b, "loa_alerts", "gauge", "Alerts that are not over.");
	buf_addf(b, "loa_alerts %" PRId64 "\n", watcher_open_alerts(d->watcher));
}

void
on_metrics(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct daemon *d = a->daemon;
	struct buf b = {0};

	if (!api_has_keys(a, x))
		return;
	metric(&b, "loa_up", "gauge", "1 while Redis is in reach and work may be done.");
	buf_addf(&b, "loa_up %d\n", d->is_up);
	metric(&b, "loa_redis_pending", "gauge", "Redis commands without a reply yet.");
	buf_addf(&b, "loa_redis_pending %zu\n", redis_pending(engine_redis(d->engine)));
	metric(&b, "loa_unacknowledged", "gauge", "Facts that Redis has not acknowledged yet.");
	buf_addf(&b, "loa_unacknowledged %zu\n", engine_unacknowledged(d->engine));
	metric(&b, "loa_backup_seconds", "gauge",
	       "Unix time of the last complete backup; 0 = none.");
	buf_addf(&b, "loa_backup_seconds %" PRId64 "\n", d->backup_s);
	metric(&b, "loa_connections", "gauge", "Connections to gateways that are open.");
	buf_addf(&b, "loa_connections %zu\n", fetch_connections(d->fetch));
	alert_metrics(&b, d);
	list_metrics(&b, a);
	loop_metrics(&b, d->loop);
	if (d->sender != NULL)
		gauge_metric(&b, "loa_permit_seconds",
			     "From asking for a permit to Redis's answer.",
			     sender_permits(d->sender));
	if (d->sender != NULL)
		lane_metrics(&b, d->sender);
	if (d->poller != NULL) {
		const struct poller_gauges *g = poller_gauges(d->poller);

		metric(&b, "loa_polls_total", "counter",
		       "Questions to gateways about what has no receipt.");
		buf_addf(&b,
			 "loa_polls_total{result=\"done\"} %" PRIu64 "\n"
			 "loa_polls_total{result=\"again\"} %" PRIu64 "\n"
			 "loa_polls_total{result=\"failed\"} %" PRIu64 "\n",
			 g->done, g->again, g->failed);
	}
	if (d->receipts != NULL) {
		const struct receipts_gauges *g = receipts_gauges(d->receipts);

		metric(&b, "loa_receipt_pushes_total", "counter", "Pushes that gateways made.");
		buf_addf(&b, "loa_receipt_pushes_total %" PRIu64 "\n", g->pushes);
		metric(&b, "loa_receipts_total", "counter", "Receipts by what was done with them.");
		buf_addf(&b,
			 "loa_receipts_total{result=\"merged\"} %" PRIu64 "\n"
			 "loa_receipts_total{result=\"parked\"} %" PRIu64 "\n"
			 "loa_receipts_total{result=\"foreign\"} %" PRIu64 "\n"
			 "loa_receipts_total{result=\"unknown-code\"} %" PRIu64 "\n"
			 "loa_receipts_total{result=\"spooled\"} %" PRIu64 "\n"
			 "loa_receipts_total{result=\"malformed\"} %" PRIu64 "\n",
			 g->merged, g->parked, g->foreign, g->unknown_code, g->spooled,
			 g->malformed);
		metric(&b, "loa_receipt_spool_bytes", "gauge",
		       "Receipts in the spool, waiting for Redis.");
		buf_addf(&b, "loa_receipt_spool_bytes %" PRIu64 "\n",
			 receipts_spool_bytes(d->receipts));
	}
	http_answer_buf(x, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(&b));
	buf_free(&b);
}

/* ---- configuration ---- */

void
on_config_show(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct buf b = {0};

	if (!api_has_keys(a, x))
		return;
	config_show(a->daemon->config, &b);
	http_answer_buf(x, 200, "application/json", buf_slice(&b));
	buf_free(&b);
}
