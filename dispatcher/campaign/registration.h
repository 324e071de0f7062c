/* SPDX-License-Identifier: MIT */
/*
 * What staff write down about the partners' registers: brandnames with their
 * certificate and where they are active, and patterns of texts (docs/FORMATS.md,
 * "Brandname", "Registered pattern"). Reading and checking of one record; pure.
 */
#pragma once

#include "base/json.h"
#include "dispatcher/config.h"
#include "templates/pattern.h"

#define BRANDNAME_MAX 11
#define BRANDNAME_EXPIRES_SOON 30 /* days */

/*
 * Latin letters, digits, - _ . and blank, not digits only, at most 11 characters:
 * Decree 91/2020/ND-CP, article 23.
 */
MUST_CHECK enum err brandname_check(const char *name, struct err_ctx *e);
/* As names are compared: without case. out has room for BRANDNAME_MAX + 1 bytes. */
void brandname_fold(const char *name, char out[BRANDNAME_MAX + 1]);

enum brandname_state { BRANDNAME_UNSAID, BRANDNAME_ACTIVE, BRANDNAME_PENDING, BRANDNAME_REFUSED };
const char *brandname_state_name(enum brandname_state s);

/* Strings are borrowed from the document. */
struct brandname {
	const char *name, *holder, *certificate; /* the latter two may be "" */
	int64_t valid_from, valid_to;		 /* days since 1970-01-01; 0 = not said */
	const char *valid_to_text;
	bool traffic[3]; /* by enum sms_traffic: registered for it; never for standard */
	struct {
		enum brandname_state state;
		const char *since; /* "" = not said */
	} carriers[CARRIERS_MAX];
};
MUST_CHECK enum err brandname_read(const struct json_at *at, struct brandname *out,
				   struct err_ctx *e);

enum pattern_state { PATTERN_REGISTERED, PATTERN_PENDING, PATTERN_REFUSED };
const char *pattern_state_name(enum pattern_state s);

struct pattern_record {
	const char *name, *text, *partner_id;
	const char *brandname;
	bool carriers[CARRIERS_MAX]; /* by index; all true = every carrier */
	bool is_any_carrier;
	enum sms_traffic traffic; /* CSKH or QC */
	json_t *classes;	  /* an array, or NULL = all */
	enum compare_mode compare;
	enum pattern_state state;
	int64_t since, until; /* days; 0 = not said */
};
/* All but the words of the text: whether it is a pattern pattern_compile says. */
MUST_CHECK enum err pattern_record_open(const struct json_at *at, struct pattern_record *out,
					struct err_ctx *e);
/* Compiles the text too, to be sure that it is a pattern. */
MUST_CHECK enum err pattern_record_read(const struct json_at *at, struct pattern_record *out,
					struct err_ctx *e);
bool pattern_record_is_of(const struct pattern_record *r, const char *class);

/* "2026-10-10"; out has room for 12 bytes. */
void day_text(int64_t day, char out[12]);
