/* SPDX-License-Identifier: MIT */
/* The HTTP API v1, the hooks of the gateways, health and metrics: docs/API.md lists the routes. */
#pragma once

#include "base/err.h"

struct daemon;
struct api;

/* Binds the socket in the data folder and the configured address. */
MUST_CHECK enum err api_open(struct daemon *d, struct api **out, struct err_ctx *e);
/* The bound TCP port. */
unsigned api_port(const struct api *a);
/* Stop accepting; requests under way are answered. */
void api_drain(struct api *a);
void api_free(struct api *a);
