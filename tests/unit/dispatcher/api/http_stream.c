/* SPDX-License-Identifier: MIT */
/* The HTTP server: answers that come later, streams, closing. */
#include "tests/unit/dispatcher/api/http_fixture.h"

static void
an_answer_may_come_later(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /later" END "GET /ping" END);
	TURN_UNTIL(fx.held != NULL);
	loop_turn(fx.loop, 0);
	assert_int_equal(http_server_gauges(fx.server)->held, 1);
	assert_int_equal(fx.handled, 0); /* the second waits for the first */
	http_answer_json(fx.held, 201, json_pack("{}"));
	TURN_UNTIL(has(&c, "pong"));
	assert_true(has(&c, "HTTP/1.1 201 Created\r\n"));
	client_close(&c);
}

static void
a_client_that_closed_its_half_still_gets_the_answer(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /later" END);
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	TURN_UNTIL(fx.held != NULL);
	loop_turn(fx.loop, 0);
	http_answer_json(fx.held, 200, json_pack("{s:i}", "n", 5));
	TURN_UNTIL(is_over(&c));
	assert_true(has(&c, "{\"n\":5}"));
	client_close(&c);
}

static void
the_answer_to_a_client_that_left_is_dropped(void **state)
{
	struct linger now = {1, 0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct client c = client_tcp();

		fx.held = NULL;
		client_say(&c, "GET /later?q=%C4%91" END);
		TURN_UNTIL(fx.held != NULL);
		if (i == 1) /* a reset instead of an orderly end */
			setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		client_close(&c);
		loop_turn(fx.loop, 0);
		loop_turn(fx.loop, 0);
		assert_string_equal(http_query(fx.held, "q"), "đ");
		http_answer_buf(fx.held, 200, "text/plain", SLICE("nobody reads this"));
		for (int k = 0; k < 5; k++)
			loop_turn(fx.loop, 1);
	}
	expect("GET /ping" END, "HTTP/1.1 200 ", NULL);
}

static void
an_exchange_outlives_its_server(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /later?q=1 HTTP/1.1\r\nX-A: b\r\n\r\n");
	TURN_UNTIL(fx.held != NULL);
	http_on_gone(fx.held, on_gone, &fx);
	http_server_free(fx.server);
	fx.server = NULL;
	assert_int_equal(fx.gone, 1);
	loop_turn(fx.loop, 0);
	assert_string_equal(http_query(fx.held, "q"), "1");
	assert_string_equal(http_header(fx.held, "x-a"), "b");
	http_answer_json(fx.held, 200, json_pack("{}"));
	TURN_UNTIL(is_over(&c));
	assert_int_equal(c.in.len, 0);
	client_close(&c);
}

static void
a_stream_is_sent_in_chunks_and_closed(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /stream" END);
	TURN_UNTIL(has(&c, "9\r\n: hello\n\n\r\n"));
	assert_true(has(&c, "Transfer-Encoding: chunked\r\n"));
	assert_true(has(&c, "Content-Type: text/event-stream\r\n"));
	assert_int_equal(http_server_gauges(fx.server)->streams, 1);
	assert_true(http_stream_write(fx.held, SLICE("data: 1\n\n")));
	TURN_UNTIL(has(&c, "9\r\ndata: 1\n\n\r\n"));
	http_stream_end(fx.held);
	TURN_UNTIL(is_over(&c));
	assert_true(has(&c, "0\r\n\r\n"));
	assert_int_equal(fx.gone, 0);
	assert_int_equal(http_server_gauges(fx.server)->streams, 0);
	client_close(&c);
}

static void
a_stream_hears_that_its_client_left(void **state)
{
	struct client c;

	(void)state;
	for (int i = 0; i < 2; i++) {
		c = client_tcp();
		fx.ends_when_gone = i == 1;
		client_say(&c, "GET /stream" END);
		TURN_UNTIL(has(&c, ": hello"));
		client_close(&c);
		TURN_UNTIL(fx.gone == i + 1);
		assert_int_equal(http_server_gauges(fx.server)->streams, 0);
		if (i == 1)
			break;
		assert_true(http_is_gone(fx.held));
		assert_false(http_stream_write(fx.held, SLICE("x")));
		http_stream_end(fx.held);
	}
	assert_null(fx.held);
	loop_turn(fx.loop, 0);
	assert_int_equal(http_server_gauges(fx.server)->gone, 2);
}

