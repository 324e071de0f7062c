/* SPDX-License-Identifier: MIT */
/*
 * Asking about messages without a receipt: a made-up driver and an HTTP server stand for the
 * gateway, Redis and the Lua library are real. A question is GET /status/ID; the answer's text says
 * what became of it.
 */
#include "base/fetch.h"
#include "dispatcher/api/http.h"
#include "dispatcher/receive/poll.h"
#include "tests/unit/dispatcher/store/receipts_fixture.h"

static struct {
	struct http_server *http;
	struct engine *engine;
	struct fetch *fetch;
	struct receipts *receipts;
	struct poller *poller, *other; /* two processes */
	struct config config;
	struct capability capability;
	const char *says; /* what the gateway answers */
	int asked;
	char last[64];
	struct http_exchange *held; /* a question that is not answered yet */
	bool is_holding;
	bool is_up;
} gw;

/* ---- the driver ---- */

static const struct capability *
fake_capability(const struct provider *p)
{
	(void)p;
	return &gw.capability;
}

static enum err
fake_poll(const struct provider *p, const struct poll *q, struct arena *a, struct http_request *out,
	  struct err_ctx *e)
{
	char url[128];
	int n = snprintf(url, sizeof(url), "http://127.0.0.1:%d/status/%.*s",
			 http_server_port(gw.http), (int)q->id.n, q->id.p);

	(void)p;
	(void)e;
	*out = (struct http_request){.method = "GET", .url = arena_memdup0(a, url, (size_t)n)};
	return ERR_OK;
}

static enum poll_result
fake_polled(const struct provider *p, const struct poll *q, const struct http_answer *r,
	    struct arena *a, struct receipt **out, size_t *count)
{
	struct receipt *one = arena_alloc(a, sizeof(*one));

	(void)p;
	(void)q;
	*one = (struct receipt){.state = RECEIPT_DELIVERED, .code = "D"};
	*out = one;
	*count = slice_is(r->body, "delivered");
	if (*count == 1)
		return POLL_DONE;
	return slice_is(r->body, "again")     ? POLL_AGAIN
	       : slice_is(r->body, "no-such") ? POLL_UNKNOWN_ID
	       : slice_is(r->body, "keys")    ? POLL_REFUSED
					      : POLL_UNREADABLE;
}

static const struct driver fake = {
	.name = "fake", .capability = fake_capability, .poll = fake_poll, .polled = fake_polled};

/* ---- the gateway ---- */

static void
on_status(struct http_exchange *x, void *arg)
{
	(void)arg;
	gw.asked++;
	snprintf(gw.last, sizeof(gw.last), "%s", http_param(x, "id"));
	if (gw.is_holding)
		gw.held = x;
	else
		http_answer_buf(x, 200, "text/plain", slice_of(gw.says));
}

static const struct http_route routes[] = {
	{.method = "GET", .path = "/status/{id}", .handle = on_status}};

static void
on_event(void *arg)
{
	(void)arg;
}

static void
on_up(void *arg)
{
	(void)arg;
	gw.is_up = true;
}

static struct poller *
a_process(void)
{
	struct poller_options o = {.loop = fx.loop,
				   .engine = gw.engine,
				   .fetch = gw.fetch,
				   .receipts = gw.receipts,
				   .config = &gw.config};
	struct poller *p = poller_new(&o);

	poller_open(p, key);
	return p;
}

