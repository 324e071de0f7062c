/* SPDX-License-Identifier: MIT */
/*
 * Phone cells as staff typed them → E.164 digits, a guess of the carrier by
 * prefix, and what was repaired; or the reason why it is no mobile number of
 * Vietnam, by the numbering plan in force (segments/numbering; old 11-digit
 * prefixes are mapped). Pure but for that plan.
 *
 * Repairs, in the order in which they are named: digits (other scripts' digits),
 * quotes, label, split, decimal, exponent, separators, extra-plus, extra-zero,
 * leading-zero, renumbered, part-dropped (another part of the cell is no number).
 * Reasons: empty, no-digits, letters, unreadable, lost-digits, too-short, too-long,
 * too-many, fixed-line, service-number, foreign, unknown-prefix.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define PHONES_IN_CELL_MAX 8
#define PHONE_REPAIRS_MAX 8

struct phone_cell {
	uint64_t phones[PHONES_IN_CELL_MAX];	/* 84912345678 */
	size_t count;				/* 0: reason is set */
	const char *repairs[PHONE_REPAIRS_MAX]; /* stable names, of the first phone, in order */
	size_t repair_count;
	const char *reason; /* stable name: see above; NULL = good */
	int carrier;	    /* guess for the first; 0 = unknown */
};

void phone_parse(struct slice cell, struct phone_cell *out);

/*
 * Carriers by index: 1 viettel, 2 mobifone, 3 vinaphone, 4 vietnamobile, 5 gmobile,
 * 6 itel, 7 wintel; 0 = unknown. Indices are stored in blocks: never change one.
 */
#define CARRIER_COUNT 8
const char *carrier_name(int carrier); /* NULL for 0 and beyond */
int carrier_find(struct slice name);   /* -1 = no such carrier */
int carrier_of(uint64_t phone);
