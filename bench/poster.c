/* SPDX-License-Identifier: MIT */
/*
 * What bare curl can do: a multi that posts bodies which are ready, each as Loa
 * would say it, over kept connections. The ceiling of bench/engine; with
 * --kannel URL it is what hands the same messages to Kannel's smsbox.
 *
 *   poster --url URL --count N [--connections N]
 *   poster --kannel URL-WITH-CREDENTIALS --count N [--connections N]
 *
 * Prints how many were answered with a 2xx and how long it took.
 */
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define CONNECTIONS_MAX 1024
#define EVENTS 256

static struct {
	const char *url;
	bool is_kannel;
	size_t count, connections;
	char **ready; /* [count] bodies, or URLs */
	size_t next, open, good;
	int epoll;
	long timeout_ms; /* of the multi; -1 = none */
	CURLM *multi;
	struct curl_slist *headers;
} poster = {.connections = 64, .timeout_ms = -1};

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "poster: %s: %s\n", what, why);
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
cpu_us(const struct rusage *u)
{
	return (int64_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000 + u->ru_utime.tv_usec +
	       u->ru_stime.tv_usec;
}

/* The recipients of make_list in tests/e2e/lib.sh, and the text of bench/line.sh. */
static void
make_text(size_t i, char *out, size_t size)
{
	snprintf(out, size,
		 "Nguyễn Văn Thử %zu (0%zu/1%zu/19%zu), Xã số %zu: mời nộp hồ sơ tại nhà.", i,
		 i % 9 + 1, i % 3, 40 + i % 60, i % 50);
}

static void
make_ready(void)
{
	char text[256], out[2048];

	poster.ready = calloc(poster.count, sizeof(*poster.ready));
	if (poster.ready == NULL)
		die("memory", "none");
	for (size_t i = 0; i < poster.count; i++) {
		uint64_t phone = 84910000000 + (uint64_t)i * 7;

		make_text(i, text, sizeof(text));
		if (poster.is_kannel) {
			char *escaped = curl_easy_escape(NULL, text, 0);

			snprintf(out, sizeof(out),
				 "%s&from=UBND-AG&to=%" PRIu64 "&coding=2&charset=UTF-8&text=%s",
				 poster.url, phone, escaped);
			curl_free(escaped);
		} else {
			snprintf(out, sizeof(out),
				 "{\"to\":\"%" PRIu64 "\",\"text\":\"%s\",\"ref\":\"%024zu\"}",
				 phone, text, i);
		}
		poster.ready[i] = strdup(out);
	}
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct epoll_event e = {.data.fd = fd};

	(void)easy;
	(void)arg;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(poster.epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	e.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	epoll_ctl(poster.epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
	curl_multi_assign(poster.multi, fd, &poster);
	return 0;
}

static int
on_timeout(CURLM *multi, long ms, void *arg)
{
	(void)multi;
	(void)arg;
	poster.timeout_ms = ms;
	return 0;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

static void
start(CURL *easy)
{
	char *ready;

	if (poster.next == poster.count)
		return;
	ready = poster.ready[poster.next++];
	if (poster.is_kannel) {
		curl_easy_setopt(easy, CURLOPT_URL, ready);
	} else {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(ready));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ready);
	}
	poster.open++;
	curl_multi_add_handle(poster.multi, easy);
}

static void
open_all(void)
{
	poster.epoll = epoll_create1(EPOLL_CLOEXEC);
	poster.multi = curl_multi_init();
	poster.headers = curl_slist_append(NULL, "Content-Type: application/json");
	curl_multi_setopt(poster.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(poster.multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(poster.multi, CURLMOPT_MAXCONNECTS, (long)poster.connections);
	for (size_t i = 0; i < poster.connections; i++) {
		CURL *easy = curl_easy_init();

		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
		curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
		if (!poster.is_kannel) {
			curl_easy_setopt(easy, CURLOPT_URL, poster.url);
			curl_easy_setopt(easy, CURLOPT_HTTPHEADER, poster.headers);
		}
		start(easy);
	}
}

static void
take_done(void)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(poster.multi, &left)) != NULL) {
		CURL *easy = m->easy_handle;
		long status = 0;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		poster.good += m->data.result == CURLE_OK && status >= 200 && status < 300;
		poster.open--;
		curl_multi_remove_handle(poster.multi, easy);
		start(easy);
	}
}

static void
run(void)
{
	struct epoll_event e[EVENTS];
	int running;

	curl_multi_socket_action(poster.multi, CURL_SOCKET_TIMEOUT, 0, &running);
	while (poster.open > 0) {
		int n = epoll_wait(poster.epoll, e, EVENTS, (int)poster.timeout_ms);

		if (n < 0 && errno != EINTR)
			die("epoll", strerror(errno));
		if (n <= 0 || poster.timeout_ms == 0)
			curl_multi_socket_action(poster.multi, CURL_SOCKET_TIMEOUT, 0, &running);
		for (int i = 0; i < n; i++)
			curl_multi_socket_action(
				poster.multi, e[i].data.fd,
				(e[i].events & ~(uint32_t)EPOLLOUT ? CURL_CSELECT_IN : 0) |
					(e[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0),
				&running);
		take_done();
	}
}

int
main(int argc, char **argv)
{
	struct rusage before, after;
	int64_t from;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--url") == 0 || strcmp(argv[i], "--kannel") == 0) {
			poster.url = argv[i + 1];
			poster.is_kannel = argv[i][2] == 'k';
		} else if (strcmp(argv[i], "--count") == 0) {
			poster.count = strtoull(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--connections") == 0) {
			poster.connections = strtoull(argv[i + 1], NULL, 10);
		} else {
			die(argv[i], "is not understood");
		}
	}
	if (poster.url == NULL || poster.count == 0 || poster.connections > CONNECTIONS_MAX)
		die("options",
		    "--url or --kannel and --count are needed, at most 1024 connections");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	make_ready();
	open_all();
	getrusage(RUSAGE_SELF, &before);
	from = now_us();
	run();
	getrusage(RUSAGE_SELF, &after);
	printf("{\"good\":%zu,\"ms\":%" PRId64 ",\"cpu_us\":%" PRId64 "}\n", poster.good,
	       (now_us() - from) / 1000, cpu_us(&after) - cpu_us(&before));
	return poster.good == poster.count ? 0 : 1;
}