static int
set_up_gateway(void **state)
{
	struct http_options ho = {
		.listen = "127.0.0.1:0", .routes = routes, .route_count = ARRAY_LEN(routes)};
	struct fetch_options fo = {.is_http_allowed = true};
	struct engine_options eo = {.lease_ms = 5000,
				    .on_up = on_up,
				    .on_open = on_event,
				    .on_shut = on_event,
				    .on_lost = on_event,
				    .on_tick = on_event};
	struct err_ctx e;

	set_up(state);
	memset(&gw, 0, sizeof(gw));
	gw.capability = (struct capability){.batch_max = 1,
					    .echo = ECHO_ID,
					    .receipt_deadline_s = 3600,
					    .poll_after_s = 60,
					    .poll_every_s = 30};
	gw.config.provider_count = 1;
	gw.config.providers[0] = (struct provider_config){
		.name = "gw", .driver = &fake, .timeout_ms = 3000, .polls_per_s = 100};
	gw.says = "delivered";
	assert_int_equal(http_server_new(fx.loop, &ho, &gw.http, &e), ERR_OK);
	eo.redis.unix_socket = fx.server.socket;
	gw.engine = engine_new(fx.loop, &eo);
	gw.fetch = fetch_new(fx.loop, &fo);
	gw.config.data = fx.server.dir;
	gw.config.spool_max_mb = 1;
	gw.receipts = receipts_new(fx.loop, gw.engine, &gw.config);
	receipts_open(gw.receipts, key);
	TURN_UNTIL(gw.is_up);
	COMMAND("HSET", "loa:meta", "open_at", "0", "takeover_at", "0");
	return 0;
}

static int
tear_down_gateway(void **state)
{
	if (gw.held != NULL)
		http_answer_buf(gw.held, 200, "text/plain", SLICE(""));
	fetch_free(gw.fetch);
	engine_free(gw.engine);
	receipts_free(gw.receipts);
	if (gw.poller != NULL)
		poller_free(gw.poller);
	if (gw.other != NULL)
		poller_free(gw.other);
	http_server_free(gw.http);
	return tear_down(state);
}

/* `n` accepted messages with the ids m-0 …, to be asked about in a minute. */
static void
accepted(unsigned n)
{
	launch_run(n);
	claim("inc-1", n);
	for (unsigned i = 0; i < n; i++) {
		char id[16];
		const char *const ids[] = {id};
		struct answer q = {
			.first = i, .permit = id, .classes = "A", .ids = ids, .poll_ms = "60000"};

		snprintf(id, sizeof(id), "m-%u", i);
		permitted(i, 1, id);
		answered(&q);
	}
}

static bool
is_queued(const char *count)
{
	return strcmp(COMMAND("ZCARD", "loa:poll:gw"), count) == 0;
}

/* Let the pollers look for a while in which nothing should happen. */
static void
some_time(void)
{
	int64_t end_ms = clock_mono_ms() + 300;

	while (clock_mono_ms() < end_ms)
		loop_turn(fx.loop, 20);
}

static int64_t
due_in_ms(const char *member)
{
	int64_t score = 0;

	slice_to_i64(slice_of(COMMAND("ZSCORE", "loa:poll:gw", member)), &score);
	return score - clock_wall_ms() - fx.offset_ms;
}

/* ---- tests ---- */

static void
an_id_is_asked_about_after_its_time_and_its_answer_is_a_receipt(void **state)
{
	(void)state;
	accepted(1);
	gw.poller = a_process();
	some_time();
	assert_int_equal(gw.asked, 0);
	move_clock(61000);
	TURN_UNTIL(is_queued("0"));
	assert_int_equal(gw.asked, 1);
	assert_string_equal(gw.last, "m-0");
	assert_string_equal(state_of(0), "delivered");
	assert_int_equal(poller_gauges(gw.poller)->done, 1);
	assert_non_null(
		strstr(COMMAND("LRANGE", "loa:run:1:log", "0", "-1"), "[0,1,\"m-0\",\"D\"]"));
}

static void
what_is_not_known_yet_is_asked_again_every_so_often(void **state)
{
	(void)state;
	accepted(1);
	gw.says = "again";
	move_clock(61000);
	gw.poller = a_process();
	TURN_UNTIL(poller_gauges(gw.poller)->again == 1);
	TURN_UNTIL(due_in_ms("1:0:0:1:1:m-0") <= 30000);
	assert_in_range(due_in_ms("1:0:0:1:1:m-0"), 25000, 30000);
	gw.says = "delivered";
	move_clock(31000);
	TURN_UNTIL(is_queued("0"));
	assert_int_equal(gw.asked, 2);
	assert_string_equal(state_of(0), "delivered");
}

