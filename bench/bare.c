/* SPDX-License-Identifier: MIT */
/*
 * The sender's path without the ledger: what `loa serve` does for a message in its own process (render,
 * count parts, reference, the driver's request, HTTP, the driver's answer) and nothing of claim, permit,
 * outcome, Redis. What is missing to it is what the ledger costs.
 *   bare CONFIG COUNT CONCURRENCY     CONFIG: a server's, whose first provider is used
 * The people and the text are those of bench/line.sh. Prints how many were accepted, ms, processor µs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/loop.h"
#include "dispatcher/config.h"
#include "dispatcher/exchange.h"
#include "dispatcher/run/reference.h"
#include "templates/sms.h"
#include "templates/template.h"

#define FIELDS 4u

static const char source[] = "{{ ho_ten }} ({{ ngay_sinh }}), {{ xa }}: mời nộp hồ sơ tại nhà.";

struct bare {
	struct loop *loop;
	struct fetch *fetch;
	const struct provider_config *provider;
	const struct capability *cap;
	struct template *template;
	struct buf text;
	uint8_t key[REFERENCE_KEY_BYTES];
	size_t count, next, accepted, open;
};

struct post {
	struct bare *b;
	struct arena arena;
	struct batch batch;
	struct http_request http;
};

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "bare: %s: %s\n", what, why);
	exit(1);
}

/* A cell of person i. */
static struct slice
cell(const char *field, size_t i, struct arena *a)
{
	char out[64];
	int n;

	if (strcmp(field, "ho_ten") == 0)
		n = snprintf(out, sizeof(out), "Nguyễn Văn Thử %zu", i);
	else if (strcmp(field, "ngay_sinh") == 0)
		n = snprintf(out, sizeof(out), "0%zu/1%zu/19%zu", i % 9 + 1, i % 3, 40 + i % 60);
	else
		n = snprintf(out, sizeof(out), "Xã số %zu", i % 50);
	return (struct slice){arena_memdup0(a, out, (size_t)n), (size_t)n};
}

static struct out_message
message(struct bare *b, size_t i, struct arena *a)
{
	struct reference ref = {.run = 1, .partition = 0, .rank = (uint32_t)i, .attempt = 1};
	struct slice cells[FIELDS];
	struct template_error e;
	struct sms_count parts;
	char phone[24], reference[REFERENCE_TEXT_MAX];
	size_t n;

	for (size_t f = 0; f < template_field_count(b->template); f++)
		cells[f] = cell(template_field(b->template, f), i, a);
	b->text.len = 0;
	if (template_render(b->template, 20000, cells, &b->text, &e) != RENDER_OK)
		fail("template", e.message);
	parts = sms_count(buf_slice(&b->text));
	n = (size_t)snprintf(phone, sizeof(phone), "%" PRIu64, 84910000000 + (uint64_t)i * 7);
	struct out_message m = {.phone = {arena_memdup0(a, phone, n), n},
				.text = {arena_memdup0(a, b->text.data, b->text.len), b->text.len},
				.parts = (uint8_t)parts.parts,
				.is_unicode = parts.encoding == SMS_UCS2};
	n = reference_encode(&ref, b->key, reference);
	m.reference = (struct slice){arena_memdup0(a, reference, n), n};
	return m;
}

static void post_next(struct bare *b, struct post *p);

static void
on_answer(void *arg, const struct fetch_answer *answer)
{
	struct post *p = arg;
	struct bare *b = p->b;
	struct batch_outcome out = {0};
	struct http_answer http;

	if (answer->result != FETCH_DONE)
		fail("post", answer->why);
	http = exchange_answer(answer, &p->arena);
	b->provider->driver->decode(b->provider->account, &p->batch, &http, &p->arena, &out);
	for (size_t i = 0; i < p->batch.count; i++)
		b->accepted += out.messages[i].class == OUTCOME_ACCEPTED;
	b->open--;
	post_next(b, p);
}

static void
post_next(struct bare *b, struct post *p)
{
	struct fetch_request f;
	struct out_message *messages;
	struct err_ctx e;
	size_t n = b->count - b->next;

	if (n == 0) {
		if (b->open == 0)
			loop_stop(b->loop);
		return;
	}
	n = n < b->cap->batch_max ? n : b->cap->batch_max;
	arena_reset(&p->arena);
	messages = arena_alloc(&p->arena, n * sizeof(*messages));
	for (size_t i = 0; i < n; i++)
		messages[i] = message(b, b->next + i, &p->arena);
	b->next += n;
	p->batch = (struct batch){
		.messages = messages, .count = n, .reference = messages[0].reference};
	if (b->provider->driver->encode(b->provider->account, &p->batch, &p->arena, &p->http, &e) !=
	    ERR_OK)
		fail(e.what, e.why);
	f = exchange_request(&p->http, &p->arena);
	f.timeout_ms = 30000;
	f.on_answer = on_answer;
	f.arg = p;
	b->open++;
	fetch_start(b->fetch, &f);
}

static int64_t
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
	       u.ru_stime.tv_usec;
}

int
main(int argc, char **argv)
{
	struct fetch_options o = {
		.user_agent = "loa", .connections_max = 256, .is_http_allowed = true};
	struct bare b = {0};
	struct template_error te;
	struct config *config;
	struct err_ctx e;
	struct post *posts;
	int64_t from, cpu;
	size_t concurrency;

	if (argc != 4)
		return 2;
	if (config_load(argv[1], &config, &e) != ERR_OK)
		fail(e.what, e.why);
	b.provider = &config->providers[0];
	b.cap = b.provider->driver->capability(b.provider->account);
	b.template = template_compile(SLICE(source), &te);
	if (b.template == NULL || template_field_count(b.template) > FIELDS)
		fail("template", te.message);
	buf_reserve(&b.text, TEMPLATE_OUTPUT_MAX + 1);
	b.count = strtoull(argv[2], NULL, 10);
	concurrency = strtoull(argv[3], NULL, 10);
	b.loop = loop_new();
	b.fetch = fetch_new(b.loop, &o);
	posts = xcalloc(concurrency, sizeof(*posts));
	from = clock_mono_us();
	cpu = cpu_us();
	for (size_t i = 0; i < concurrency && b.next < b.count; i++) {
		posts[i].b = &b;
		post_next(&b, &posts[i]);
	}
	loop_run(b.loop);
	printf("{\"accepted\":%zu,\"ms\":%" PRId64 ",\"cpu_us\":%" PRId64 "}\n", b.accepted,
	       (clock_mono_us() - from) / 1000, cpu_us() - cpu);
	return b.accepted == b.count ? 0 : 1;
}
