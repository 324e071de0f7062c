/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi interface on the loop. One event per socket, one timer, and
 * nothing is added or removed inside curl's own callbacks: transfers start in
 * the phase LOOP_START_TRANSFERS, end in LOOP_EVENTS.
 *
 *   fetch_start ─▶ waiting ─(step)─▶ running ─(done message)─▶ over ─(step)─▶ callback, free
 *        fetch_cancel ────────────────────┴──────────────────────┘
 *
 * The prereq function runs when the connection is there and before the first
 * byte of the request: its first call asks on_depart, its second call (curl
 * found the kept connection dead and tries again by itself) aborts.
 */
#include "base/fetch.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define HEADERS_MAX 64
#define HEADER_BYTES_MAX 16384
#define BODY_MAX_DEFAULT 65536
#define SPARE_MAX 64
#define DONE_PER_TURN 64
#define IDLE_MAX_S 50L	    /* a kept connection that was idle longer is not used again */
#define LIFETIME_MAX_S 600L /* so that changes of DNS are followed */

struct header_place {
	uint32_t name, name_n, value, value_n; /* in header_bytes */
};

struct fetch_transfer {
	struct fetch_transfer *next, **link; /* in one of the lists */
	struct fetch *fetch;
	struct fetch_request r;
	CURL *easy;		  /* NULL = not running */
	struct curl_slist *lines; /* request headers */
	char *url, *unix_socket, *method, *bytes;
	struct buf body, header_bytes;
	struct header_place headers[HEADERS_MAX];
	size_t header_count;
	bool departed, was_refused, is_cancelled, is_too_large, has_stopped;
	int64_t started_us, departed_us;
	CURLcode code;
	long status;
	bool has_length; /* Content-Length or chunked: a cut can be told */
	char why[CURL_ERROR_SIZE];
};

struct socket_watch {
	struct event *event;
	struct fetch *fetch;
};

struct list {
	struct fetch_transfer *head, **tail;
};

struct fetch {
	struct loop *loop;
	struct fetch_options o;
	char *user_agent, *ca_file;
	CURLM *multi;
	struct timer timer;
	struct loop_step start, finish;
	struct list waiting, running, over;
	size_t pending;
	CURL *spare[SPARE_MAX];
	size_t spares;
	bool is_broken, is_freeing;
};

/* ---- lists ---- */

static void
list_init(struct list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static void
list_push(struct list *l, struct fetch_transfer *t)
{
	t->next = NULL;
	t->link = l->tail;
	*l->tail = t;
	l->tail = &t->next;
}

static void
list_remove(struct list *l, struct fetch_transfer *t)
{
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
	else
		l->tail = t->link;
}

/* ---- curl's callbacks ---- */

static int
on_prereq(void *arg, char *a, char *b, int c, int d)
{
	struct fetch_transfer *t = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (t->departed || t->was_refused || t->is_cancelled)
		return CURL_PREREQFUNC_ABORT;
	if (t->r.on_depart != NULL && !t->r.on_depart(t->r.arg)) {
		t->was_refused = true;
		return CURL_PREREQFUNC_ABORT;
	}
	t->departed = true;
	t->departed_us = clock_mono_us();
	return CURL_PREREQFUNC_OK;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_transfer *t = arg;
	size_t max = t->r.body_max > 0 ? t->r.body_max : BODY_MAX_DEFAULT;
	long status = 0;

	n *= size;
	if (t->r.on_data != NULL) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		t->has_stopped = !t->r.on_data(t->r.arg, (int)status, (struct slice){p, n});
		return t->has_stopped ? 0 : n;
	}
	if (t->body.len + n > max) {
		t->is_too_large = true;
		return 0;
	}
	buf_add(&t->body, p, n);
	return n;
}

