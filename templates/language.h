/* SPDX-License-Identifier: MIT */
/*
 * Languages of recipients: BCP 47 tags (RFC 5646) and the names that people write
 * into lists ("Khmer", "Tày", "H'Mông"), from a table that is data
 * (config/languages.json). Only the language and its subtags: no private use, no
 * extensions. Pure.
 */
#pragma once

#include "base/json.h"

#define LANGUAGE_MAX 36 /* bytes of a tag with its NUL */
#define LANGUAGE_COLUMNS_MAX 8

struct languages;

/* {"columns":[…],"languages":[{"tag","names":[…]}]}; the document may go afterwards. */
MUST_CHECK enum err languages_read(const struct json_at *root, struct languages **out,
				   struct err_ctx *e);
void languages_free(struct languages *t);
/* Names of columns that hold a language, the best first; NULL at the end. */
const char *const *languages_columns(const struct languages *t);

/*
 * A tag in its usual letters (KM → km, hmn_latn → hmn-Latn). False, and out is "":
 * it is none. The language has 2 or 3 letters.
 */
bool language_tag(struct slice s, char out[LANGUAGE_MAX]);
/*
 * What a cell says: a name of the table, or a tag. Names first: "Dao" and "Lào" are
 * peoples here, whatever else the three letters stand for. False: neither.
 */
bool language_find(const struct languages *t, struct slice cell, char out[LANGUAGE_MAX]);
/* Take the last subtag off: hmn-Latn-VN → hmn-Latn → hmn. False: only the language is left. */
bool language_widen(char tag[LANGUAGE_MAX]);
