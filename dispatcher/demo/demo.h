/* SPDX-License-Identifier: MIT */
/*
 * `loa serve --demo`: a server with a sandbox for a provider, and something to
 * try. At the first start a list of invented people, a segment, a template and
 * a draft campaign are put in by requests to our own API, so they come to be
 * like everybody's; later starts find the campaign and leave all as it is. Then
 * it prints what to try next.
 */
#pragma once

#include "base/err.h"
#include "base/fetch.h"

struct demo;

/* The folder of its data unless one is given: ./loa-demo, absolute. The caller frees it. */
MUST_CHECK enum err demo_folder(char **out, struct err_ctx *e);

struct demo_options {
	struct loop *loop;
	struct fetch *fetch;
	const char *data; /* folder with api.sock */
	unsigned port;	  /* of the API over TCP */
};
struct demo *demo_new(const struct demo_options *o);
/* The server answers. token: the administrator's when it was made now, else NULL. */
void demo_begin(struct demo *d, const char *token);
/* After fetch_free. NULL is fine. */
void demo_free(struct demo *d);
