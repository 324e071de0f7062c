/* SPDX-License-Identifier: MIT */
/*
 * The HTTP client against a small server of its own, a forked process. The path
 * of a request says how the server behaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fetch.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/unit/base/fetch_fixture.h"

static struct outcome a, b;

static void
a_post_arrives_whole_and_its_answer_comes_back(void **state)
{
	const struct fetch_header headers[] = {{SLICE("Authorization"), SLICE("Bearer x")},
					       {SLICE("Content-Type"), SLICE("application/json")},
					       {SLICE("X-Empty"), SLICE("")}};
	struct fetch_request r = request_of(&a, "/ok");

	(void)state;
	r.headers = headers;
	r.header_count = ARRAY_LEN(headers);
	run_request(&a, &r);
	assert_done(&a, 200, "ok");
	assert_string_equal(a.kind, "small");
	assert_int_equal(a.headers, 2);
	assert_int_equal(a.asked, 1);
	assert_int_equal(counts->requests, 1);
	assert_int_equal(counts->body_len, strlen("{\"to\":\"84900000001\"}"));
	assert_ptr_equal(strstr(counts->head, "POST /ok HTTP/1.1\r\n"), counts->head);
	assert_non_null(strstr(counts->head, "\r\nAuthorization: Bearer x\r\n"));
	assert_non_null(strstr(counts->head, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(counts->head, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(counts->head, "\r\nUser-Agent: loa-test\r\n"));
	assert_null(strstr(counts->head, "Expect"));
}

static void
a_get_has_no_body_and_no_content_type(void **state)
{
	struct fetch_request r = request_of(&a, "/ok");

	(void)state;
	r.method = "GET";
	r.body = (struct slice){0};
	run_request(&a, &r);
	assert_done(&a, 200, "ok");
	assert_ptr_equal(strstr(counts->head, "GET /ok HTTP/1.1\r\n"), counts->head);
	assert_null(strcasestr(counts->head, "Content-"));
}

static void
other_methods_keep_their_names(void **state)
{
	struct fetch_request r = request_of(&a, "/ok");

	(void)state;
	r.method = "PUT";
	run_request(&a, &r);
	assert_done(&a, 200, "ok");
	assert_ptr_equal(strstr(counts->head, "PUT /ok HTTP/1.1\r\n"), counts->head);
}

static void
a_body_of_600_kb_arrives_whole(void **state)
{
	struct fetch_request r = request_of(&a, "/ok");
	char *body = xmalloc(600000);
	unsigned sum = 0;

	(void)state;
	for (size_t i = 0; i < 600000; i++) {
		body[i] = (char)('a' + i * 7 % 26);
		sum = sum * 31 + (unsigned char)body[i];
	}
	r.body = (struct slice){body, 600000};
	start_request(&a, &r);
	memset(body, 0, 600000);
	free(body);
	fx.url[0] = '\0';
	TURN_UNTIL(a.calls > 0);
	assert_done(&a, 200, "ok");
	assert_int_equal(counts->body_len, 600000);
	assert_int_equal(counts->body_sum, sum);
}

static void
a_unix_socket_is_used_when_one_is_given(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct fetch_request r;

	(void)state;
	stop_server();
	snprintf(fx.path, sizeof(fx.path), "%s/s", fx.dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fx.path);
	fork_server(listen_on((struct sockaddr *)&address, sizeof(address)));
	r = request_of(&a, "/ok");
	r.unix_socket = fx.path;
	for (int i = 0; i < 3; i++) {
		run_request(&a, &r);
		assert_done(&a, 200, "ok");
	}
	assert_int_equal(counts->accepted, 1);
	unlink(fx.path);
}

/* ---- which answers are complete ---- */

static void
an_answer_whose_end_was_announced_and_seen_is_complete(void **state)
{
	static const struct {
		const char *path, *body;
		int status;
	} cases[] = {{"/chunked", "hello world", 200},
		     {"/204", "", 204},
		     {"/500", "", 500},
		     {"/302", "", 302},
		     {"/interim", "ok", 200},
		     {"/length-10", "old", 200},
		     {"/63-headers", "", 200}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		post(&a, cases[i].path);
		assert_done(&a, cases[i].status, cases[i].body);
	}
	assert_int_equal(a.headers, 64);
	assert_int_equal(counts->requests, ARRAY_LEN(cases));
}

