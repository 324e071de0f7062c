/* SPDX-License-Identifier: MIT */
/* The HTTP server: who asks is found out later than at once, and what happens meanwhile. */
#include "tests/unit/dispatcher/api/http_fixture.h"

#define LATER "Host: loa\r\nAuthorization: Bearer later\r\n"

static struct http_exchange *
asked(void)
{
	struct http_exchange *x = fx.asked;

	fx.asked = NULL;
	return x;
}

static void
an_admitted_request_goes_to_its_handler(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /secret HTTP/1.1\r\n" LATER "\r\n");
	TURN_UNTIL(fx.asked != NULL);
	assert_int_equal(fx.handled, 0);
	assert_int_equal(http_server_gauges(fx.server)->held, 1);
	http_admit(asked());
	assert_int_equal(fx.handled, 1);
	assert_string_equal(client_answer(&c), "{\"user\":\"alice\"}");
	assert_int_equal(http_server_gauges(fx.server)->held, 0);
	client_close(&c);
}

static void
whoever_is_asked_may_refuse_instead(void **state)
{
	struct client c = client_tcp(), d = client_tcp();
	struct err_ctx e;

	(void)state;
	client_say(&c, "GET /secret HTTP/1.1\r\n" LATER "\r\n");
	TURN_UNTIL(fx.asked != NULL);
	http_answer_unauthorised(asked(), "the token is over since yesterday");
	client_answer(&c);
	assert_true(has(&c, "HTTP/1.1 401 Unauthorized\r\n"));
	assert_true(has(&c, "WWW-Authenticate: Bearer realm=\"loa\", error=\"invalid_token\"\r\n"));
	assert_true(has(&c, "\"detail\":\"the token is over since yesterday\""));
	client_say(&d, "GET /secret HTTP/1.1\r\n" LATER "\r\n");
	TURN_UNTIL(fx.asked != NULL);
	err_set(&e, ERR_NOT_FOUND, "list x", "", "is not there");
	http_answer_error(asked(), &e);
	client_answer(&d);
	assert_true(has(&d, "HTTP/1.1 404 Not Found\r\n"));
	assert_int_equal(fx.handled, 0);
	client_close(&c);
	client_close(&d);
}

static void
the_socket_is_asked_about_too_and_hooks_are_not(void **state)
{
	struct client c = client_unix();

	(void)state;
	client_say(&c, "GET /secret HTTP/1.1\r\n" LATER "\r\n");
	TURN_UNTIL(fx.asked != NULL);
	assert_true(http_is_local(fx.asked));
	http_admit(asked());
	assert_string_equal(client_answer(&c), "{\"user\":\"local\"}");
	client_close(&c);
	expect("POST /hooks/receipt/esms/abc HTTP/1.1\r\n" LATER "Content-Length: 2\r\n\r\nok",
	       "HTTP/1.1 200 ", "ok");
	expect("GET /ping HTTP/1.1\r\n" LATER "\r\n", "HTTP/1.1 200 ", NULL);
	assert_null(fx.asked);
}

static void
a_body_that_is_too_long_is_refused_after_its_admission(void **state)
{
	struct client c = client_tcp(), d = client_tcp();
	char request[256];

	(void)state;
	snprintf(request, sizeof(request),
		 "POST /secret HTTP/1.1\r\n" LATER "Content-Length: 65\r\n\r\n%065d", 1);
	client_say(&c, request);
	TURN_UNTIL(fx.asked != NULL);
	http_admit(asked());
	client_answer(&c);
	assert_true(has(&c, "HTTP/1.1 413 "));
	assert_int_equal(fx.handled, 0);
	/* who may not ask is not told */
	snprintf(request, sizeof(request),
		 "POST /secret HTTP/1.1\r\nHost: loa\r\nContent-Length: 65\r\n\r\n%065d", 1);
	client_say(&d, request);
	client_answer(&d);
	assert_true(has(&d, "HTTP/1.1 401 "));
	client_close(&c);
	client_close(&d);
}

