/* SPDX-License-Identifier: MIT */
/* The HTTP server: requests, refusals, addresses. */
#include "tests/unit/dispatcher/api/http_fixture.h"

static void
a_route_is_found_and_answered_as_json(void **state)
{
	struct client c = client_tcp();

	(void)state;
	assert_true(http_server_port(fx.server) > 0);
	client_say(&c, "GET /ping" END);
	assert_string_equal(client_answer(&c), "{\"pong\":true}");
	assert_true(has(&c, "HTTP/1.1 200 OK\r\n"));
	assert_true(has(&c, "Content-Type: application/json\r\n"));
	assert_true(has(&c, "Content-Length: 13\r\n"));
	assert_true(has(&c, "X-Request-Id: "));
	assert_int_equal(http_server_gauges(fx.server)->answered[2], 1);
	assert_int_equal(http_server_gauges(fx.server)->held, 0);
	client_close(&c);
}

static void
parameters_are_percent_decoded_utf8(void **state)
{
	(void)state;
	/* "Phường 1/2" and "đỗ" in UTF-8; + is a blank in queries only */
	expect("GET /lists/Ph%C6%B0%E1%BB%9Dng%201%2f2+?q=%c4%91%E1%BB%97+1&bare&q=2" END,
	       "HTTP/1.1 200 ",
	       "GET name=Phường 1/2+ q=đỗ 1 bare= "
	       "raw=q=%c4%91%E1%BB%97+1&bare&q=2 key=(none) local=0");
	expect("GET /lists/x?%71=a%3Db HTTP/1.1\r\nHost: a\r\nIDEMPOTENCY-KEY:  k-1 \r\n\r\n",
	       "HTTP/1.1 200 ", "GET name=x q=a=b bare=(none) raw=%71=a%3Db key=k-1 local=0");
	expect("GET http://loa.example/lists/x?q=1" END, "HTTP/1.1 200 ",
	       "GET name=x q=1 bare=(none) raw=q=1 key=(none) local=0");
}

static void
malformed_paths_and_queries_are_refused(void **state)
{
	char longer[1400] = "GET /lists/";
	char *p = longer + strlen(longer);

	(void)state;
	PROBLEM("GET /lists/%zz" END, 400, "usage", NULL);
	PROBLEM("GET /lists/a%2" END, 400, "usage", NULL);
	PROBLEM("GET /lists/a%00b" END, 400, "usage", NULL);
	PROBLEM("GET /lists/%C3%28" END, 400, "usage", NULL); /* no UTF-8 */
	PROBLEM("GET /lists/x?q=%F0%28" END, 400, "usage", NULL);
	memset(p, 'a', 1025);
	strncpy(p + 1025, END, 40);
	PROBLEM(longer, 400, "usage", NULL);
}

static void
unknown_paths_and_methods_are_refused(void **state)
{
	(void)state;
	PROBLEM("GET /nothing" END, 404, "not-found", NULL);
	PROBLEM("GET /lists/" END, 404, "not-found", NULL);
	PROBLEM("GET /lists/a/b" END, 404, "not-found", NULL);
	PROBLEM("GET /" END, 404, "not-found", NULL);
	PROBLEM("POST /ping" END, 405, "usage", "Allow: GET, HEAD\r\n");
	PROBLEM("PUT /lists/x" END, 405, "usage", "Allow: GET, HEAD, DELETE\r\n");
	PROBLEM("GET /echo" END, 405, "usage", "Allow: POST\r\n");
	PROBLEM("OPTIONS /echo" END, 405, "usage", "Allow: POST\r\n");
	PROBLEM("TRACE /echo" END, 501, "usage", NULL);
	PROBLEM("CONNECT loa:80" END, 501, "usage", NULL);
	PROBLEM("BREW /ping" END, 501, "usage", NULL);
	assert_int_equal(fx.handled, 0);
}