static void
an_answer_that_may_be_cut_is_none(void **state)
{
	static const struct {
		const char *path, *why;
	} cases[] = {{"/truncated", ""},
		     {"/cut-head", ""},
		     {"/chunked-cut", ""},
		     {"/by-close", "the answer tells neither its length nor its end"},
		     {"/by-close-10", "the answer tells neither its length nor its end"},
		     {"/coding", "the answer's transfer coding is unknown"},
		     {"/two-lengths", ""},
		     {"/not-http", ""},
		     {"/large", "the answer is too large"},
		     {"/large-length", "the answer is too large"},
		     {"/many-headers", "the answer has more than 64 headers"},
		     {"/long-headers", "the answer's headers are larger than 16 KiB"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		post(&a, cases[i].path);
		assert_in_doubt(&a);
		if (cases[i].why[0] != '\0')
			assert_string_equal(a.why, cases[i].why);
		assert_int_equal(a.headers, 0);
		assert_int_equal(counts->requests, i + 1);
	}
}

static void
a_head_request_is_complete_without_the_body_it_announces(void **state)
{
	struct fetch_request r = request_of(&a, "/large-length");

	(void)state;
	r.method = "HEAD";
	r.body = (struct slice){0};
	run_request(&a, &r);
	assert_done(&a, 200, "");
}

static void
a_folded_header_is_one_value(void **state)
{
	(void)state;
	post(&a, "/folded");
	assert_done(&a, 200, "");
	assert_string_equal(a.kind, "one two");
}

static void
the_cap_of_the_body_is_the_callers(void **state)
{
	struct fetch_request r = request_of(&a, "/ok");

	(void)state;
	r.body_max = 2;
	run_request(&a, &r);
	assert_done(&a, 200, "ok");
	r.body_max = 1;
	run_request(&a, &r);
	assert_in_doubt(&a);
}

/* ---- departed or not ---- */

static void
a_refused_connection_is_surely_not_sent(void **state)
{
	(void)state;
	stop_server();
	post(&a, "/ok");
	assert_int_equal(a.result, FETCH_NO_ANSWER);
	assert_false(a.departed);
	assert_int_equal(a.asked, 0);
}

static void
a_no_at_departure_aborts_and_the_server_sees_nothing(void **state)
{
	(void)state;
	post(&b, "/ok");
	a.is_denied = true;
	post(&a, "/ok");
	a.is_denied = false;
	assert_int_equal(a.result, FETCH_ABORTED);
	assert_false(a.departed);
	assert_int_equal(a.asked, 1);
	post(&b, "/ok");
	assert_done(&b, 200, "ok");
	assert_int_equal(counts->requests, 2);
}

static void
silence_after_departure_is_in_doubt_when_time_is_up(void **state)
{
	struct fetch_request r = request_of(&a, "/silent");
	int64_t began_ms = clock_mono_ms();

	(void)state;
	r.timeout_ms = 200;
	run_request(&a, &r);
	assert_in_doubt(&a);
	assert_in_range(clock_mono_ms() - began_ms, 190, 1000);
	assert_in_range(a.elapsed_us, 150000, 1000000);
	assert_int_equal(counts->requests, 1);
}

static void
kept_connection_lost(const char *path)
{
	post(&a, "/ok");
	assert_done(&a, 200, "ok");
	post(&a, path);
	assert_in_doubt(&a);
	TURN_UNTIL(counts->open == 0);
	assert_int_equal(counts->requests, 2);
}

static void
a_kept_connection_closed_instead_of_an_answer_is_in_doubt_and_not_sent_again(void **state)
{
	(void)state;
	kept_connection_lost("/fin");
}

static void
a_kept_connection_reset_instead_of_an_answer_is_in_doubt_and_not_sent_again(void **state)
{
	(void)state;
	kept_connection_lost("/rst");
}

static void
a_fresh_connection_closed_instead_of_an_answer_is_in_doubt(void **state)
{
	(void)state;
	post(&a, "/fin");
	assert_in_doubt(&a);
	post(&a, "/rst");
	assert_in_doubt(&a);
	assert_int_equal(counts->requests, 2);
}

/* The connection ended while nobody used it: found before the request departs. */
static void
idle_connection_ended(const char *path)
{
	for (int i = 0; i < 5; i++) {
		int before = counts->closed_by_server;

		post(&a, path);
		assert_done(&a, 200, "ok");
		TURN_UNTIL(counts->closed_by_server == before + 1);
		post(&a, "/ok");
		assert_done(&a, 200, "ok");
		assert_int_equal(counts->requests, 2 * i + 2);
	}
}

static void
a_connection_that_was_closed_while_idle_is_not_used(void **state)
{
	(void)state;
	idle_connection_ended("/ok-fin");
}

static void
a_connection_that_was_reset_while_idle_is_not_used(void **state)
{
	(void)state;
	idle_connection_ended("/ok-rst");
}

static void
what_a_server_says_unasked_is_nobodys_answer(void **state)
{
	(void)state;
	idle_connection_ended("/ok-and-more");
}

/* ---- cancelling and freeing ---- */

static void
cancelled_before_departure_is_aborted(void **state)
{
	struct fetch_request r = request_of(&a, "/ok");

	(void)state;
	start_request(&a, &r);
	fetch_cancel(a.t);
	fetch_cancel(a.t);
	assert_int_equal(a.calls, 0);
	loop_turn(fx.loop, 0);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.result, FETCH_ABORTED);
	assert_false(a.departed);
	post(&b, "/ok");
	assert_int_equal(counts->requests, 1);
}

