/* SPDX-License-Identifier: MIT */
/*
 * Requests from start to answer, on libcurl's multi.
 *
 *  fetch_start ──▶ QUEUED ──────────▶ RUNNING ──────────▶ callback, freed
 *                    │ START_TRANSFERS   │   EVENTS step      ▲
 *                    └──────┬────────────┘                    │
 *              fetch_cancel │, bad request, multi broken      │
 *                           └──────▶ ENDING ──────────────────┘
 *
 * Curl forbids adding and removing transfers in its callbacks, so all of that is
 * done in two steps at the end of the turn.
 *
 * Departure. Curl asks on_prereq when a connection stands and nothing of the
 * request was written. When a kept connection dies before the first byte of the
 * answer, curl sends the request again on a new one; it asks on_prereq again
 * then, and is told to stop. Such a request is in doubt although the server may
 * have closed long before. To keep that rare, kept connections are looked at
 * just before transfers start (base/fetch_link.c). What is left is a close that
 * crosses the request on the wire.
 *
 * Curl's own limits of connections are not used: its queue counts against the
 * time-out of a request.
 */
#include "base/fetch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/fetch_answer.h"
#include "base/fetch_link.h"
#include "base/log.h"
#include "base/mem.h"

/* Per turn; the rest is for the next one, so that Redis and the API get theirs between. */
#define STARTS_PER_TURN 128
#define ENDS_PER_TURN 64

#define CONNECT_TIMEOUT_MS 10000
#define TIMEOUT_MS 30000
#define CONNECTION_IDLE_MS 50000  /* below the idle limits of most servers (60 s, 75 s) */
#define CONNECTION_LIFETIME_S 300 /* changes of DNS are followed within */
#define DNS_CACHE_S 60
#define TIMEOUT_MAX_MS 3600000
#define URL_MAX (64 * 1024)

enum transfer_state { TRANSFER_QUEUED, TRANSFER_RUNNING, TRANSFER_ENDING, TRANSFER_STATES };

struct fetch_transfer {
	struct fetch *f;
	struct fetch_transfer *prev, *next; /* in the list of its state */
	enum transfer_state state;
	bool is_in_callback;
	CURL *easy; /* NULL = not with curl */
	char *method, *url, *unix_socket;
	char *body;
	size_t body_len;
	struct curl_slist *headers;
	int64_t connect_timeout_ms, timeout_ms;
	bool (*on_depart)(void *arg);
	bool (*on_data)(void *arg, int status, struct slice piece);
	void (*on_answer)(void *arg, const struct fetch_answer *a);
	void *arg;
	int64_t started_us, departed_us;
	unsigned departures; /* how often curl was about to send */
	bool departed, is_denied, is_cancelled;
	const char *why; /* of ENDING; NULL = none */
	struct answer answer;
	char error[CURL_ERROR_SIZE];
};

struct transfer_list {
	struct fetch_transfer *head, *tail;
};

struct fetch {
	struct loop *loop;
	struct fetch_options o; /* strings are ours */
	struct fetch_link link;
	struct loop_step start, end;
	struct transfer_list lists[TRANSFER_STATES];
	size_t pending;
	CURL **spare; /* easy handles to be used again */
	size_t spare_count;
	unsigned depth; /* user's callbacks on the stack */
};

/* ---- lists ---- */

static void
list_remove(struct fetch_transfer *t)
{
	struct transfer_list *l = &t->f->lists[t->state];

	*(t->prev != NULL ? &t->prev->next : &l->head) = t->next;
	*(t->next != NULL ? &t->next->prev : &l->tail) = t->prev;
}

static void
list_append(struct fetch_transfer *t, enum transfer_state state)
{
	struct transfer_list *l = &t->f->lists[state];

	t->state = state;
	t->next = NULL;
	t->prev = l->tail;
	*(l->tail != NULL ? &l->tail->next : &l->head) = t;
	l->tail = t;
}

static void
end_later(struct fetch_transfer *t, const char *why)
{
	list_remove(t);
	list_append(t, TRANSFER_ENDING);
	t->why = why;
	loop_step_want(t->f->loop, &t->f->end);
}

/* ---- one transfer, as curl calls it ---- */

static int
on_prereq(void *arg, char *server, char *local, int server_port, int local_port)
{
	struct fetch_transfer *t = arg;

	(void)server;
	(void)local;
	(void)server_port;
	(void)local_port;
	if (t->departures++ > 0 || t->is_cancelled)
		return CURL_PREREQFUNC_ABORT;
	if (t->on_depart != NULL) {
		t->f->depth++;
		t->is_denied = !t->on_depart(t->arg);
		t->f->depth--;
	}
	if (t->is_denied)
		return CURL_PREREQFUNC_ABORT;
	t->departed = true;
	t->departed_us = clock_mono_us();
	return CURL_PREREQFUNC_OK;
}

