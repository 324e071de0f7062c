/* SPDX-License-Identifier: MIT */
/*
 * The sandbox driver: a gateway that answers and reports like a real one, and
 * lets nothing leave. Its other half is served by our own HTTP server
 * (dispatcher/api/sandbox.c), at the address of the receipts with the word
 * "sandbox" in it, so it has no settings.
 */
#pragma once

#include "providers/provider.h"

#define SANDBOX_DEDUPE_S 20   /* how long the other half surely knows a reference */
#define SANDBOX_DEADLINE_S 30 /* its latest receipt comes earlier */

extern const struct driver sandbox_driver;