static void
cancelled_after_departure_is_in_doubt(void **state)
{
	struct fetch_request r = request_of(&a, "/silent");

	(void)state;
	start_request(&a, &r);
	TURN_UNTIL(counts->requests == 1);
	fetch_cancel(a.t);
	assert_int_equal(a.calls, 0);
	loop_turn(fx.loop, 0);
	assert_int_equal(a.calls, 1);
	assert_in_doubt(&a);
	TURN_UNTIL(counts->open == 0);
}

static bool
cancel_here(void *arg)
{
	struct outcome *out = arg;

	out->asked++;
	fetch_cancel(out->t);
	return true;
}

static void
cancelled_while_asked_for_departure_is_answered_once(void **state)
{
	struct fetch_request r = request_of(&a, "/ok");

	(void)state;
	r.on_depart = cancel_here;
	run_request(&a, &r);
	assert_in_doubt(&a);
}

static void
freeing_answers_what_is_pending(void **state)
{
	static struct outcome queued, running;
	struct fetch_request r = request_of(&running, "/silent");

	(void)state;
	start_request(&running, &r);
	TURN_UNTIL(counts->requests == 1);
	r.arg = &queued;
	start_request(&queued, &r);
	assert_int_equal(fetch_pending(fx.f), 2);
	fetch_free(fx.f);
	fx.f = NULL;
	assert_int_equal(running.calls, 1);
	assert_in_doubt(&running);
	assert_int_equal(queued.calls, 1);
	assert_int_equal(queued.result, FETCH_ABORTED);
	assert_false(queued.departed);
}

/* ---- requests that are not sent ---- */

static void
assert_not_sent(struct fetch_request *r)
{
	run_request(&a, r);
	assert_int_equal(a.result, FETCH_NO_ANSWER);
	assert_false(a.departed);
	assert_string_not_equal(a.why, "");
	assert_int_equal(counts->accepted, 0);
}

static void
a_request_that_would_be_another_is_not_sent(void **state)
{
	static const struct fetch_header bad[] = {{SLICE("X"), SLICE("a\r\nY: b")},
						  {SLICE("X"), {"a\0b", 3}},
						  {SLICE("X Y"), SLICE("a")},
						  {SLICE(""), SLICE("a")},
						  {SLICE("X:"), SLICE("a")},
						  {SLICE("content-length"), SLICE("3")},
						  {SLICE("Transfer-Encoding"), SLICE("chunked")},
						  {SLICE("Expect"), SLICE("100-continue")}};
	struct fetch_request r = request_of(&a, "/ok");

	(void)state;
	r.header_count = 1;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		r.headers = &bad[i];
		assert_not_sent(&r);
	}
	r.header_count = 0;
	r.method = "GE T";
	assert_not_sent(&r);
	r.method = "";
	assert_not_sent(&r);
	r.method = "POST";
	r.url = "";
	assert_not_sent(&r);
	r.url = "ftp://127.0.0.1/";
	assert_not_sent(&r);
	r.url = "http://127.0.0.1:1 /";
	assert_not_sent(&r);
}