/* Less than was given makes curl end the transfer. */
static size_t
on_line(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_transfer *t = arg;

	return answer_add_line(&t->answer, (struct slice){p, size * n}) ? size * n : 0;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_transfer *t = arg;

	if (t->on_data != NULL) {
		t->answer.body_seen += size * n;
		return t->on_data(t->arg, t->answer.status, (struct slice){p, size * n}) ? size * n
											 : 0;
	}
	return answer_add_body(&t->answer, (struct slice){p, size * n}) ? size * n : 0;
}

/* ---- starting ---- */

static CURL *
take_easy(struct fetch *f)
{
	CURL *easy = f->spare_count > 0 ? f->spare[--f->spare_count] : curl_easy_init();

	if (easy == NULL)
		fatalx("fetch: no memory for a transfer");
	return easy;
}

/* Connections, DNS and TLS sessions belong to the multi and stay. */
static void
give_back_easy(struct fetch *f, CURL *easy)
{
	curl_easy_reset(easy);
	if (f->spare_count < f->o.connections_max)
		f->spare[f->spare_count++] = easy;
	else
		curl_easy_cleanup(easy);
}

#define SET(option, value) FETCH_SET(easy, option, value)

static void
set_request(CURL *easy, const struct fetch_transfer *t)
{
	SET(CURLOPT_URL, t->url);
	SET(CURLOPT_UNIX_SOCKET_PATH, t->unix_socket);
	SET(CURLOPT_HTTPHEADER, t->headers);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
	if (t->answer.is_head_request) {
		SET(CURLOPT_NOBODY, 1L);
		return;
	}
	if (strcmp(t->method, "GET") == 0 && t->body_len == 0) {
		SET(CURLOPT_HTTPGET, 1L);
		return;
	}
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_CUSTOMREQUEST, strcmp(t->method, "POST") == 0 ? NULL : t->method);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
	SET(CURLOPT_POSTFIELDS, t->body);
}

