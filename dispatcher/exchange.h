/* SPDX-License-Identifier: MIT */
/* A driver's request in the words of the HTTP client, and the client's answer in a driver's. */
#pragma once

#include "base/fetch.h"
#include "providers/provider.h"

/* Method, URL, headers, body; the rest is the caller's. Lives as long as r and the arena. */
struct fetch_request exchange_request(const struct http_request *r, struct arena *a);
/* Of a FETCH_DONE. Lives as long as f and the arena. */
struct http_answer exchange_answer(const struct fetch_answer *f, struct arena *a);