static void
plain_http_is_refused_unless_allowed(void **state)
{
	struct fetch_request r = request_of(&a, "/ok");

	(void)state;
	fetch_free(fx.f);
	fx.o.is_http_allowed = false;
	fx.f = fetch_new(fx.loop, &fx.o);
	assert_not_sent(&r);
}

static void
proxies_of_the_environment_are_not_used(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("all_proxy", "http://127.0.0.1:1/", 1);
	post(&a, "/ok");
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	assert_done(&a, 200, "ok");
}

/* ---- many ---- */

static struct {
	int started, ended, done, asked, limit;
	bool is_cancelling;
	struct fetch_transfer *last;
} many;

static void start_one_of_many(const char *path);

static void
count_answer(void *arg, const struct fetch_answer *answer)
{
	int *calls = arg;

	assert_int_equal(++*calls, 1);
	many.ended++;
	many.done += answer->result == FETCH_DONE;
	if (many.started < many.limit)
		start_one_of_many("/ok");
}

static int calls[10000];

static void
start_one_of_many(const char *path)
{
	struct fetch_request r = request_of(NULL, path);

	r.on_depart = NULL;
	r.on_answer = count_answer;
	r.arg = &calls[many.started++];
	many.last = fetch_start(fx.f, &r);
}

static void
ten_thousand_requests_eight_at_a_time_take_eight_connections(void **state)
{
	(void)state;
	memset(&many, 0, sizeof(many));
	memset(calls, 0, sizeof(calls));
	many.limit = 10000;
	for (int i = 0; i < 8; i++)
		start_one_of_many("/ok");
	TURN_UNTIL(many.ended == 10000);
	assert_int_equal(many.done, 10000);
	assert_int_equal(counts->requests, 10000);
	assert_int_equal(counts->accepted, 8);
}

/* Every way to end, mixed, with cancels at any moment: each callback runs once. */
static void
whatever_happens_each_callback_runs_once(void **state)
{
	static const char *const paths[] = {"/ok",	"/fin",	      "/rst", "/ok-rst",
					    "/ok-fin",	"/truncated", "/204", "/by-close",
					    "/chunked", "/silent",    "/500", "/large"};
	unsigned dice = 12345;

	(void)state;
	memset(&many, 0, sizeof(many));
	memset(calls, 0, sizeof(calls));
	while (many.started < 3000) {
		dice = dice * 1103515245 + 12345;
		if (fetch_pending(fx.f) < 40)
			start_one_of_many(paths[(dice >> 16) % ARRAY_LEN(paths)]);
		else
			loop_turn(fx.loop, 1);
		/* The newest is pending until its callback ran. */
		if ((dice >> 8) % 4 == 0 && calls[many.started - 1] == 0)
			fetch_cancel(many.last);
		if ((dice >> 8) % 64 == 1) {
			fetch_free(fx.f);
			assert_int_equal(many.ended, many.started);
			fx.f = fetch_new(fx.loop, &fx.o);
		}
	}
	fetch_free(fx.f);
	fx.f = NULL;
	assert_int_equal(many.ended, 3000);
	for (int i = 0; i < 3000; i++)
		assert_int_equal(calls[i], 1);
	assert_true(many.done > 0);
}

/* The rest of a turn's answers waits for the next turn, and is not forgotten there. */
static void
a_hundred_at_once_all_come_back(void **state)
{
	static struct outcome outs[100];
	struct fetch_request r = request_of(NULL, "/ok");

	(void)state;
	memset(outs, 0, sizeof(outs));
	for (size_t i = 0; i < ARRAY_LEN(outs); i++) {
		r.arg = &outs[i];
		start_request(&outs[i], &r);
	}
	TURN_UNTIL(fetch_pending(fx.f) == 0);
	for (size_t i = 0; i < ARRAY_LEN(outs); i++) {
		assert_int_equal(outs[i].calls, 1);
		assert_done(&outs[i], 200, "ok");
	}
	TURN_UNTIL(counts->open <= 8);
}