static void
a_request_whose_server_was_cut_meanwhile_is_not_handled(void **state)
{
	struct client c = client_tcp(), d = client_tcp();
	struct http_exchange *first;

	(void)state;
	client_say(&c, "GET /secret HTTP/1.1\r\n" LATER "\r\n");
	TURN_UNTIL(fx.asked != NULL);
	first = asked();
	client_say(&d, "GET /secret HTTP/1.1\r\n" LATER "\r\n");
	TURN_UNTIL(fx.asked != NULL);
	http_server_free(fx.server);
	fx.server = NULL;
	assert_true(http_is_gone(first));
	assert_string_equal(http_header(first, "authorization"), "Bearer later");
	assert_string_equal((const char *)http_who(first), "alice");
	http_admit(first);
	http_answer_unauthorised(asked(), "the token is over");
	assert_int_equal(fx.handled, 0);
	TURN_UNTIL(is_over(&c) && is_over(&d));
	assert_int_equal(c.in.len + d.in.len, 0);
	client_close(&c);
	client_close(&d);
}

static void
on_closed(void *arg)
{
	assert_ptr_equal(arg, &fx);
	fx.closed++;
	fx.server = NULL;
}

static void
close_waits_for_who_is_being_asked_about(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /secret HTTP/1.1\r\n" LATER "\r\n");
	TURN_UNTIL(fx.asked != NULL);
	http_server_close(fx.server, 20000, on_closed, &fx);
	for (int i = 0; i < 3; i++)
		loop_turn(fx.loop, 1);
	assert_int_equal(fx.closed, 0);
	http_admit(asked());
	TURN_UNTIL(fx.closed == 1);
	TURN_UNTIL(is_over(&c));
	assert_true(has(&c, "{\"user\":\"alice\"}"));
	client_close(&c);
}

static void
a_client_that_left_before_it_was_known_is_dropped(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct client c = client_tcp();

		client_say(&c, "GET /secret HTTP/1.1\r\n" LATER "\r\n");
		TURN_UNTIL(fx.asked != NULL);
		client_close(&c);
		loop_turn(fx.loop, 1);
		http_admit(asked());
		for (int k = 0; k < 5; k++)
			loop_turn(fx.loop, 1);
	}
	expect("GET /ping" END, "HTTP/1.1 200 ", NULL);
}

/* The clients of these tests are on this machine, as a proxy is. */
static void
a_proxy_on_this_machine_says_whose_request_it_is(void **state)
{
	struct client c = client_unix();

	(void)state;
	expect("GET /peer" END, "HTTP/1.1 200 ", "127.0.0.1");
	expect("GET /peer HTTP/1.1\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n", "HTTP/1.1 200 ",
	       "10.1.2.3");
	/* what the client claims stands before what the proxy adds */
	expect("GET /peer HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1, 2001:db8::7\r\n\r\n",
	       "HTTP/1.1 200 ", "2001:db8::7");
	expect("GET /peer HTTP/1.1\r\nX-Forwarded-For: somebody\r\n\r\n", "HTTP/1.1 200 ",
	       "127.0.0.1");
	expect("GET /peer HTTP/1.1\r\nX-Forwarded-For: "
	       "1111111111111111111111111111111111111111111111111\r\n\r\n",
	       "HTTP/1.1 200 ", "127.0.0.1");
	client_say(&c, "GET /peer" END);
	assert_string_equal(client_answer(&c), "socket");
	client_close(&c);
}

static void
without_anybody_to_ask_nobody_may(void **state)
{
	struct http_options o = options();
	struct err_ctx e;

	(void)state;
	http_server_free(fx.server);
	o.authorise = NULL;
	assert_int_equal(http_server_new(fx.loop, &o, &fx.server, &e), ERR_OK);
	PROBLEM("GET /secret HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n\r\n", 401, "refused",
		NULL);
	expect("GET /ping" END, "HTTP/1.1 200 ", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_admitted_request_goes_to_its_handler),
		TEST(whoever_is_asked_may_refuse_instead),
		TEST(the_socket_is_asked_about_too_and_hooks_are_not),
		TEST(a_body_that_is_too_long_is_refused_after_its_admission),
		TEST(a_request_whose_server_was_cut_meanwhile_is_not_handled),
		TEST(close_waits_for_who_is_being_asked_about),
		TEST(a_client_that_left_before_it_was_known_is_dropped),
		TEST(a_proxy_on_this_machine_says_whose_request_it_is),
		TEST(without_anybody_to_ask_nobody_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