static bool
is_name(struct slice s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

static void
keep_header(struct fetch_transfer *t, struct slice name, struct slice value)
{
	struct header_place *h;

	if (is_name(name, "content-length") || (is_name(name, "transfer-encoding") && value.n >= 7))
		t->has_length = true;
	if (t->header_count == HEADERS_MAX ||
	    t->header_bytes.len + name.n + value.n > HEADER_BYTES_MAX)
		return;
	h = &t->headers[t->header_count++];
	*h = (struct header_place){(uint32_t)t->header_bytes.len, (uint32_t)name.n,
				   (uint32_t)(t->header_bytes.len + name.n), (uint32_t)value.n};
	buf_add_slice(&t->header_bytes, name);
	buf_add_slice(&t->header_bytes, value);
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_transfer *t = arg;
	const char *colon;

	n *= size;
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) { /* a new head: after 100 Continue */
		t->header_count = 0;
		t->has_length = n >= 6 && p[5] == '2'; /* HTTP/2 frames tell the end */
		buf_reset(&t->header_bytes);
		return n;
	}
	colon = memchr(p, ':', n);
	if (colon != NULL)
		keep_header(t, slice_trim((struct slice){p, (size_t)(colon - p)}),
			    slice_trim((struct slice){colon + 1, n - (size_t)(colon + 1 - p)}));
	return n;
}

static void drain_messages(struct fetch *f);

static void
socket_action(struct fetch *f, curl_socket_t fd, int bits)
{
	int running;
	CURLMcode rc = curl_multi_socket_action(f->multi, fd, bits, &running);

	if (rc != CURLM_OK) {
		log_error("fetch=multi result=broken why=%s", curl_multi_strerror(rc));
		f->is_broken = true;
		loop_step_want(f->loop, &f->finish);
		return;
	}
	drain_messages(f);
}

static void
on_socket_event(evutil_socket_t fd, short what, void *arg)
{
	struct socket_watch *w = arg;

	loop_touch(w->fetch->loop);
	socket_action(w->fetch, (curl_socket_t)fd,
		      ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
			      ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct fetch *f = arg;
	struct socket_watch *w = socket_arg;
	short wanted = EV_PERSIST;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			event_free(w->event);
			loop_free_later(f->loop, w); /* its event may be the running one */
			curl_multi_assign(f->multi, fd, NULL);
		}
		return 0;
	}
	if ((what & CURL_POLL_IN) != 0)
		wanted |= EV_READ;
	if ((what & CURL_POLL_OUT) != 0)
		wanted |= EV_WRITE;
	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		w->fetch = f;
		curl_multi_assign(f->multi, fd, w);
	} else {
		event_free(w->event);
	}
	w->event = event_new(loop_base(f->loop), (evutil_socket_t)fd, wanted, on_socket_event, w);
	if (w->event == NULL || event_add(w->event, NULL) != 0)
		fatalx("fetch: cannot watch a socket");
	return 0;
}

static int
on_curl_timer(CURLM *multi, long ms, void *arg)
{
	struct fetch *f = arg;

	(void)multi;
	if (ms < 0)
		timer_disarm(f->loop, &f->timer);
	else
		timer_arm_ms(f->loop, &f->timer, ms);
	return 0;
}

