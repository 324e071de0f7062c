/* SPDX-License-Identifier: MIT */
/* A client of HTTP/1.1 on loopback: one request a connection, waited for. */
#pragma once

#include "tests/torture/bytes.h"

struct http_call {
	int port;
	const char *method, *path;
	const char *token;	     /* NULL = none */
	const char *idempotency_key; /* NULL = none */
	const char *body;	     /* NULL = none; JSON */
};

/* The status, and the body in *out (emptied first); 0 = no whole answer came within 20 s. */
int http_do(const struct http_call *c, struct bytes *out);