/* ---- when curl itself fails ---- */

static int fail_action; /* the n-th call from now fails; 0 = none */

int curl_multi_socket_action(void *multi, int fd, int bits, int *running);

/* Stands before curl's own in this program. */
int
curl_multi_socket_action(void *multi, int fd, int bits, int *running)
{
	static int (*real)(void *, int, int, int *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "curl_multi_socket_action");
	if (fail_action > 0 && --fail_action == 0)
		return 4; /* CURLM_INTERNAL_ERROR */
	return real(multi, fd, bits, running);
}

static void
an_error_of_curl_ends_all_that_is_under_way_and_the_next_works(void **state)
{
	static struct outcome departed;
	struct fetch_request r = request_of(&departed, "/silent");

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	start_request(&departed, &r);
	TURN_UNTIL(counts->requests == 1);
	r.arg = &a;
	start_request(&a, &r);
	fail_action = 1;
	TURN_UNTIL(departed.calls == 1 && a.calls == 1);
	assert_in_doubt(&departed);
	assert_int_equal(a.result, FETCH_NO_ANSWER);
	assert_false(a.departed);
	post(&a, "/ok");
	assert_done(&a, 200, "ok");
	TURN_UNTIL(counts->open == 1);
}

static void
clock_that_runs_ahead_of_curls_does_not_stop_its_timer(void **state)
{
	struct fetch_request r = request_of(&a, "/silent");

	(void)state;
	r.timeout_ms = 300;
	start_request(&a, &r);
	TURN_UNTIL(counts->requests == 1);
	clock_advance_ms(3600000);
	TURN_UNTIL(a.calls == 1);
	assert_in_doubt(&a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_post_arrives_whole_and_its_answer_comes_back),
		TEST(a_get_has_no_body_and_no_content_type),
		TEST(other_methods_keep_their_names),
		TEST(a_body_of_600_kb_arrives_whole),
		TEST(a_unix_socket_is_used_when_one_is_given),
		TEST(an_answer_whose_end_was_announced_and_seen_is_complete),
		TEST(an_answer_that_may_be_cut_is_none),
		TEST(a_head_request_is_complete_without_the_body_it_announces),
		TEST(a_folded_header_is_one_value),
		TEST(the_cap_of_the_body_is_the_callers),
		TEST(a_refused_connection_is_surely_not_sent),
		TEST(a_no_at_departure_aborts_and_the_server_sees_nothing),
		TEST(silence_after_departure_is_in_doubt_when_time_is_up),
		TEST(a_kept_connection_closed_instead_of_an_answer_is_in_doubt_and_not_sent_again),
		TEST(a_kept_connection_reset_instead_of_an_answer_is_in_doubt_and_not_sent_again),
		TEST(a_fresh_connection_closed_instead_of_an_answer_is_in_doubt),
		TEST(a_connection_that_was_closed_while_idle_is_not_used),
		TEST(a_connection_that_was_reset_while_idle_is_not_used),
		TEST(what_a_server_says_unasked_is_nobodys_answer),
		TEST(cancelled_before_departure_is_aborted),
		TEST(cancelled_after_departure_is_in_doubt),
		TEST(cancelled_while_asked_for_departure_is_answered_once),
		TEST(freeing_answers_what_is_pending),
		TEST(a_request_that_would_be_another_is_not_sent),
		TEST(plain_http_is_refused_unless_allowed),
		TEST(proxies_of_the_environment_are_not_used),
		TEST(ten_thousand_requests_eight_at_a_time_take_eight_connections),
		TEST(whatever_happens_each_callback_runs_once),
		TEST(a_hundred_at_once_all_come_back),
		TEST(an_error_of_curl_ends_all_that_is_under_way_and_the_next_works),
		TEST(clock_that_runs_ahead_of_curls_does_not_stop_its_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