static void
only_what_is_settled_is_dropped_without_asking(void **state)
{
	(void)state;
	accepted(4);
	report(false, -1, "m-0", "", RECORD_DELIVERED);
	report(false, -1, "m-1", "", RECORD_UNDELIVERABLE);
	report(false, -1, "m-2", "", RECORD_ACCEPTED);
	gw.says = "again";
	move_clock(61000);
	gw.poller = a_process();
	TURN_UNTIL(gw.asked == 2 && is_queued("2"));
	/* Accepted, no report: the deadline is an hour. */
	move_clock(3600 * 1000);
	TURN_UNTIL(is_queued("0"));
	assert_int_equal(gw.asked, 2);
	assert_string_equal(state_of(2), "accepted");
}

static void
two_processes_do_not_ask_at_once_and_a_dead_ones_question_comes_back(void **state)
{
	(void)state;
	accepted(1);
	gw.is_holding = true;
	gw.config.providers[0].timeout_ms = 20000;
	move_clock(61000);
	gw.poller = a_process();
	gw.other = a_process();
	TURN_UNTIL(gw.held != NULL);
	some_time();
	assert_int_equal(gw.asked, 1);
	/* The first one is gone: nothing but the lease (20 s + 30 s) remembers its question. */
	poller_shut(gw.poller);
	gw.is_holding = false;
	move_clock(51000);
	TURN_UNTIL(is_queued("0"));
	assert_int_equal(gw.asked, 2);
	assert_string_equal(state_of(0), "delivered");
}

static void
questions_keep_their_own_pace(void **state)
{
	int64_t begin_ms;

	(void)state;
	accepted(8);
	gw.config.providers[0].polls_per_s = 10;
	move_clock(61000);
	begin_ms = clock_mono_ms();
	gw.poller = a_process();
	TURN_UNTIL(is_queued("0"));
	assert_int_equal(gw.asked, 8);
	/* The first at once, seven more with a tenth of a second between. */
	assert_in_range(clock_mono_ms() - begin_ms, 700, 20000);
}

static void
an_id_that_the_gateway_does_not_know_is_given_up(void **state)
{
	(void)state;
	accepted(1);
	gw.says = "no-such";
	move_clock(61000);
	gw.poller = a_process();
	TURN_UNTIL(is_queued("0"));
	assert_string_equal(state_of(0), "accepted");
}

static void
a_refused_account_rests_and_a_page_of_a_proxy_proves_nothing(void **state)
{
	(void)state;
	accepted(2);
	gw.says = "<html>";
	move_clock(61000);
	gw.poller = a_process();
	TURN_UNTIL(poller_gauges(gw.poller)->failed == 2);
	assert_string_equal(state_of(0), "accepted");
	gw.says = "keys";
	move_clock(31000);
	TURN_UNTIL(poller_gauges(gw.poller)->failed >= 3);
	some_time();
	assert_true(gw.asked <= 4);
	assert_true(is_queued("2"));
	gw.says = "delivered";
	move_clock(61000);
	TURN_UNTIL(is_queued("0"));
	assert_string_equal(state_of(0), "delivered");
	assert_string_equal(state_of(1), "delivered");
}

#define G(f) cmocka_unit_test_setup_teardown(f, set_up_gateway, tear_down_gateway)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		G(an_id_is_asked_about_after_its_time_and_its_answer_is_a_receipt),
		G(what_is_not_known_yet_is_asked_again_every_so_often),
		G(only_what_is_settled_is_dropped_without_asking),
		G(two_processes_do_not_ask_at_once_and_a_dead_ones_question_comes_back),
		G(questions_keep_their_own_pace),
		G(an_id_that_the_gateway_does_not_know_is_given_up),
		G(a_refused_account_rests_and_a_page_of_a_proxy_proves_nothing),
	};

	random_init();
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