static void
a_slow_reader_of_a_stream_is_cut(void **state)
{
	static char block[65536];
	struct client c = client_tcp();
	int written = 0;

	(void)state;
	memset(block, 'z', sizeof(block));
	client_say(&c, "GET /stream" END);
	TURN_UNTIL(fx.held != NULL);
	/* the kernel's buffers take some megabytes, ours one; nobody reads */
	while (http_stream_write(fx.held, (struct slice){block, sizeof(block)})) {
		assert_true(http_stream_behind(fx.held) <= HTTP_STREAM_MAX);
		assert_true(++written < 4000);
		loop_turn(fx.loop, 0);
	}
	assert_int_equal(fx.gone, 0); /* not inside the call */
	assert_false(http_stream_write(fx.held, SLICE("x")));
	TURN_UNTIL(fx.gone == 1);
	http_stream_end(fx.held);
	TURN_UNTIL(is_over(&c));
	client_close(&c);
}

static void
a_cut_stream_may_be_ended_before_the_cut(void **state)
{
	struct client c = client_tcp();
	char *block = xcalloc(1, HTTP_STREAM_MAX);

	(void)state;
	client_say(&c, "GET /stream" END);
	TURN_UNTIL(has(&c, "hello"));
	assert_false(http_stream_write(fx.held, (struct slice){block, HTTP_STREAM_MAX + 1u}));
	http_stream_end(fx.held);
	TURN_UNTIL(is_over(&c));
	assert_false(has(&c, "\r\n0\r\n\r\n"));
	assert_int_equal(fx.gone, 0); /* it was ended before */
	assert_int_equal(http_server_gauges(fx.server)->held, 0);
	client_close(&c);
	free(block);
}

static void
an_aborted_stream_has_no_last_chunk(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /stream" END);
	TURN_UNTIL(has(&c, "hello"));
	http_stream_abort(fx.held);
	TURN_UNTIL(is_over(&c));
	assert_false(has(&c, "\r\n0\r\n\r\n"));
	client_close(&c);
}

static void
on_room(struct http_exchange *x, void *arg)
{
	static char block[300000];

	assert_ptr_equal(arg, &fx);
	assert_int_equal(http_stream_behind(x), 0);
	if (++fx.rooms == 20)
		http_stream_end(x);
	else
		assert_true(http_stream_write(x, (struct slice){block, sizeof(block)}));
}

static void
a_download_writes_when_there_is_room(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /stream HTTP/1.0\r\n\r\n");
	TURN_UNTIL(fx.held != NULL);
	http_stream_on_room(fx.held, on_room, &fx);
	TURN_UNTIL(is_over(&c));
	assert_int_equal(fx.rooms, 20);
	/* HTTP/1.0 has no chunks: the end of the connection ends the body */
	assert_int_equal(c.in.len - (size_t)(strstr(c.in.data, "\r\n\r\n") + 4 - c.in.data),
			 9 + 19 * 300000);
	client_close(&c);
}

static void
head_of_a_download_ends_too(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "HEAD /stream" END);
	TURN_UNTIL(fx.held != NULL);
	http_stream_on_room(fx.held, on_room, &fx);
	TURN_UNTIL(is_over(&c));
	assert_int_equal(fx.rooms, 20);
	assert_true(has(&c, "Content-Type: text/event-stream\r\n"));
	assert_string_equal(strstr(c.in.data, "\r\n\r\n"), "\r\n\r\n");
	client_close(&c);
}

static void
a_flood_during_a_stream_is_not_read(void **state)
{
	static char flood[65536];
	struct client c = client_tcp();
	ssize_t n = 1;
	int sent = 0;

	(void)state;
	client_say(&c, "GET /stream" END);
	TURN_UNTIL(has(&c, "hello"));
	for (int idle = 0; idle < 20; loop_turn(fx.loop, 1)) {
		n = send(c.fd, flood, sizeof(flood), MSG_NOSIGNAL);
		idle = n > 0 ? 0 : idle + 1;
		assert_true(++sent < 4000);
	}
	http_stream_end(fx.held);
	TURN_UNTIL(is_over(&c));
	client_close(&c);
}

static void
more_exchanges_than_allowed_get_503(void **state)
{
	struct http_options o = options();
	struct client a, b;
	struct err_ctx e;

	(void)state;
	http_server_free(fx.server);
	o.exchanges_max = 1;
	assert_int_equal(http_server_new(fx.loop, &o, &fx.server, &e), ERR_OK);
	a = client_tcp();
	b = client_tcp();
	client_say(&a, "GET /later" END);
	TURN_UNTIL(fx.held != NULL);
	client_say(&b, "GET /ping" END);
	client_answer(&b);
	assert_true(has(&b, "HTTP/1.1 503 Service Unavailable\r\n"));
	assert_true(has(&b, "Retry-After: 1\r\n"));
	http_answer_json(fx.held, 200, json_pack("{}"));
	client_answer(&a);
	client_close(&a);
	client_close(&b);
}

