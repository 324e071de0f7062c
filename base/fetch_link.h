/* SPDX-License-Identifier: MIT */
/*
 * Curl's multi on the loop: its sockets, its one timer and the connections it
 * keeps. Inside of the HTTP client, for base/fetch.c (transfers) and
 * base/fetch_link.c only; it knows no requests.
 */
#pragma once

#include <curl/curl.h>

#include "base/fetch.h"

/* Must not fail: options that every curl we build with has. */
#define FETCH_SET(easy, option, value)                                       \
	do {                                                                 \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK) \
			fatalx("fetch: curl does not take " #option);        \
	} while (0)

/* A socket that curl opened through us, until it closes it. */
struct fetch_connection {
	int fd;
	int64_t idle_since_us;
	bool is_idle;	 /* kept, no request on it */
	bool is_retired; /* shut down; curl closes it when it looks at it next */
	bool is_silent;	 /* the server has nothing to say while it is idle: HTTP/1 */
};

struct fetch_link {
	struct loop *loop;
	size_t connections_max;
	int64_t idle_us;	    /* a connection that is not used for so long is given up */
	struct loop_step *progress; /* wanted after each call of curl */
	CURLM *multi;
	bool is_broken;	    /* multi gave an error: not used again */
	struct timer timer; /* when curl wants to be called */
	struct timer idle;  /* looks for connections that are not used */
	struct fetch_watch *watches;
	struct fetch_connection *connections;
	struct pollfd *polls; /* scratch, one a connection */
	size_t count, cap;    /* of connections */
};

/* loop, connections_max and progress are set; the rest is zero or was closed. */
void fetch_link_open(struct fetch_link *k);
/* No transfer is in the multi any more. May be opened again. */
void fetch_link_close(struct fetch_link *k);
void fetch_link_clear(struct fetch_link *k);

/* Let the connections of this transfer be opened and closed by us. */
void fetch_link_adopt(struct fetch_link *k, CURL *easy, bool is_http2);
/* Curl has something to do: on this socket, or by time. Not from a callback of curl. */
void fetch_link_call(struct fetch_link *k, curl_socket_t fd, int bits);
/*
 * Shut down kept connections that the server closed or reset, or on which it
 * said something unasked, which would be taken for the next answer.
 */
void fetch_link_retire_dead(struct fetch_link *k);
/* How many stand. */
size_t fetch_link_connections(const struct fetch_link *k);
