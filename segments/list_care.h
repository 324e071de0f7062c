/* SPDX-License-Identifier: MIT */
/*
 * What a list is held for: the purpose, the legal basis, the document that says
 * so, and the last day on which its rows may be used. Facts of the list, not of a
 * version: a new import keeps them unless it says otherwise. Pure.
 *
 * The law on personal data (Law 91/2025/QH15) has data used for the stated purpose
 * only, and kept no longer than it needs. So a list whose last day is over is
 * *locked*: nobody reads its rows or sends to them, except for runs under way,
 * until somebody gives a later day and a reason, or deletes it.
 */
#pragma once

#include "base/json.h"

#define CARE_TEXT_MAX 300u /* bytes of a fact */

enum care_fact { CARE_PURPOSE, CARE_LEGAL_BASIS, CARE_SOURCE, CARE_RETAIN_UNTIL, CARE_FACTS };

/* Zero-initialised = nothing is known. */
struct list_care {
	char text[CARE_FACTS][CARE_TEXT_MAX + 1]; /* "" = not known; the day as yyyy-mm-dd */
};

/* As JSON calls them: purpose, legal_basis, source, retain_until. */
const char *care_name(enum care_fact f);
/* "2027-10-10" of a unix time in Vietnam. */
void care_day_vn(int64_t unix_s, char out[11]);
/* Is its last day over at that time? */
bool care_is_locked(const struct list_care *c, int64_t now_s);
/* "purpose, legal_basis" of what is not known, after what is there; nothing if all is. */
void care_add_missing(const struct list_care *c, struct buf *out);
/* The facts that are known as members, and "missing", an array of names. */
void care_to_json(const struct list_care *c, json_t *out);

/*
 * What an object says of the facts; others of its members are not looked at. given[f]: it has
 * that one, "" = it shall be forgotten. ERR_INPUT: too long, more than a line, no day.
 */
MUST_CHECK enum err care_read(struct list_care *c, bool given[CARE_FACTS], const struct json_at *at,
			      struct err_ctx *e);

/* What is told to who uses a locked list. ERR_REFUSED. */
enum err care_refuse(const char *list, const struct list_care *c, struct err_ctx *e);
