/* SPDX-License-Identifier: MIT */
/* The HTTP API v1, the hooks of the gateways, health and metrics: docs/API.md lists the routes. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct daemon;
struct api;

/* Binds the socket in the data folder and the configured address. */
MUST_CHECK enum err api_open(struct daemon *d, struct api **out, struct err_ctx *e);
/* The bound TCP port. */
unsigned api_port(const struct api *a);
/* Stop accepting; requests under way are answered. */
void api_drain(struct api *a);
/* All of them were, and the connections are closed. */
bool api_is_closed(const struct api *a);
/* Cut what is left. Callbacks of Redis may still come: api_free when there are none any more. */
void api_cut(struct api *a);
void api_free(struct api *a);