static void
the_first_row_wins_and_a_tail_takes_the_rest(void **state)
{
	(void)state;
	expect("GET /lists/all" END, "HTTP/1.1 200 ", "{\"pong\":true}");
	expect("GET /files/a/b%20c.js" END, "HTTP/1.1 200 ", "a/b c.js");
	expect("GET /files/" END, "HTTP/1.1 200 ", "");
	PROBLEM("GET /files/../etc/passwd" END, 404, "not-found", NULL);
	PROBLEM("GET /files/%2e%2e/etc" END, 404, "not-found", NULL);
	PROBLEM("GET /files/..%2fetc" END, 404, "not-found", NULL);
}

static void
an_error_becomes_a_problem_with_its_place(void **state)
{
	struct client c = client_tcp();
	const char *body;

	(void)state;
	client_say(&c, "GET /fail HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc-1\r\n\r\n");
	body = client_answer(&c);
	assert_true(has(&c, "HTTP/1.1 422 Unprocessable Content\r\n"));
	assert_true(has(&c, "X-Request-Id: abc-1\r\n"));
	assert_string_equal(body, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\","
				  "\"status\":422,"
				  "\"detail\":\"unknown placeholder \\\"ten\\\"\","
				  "\"code\":\"input\",\"what\":\"mẫu.txt\","
				  "\"todo\":\"close the tag\",\"line\":3,\"column\":14,"
				  "\"request\":\"abc-1\"}");
	client_close(&c);
}

static void
a_strange_request_id_is_replaced(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "GET /ping HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b\"\r\n\r\n");
	client_answer(&c);
	assert_true(has(&c, "X-Request-Id: "));
	assert_false(has(&c, "a b\""));
	client_close(&c);
}

static void
head_gets_the_headers_of_get_without_a_body(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "HEAD /ping" END "GET /ping" END);
	TURN_UNTIL(has(&c, "pong"));
	assert_int_equal(count(c.in.data, "HTTP/1.1 200 OK\r\n"), 2);
	assert_int_equal(count(c.in.data, "Content-Length: 13\r\n"), 2);
	assert_int_equal(count(c.in.data, "pong"), 1);
	client_close(&c);
	c = client_tcp();
	client_say(&c, "HEAD /echo HTTP/1.1\r\nConnection: close\r\n\r\n");
	TURN_UNTIL(is_over(&c));
	assert_true(has(&c, "HTTP/1.1 405 "));
	assert_true(has(&c, "Allow: POST\r\n"));
	assert_string_equal(strstr(c.in.data, "\r\n\r\n"), "\r\n\r\n");
	client_close(&c);
}

static void
an_answer_without_content_has_no_body(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "DELETE /lists/x" END "GET /ping" END);
	TURN_UNTIL(has(&c, "pong"));
	assert_true(has(&c, "HTTP/1.1 204 No Content\r\n"));
	assert_true(has(&c, "X-Next: /ping\r\n"));
	assert_int_equal(count(c.in.data, "Content-Length"), 1);
	client_close(&c);
}