static void
on_timer(struct timer *t, void *arg)
{
	(void)t;
	socket_action(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- ends ---- */

static void
easy_give_back(struct fetch *f, CURL *easy)
{
	if (f->spares == SPARE_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	f->spare[f->spares++] = easy;
}

/* Out of curl; its callback runs at the end of the turn. */
static void
transfer_end(struct fetch_transfer *t)
{
	struct fetch *f = t->fetch;

	if (t->easy != NULL) {
		curl_multi_remove_handle(f->multi, t->easy);
		easy_give_back(f, t->easy);
		t->easy = NULL;
	}
	list_remove(&f->running, t);
	list_push(&f->over, t);
	loop_step_want(f->loop, &f->finish);
}

static void
drain_messages(struct fetch *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		struct fetch_transfer *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		t->code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &t->status);
		transfer_end(t);
	}
}

static bool
is_complete(const struct fetch_transfer *t)
{
	if (t->code != CURLE_OK || t->status == 0)
		return false;
	/* A body that only a close delimits may have been cut: nobody could tell. */
	return t->has_length || t->status == 204 || t->status == 304;
}

static const char *
reason_of(const struct fetch_transfer *t)
{
	if (t->is_cancelled)
		return "cancelled";
	if (t->is_too_large)
		return "the answer is too large";
	if (t->code == CURLE_OK)
		return "the answer does not say where it ends";
	if (t->departed && t->code == CURLE_ABORTED_BY_CALLBACK)
		return "the connection was closed without an answer";
	if (t->why[0] != '\0')
		return t->why;
	return curl_easy_strerror(t->code);
}

static void
transfer_free(struct fetch_transfer *t)
{
	curl_slist_free_all(t->lines);
	free(t->url);
	free(t->unix_socket);
	free(t->method);
	free(t->bytes);
	buf_free(&t->body);
	buf_free(&t->header_bytes);
	free(t);
}

static void
tell(struct fetch_transfer *t)
{
	struct fetch_header headers[HEADERS_MAX];
	int64_t since = t->departed ? t->departed_us : t->started_us;
	struct fetch_answer a = {
		.departed = t->departed, .why = "", .elapsed_us = clock_mono_us() - since};

	if (is_complete(t) && !t->is_cancelled) {
		for (size_t i = 0; i < t->header_count; i++) {
			const struct header_place *h = &t->headers[i];

			headers[i] = (struct fetch_header){
				{t->header_bytes.data + h->name, h->name_n},
				{t->header_bytes.data + h->value, h->value_n}};
		}
		a.result = FETCH_DONE;
		a.status = (int)t->status;
		a.headers = headers;
		a.header_count = t->header_count;
		a.body = t->body.len > 0 ? buf_slice(&t->body) : SLICE("");
	} else {
		bool is_ours = (t->was_refused || t->is_cancelled || t->has_stopped);

		a.result = is_ours && (!t->departed || t->has_stopped) ? FETCH_ABORTED
								       : FETCH_NO_ANSWER;
		a.why = reason_of(t);
	}
	t->r.on_answer(t->r.arg, &a);
}

static void multi_close(struct fetch *f);
static void multi_open(struct fetch *f);

/* Curl cannot say what became of anything: all in flight ends, and it begins anew. */
static void
rebuild(struct fetch *f)
{
	f->is_broken = false;
	while (f->running.head != NULL) {
		struct fetch_transfer *t = f->running.head;

		t->code = CURLE_FAILED_INIT;
		transfer_end(t);
	}
	multi_close(f);
	multi_open(f);
}

static void
on_finish(struct loop_step *s, void *arg)
{
	struct fetch *f = arg;

	(void)s;
	if (f->is_broken)
		rebuild(f);
	for (int i = 0; f->over.head != NULL; i++) {
		struct fetch_transfer *t = f->over.head;

		if (i == DONE_PER_TURN && !f->is_freeing) {
			loop_step_want(f->loop, &f->finish);
			return;
		}
		list_remove(&f->over, t);
		f->pending--;
		tell(t);
		transfer_free(t);
	}
}

/* ---- start ---- */

static void
set_options(struct fetch_transfer *t)
{
	struct fetch *f = t->fetch;
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_URL, t->url);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, f->o.is_http_allowed ? "http,https" : "https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, f->user_agent);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_prereq);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)t->r.connect_timeout_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)t->r.timeout_ms);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
	curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, LIFETIME_MAX_S);
	curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, 60L);
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	if (t->unix_socket != NULL)
		curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, t->unix_socket);
	if (f->ca_file != NULL)
		curl_easy_setopt(e, CURLOPT_CAINFO, f->ca_file);
	if (strcmp(t->method, "GET") != 0) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->r.body.n);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->bytes);
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->method);
	}
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->lines);
}

static void
run(struct fetch_transfer *t)
{
	struct fetch *f = t->fetch;
	CURLMcode rc;

	t->easy = f->spares > 0 ? f->spare[--f->spares] : curl_easy_init();
	if (t->easy == NULL)
		fatalx("fetch: no handle");
	set_options(t);
	list_push(&f->running, t);
	rc = curl_multi_add_handle(f->multi, t->easy);
	if (rc == CURLM_OK)
		return;
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	t->code = CURLE_FAILED_INIT;
	transfer_end(t);
}