/* Everything again each time: an easy handle that was used before is blank. */
static void
set_policy(CURL *easy, struct fetch_transfer *t)
{
	struct fetch *f = t->f;
	bool is_https = strncasecmp(t->url, "https:", 6) == 0;
	bool is_http2 = is_https && f->o.is_http2_allowed;

	SET(CURLOPT_PROTOCOLS_STR, f->o.is_http_allowed ? "http,https" : "https");
	SET(CURLOPT_DEFAULT_PROTOCOL, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_HTTP_VERSION,
	    (long)(is_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	SET(CURLOPT_PIPEWAIT, is_http2 ? 1L : 0L);
	fetch_link_adopt(&f->link, easy, is_http2);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* or the end of a transfer waits for its DNS thread */
	SET(CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_CACHE_S);
	SET(CURLOPT_MAXAGE_CONN, (long)((f->o.idle_ms + 999) / 1000));
	SET(CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFETIME_S);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (f->o.ca_file != NULL) {
		SET(CURLOPT_CAINFO, f->o.ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_USERAGENT, f->o.user_agent);
}

static void
set_callbacks(CURL *easy, struct fetch_transfer *t)
{
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_ERRORBUFFER, t->error);
	SET(CURLOPT_PREREQFUNCTION, on_prereq);
	SET(CURLOPT_PREREQDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_line);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
}

static void
launch(struct fetch_transfer *t)
{
	struct fetch *f = t->f;
	CURLMcode rc;

	t->easy = take_easy(f);
	set_request(t->easy, t);
	set_policy(t->easy, t);
	set_callbacks(t->easy, t);
	rc = curl_multi_add_handle(f->link.multi, t->easy);
	if (rc != CURLM_OK) {
		give_back_easy(f, t->easy);
		t->easy = NULL;
		end_later(t, curl_multi_strerror(rc));
		return;
	}
	list_remove(t);
	list_append(t, TRANSFER_RUNNING);
}

static void
start_queued(struct loop_step *s, void *arg)
{
	struct fetch *f = arg;
	struct fetch_transfer *t;

	fetch_link_retire_dead(&f->link);
	for (int i = 0; i < STARTS_PER_TURN && (t = f->lists[TRANSFER_QUEUED].head) != NULL; i++)
		launch(t);
	if (f->lists[TRANSFER_QUEUED].head != NULL)
		loop_step_want(f->loop, s);
	/* New transfers are due at once; this saves a turn, and dead connections the time to come up. */
	fetch_link_call(&f->link, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- ending ---- */

/* What the caller is told. `result` is curl's; -1 = curl did not end it. */
static struct fetch_answer
judge(struct fetch_transfer *t, int result)
{
	struct fetch_answer out = {.result = FETCH_NO_ANSWER, .departed = t->departed, .why = ""};

	if (t->is_denied) {
		out.result = FETCH_ABORTED;
		out.why = "not let go";
	} else if (result < 0) {
		if (t->is_cancelled && !t->departed)
			out.result = FETCH_ABORTED;
		out.why = t->why;
	} else if (t->departures > 1) {
		out.why = "the kept connection was lost before an answer came";
	} else if (result == CURLE_OK && answer_is_complete(&t->answer)) {
		out.result = FETCH_DONE;
		out.status = t->answer.status;
		out.body = buf_slice(&t->answer.body);
	} else if (t->answer.why[0] != '\0') {
		out.why = t->answer.why;
	} else {
		out.why = t->error[0] ? t->error : curl_easy_strerror((CURLcode)result);
	}
	return out;
}

static void
free_transfer(struct fetch_transfer *t)
{
	answer_clear(&t->answer);
	curl_slist_free_all(t->headers);
	free(t->method);
	free(t->url);
	free(t->unix_socket);
	free(t->body);
	free(t);
}

/* The one end of every transfer. */
static void
finish(struct fetch_transfer *t, int result)
{
	struct fetch *f = t->f;
	struct fetch_header headers[ANSWER_HEADERS_MAX];
	struct fetch_answer a = judge(t, result);

	if (t->easy != NULL) {
		if (curl_multi_remove_handle(f->link.multi, t->easy) != CURLM_OK) {
			f->link.is_broken = true;
			loop_step_want(f->loop, &f->end);
		}
		give_back_easy(f, t->easy);
	}
	list_remove(t);
	if (a.result == FETCH_DONE)
		a.header_count = answer_headers(&t->answer, headers);
	a.headers = headers;
	a.elapsed_us = clock_mono_us() - (t->departed ? t->departed_us : t->started_us);
	f->pending--;
	t->is_in_callback = true;
	f->depth++;
	t->on_answer(t->arg, &a);
	f->depth--;
	free_transfer(t);
}

/* The next transfer that curl ended. *result dies with the message, so it is copied. */
static struct fetch_transfer *
next_done(struct fetch *f, int *result)
{
	struct fetch_transfer *t = NULL;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->link.multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		*result = (int)m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		if (t == NULL || t->easy != m->easy_handle)
			fatalx("fetch: curl ended a transfer that is not ours");
		if (t->state == TRANSFER_RUNNING)
			return t;
		/* Cancelled meanwhile: it is in the other list. */
	}
	return NULL;
}

static void
clean_spare(struct fetch *f)
{
	while (f->spare_count > 0)
		curl_easy_cleanup(f->spare[--f->spare_count]);
}

/* After an error of the multi nothing it says can be trusted, not even what it says is done. */
static void
rebuild(struct fetch *f)
{
	struct fetch_transfer *t;

	while ((t = f->lists[TRANSFER_RUNNING].head) != NULL)
		end_later(t, "the HTTP client failed");
	for (t = f->lists[TRANSFER_ENDING].head; t != NULL; t = t->next) {
		if (t->easy == NULL)
			continue;
		curl_multi_remove_handle(f->link.multi, t->easy);
		curl_easy_cleanup(t->easy);
		t->easy = NULL;
	}
	clean_spare(f);
	fetch_link_close(&f->link);
	fetch_link_open(&f->link);
}

static void
end_some(struct loop_step *s, void *arg)
{
	struct fetch *f = arg;
	struct fetch_transfer *t;
	int left = ENDS_PER_TURN, result;

	while (!f->link.is_broken && left > 0 && (t = next_done(f, &result)) != NULL) {
		finish(t, result);
		left--;
	}
	if (f->link.is_broken)
		rebuild(f);
	while (left > 0 && (t = f->lists[TRANSFER_ENDING].head) != NULL) {
		finish(t, -1);
		left--;
	}
	if (left == 0 || f->link.is_broken)
		loop_step_want(f->loop, s);
}

/* ---- the caller's side ---- */

static char *
copy_or_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

struct fetch *
fetch_new(struct loop *l, const struct fetch_options *o)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatalx("fetch: curl does not start");
	f->loop = l;
	f->o = *o;
	f->o.user_agent = copy_or_null(o->user_agent);
	f->o.ca_file = copy_or_null(o->ca_file);
	if (f->o.connections_max == 0)
		f->o.connections_max = 16;
	if (f->o.idle_ms <= 0)
		f->o.idle_ms = CONNECTION_IDLE_MS;
	f->spare = xcalloc(f->o.connections_max, sizeof(CURL *));
	loop_step_add(l, &f->start, LOOP_START_TRANSFERS, start_queued, f);
	loop_step_add(l, &f->end, LOOP_EVENTS, end_some, f);
	f->link = (struct fetch_link){.loop = l,
				      .connections_max = f->o.connections_max,
				      .idle_us = f->o.idle_ms * 1000,
				      .progress = &f->end};
	fetch_link_open(&f->link);
	return f;
}

void
fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	if (f->depth > 0)
		fatalx("fetch: freed in a callback of its own");
	while (f->pending > 0) {
		for (int state = 0; state < TRANSFER_ENDING; state++)
			while (f->lists[state].head != NULL)
				fetch_cancel(f->lists[state].head);
		finish(f->lists[TRANSFER_ENDING].head, -1);
	}
	clean_spare(f);
	fetch_link_close(&f->link);
	fetch_link_clear(&f->link);
	loop_step_remove(f->loop, &f->start);
	loop_step_remove(f->loop, &f->end);
	free((char *)f->o.user_agent);
	free((char *)f->o.ca_file);
	free(f->spare);
	free(f);
	curl_global_cleanup();
}

/* RFC 9110, 5.6.2 */
static bool
is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL)
			return false;
	}
	return s.n > 0;
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return true;
	return false;
}

