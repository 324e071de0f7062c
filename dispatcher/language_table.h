/* SPDX-License-Identifier: MIT */
/* The table of languages (templates/language) that is inside the binary: config/languages.json. */
#pragma once

#include "templates/language.h"

/* document may be NULL; else it gets what the table was read from: the caller's. */
MUST_CHECK enum err language_table_load(struct languages **out, json_t **document,
					struct err_ctx *e);