static void
on_start(struct loop_step *s, void *arg)
{
	struct fetch *f = arg;

	(void)s;
	while (f->waiting.head != NULL) {
		struct fetch_transfer *t = f->waiting.head;

		list_remove(&f->waiting, t);
		if (t->is_cancelled) {
			list_push(&f->over, t);
			loop_step_want(f->loop, &f->finish);
		} else {
			run(t);
		}
	}
	/* Curl has armed its timer with 0: go on at once, not in the next turn. */
	socket_action(f, CURL_SOCKET_TIMEOUT, 0);
}

static void
add_line(struct fetch_transfer *t, struct slice name, struct slice value)
{
	struct buf line = {0};

	buf_add_slice(&line, name);
	/* "Name;" is curl's way to send a header without a value. */
	buf_adds(&line, value.n > 0 ? ": " : ";");
	buf_add_slice(&line, value);
	t->lines = curl_slist_append(t->lines, line.data);
	if (t->lines == NULL)
		fatalx("fetch: no memory for a header");
	buf_free(&line);
}

struct fetch_transfer *
fetch_start(struct fetch *f, const struct fetch_request *r)
{
	struct fetch_transfer *t = xcalloc(1, sizeof(*t));

	t->fetch = f;
	t->r = *r;
	t->url = xstrdup(r->url);
	t->method = xstrdup(r->method);
	t->unix_socket = r->unix_socket != NULL ? xstrdup(r->unix_socket) : NULL;
	t->bytes = xmemdup0(r->body.p, r->body.n);
	for (size_t i = 0; i < r->header_count; i++)
		add_line(t, r->headers[i].name, r->headers[i].value);
	t->lines = curl_slist_append(t->lines, "Expect:");
	t->r.headers = NULL;
	t->started_us = clock_mono_us();
	f->pending++;
	list_push(&f->waiting, t);
	loop_step_want(f->loop, &f->start);
	return t;
}

void
fetch_cancel(struct fetch_transfer *t)
{
	t->is_cancelled = true;
	if (t->easy != NULL)
		transfer_end(t);
	else
		loop_step_want(t->fetch->loop, &t->fetch->start);
}

size_t
fetch_pending(const struct fetch *f)
{
	return f->pending;
}

/* ---- making and freeing ---- */

static void
multi_open(struct fetch *f)
{
	f->multi = curl_multi_init();
	if (f->multi == NULL)
		fatalx("fetch: no multi handle");
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)f->o.connections_max);
}

static void
multi_close(struct fetch *f)
{
	curl_multi_cleanup(f->multi);
	f->multi = NULL;
	timer_disarm(f->loop, &f->timer);
}

struct fetch *
fetch_new(struct loop *l, const struct fetch_options *o)
{
	static bool has_curl;
	struct fetch *f = xcalloc(1, sizeof(*f));

	if (!has_curl && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatalx("fetch: libcurl cannot start");
	has_curl = true;
	f->loop = l;
	f->o = *o;
	f->user_agent = xstrdup(o->user_agent != NULL ? o->user_agent : "loa");
	f->ca_file = o->ca_file != NULL ? xstrdup(o->ca_file) : NULL;
	list_init(&f->waiting);
	list_init(&f->running);
	list_init(&f->over);
	timer_init(&f->timer, on_timer, f);
	loop_step_add(l, &f->start, LOOP_START_TRANSFERS, on_start, f);
	loop_step_add(l, &f->finish, LOOP_EVENTS, on_finish, f);
	multi_open(f);
	return f;
}

void
fetch_free(struct fetch *f)
{
	f->is_freeing = true;
	while (f->pending > 0) {
		while (f->waiting.head != NULL) {
			struct fetch_transfer *t = f->waiting.head;

			t->is_cancelled = true;
			list_remove(&f->waiting, t);
			list_push(&f->over, t);
		}
		while (f->running.head != NULL)
			fetch_cancel(f->running.head);
		on_finish(&f->finish, f);
	}
	loop_step_remove(f->loop, &f->start);
	loop_step_remove(f->loop, &f->finish);
	for (size_t i = 0; i < f->spares; i++)
		curl_easy_cleanup(f->spare[i]);
	multi_close(f);
	free(f->user_agent);
	free(f->ca_file);
	free(f);
}