static void
a_connection_is_kept_until_the_client_says_close(void **state)
{
	struct client c = client_tcp(), old = client_tcp();

	(void)state;
	for (size_t i = 1; i <= 3; i++) {
		client_say(&c, "GET /ping" END);
		TURN_UNTIL((client_read(&c), count(c.in.data, "pong") == i));
	}
	assert_false(c.is_over);
	client_say(&c, "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	TURN_UNTIL(is_over(&c));
	assert_int_equal(count(c.in.data, "pong"), 4);
	assert_int_equal(count(c.in.data, "Connection: close\r\n"), 1);
	client_say(&old, "GET /ping HTTP/1.0\r\n\r\n");
	TURN_UNTIL(is_over(&old));
	assert_int_equal(count(old.in.data, "pong"), 1);
	client_close(&c);
	client_close(&old);
}

static void
bodies_come_whole_and_bounded(void **state)
{
	static char big[100100];
	struct client c = client_tcp();
	int n = snprintf(big, sizeof(big), "POST /echo HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");

	(void)state;
	memset(big + n, 'x', 100000);
	big[n + 99999] = 'y';
	client_say_n(&c, big, (size_t)n + 100000);
	TURN_UNTIL(has(&c, "xy"));
	client_close(&c);
	expect("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n"
	       "0\r\n\r\n",
	       "HTTP/1.1 200 ", "abcde");
	expect("POST /echo" END, "HTTP/1.1 200 ", "");
	n = snprintf(big, sizeof(big), "POST /echo HTTP/1.1\r\nContent-Length: 100001\r\n\r\n");
	memset(big + n, 'x', 100001 - 1);
	big[n + 100000] = 'x';
	expect_problem(big, (size_t)n + 100001, 413, "input", "Connection: close\r\n");
	n = snprintf(big, sizeof(big),
		     "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n186A1\r\nxxx");
	expect_problem(big, (size_t)n, 413, "input", NULL);
}

static void
a_route_may_take_less_than_the_server(void **state)
{
	char request[400];

	(void)state;
	snprintf(request, sizeof(request),
		 "POST /hooks/receipt/esms/tok HTTP/1.1\r\nContent-Length: 65\r\n\r\n%065d", 1);
	PROBLEM(request, 413, "input", NULL);
	expect("POST /hooks/receipt/esms/tok HTTP/1.1\r\nContent-Length: 2\r\n\r\nok",
	       "HTTP/1.1 200 ", "ok");
}

static void
oversized_headers_are_refused(void **state)
{
	static char big[40000];
	int n = snprintf(big, sizeof(big), "GET /ping HTTP/1.1\r\nX-A: ");

	(void)state;
	memset(big + n, 'a', 17000);
	expect_problem(big, (size_t)n + 17000, 400, "usage", "Connection: close\r\n");
	n = snprintf(big, sizeof(big), "GET /ping?");
	memset(big + n, 'a', 17000);
	expect_problem(big, (size_t)n + 17000, 400, "usage", NULL);
	/* line ends are not counted */
	for (n = snprintf(big, sizeof(big), "GET /ping HTTP/1.1\r\n"); n < 26000;)
		n += snprintf(big + n, sizeof(big) - (size_t)n, "A: b\r\n");
	expect_problem(big, (size_t)n, 400, "usage", NULL);
}

static void
garbage_is_refused_also_behind_a_good_request(void **state)
{
	struct client c = client_tcp();

	(void)state;
	PROBLEM("hello there, this is no HTTP\r\n\r\n", 400, "usage", NULL);
	PROBLEM("GET /ping HTTP/1.1\r\nno colon here\r\n\r\n", 400, "usage", NULL);
	PROBLEM("POST /echo HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400, "usage", NULL);
	/* whole, as only a libevent of a certain age refuses it before its body */
	PROBLEM("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\na\r\n0\r\n\r\n",
		400, "usage", NULL);
	client_say(&c, "GET /ping" END "\x16\x03\x01 garbage that is no request line\r\n\r\n");
	TURN_UNTIL(is_over(&c));
	assert_int_equal(count(c.in.data, "pong"), 1);
	assert_int_equal(count(c.in.data, "HTTP/1.1 400 Bad Request\r\n"), 1);
	assert_int_equal(count(c.in.data, "<HTML>"), 0);
	client_close(&c);
	assert_int_equal(http_server_gauges(fx.server)->answered[4], 5);
}

/* Bytes of good requests, changed here and there: whatever is said, the server lives on. */
static void
mutated_requests_do_no_harm(void **state)
{
	static const char *const good[] = {
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"GET /lists/%C4%91?q=%C4%91&a=b#c HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
		"POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
		"HEAD //host:80/files/a/../b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	};
	static const char odd[] = "\r\n :;%/?#\\x00\x7f\xff-+9Ff[]{}";
	uint32_t seed = 12345;

	(void)state;
	for (int i = 0; i < 600; i++) {
		struct client c = client_tcp();
		char text[256];
		size_t n = strlen(good[i % 5]);

		memcpy(text, good[i % 5], n);
		for (int k = 0; k < 1 + i % 4; k++) {
			seed = seed * 1664525u + 1013904223u;
			text[(seed >> 8) % n] = odd[(seed >> 24) % (sizeof(odd) - 1)];
		}
		client_say_n(&c, text, n);
		shutdown(c.fd, SHUT_WR);
		for (int k = 0; k < 4; k++)
			loop_turn(fx.loop, 0);
		client_read(&c);
		assert_int_equal(count(c.in.data, "<HTML>"), 0);
		client_close(&c);
	}
	expect("GET /ping" END, "HTTP/1.1 200 ", NULL);
}

static void
a_client_that_asks_before_sending_is_told_to_go_on(void **state)
{
	struct client c = client_tcp();

	(void)state;
	client_say(&c, "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	TURN_UNTIL(has(&c, "HTTP/1.1 100 Continue\r\n\r\n"));
	client_say(&c, "abc");
	TURN_UNTIL(has(&c, "\r\n\r\nabc"));
	client_close(&c);
	PROBLEM("POST /echo HTTP/1.1\r\nExpect: tea\r\nContent-Length: 3\r\n\r\n", 417, "usage",
		NULL);
}

static void
tcp_needs_the_right_token_where_the_route_says_so(void **state)
{
	(void)state;
	PROBLEM("GET /secret" END, 401, "refused", "WWW-Authenticate: Bearer realm=\"loa\"\r\n");
	PROBLEM("GET /secret HTTP/1.1\r\nAuthorization: Bearer wrong1\r\n\r\n", 401, "refused",
		"WWW-Authenticate: Bearer realm=\"loa\", error=\"invalid_token\"\r\n");
	PROBLEM("GET /secret HTTP/1.1\r\nAuthorization: Basic czNjcmV0\r\n\r\n", 401, "refused",
		"WWW-Authenticate: Bearer realm=\"loa\"\r\n");
	expect("GET /secret HTTP/1.1\r\nAuthorization: bearer  s3cret \r\n\r\n", "HTTP/1.1 200 ",
	       "{\"user\":\"alice\"}");
	expect("GET /ping HTTP/1.1\r\nAuthorization: Bearer wrong1\r\n\r\n", "HTTP/1.1 200 ", NULL);
}

static void
the_unix_socket_needs_no_token_and_is_private(void **state)
{
	struct client c = client_unix();
	struct stat st;

	(void)state;
	assert_int_equal(stat(fx.socket, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	client_say(&c, "GET /secret" END "GET /lists/x" END);
	TURN_UNTIL(has(&c, "local=1"));
	assert_true(has(&c, "{\"user\":\"local\"}"));
	client_close(&c);
}

static void
without_descriptors_it_waits_and_goes_on(void **state)
{
	struct rlimit old, few;
	struct client c;
	int64_t began_ms;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	c = client_tcp();
	few = (struct rlimit){(rlim_t)c.fd + 1, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	loop_turn(fx.loop, 20); /* accept fails */
	began_ms = clock_mono_ms();
	for (int i = 0; i < 4; i++)
		loop_turn(fx.loop, 15);
	assert_true(clock_mono_ms() - began_ms >= 30); /* it slept: accept was not tried again */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	client_say(&c, "GET /ping" END);
	client_answer(&c);
	assert_int_equal(fx.handled, 1);
	client_close(&c);
}

static void
a_port_in_use_is_told(void **state)
{
	struct http_options o = options();
	struct http_server *second = NULL;
	struct err_ctx e;
	char address[32];

	(void)state;
	snprintf(address, sizeof(address), "127.0.0.1:%d", http_server_port(fx.server));
	o.listen = address;
	o.unix_socket = NULL;
	assert_int_equal(http_server_new(fx.loop, &o, &second, &e), ERR_SYSTEM);
	assert_string_equal(e.what, address);
	assert_string_equal(e.why, "the port is in use");
	assert_null(second);
	o.listen = "192.0.2.1:0"; /* TEST-NET-1, RFC 5737 */
	assert_int_equal(http_server_new(fx.loop, &o, &second, &e), ERR_SYSTEM);
	assert_non_null(strstr(e.why, "cannot be bound"));
}

static void
bad_addresses_are_told(void **state)
{
	static const char *const bad[] = {
		"8088",	  ":8088",	    "127.0.0.1:",   "127.0.0.1:70000",
		"::1:80", "example.com:80", "127.0.0.1:-1", "[::1:80",
		"",	  "127.0.0.1:8a"};
	struct http_options o = options();
	struct http_server *s;
	struct err_ctx e;

	(void)state;
	o.unix_socket = NULL;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		o.listen = bad[i];
		assert_int_equal(http_server_new(fx.loop, &o, &s, &e), ERR_USAGE);
	}
	o.listen = "localhost:0";
	assert_int_equal(http_server_new(fx.loop, &o, &s, &e), ERR_OK);
	assert_true(http_server_port(s) > 0);
	http_server_free(s);
}

static void
a_dead_servers_socket_is_replaced_a_living_ones_is_not(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct http_options o = options();
	struct http_server *second = NULL;
	char path[100], longer[200];
	struct err_ctx e;
	struct client c;
	int fd;

	(void)state;
	o.listen = NULL;
	assert_int_equal(http_server_new(fx.loop, &o, &second, &e), ERR_SYSTEM);
	assert_string_equal(e.why, "a server listens on this socket already");
	/* the refusal left the living one alone */
	c = client_unix();
	client_say(&c, "GET /ping" END);
	client_answer(&c);
	client_close(&c);

	snprintf(path, sizeof(path), "%s/stale", fx.dir);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	o.unix_socket = path;
	assert_int_equal(http_server_new(fx.loop, &o, &second, &e), ERR_OK);
	assert_int_equal(http_server_port(second), 0);
	http_server_free(second);
	assert_int_not_equal(access(path, F_OK), 0);

	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(http_server_new(fx.loop, &o, &second, &e), ERR_SYSTEM);
	assert_string_equal(e.why, "is there already and is no socket");
	assert_int_equal(unlink(path), 0);

	snprintf(longer, sizeof(longer), "%s/%0120d", fx.dir, 1);
	o.unix_socket = longer;
	assert_int_equal(http_server_new(fx.loop, &o, &second, &e), ERR_USAGE);
	assert_non_null(strstr(e.why, "too long a path"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_route_is_found_and_answered_as_json),
		TEST(parameters_are_percent_decoded_utf8),
		TEST(malformed_paths_and_queries_are_refused),
		TEST(unknown_paths_and_methods_are_refused),
		TEST(the_first_row_wins_and_a_tail_takes_the_rest),
		TEST(an_error_becomes_a_problem_with_its_place),
		TEST(a_strange_request_id_is_replaced),
		TEST(head_gets_the_headers_of_get_without_a_body),
		TEST(an_answer_without_content_has_no_body),
		TEST(a_connection_is_kept_until_the_client_says_close),
		TEST(bodies_come_whole_and_bounded),
		TEST(a_route_may_take_less_than_the_server),
		TEST(oversized_headers_are_refused),
		TEST(garbage_is_refused_also_behind_a_good_request),
		TEST(mutated_requests_do_no_harm),
		TEST(a_client_that_asks_before_sending_is_told_to_go_on),
		TEST(tcp_needs_the_right_token_where_the_route_says_so),
		TEST(the_unix_socket_needs_no_token_and_is_private),
		TEST(without_descriptors_it_waits_and_goes_on),
		TEST(a_port_in_use_is_told),
		TEST(bad_addresses_are_told),
		TEST(a_dead_servers_socket_is_replaced_a_living_ones_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