static bool
is_name(struct slice s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

static void
add_header(struct fetch_transfer *t, const char *line)
{
	struct curl_slist *more = curl_slist_append(t->headers, line);

	if (more == NULL)
		fatalx("fetch: no memory for headers");
	t->headers = more;
}

/* NULL, or why such a request is not sent. Lengths and ends of the body are this file's matter. */
static const char *
copy_headers(struct fetch_transfer *t, const struct fetch_request *r)
{
	struct buf line = {0};
	bool has_type = false;
	const char *why = NULL;

	for (size_t i = 0; i < r->header_count && why == NULL; i++) {
		struct slice name = r->headers[i].name, value = slice_trim(r->headers[i].value);

		if (!is_token(name) || has_control(value))
			why = "a header has characters that no header may have";
		if (is_name(name, "Content-Length") || is_name(name, "Transfer-Encoding") ||
		    is_name(name, "Expect"))
			why = "a header that says how the body is sent is not the caller's";
		has_type = has_type || is_name(name, "Content-Type");
		buf_reset(&line);
		buf_add_slice(&line, name);
		buf_adds(&line, value.n > 0 ? ": " : ";"); /* curl's way to send an empty one */
		buf_add_slice(&line, value);
		if (why == NULL)
			add_header(t, line.data);
	}
	/* Not what curl would add by itself. */
	add_header(t, "Expect:");
	if (!has_type)
		add_header(t, "Content-Type:");
	buf_free(&line);
	return why;
}

static int64_t
timeout_or(int64_t ms, int64_t usual_ms)
{
	if (ms <= 0)
		return usual_ms;
	return ms < TIMEOUT_MAX_MS ? ms : TIMEOUT_MAX_MS;
}

struct fetch_transfer *
fetch_start(struct fetch *f, const struct fetch_request *r)
{
	struct fetch_transfer *t = xcalloc(1, sizeof(*t));
	const char *why;

	t->f = f;
	t->method = xstrdup(r->method);
	t->url = xstrdup(r->url);
	t->unix_socket = copy_or_null(r->unix_socket);
	t->body = xmemdup0(r->body.n > 0 ? r->body.p : "", r->body.n);
	t->body_len = r->body.n;
	t->connect_timeout_ms = timeout_or(r->connect_timeout_ms, CONNECT_TIMEOUT_MS);
	t->timeout_ms = timeout_or(r->timeout_ms, TIMEOUT_MS);
	t->on_depart = r->on_depart;
	t->on_data = r->on_data;
	t->on_answer = r->on_answer;
	t->arg = r->arg;
	t->started_us = clock_mono_us();
	answer_init(&t->answer, strcmp(r->method, "HEAD") == 0,
		    r->on_data != NULL ? SIZE_MAX : r->body_max);
	f->pending++;
	list_append(t, TRANSFER_QUEUED);
	why = copy_headers(t, r);
	if (!is_token(slice_of(r->method)))
		why = "the method is no word";
	if (strlen(t->url) > URL_MAX)
		why = "the URL is longer than 64 KiB";
	if (why != NULL)
		end_later(t, why);
	else
		loop_step_want(f->loop, &f->start);
	return t;
}

void
fetch_cancel(struct fetch_transfer *t)
{
	if (t->is_in_callback || t->state == TRANSFER_ENDING)
		return;
	t->is_cancelled = true;
	end_later(t, "cancelled");
}

size_t
fetch_pending(const struct fetch *f)
{
	return f->pending;
}

size_t
fetch_connections(const struct fetch *f)
{
	return fetch_link_connections(&f->link);
}
