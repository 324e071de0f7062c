/* SPDX-License-Identifier: MIT */
/*
 * Who asks, and may they: authorise of the HTTP server.
 *
 *   the administrator's token, or our own user on the socket: all rights, nothing is asked
 *   loa_… or loas_…: one question to Redis: whose it is, and whose is what the request names
 *                    → admitted, or 401 (unknown, over), 403 (right missing), 404 (another unit's)
 */
#pragma once

#include "dispatcher/api/private.h"

void admission_authorise(void *arg, struct http_exchange *x, struct slice token);
/* Compares with the administrator's token. */
bool admission_is_administrators(const struct api *a, struct slice token);
