/* SPDX-License-Identifier: MIT */
/*
 * The provinces of Vietnam: 34 units since 2025-07-01, each formed of one or
 * more of the 63 before. Data: config/provinces.json, inside the binary. Pure.
 *
 * Every name of today is also one of before, for an area as large or smaller. So
 * what a cell says is one of 63 names (a place, below), and a name that is asked
 * for stands for a set of them: a name still in use for all places that the unit
 * of today was formed of, a name that ended for itself alone. Codes are not read:
 * seven of the old ones mean another unit now.
 */
#pragma once

#include "base/err.h"
#include "segments/block.h"

#define PLACES_MAX 64u /* a set of places is 64 bits */

struct province_unit {
	char code[8]; /* as text: leading zeros count */
	char name[64];
	bool is_city;
};

struct provinces {
	struct province_unit units[PLACES_MAX];	 /* of today */
	struct province_unit places[PLACES_MAX]; /* before 2025-07-01 */
	uint8_t unit_of[PLACES_MAX];		 /* of a place: its unit of today */
	size_t unit_count, place_count;
	struct province_key { /* how a name may be written, ascending */
		char text[40];
		uint8_t place;
	} keys[4 * PLACES_MAX];
	size_t key_count;
};

/* Read a table; ERR_INPUT when it is none, is ambiguous, or has a name of today that is none of before. */
MUST_CHECK enum err provinces_parse(struct slice json, struct provinces *out, struct err_ctx *e);
/* The table inside the binary; the caller frees it (free). */
struct provinces *provinces_builtin(void);

/*
 * The place that a text names, or -1: without accents, case, blanks and signs;
 * with or without "tỉnh", "thành phố", "TP.", "T." in front.
 */
int province_find(const struct provinces *p, struct slice text);
/* The name nearest to a misspelt one, or NULL. */
const char *province_nearest(const struct provinces *p, struct slice text);
/* The name of this place is also the name of a unit of today. */
bool province_is_today(const struct provinces *p, int place);
/* The places that its name stands for. */
uint64_t province_places(const struct provinces *p, int place);

/* Column names that mean a province, most telling first; NULL at the end. */
extern const char *const province_columns[];
/* The column of a list that holds provinces, by name; -1: none. */
int province_find_column(const struct schema *s);
