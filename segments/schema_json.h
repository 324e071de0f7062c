/* SPDX-License-Identifier: MIT */
/*
 * The columns of a list's version as its record keeps them:
 *   {"phone":2,"columns":[{"name","title","type","sensitive":true,"masked":true}, …]}
 * Pure.
 */
#pragma once

#include "segments/block.h"

/* The caller's. */
char *schema_to_json(const struct schema *s);
/* False: it is no such text. */
bool schema_from_json(struct slice text, struct schema *s);