static void
a_silent_connection_is_closed(void **state)
{
	struct http_options o = options();
	struct client c, later;
	struct err_ctx e;

	(void)state;
	http_server_free(fx.server);
	o.idle_ms = 50;
	assert_int_equal(http_server_new(fx.loop, &o, &fx.server, &e), ERR_OK);
	c = client_tcp();
	later = client_tcp();
	client_say(&c, "GET /pi");
	client_say(&later, "GET /later" END);
	TURN_UNTIL(is_over(&c));
	assert_int_equal(c.in.len, 0);
	/* one whose answer takes its time is not */
	assert_false(is_over(&later));
	http_answer_json(fx.held, 200, json_pack("{}"));
	client_answer(&later);
	client_close(&c);
	client_close(&later);
}

static void
on_closed(void *arg)
{
	assert_ptr_equal(arg, &fx);
	fx.closed++;
	fx.server = NULL;
}

static void
close_waits_for_what_is_held(void **state)
{
	struct client c = client_tcp(), idle = client_tcp();
	struct stat st;

	(void)state;
	client_say(&idle, "GET /ping" END);
	client_answer(&idle);
	client_say(&c, "GET /later" END);
	TURN_UNTIL(fx.held != NULL);
	http_server_close(fx.server, 20000, on_closed, &fx);
	assert_int_equal(fx.closed, 0);
	assert_int_not_equal(stat(fx.socket, &st), 0);
	buf_reset(&idle.in);
	client_say(&idle, "GET /ping" END);
	client_answer(&idle);
	assert_true(has(&idle, "HTTP/1.1 503 "));
	for (int i = 0; i < 3; i++)
		loop_turn(fx.loop, 1);
	assert_int_equal(fx.closed, 0);
	http_answer_json(fx.held, 200, json_pack("{s:i}", "n", 6));
	TURN_UNTIL(fx.closed == 1);
	TURN_UNTIL(is_over(&c));
	assert_true(has(&c, "{\"n\":6}"));
	assert_true(has(&c, "Connection: close\r\n"));
	TURN_UNTIL(is_over(&idle));
	client_close(&c);
	client_close(&idle);
}

static void
close_cuts_at_its_deadline(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /stream" END);
	TURN_UNTIL(has(&c, "hello"));
	http_server_close(fx.server, 30, on_closed, &fx);
	TURN_UNTIL(fx.closed == 1);
	assert_int_equal(fx.gone, 1);
	http_stream_end(fx.held);
	TURN_UNTIL(is_over(&c));
	client_close(&c);
}

static void
an_empty_server_closes_at_once(void **state)
{
	(void)state;
	http_server_close(fx.server, 20000, on_closed, &fx);
	assert_int_equal(fx.closed, 0);
	loop_turn(fx.loop, 10);
	loop_turn(fx.loop, 10);
	assert_int_equal(fx.closed, 1);
}

static void
many_clients_come_and_go(void **state)
{
	enum { CLIENTS = 60 };
	struct client c[CLIENTS];

	(void)state;
	fx.ends_when_gone = true;
	for (int i = 0; i < CLIENTS; i++) {
		c[i] = client_tcp();
		client_say(&c[i], i % 3 == 0 ? "GET /stream" END : "GET /ping" END "GET /pin");
	}
	for (int i = 0; i < CLIENTS; i++)
		client_close(&c[i]);
	TURN_UNTIL(http_server_gauges(fx.server)->held == 0);
	expect("GET /ping" END, "HTTP/1.1 200 ", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_may_come_later),
		TEST(a_client_that_closed_its_half_still_gets_the_answer),
		TEST(the_answer_to_a_client_that_left_is_dropped),
		TEST(an_exchange_outlives_its_server),
		TEST(a_stream_is_sent_in_chunks_and_closed),
		TEST(a_stream_hears_that_its_client_left),
		TEST(a_slow_reader_of_a_stream_is_cut),
		TEST(a_cut_stream_may_be_ended_before_the_cut),
		TEST(an_aborted_stream_has_no_last_chunk),
		TEST(a_download_writes_when_there_is_room),
		TEST(head_of_a_download_ends_too),
		TEST(a_flood_during_a_stream_is_not_read),
		TEST(more_exchanges_than_allowed_get_503),
		TEST(a_silent_connection_is_closed),
		TEST(close_waits_for_what_is_held),
		TEST(close_cuts_at_its_deadline),
		TEST(an_empty_server_closes_at_once),
		TEST(many_clients_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
