/* SPDX-License-Identifier: MIT */
/*
 * The Lua library as Redis gets it: generated tables K (keys), S (states),
 * R (reasons) and V (version suffix), then the files of dispatcher/lua. The
 * suffix is a hash of the whole text, so two releases can work on one Redis.
 */
#pragma once

#include "base/buf.h"

/* The text for FUNCTION LOAD. Built once; lives as long as the process. */
struct slice library_source(void);
/* "claim" → "loa_claim_1a2b3c4d". Lives as long as the process; unknown names are a bug. */
const char *library_function(const char *name);
