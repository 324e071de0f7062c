/* SPDX-License-Identifier: MIT */
/* What stands behind the ? of an address (RFC 3986, and + for a blank as forms have it). */
#pragma once

#include <jansson.h>

#include "tests/gateway/bytes.h"

/* An object of texts, to be let go by the caller. NULL: broken escapes, no UTF-8, a name twice. */
json_t *query_read(const char *query);
/* name=value, behind & unless it is the first; all but unreserved characters as %XX. */
void query_add(struct bytes *b, const char *name, struct text value);
void query_add_number(struct bytes *b, const char *name, int64_t value);
