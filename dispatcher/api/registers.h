/* SPDX-License-Identifier: MIT */
/* What the routes of brandnames and of patterns share: one hash of records each. */
#pragma once

#include "dispatcher/api/private.h"

/* Answers with {WHAT: [record …]}. kind "brandname", what "brandnames". */
void registers_ls(struct api *a, struct http_exchange *x, const char *kind, const char *what);
/* Answers with the record of this id, or 404 with the todo. */
void registers_show(struct api *a, struct http_exchange *x, const char *kind, const char *id);
void registers_rm(struct api *a, struct http_exchange *x, const char *kind, const char *id);
/* pairs: [id, record as text, …], taken. Answers {"saved","changed","same"}. */
void registers_save(struct api *a, struct http_exchange *x, const char *kind, json_t *take_pairs);
